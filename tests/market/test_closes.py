"""Closes in memory: quotes of past evenings, and completed closes with tonight's prices as the last row."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from rebalancer.errors import SourceError
from rebalancer.market.clock import SimulatedClock
from rebalancer.market.closes import HistoryQuotes, evening_closes
from rebalancer.model import NEW_YORK, Closes, CorporateAction, NoPrice, Price, Snapshot, Symbol

SPY, TLT, GLD = Symbol("SPY"), Symbol("TLT"), Symbol("GLD")
EVENING = datetime(2022, 6, 9, 19, 50, tzinfo=UTC)
TOMORROW = date(2022, 6, 10)


@dataclass
class RecordingHistory:
    """A history that records its requests. SPY closed at 400 and 410, TLT on the first day alone."""

    asked: list[tuple[Symbol, ...]] = field(default_factory=list)

    def closes(self, symbols: Sequence[Symbol], before: date) -> Closes:
        self.asked.append(tuple(symbols))
        known = {SPY: (400.0, 410.0), TLT: (100.0, np.nan)}
        days = np.array(["2022-06-08", "2022-06-09"], dtype="datetime64[D]")
        columns = [known.get(name, (np.nan, np.nan)) for name in symbols]
        return Closes(days, tuple(symbols), np.array(columns).T)

    def actions(self, symbols: Sequence[Symbol], first: date, last: date) -> tuple[CorporateAction, ...]:
        return ()


def quotes(history: RecordingHistory) -> HistoryQuotes:
    return HistoryQuotes(SimulatedClock(EVENING), NEW_YORK, history, (SPY,), TOMORROW)


def test_a_symbol_that_no_bot_uses_any_more_has_a_price_too() -> None:
    shown = quotes(RecordingHistory()).snapshots([TLT, SPY, GLD])
    assert {name: one.bar and one.bar.close for name, one in shown.items()} == {SPY: Decimal(410), TLT: None}


def test_a_symbol_without_a_close_tonight_shows_its_last_one_and_is_silent() -> None:
    found: Snapshot = quotes(RecordingHistory()).snapshots([TLT])[TLT]
    assert found.silent
    assert found.previous is not None
    assert (found.previous.session, found.previous.close) == (date(2022, 6, 8), Decimal(100))


def test_the_history_is_asked_again_only_for_a_symbol_that_is_new() -> None:
    history = RecordingHistory()
    market = quotes(history)
    for wanted in ([SPY], [SPY], [TLT], [SPY, TLT]):
        market.snapshots(wanted)
    assert history.asked == [(SPY,), (SPY, TLT)]


SPY, TLT = Symbol("SPY"), Symbol("TLT")
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2016, 6, 27) + timedelta(days=day) for day in range(4))
NOW = datetime(2016, 6, 30, 19, 50, tzinfo=UTC)


def closes(rows: dict[date, tuple[float, float]]) -> Closes:
    values = np.array(list(rows.values()), dtype=np.float64).reshape(-1, 2)
    return Closes(np.array(list(rows), dtype="datetime64[D]"), (SPY, TLT), values, notes=("a note",))


def price(symbol: Symbol, value: str) -> Price:
    return Price(symbol, Decimal(value), "trade", NOW, age_seconds=0.0)


COMPLETED = closes({MONDAY: (199.6, 138.0), TUESDAY: (203.2, 137.5), WEDNESDAY: (206.66, 137.9)})
SESSIONS = [MONDAY, TUESDAY, WEDNESDAY]
TONIGHT = {SPY: price(SPY, "209.48"), TLT: price(TLT, "138.90")}


def test_tonights_prices_are_the_last_row_and_provisional() -> None:
    evening = evening_closes(COMPLETED, SESSIONS, THURSDAY, TONIGHT)
    assert [evening.day(row) for row in range(4)] == [*SESSIONS, THURSDAY]
    assert_array_equal(evening.values, [*COMPLETED.values, [209.48, 138.9]])
    assert evening.provisional
    assert evening.notes == ("a note",)


def test_a_symbol_without_a_price_tonight_is_nan_and_not_its_last_close() -> None:
    evening = evening_closes(COMPLETED, SESSIONS, THURSDAY, {SPY: NoPrice(SPY, ("no quote",))})
    assert np.isnan(evening.values[-1]).all()


def test_a_session_that_the_source_lacks_is_a_row_of_nan() -> None:
    holed = closes({MONDAY: (199.6, 138.0), WEDNESDAY: (206.66, 137.9)})
    evening = evening_closes(holed, SESSIONS, THURSDAY, TONIGHT)
    assert_array_equal(evening.values[:3], [(199.6, 138.0), (np.nan, np.nan), (206.66, 137.9)])


def test_without_history_tonights_prices_are_the_only_row() -> None:
    evening = evening_closes(closes({}), [], THURSDAY, TONIGHT)
    assert_array_equal(evening.values, [[209.48, 138.9]])


@pytest.mark.parametrize("stranger", [date(2016, 6, 26), THURSDAY, date(2016, 7, 1)])
def test_a_row_on_a_day_that_is_no_completed_session_stops_the_run(stranger: date) -> None:
    rows = {MONDAY: (1.0, 1.0), stranger: (2.0, 2.0)}
    with pytest.raises(SourceError, match=f"a row for {stranger}"):
        evening_closes(closes(dict(sorted(rows.items()))), SESSIONS, THURSDAY, TONIGHT)


@given(st.sets(st.integers(0, 19), min_size=1), st.data())
def test_every_known_close_stays_on_its_own_day(offsets: set[int], data: st.DataObject) -> None:
    sessions = [MONDAY + timedelta(days=offset) for offset in sorted(offsets)]
    known = data.draw(st.sets(st.sampled_from(sessions)))
    rows = {day: (float(day.toordinal()), 1.0) for day in sorted(known)}
    evening = evening_closes(closes(rows), sessions, MONDAY + timedelta(days=30), TONIGHT)
    for row, day in enumerate(sessions):
        assert_array_equal(evening.values[row], rows.get(day, (np.nan, np.nan)))
