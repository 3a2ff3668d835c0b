"""Whether the disk has room for what an evening writes, asked before its first order."""

import sqlite3

ROOM = 2**20
"""Bytes: many times what an evening takes."""
SMALL_CACHE_KIB = 64


def check_disk_space(connection: sqlite3.Connection) -> None:
    """Write ROOM bytes and take them back. Raises what SQLite raises where they don't fit."""
    ((cache,),) = connection.execute("PRAGMA cache_size").fetchall()
    # What is taken back never leaves a large cache: with a small one it is written to the disk first.
    connection.execute(f"PRAGMA cache_size = -{SMALL_CACHE_KIB}")
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("INSERT INTO files (sha256, content) VALUES ('', zeroblob(?))", [ROOM])
    finally:
        connection.rollback()
        connection.execute(f"PRAGMA cache_size = {cache}")
