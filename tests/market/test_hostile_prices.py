"""Hostile price files are refused by name within 200 MB of additional memory and a few seconds, in a child process."""

import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from limited import answer
from pyarrow import parquet

from rebalancer.errors import BadInputError
from rebalancer.market.folder import MAX_FILES, read_folder

pytestmark = pytest.mark.linux

READ = """
import rebalancer.market.price_files
from pyarrow import parquet
from rebalancer.errors import BadInputError
from rebalancer.market.folder import read_folder

limit()
try:
    read_folder(Path(sys.argv[1]))
except BadInputError as error:
    print(*error.problems[:3], sep="\\n")
"""
MB = 2**20
HEADER = "date,SPY\n"
ROW = "2020-01-02,1\n"
LONG_ROW = f"2020-01-02,1.{200 * '0'}\n"


def packed(parts: Iterator[bytes], path: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    with path.open("wb") as file:
        for part in parts:
            file.write(packer.compress(part))
        file.write(packer.flush())


def bomb(unit: str, count: int) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        unpacked = (HEADER.encode() if number == 0 else unit.encode() for number in range(count + 1))
        packed(unpacked, folder / "b.csv.gz")

    return make


def text(*lines: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "a.csv").write_text("".join(lines)) and None


def sparse(name: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        with (folder / name).open("wb") as file:
            file.truncate(2**30)

    return make


def wide_parquet(folder: Path) -> None:
    parquet.write_table(pa.table({f"T{number}": [1.0] for number in range(25_000)}), folder / "a.parquet")


def repeated_parquet(folder: Path) -> None:
    """20 million equal rows in a few kilobytes."""
    column = pa.array([1.0]).take(pa.array([0] * 1_000_000))
    table = pa.table({"date": ["2020-01-02"] * 1_000_000, "SPY": column})
    with parquet.ParquetWriter(folder / "a.parquet", table.schema) as file:
        for _ in range(20):
            file.write_table(table)


FOLDERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (lambda folder: os.mkfifo(folder / "a.csv"), "no ordinary file"),
    "a packed pipe": (lambda folder: os.mkfifo(folder / "a.csv.gz"), "no ordinary file"),
    "a pipe named parquet": (lambda folder: os.mkfifo(folder / "a.parquet"), "no ordinary file"),
    "a device": (lambda folder: (folder / "a.csv").symlink_to("/dev/zero"), "no ordinary file"),
    "a gigabyte of zeros": (sparse("a.csv"), "is neither UTF-8 nor UTF-16"),
    "a gigabyte of zeros named parquet": (sparse("a.parquet"), "is no parquet file"),
    "a packed line": (bomb(" " * MB, 300), "line 2 has 300 characters or more"),
    "packed commas": (bomb("," * MB, 300), "line 2 has 300 characters or more"),
    "packed rows": (bomb(LONG_ROW * 5_000, 100), "unpacks to more than 100 times its size"),
    "packed blank lines": (bomb("\n" * MB, 100), "more than 100,000 blank lines"),
    "blank lines": (text(HEADER, "\n" * 20_000_000), "more than 100,000 blank lines"),
    "columns": (text("date,", ",".join(f"A{n}" for n in range(90_000)), "\n"), "has 90,001 columns"),
    "more columns": (text("date,", ",".join(f"A{n}" for n in range(200_000)), "\n"), "line 1 has 1,000,000 char"),
    "the same column": (text("date", ",A" * 19_000, "\n"), "twice"),
    "columns that are no tickers": (text("date", *(f",a{n}" for n in range(19_000)), "\n"), "is not a ticker"),
    "columns in a parquet file": (wide_parquet, "has 25,000 columns"),
    "rows in a parquet file": (repeated_parquet, "unpacks to more than 100 times its size"),
    "rows of one day": (text(HEADER, ROW * 2_000_000), "more than 100,000 rows of a ticker"),
    "rows that are too long": (text(HEADER, f"{',' * 200}\n" * 200_000), "has 201 cells"),
    "cells that are no prices": (text(HEADER, "2020-01-02,x\n" * 2_000_000), "is no price"),
    "rows that are no days": (text(HEADER, "x,1\n" * 2_000_000), "is no date"),
    "names that are no tickers": (
        text("date,symbol,close\n", *(f"2020-01-02,t{n},1\n" for n in range(300_000))),
        "is not a ticker",
    ),
    "tickers": (
        text("date,symbol,close\n", *(f"2020-01-02,T{n},1\n" for n in range(300_000))),
        "more than 20,000 tickers",
    ),
    "a table that is nearly empty": (
        text(
            "date,symbol,close\n",
            *(f"{1990 + n // 336}-{n % 336 // 28 + 1:02}-{n % 28 + 1:02},T{n},1\n" for n in range(12_000)),
        ),
        "nearly all empty",
    ),
    "a quote that is never closed": (text(HEADER, '2020-01-02,"', "1\n" * 5_000_000), "field larger than"),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_hostile_price_files_are_refused_within_limits(name: str, tmp_path: Path) -> None:
    make, says = FOLDERS[name]
    make(tmp_path)
    assert says in answer(READ, str(tmp_path))


def test_more_files_than_are_read_are_refused_before_any_is_opened(tmp_path: Path) -> None:
    for number in range(MAX_FILES + 1):
        (tmp_path / f"{number}.csv").touch()
    with pytest.raises(BadInputError, match="has more than 20,000 files"):
        read_folder(tmp_path)


def test_a_pipe_is_named_with_the_remedy(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.csv")
    with pytest.raises(
        BadInputError, match=r"x\.csv: can't be read: it is no ordinary file; .*take it out of the folder"
    ):
        read_folder(tmp_path)


def test_reading_stops_after_the_problems_that_are_shown(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + "2020-01-02,x\n" * 30)
    (tmp_path / "b.csv").write_bytes(b"\xff")  # would raise an error of its own
    with pytest.raises(BadInputError) as raised:
        read_folder(tmp_path)
    assert [problem.text for problem in raised.value.problems[19:]][-1] == "has more problems than these 20"


@pytest.mark.parametrize(
    "written", ["1e999", "1e308", "1e-999999999", "1_000", "0x1", "\uff11\uff12", "9" * 90, "\x1b[2J", "1e16"]
)
def test_what_is_no_plain_number_is_no_price(tmp_path: Path, written: str) -> None:
    (tmp_path / "a.csv").write_text(f"{HEADER}2020-01-02,{written}\n")
    with pytest.raises(BadInputError, match="is no price: use a number above 0, up to 1,000,000,000,000,000,"):
        read_folder(tmp_path)
