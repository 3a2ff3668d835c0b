"""Closes on the disk."""

import sqlite3
import stat
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from rebalancer.errors import SourceError
from rebalancer.market.cache import CachedCloses, ClosesCache
from rebalancer.model import Symbol

SPY, TLT = Symbol("SPY"), Symbol("TLT")
FIRST, LAST = date(2016, 1, 4), date(2016, 1, 8)
PAST = CachedCloses.of({FIRST: 201.02, LAST: 191.92}, FIRST, LAST)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "state" / "prices.sqlite"
    ClosesCache(path).write("sip", {SPY: PAST})
    found = ClosesCache(path).read("sip", [TLT, SPY])
    assert list(found) == [SPY]
    assert_array_equal(found[SPY].days, PAST.days)
    assert_array_equal(found[SPY].closes, PAST.closes)
    assert (found[SPY].first, found[SPY].last) == (FIRST, LAST)


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "prices.sqlite"
    ClosesCache(path).write("sip", {SPY: PAST})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_reading_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "prices.sqlite"
    assert ClosesCache(path).read("sip", [SPY]) == {}
    assert not path.exists()


def test_each_feed_has_closes_of_its_own(tmp_path: Path) -> None:
    cache = ClosesCache(tmp_path / "prices.sqlite")
    cache.write("sip", {SPY: PAST})
    assert cache.read("iex", [SPY]) == {}


def test_writing_replaces_what_was_known(tmp_path: Path) -> None:
    cache = ClosesCache(tmp_path / "prices.sqlite")
    cache.write("sip", {SPY: PAST, TLT: PAST})
    cache.write("sip", {SPY: CachedCloses.of({}, FIRST, LAST)})
    found = cache.read("sip", [SPY, TLT])
    assert not found[SPY]
    assert found[TLT]


def test_what_is_forgotten_is_not_known_any_more(tmp_path: Path) -> None:
    cache = ClosesCache(tmp_path / "prices.sqlite")
    cache.write("sip", {SPY: PAST, TLT: PAST})
    cache.forget("sip", [SPY])
    assert list(cache.read("sip", [SPY, TLT])) == [TLT]


def test_more_symbols_than_one_query_takes(tmp_path: Path) -> None:
    cache = ClosesCache(tmp_path / "prices.sqlite")
    symbols = [Symbol(f"S{number}") for number in range(1201)]
    cache.write("sip", dict.fromkeys(symbols, PAST))
    assert cache.read("sip", symbols).keys() == set(symbols)


def test_a_file_that_is_none_of_ours_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "prices.sqlite"
    path.write_bytes(b"not a database, by any means" * 100)
    with pytest.raises(SourceError, match="delete it: it is fetched again"):
        ClosesCache(path).read("sip", [SPY])


def test_a_damaged_row_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "prices.sqlite"
    ClosesCache(path).write("sip", {SPY: PAST})
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE closes SET days = x'00000000'")
    with pytest.raises(SourceError, match="a row of it is damaged"):
        ClosesCache(path).read("sip", [SPY])


@given(st.dictionaries(st.integers(0, 30_000), st.floats(0, exclude_min=True, allow_infinity=False)))
def test_every_close_keeps_its_day_and_its_last_bit(closes: dict[int, float]) -> None:
    past = CachedCloses.of({date(1960, 1, 1) + timedelta(days=at): close for at, close in closes.items()}, FIRST, LAST)
    with TemporaryDirectory() as folder:
        cache = ClosesCache(Path(folder) / "prices.sqlite")
        cache.write("sip", {SPY: past})
        found = cache.read("sip", [SPY])[SPY]
    assert_array_equal(found.days, past.days)
    assert_array_equal(found.closes, past.closes)
