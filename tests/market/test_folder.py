"""Prices from the owner's own files: what is read, and how a bad file is refused."""

import gzip
import io
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from pyarrow import csv, parquet

from rebalancer.errors import BadInputError, Problem
from rebalancer.market.clock import SimulatedClock
from rebalancer.market.closes import ClosesHistory, ClosesQuotes
from rebalancer.market.folder import read_folder
from rebalancer.model import NEW_YORK, Bar, Closes, Snapshot, Symbol

SHARED = Path(__file__).parents[3] / "shared" / "data" / "us_adj_close.parquet"
WIDE = "date,SPY,TLT\n2016-06-30,209.48,\n2016-07-01,209.92,139.5\n"
LONG = "Date,Symbol,Close\n2016-07-01,TLT,139.5\n2016-07-01,SPY,209.92\n2016-06-30,SPY,209.48\n"

Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder of prices with these files."""

    def fill(**files: str) -> Path:
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text)
        return tmp_path

    return fill


def refused(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(BadInputError) as raised:
        read_folder(folder)
    return raised.value.problems


def check_the_two_days(closes: Closes) -> None:
    assert closes.symbols == ("SPY", "TLT")
    assert [closes.day(0), closes.day(1)] == [date(2016, 6, 30), date(2016, 7, 1)]
    assert_array_equal(closes.values, [[209.48, np.nan], [209.92, 139.5]])


# ------------------------------------------------------------------------------------------- what is read


@pytest.mark.parametrize("text", [WIDE, LONG, "\ufeff" + WIDE, WIDE.replace("\n", "\r\n"), WIDE + "\n\n"])
def test_a_wide_and_a_long_file_say_the_same(folder: Folder, text: str) -> None:
    check_the_two_days(read_folder(folder(prices=text)))


def test_a_gzipped_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "prices.csv.gz").write_bytes(gzip.compress(LONG.encode()))
    check_the_two_days(read_folder(tmp_path))


@pytest.mark.parametrize("text", [WIDE, LONG])
@pytest.mark.parametrize("dates", [pa.string(), pa.date32(), pa.timestamp("ns")])
def test_a_parquet_file_is_read_whatever_the_type_of_its_dates(tmp_path: Path, text: str, dates: pa.DataType) -> None:
    table = csv.read_csv(io.BytesIO(text.encode()))
    parquet.write_table(table.set_column(0, table.column_names[0], table[0].cast(dates)), tmp_path / "a.parquet")
    check_the_two_days(read_folder(tmp_path))


def test_files_complete_each_other_and_may_repeat_the_same_price(folder: Folder) -> None:
    closes = read_folder(folder(a="date,SPY\n2016-06-30,209.48\n2016-07-01,209.92\n", b=LONG, c=LONG))
    check_the_two_days(closes)


def test_adjusted_closes_come_before_closes_and_other_known_columns_are_ignored(folder: Folder) -> None:
    text = "symbol,date,open,Close,Adj Close,volume\nSPY,2016-07-01,1,2,3,4\n"
    assert_array_equal(read_folder(folder(spy=text)).values, [[3]])


@pytest.mark.parametrize("written", ["BRK/B", "BRK-B", "BRK B", "BRK.B"])
def test_a_class_share_is_one_symbol_however_its_column_or_rows_are_headed(folder: Folder, written: str) -> None:
    wide = f"date,{written}\n2016-06-30,140\n"
    long = f"date,symbol,close\n2016-07-01,{written},141\n2016-07-04,BRK.B,142\n"
    closes = read_folder(folder(wide=wide, long=long))
    assert closes.symbols == ("BRK.B",)
    assert_array_equal(closes.values, [[140], [141], [142]])


def test_one_ticker_in_two_columns_is_refused_also_in_two_spellings(folder: Folder) -> None:
    (problem,) = refused(folder(a="date,BRK.B,BRK-B\n2016-07-01,140,141\n"))
    assert problem.text == 'has the columns "BRK.B" and "BRK-B", one ticker: keep one of them'


def test_two_prices_of_a_class_share_on_one_day_are_found_out_in_any_spelling(folder: Folder) -> None:
    (problem,) = refused(folder(a="date,symbol,close\n2016-07-01,BRK/B,140\n2016-07-01,BRK-B,141\n"))
    assert "BRK.B on 2016-07-01 is 140.0 here and 141.0" in problem.text


def test_indexes_are_left_out_because_nobody_can_hold_them(folder: Folder) -> None:
    closes = read_folder(folder(a="date,SPY,^TNX\n2016-07-01,209.92,-0.1\n", b=LONG + "2016-07-01,^IRX,-0.1\n"))
    assert closes.symbols == ("SPY", "TLT")


def test_days_before_the_exchange_calendar_begins_are_left_out(folder: Folder) -> None:
    closes = read_folder(folder(a=WIDE + "1989-12-29,35,\n"))
    check_the_two_days(closes)


def test_closes_carry_a_note_of_their_source(folder: Folder) -> None:
    path = folder(a=WIDE)
    note = f"Prices from the folder {path.name}/: 2 tickers, 2016-06-30 to 2016-07-01; taken as adjusted closes."
    assert read_folder(path).notes == (note,)


def test_a_file_read_in_many_blocks_is_read_whole(tmp_path: Path) -> None:
    days = np.datetime64("2000-01-03") + np.arange(3000)
    columns = {f"T{number}": np.arange(3000) + number + 1.0 for number in range(800)}
    parquet.write_table(pa.table({"date": days, **columns}), tmp_path / "wide.parquet")
    closes = read_folder(tmp_path)
    assert closes.values.shape == (3000, 800)
    assert closes.values[2999, closes.symbols.index(Symbol("T799"))] == 3799


@pytest.mark.skipif(not SHARED.exists(), reason="the large file of real prices is not on this machine")
def test_five_million_real_prices_are_read(tmp_path: Path) -> None:
    (tmp_path / "all.parquet").symlink_to(SHARED)
    closes = read_folder(tmp_path)
    assert closes.values.shape == (9213, 1100)
    assert np.isfinite(closes.values[:, closes.symbols.index(Symbol("AA"))]).all()


prices = st.decimals(Decimal("0.01"), 10_000, places=2) | st.none()


@given(st.lists(st.lists(prices, min_size=3, max_size=3), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_wide_and_long_files_of_the_same_prices_agree_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[Decimal | None]], order: Random
) -> None:
    days = [f"2016-07-{number:02}" for number in range(1, len(table) + 1)]
    wide = [
        ",".join([day, *("" if price is None else str(price) for price in row)])
        for day, row in zip(days, table, strict=True)
    ]
    long = [
        f"{day},{name},{price or ''}"
        for day, row in zip(days, table, strict=True)
        for name, price in zip("ABC", row, strict=True)
    ]
    order.shuffle(wide)
    order.shuffle(long)
    one, other = tmp_path_factory.mktemp("wide"), tmp_path_factory.mktemp("long")
    (one / "a.csv").write_text("\n".join(["date,A,B,C", *wide]))
    (other / "a.csv").write_text("\n".join(["date,ticker,close", *long]))
    if all(price is None for row in table for price in row):
        assert "there is no price" in refused(one)[0].text
    else:
        assert_array_equal(read_folder(one).values, read_folder(other).values)


# ----------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        ("date,SPY\n2016-07-32,1\n", "row 2, column date", "'2016-07-32' is no date: write it as 2026-11-20"),
        ("date,SPY\n07/01/2016,1\n", "row 2, column date", "'07/01/2016' is no date: write it as 2026-11-20"),
        ("date,SPY\n\n2016-07-01,one\n", "row 3, column SPY", "'one' is no price: use a number above 0"),
        ("date,SPY\n2016-07-01,0\n", "row 2, column SPY", "'0' is no price"),
        ("date,SPY\n2016-07-01,-2\n", "row 2, column SPY", "'-2' is no price"),
        ("date,SPY\n2016-07-01,inf\n", "row 2, column SPY", "'inf' is no price"),
        ("date,SPY\n2016-07-01,nan\n", "row 2, column SPY", "'nan' is no price"),
        ('date,SPY\n2016-07-01,"1,000"\n', "row 2, column SPY", "'1,000' is no price"),
        ("date,SPY\n2016-07-01\n", "row 2", "has 1 cells, and the header has 2: complete the row"),
        ("date,SPY\n2016-07-01,1,2\n", "row 2", "has 3 cells, and the header has 2"),
        ("date,spy\n2016-07-01,1\n", "header", "'spy' is not a ticker"),
        ("date,SPY,SPY\n2016-07-01,1,1\n", "header", 'has the column "SPY" twice'),
        ("date,Date,SPY\n2016-07-01,2016-07-01,1\n", "header", 'has the column "Date" twice'),
        ("day,SPY\n2016-07-01,1\n", "header", 'has no column "date"; the columns are: day, SPY'),
        ("", "header", 'has no column "date"; the columns are: none'),
        ("date\n2016-07-01\n", "header", "has no column of prices"),
        ("date,symbol\n2016-07-01,SPY\n", "header", 'has no column "adj_close" or "close"'),
        ("date,symbol,ticker,close\n", "header", 'has both a column "symbol" and a column "ticker"'),
        ("date,symbol,price,close\n2016-07-01,SPY,1,1\n", "header", 'has a column "price" that is not known'),
        ("date,symbol,close\n2016-07-01,,1\n", "row 2, column symbol", "'' is not a ticker"),
        ("date,symbol,close\n2016-07-01,SPY,x\n", "row 2, column close", "'x' is no price"),
    ],
)
def test_a_bad_file_is_refused_with_the_place_and_what_was_found(
    folder: Folder, text: str, place: str, found: str
) -> None:
    path = folder(bad=text)
    problem = refused(path)[0]
    assert (problem.source, problem.place) == (str(path / "bad.csv"), place)
    assert found in problem.text


def test_two_files_that_disagree_are_refused_with_both_places(folder: Folder) -> None:
    path = folder(a="date,SPY\n2016-07-01,209.92\n", b="date,symbol,close\n2016-06-30,SPY,1\n2016-07-01,SPY,209.95\n")
    text = f"SPY on 2016-07-01 is 209.92 here and 209.95 in {path / 'b.csv'}, row 3: keep the right one"
    assert refused(path) == (Problem(str(path / "a.csv"), "row 2", text),)


def test_two_prices_for_one_day_are_refused(folder: Folder) -> None:
    (problem,) = refused(folder(a="date,SPY\n2016-07-01,1\n2016-07-01,2\n"))
    assert problem.place == "row 2"
    assert "is 1.0 here and 2.0 in" in problem.text


def test_the_problems_of_all_files_are_shown_together_up_to_20(folder: Folder) -> None:
    rows = "".join(f"2016-07-01,T{row},0\n" for row in range(15))
    found = refused(folder(a="date,SPY\nx,1\n", b="date,symbol,close\n" + rows, c="date,symbol,close\n" + rows))
    assert [Path(problem.source).name for problem in found[:2]] == ["a.csv", "b.csv"]
    assert len(found) == 21
    assert found[-1].text == "has more problems than these 20"


def test_a_time_of_day_in_a_parquet_file_is_no_date(tmp_path: Path) -> None:
    table = pa.table({"date": [datetime(2016, 7, 1, 16)], "SPY": [1.0]})  # noqa: DTZ001 - as such files have it
    parquet.write_table(table, tmp_path / "a.parquet")
    (problem,) = refused(tmp_path)
    assert (problem.place, "is no date" in problem.text) == ("row 1, column date", True)


def test_tickers_that_a_parquet_file_keeps_as_categories_are_read(tmp_path: Path) -> None:
    table = csv.read_csv(io.BytesIO(LONG.encode()))
    parquet.write_table(table.set_column(1, "Symbol", table[1].dictionary_encode()), tmp_path / "a.parquet")
    check_the_two_days(read_folder(tmp_path))


@pytest.mark.parametrize(("name", "content"), [("a.parquet", b"no"), ("a.csv.gz", b"no"), ("a.csv", b'date,"SPY\n')])
def test_a_file_that_can_not_be_read_at_all_is_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    (problem,) = refused(tmp_path)
    assert Path(problem.source).name == name
    assert "replace the file" in problem.text


def test_a_parquet_file_without_pyarrow_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "a.parquet").write_bytes(b"")
    assert "pip install 'rebalancer[parquet]'" in refused(tmp_path)[0].text


def test_a_folder_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no prices")
    assert "no price file" in refused(tmp_path)[0].text
    assert "No such file" in refused(tmp_path / "nowhere")[0].text


# ------------------------------------------------------------------------------------- history and quotes


def test_the_folder_is_a_history_and_shows_the_bar_of_the_clocks_day(folder: Folder) -> None:
    closes = read_folder(folder(a=WIDE))
    spy, tlt = closes.symbols
    evening = datetime(2016, 6, 30, 19, 50, tzinfo=UTC)
    history = ClosesHistory(closes).closes([tlt, spy], before=date(2016, 7, 1))
    assert_array_equal(history.values, [[np.nan, 209.48]])
    shown = ClosesQuotes(SimulatedClock(evening), NEW_YORK, closes).snapshots([spy, tlt])
    assert shown == {spy: Snapshot(spy, bar=Bar(date(2016, 6, 30), Decimal("209.48"), evening))}
