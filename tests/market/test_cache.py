"""The cache of closes on the disk, and fetched closes that agree with the cached ones or replace them."""

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
from rebalancer.market.cache import CachedCloses, ClosesCache, reconciled
from rebalancer.model import Symbol

SPY, TLT = Symbol("SPY"), Symbol("TLT")
FIRST, LAST = date(2016, 1, 4), date(2016, 1, 8)
PAST = CachedCloses.of({FIRST: 201.02, LAST: 191.92}, FIRST, LAST)


def test_written_closes_are_read_back(tmp_path: Path) -> None:
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


def test_writing_replaces_the_cached_closes(tmp_path: Path) -> None:
    cache = ClosesCache(tmp_path / "prices.sqlite")
    cache.write("sip", {SPY: PAST, TLT: PAST})
    cache.write("sip", {SPY: CachedCloses.of({}, FIRST, LAST)})
    found = cache.read("sip", [SPY, TLT])
    assert not found[SPY]
    assert found[TLT]


def test_forgotten_closes_are_not_read_back(tmp_path: Path) -> None:
    cache = ClosesCache(tmp_path / "prices.sqlite")
    cache.write("sip", {SPY: PAST, TLT: PAST})
    cache.forget("sip", [SPY])
    assert list(cache.read("sip", [SPY, TLT])) == [TLT]


def test_more_symbols_than_one_query_takes(tmp_path: Path) -> None:
    cache = ClosesCache(tmp_path / "prices.sqlite")
    symbols = [Symbol(f"S{number}") for number in range(1201)]
    cache.write("sip", dict.fromkeys(symbols, PAST))
    assert cache.read("sip", symbols).keys() == set(symbols)


def test_a_file_of_another_program_is_refused_with_the_remedy(tmp_path: Path) -> None:
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


DAY_ZERO = date(2024, 2, 1)


def day(number: int) -> date:
    return DAY_ZERO + timedelta(days=number)


def known(closes: dict[int, float], first: int = 0, last: int = 9) -> CachedCloses:
    return CachedCloses.of({day(number): close for number, close in closes.items()}, day(first), day(last))


def closes_of(one: object) -> dict[int, float]:
    assert isinstance(one, CachedCloses)
    return {(at - DAY_ZERO).days: close for at, close in zip(one.days.tolist(), one.closes.tolist(), strict=True)}


CACHED = known({0: 10.0, 1: 11.0, 2: 12.0}, last=2)


def test_an_answer_that_agrees_adds_its_new_closes() -> None:
    now = reconciled(CACHED, known({1: 11.0, 2: 12.0, 3: 13.0}, first=1, last=3), whole=False, currency="USD")
    assert closes_of(now) == {0: 10.0, 1: 11.0, 2: 12.0, 3: 13.0}
    assert isinstance(now, CachedCloses)
    assert (now.first, now.last) == (day(0), day(3))


def test_a_changed_close_discards_the_history() -> None:
    answer = known({1: 5.5, 2: 6.0, 3: 6.5}, first=1, last=3)
    assert reconciled(CACHED, answer, whole=False, currency="USD") == (
        "its close of 2024-02-03 was 12.0000 USD and is 6.0000 USD now"
    )


@pytest.mark.parametrize(("factor", "agrees"), [(1 + 9e-7, True), (1 - 9e-7, True), (1 + 2e-6, False)])
def test_a_difference_of_a_millionth_is_ignored(factor: float, *, agrees: bool) -> None:
    found = reconciled(CACHED, known({2: 12.0 * factor, 3: 13.0}, first=2, last=3), whole=False, currency="USD")
    assert isinstance(found, CachedCloses) == agrees


def test_a_known_close_that_disappeared_discards_the_history() -> None:
    found = reconciled(CACHED, known({2: 12.0}, first=1, last=3), whole=False, currency="USD")
    assert found == "its close of 2024-02-02 is gone"


def test_a_close_that_came_late_fills_its_gap() -> None:
    gapped = known({0: 10.0, 2: 12.0}, last=2)
    found = reconciled(gapped, known({0: 10.0, 1: 11.0, 2: 12.0}, last=3), whole=False, currency="USD")
    assert closes_of(found) == {0: 10.0, 1: 11.0, 2: 12.0}


def test_an_answer_without_the_symbol_leaves_its_history_unchanged() -> None:
    assert reconciled(CACHED, known({}, first=1, last=3), whole=False, currency="USD") is None
    assert reconciled(CACHED, known({}, last=3), whole=True, currency="USD") is None


def test_a_symbol_that_never_had_closes_is_known_to_have_none() -> None:
    nothing = known({}, last=2)
    found = reconciled(nothing, known({}, first=1, last=3), whole=False, currency="USD")
    assert closes_of(found) == {}
    assert isinstance(found, CachedCloses)
    assert found.last == day(3)


def test_first_closes_of_a_symbol_cause_a_full_fetch() -> None:
    assert (
        reconciled(known({}, last=2), known({3: 1.0}, first=1, last=3), whole=False, currency="USD")
        == "it had no closes before"
    )


def test_a_complete_answer_replaces_the_cached_closes() -> None:
    assert closes_of(reconciled(CACHED, known({1: 5.0}), whole=True, currency="USD")) == {1: 5.0}
    assert closes_of(reconciled(None, known({1: 5.0}), whole=True, currency="USD")) == {1: 5.0}


def test_a_clock_that_went_back_loses_no_closes() -> None:
    found = reconciled(CACHED, known({0: 10.0, 1: 11.0}, last=1), whole=False, currency="USD")
    assert closes_of(found) == closes_of(CACHED)
    assert isinstance(found, CachedCloses)
    assert found.last == day(2)


@given(
    st.dictionaries(st.integers(0, 19), st.floats(0.01, 1e5), min_size=1),
    st.integers(1, 18),
    st.data(),
)
def test_after_any_update_the_cache_has_the_complete_history(
    truth: dict[int, float], seen: int, data: st.DataObject
) -> None:
    first_answer = known({at: close for at, close in truth.items() if at <= seen}, last=seen)
    newest = max((at for at in truth if at <= seen), default=0)
    start = data.draw(st.integers(0, newest))
    answer = known({at: close for at, close in truth.items() if at >= start}, first=start, last=19)
    found = reconciled(first_answer, answer, whole=False, currency="USD")
    if isinstance(found, str):
        found = reconciled(first_answer, known(truth, last=19), whole=True, currency="USD")
    if found is None:
        assert not answer
        return
    assert closes_of(found) == truth
    assert_array_equal(found.days, sorted(found.days))
