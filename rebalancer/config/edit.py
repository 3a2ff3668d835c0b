"""Changes of investments, settings and the schema version in a config file; its comments, order and layout stay."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit import TOMLDocument
from tomlkit.items import AoT, InlineTable, Item, Key, String, StringType, Table, Trivia, Whitespace

from rebalancer.config.document import decode, read
from rebalancer.config.parsers import SCHEMA, version
from rebalancer.errors import BadInputError

Investments = Any
"""tomlkit's AoT ([[...investments]]) or its Array of inline tables: both work like a list."""
Tail = list[tuple[Key | None, Item]]
CUT = "\0"
"""Marks where to cut a text: it can't be in a TOML file."""
INLINE_LEAD, INLINE_REST = re.compile(r'(?<=\n)[ \t]*"\Z'), re.compile(r'"[ \t]*,?[ \t]*(#[^\n]*|\r)?\n')
"""What is in the line of an inline table before and after it, if it has the line for itself."""
OWN_LEAD = re.compile(r"(^[ \t]*#[^\n]*\n)+\Z", re.MULTILINE)
"""The comments right above an investment."""
APART_LEAD = re.compile(r"(^[ \t]*\r?\n)*(^[ \t]*#[^\n]*\n)*\Z", re.MULTILINE)
"""With the blank lines above them: others follow."""


def add_investment(
    content: bytes, account: str, *, bot: str, amount: str, mode: str, name: str | None, capital: str = "fixed"
) -> bytes:
    """Add an investment after the account's last one. `amount` is written as it is, a TOML number."""
    keys = {
        "bot": bot,
        "name": name,
        "amount": tomlkit.value(amount),
        "weight_mode": mode if mode != "dollars" else None,
        "capital": capital if capital != "fixed" else None,
    }

    def change(investments: Investments) -> None:
        listed = isinstance(investments, AoT)
        added = tomlkit.table() if listed else tomlkit.inline_table()
        added.update({key: value for key, value in keys.items() if value is not None})
        last = investments[-1]
        investments.append(added)
        if listed:
            tail = _cut_tail(last)
            last.add(tomlkit.nl())
            investments[-1].value.body.extend(tail)

    return _changed(content, account, change)


def set_amount(content: bytes, account: str, index: int, *, amount: str, mode: str, capital: str = "fixed") -> bytes:
    """Change the amount of the investment `index`, counted from 0."""

    def change(investments: Investments) -> None:
        found = investments[index]
        tail = _cut_tail(found)
        found["amount"] = tomlkit.value(amount)
        if found.get("weight_mode", "dollars") != mode:
            found["weight_mode"] = mode
        if found.get("capital", "fixed") != capital:
            found["capital"] = capital
        found.value.body.extend(tail)

    return _changed(content, account, change)


def remove_investment(content: bytes, account: str, index: int) -> bytes:
    """Remove the investment `index` with its own comments: those right above it, behind it and between its lines."""

    def mark(investments: Investments) -> None:
        found = investments[index]
        if isinstance(investments, AoT):
            found.trivia.indent = CUT + found.trivia.indent
            tail = _cut_tail(found)
            found.value.body.extend([(None, Whitespace(CUT)), *tail])
        else:
            investments[index] = String(StringType.SLB, CUT, CUT, Trivia())

    def delete(investments: Investments) -> None:
        del investments[index]

    before, *_, after = _changed(content, account, mark).decode().split(CUT)
    if before.endswith('"'):
        line, rest = INLINE_LEAD.search(before), INLINE_REST.match(after)
        if not line or not rest:  # others are in its line
            return _changed(content, account, delete)
        before, after = before[: line.start()], after[rest.end() :]
    apart = after.strip(" \t\r")[:1] in {"", "\n"}
    return ((APART_LEAD if apart else OWN_LEAD).sub("", before) + after).encode()


def _changed(content: bytes, account: str, change: Callable[[Investments], None]) -> bytes:
    def changed(text: str) -> str:
        # The blank line at the end makes the last comments of the file those of the last investment.
        document = tomlkit.parse(f"{text}\n" if text.endswith("\n") else f"{text}\n\n")
        change(document["accounts"][account]["investments"])
        return tomlkit.dumps(document).removesuffix("\n")

    return rewritten(content, account, changed)


def rewritten(content: bytes, source: str, change: Callable[[str], str]) -> bytes:
    """The text of `content`, changed; line endings and a byte order mark stay."""
    text = decode(content, source)
    crlf = "\r\n" in text
    edited = change(text.replace("\r\n", "\n"))
    mark = "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8"
    return (edited.replace("\n", "\r\n") if crlf else edited).encode(mark)


def _cut_tail(table: Table | InlineTable) -> Tail:
    """Remove and return what follows the table's last key, and belongs to what is next in the file.

    That is all from the first blank line on, and where there is none, the comments right above the next line.
    """
    body = table.value.body
    keys = max((index for index, (key, _) in enumerate(body) if key is not None), default=-1)
    blank = (index for index in range(keys + 1, len(body)) if isinstance(body[index][1], Whitespace))
    start = next(blank, keys + 1)
    tail = body[start:]
    del body[start:]
    return tail


# ---------------------------------------------------------------------------- migration to the newest schema version

Step = Callable[[TOMLDocument], None]
STEPS: Mapping[int, Step] = {}
"""The change from each version to the next one. There is one version so far, and so none."""


@dataclass(frozen=True, slots=True)
class Migration:
    """A config after its migration from version `old` to `new`; `backup` is where to keep the old file."""

    old: int
    new: int
    content: bytes
    backup: Path


def migration(content: bytes, path: Path, steps: Mapping[int, Step] = STEPS, newest: int = SCHEMA) -> Migration | None:
    """The migration of the config `content` of `path`; None where it has the version `newest`.

    Raises BadInputError for invalid TOML, and for an invalid or a newer version.
    """
    old = read(content, str(path), {}).content.get("schema", 1)
    if type(old) is not int or old not in steps:
        _require(old, newest, path)
        return None
    document = tomlkit.parse(content.decode("utf-8-sig"))
    for number in range(old, newest):
        steps[number](document)
    document["schema"] = newest
    backup = path.with_name(f"{path.name}.schema-{old}")
    return Migration(old, newest, tomlkit.dumps(document).encode(), backup)


def _require(old: object, newest: int, path: Path) -> None:
    try:
        version(old, newest)
    except ValueError as error:
        raise BadInputError.of(path, str(error), "schema") from error
