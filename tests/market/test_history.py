"""Completed closes and tonight's prices become the rows that the bots decide on."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from rebalancer.errors import SourceError
from rebalancer.market.closes import evening_closes
from rebalancer.model import Closes, NoPrice, Price, Symbol

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


def test_without_any_history_there_is_still_tonight() -> None:
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
