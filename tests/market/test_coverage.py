"""How far prices reach, and where they look wrong."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SimulatedClock
from rebalancer.market.coverage import Coverage, Jump, coverage, sessions_due
from rebalancer.model import Closes, Symbol

NAN = float("nan")
WEEK = tuple(date(2016, 7, day) for day in (5, 6, 7, 8))  # Monday the 4th was a holiday


def of_one(*prices: float, days: tuple[date, ...] = WEEK) -> Coverage:
    sessions = np.array(days, dtype="datetime64[D]")
    (found,) = coverage(Closes(sessions, (Symbol("SPY"),), np.array(prices)[:, np.newaxis]), WEEK)
    return found


def test_a_complete_ticker_has_nothing_to_look_at() -> None:
    assert of_one(1, 1, 1, 1) == Coverage(Symbol("SPY"), WEEK[0], WEEK[-1], 4, (), (), 0, ())


def test_a_gap_is_a_session_between_the_first_close_and_the_last() -> None:
    found = of_one(NAN, 1, NAN, 1)
    assert (found.first, found.missing, found.sessions) == (WEEK[1], (WEEK[2],), 2)


def test_a_ticker_that_ended_is_behind_by_the_sessions_since() -> None:
    found = of_one(1, 1, NAN, NAN)
    assert (found.last, found.behind, found.missing) == (WEEK[1], 2, ())


def test_a_ticker_without_a_close_is_behind_by_all_sessions() -> None:
    assert of_one(NAN, NAN, NAN, NAN) == Coverage(Symbol("SPY"), None, None, 0, (), (), 4, ())


def test_a_close_on_a_day_without_a_session_is_no_session() -> None:
    found = of_one(1, 1, 1, 1, days=(date(2016, 7, 4), *WEEK[:3]))
    assert (found.strangers, found.sessions) == ((date(2016, 7, 4),), 3)


def test_a_jump_is_more_than_40_percent_from_one_close_to_the_next() -> None:
    assert of_one(100, 139, NAN, 83).jumps == (Jump(WEEK[3], pytest.approx(83 / 139 - 1)),)
    assert of_one(100, 141, 141, 141).jumps == (Jump(WEEK[1], pytest.approx(0.41)),)


@pytest.mark.parametrize(
    ("now", "last"),
    [
        (datetime(2016, 7, 7, 19, 59, tzinfo=UTC), WEEK[1]),
        (datetime(2016, 7, 7, 20, 0, tzinfo=UTC), WEEK[2]),
        (datetime(2016, 7, 10, 12, 0, tzinfo=UTC), WEEK[3]),
    ],
)
def test_prices_should_reach_the_last_session_that_has_closed(now: datetime, last: date) -> None:
    tuesday = Closes(np.array(WEEK[:1], dtype="datetime64[D]"), (), np.empty((1, 0)))
    assert sessions_due(ExchangeCalendar(SimulatedClock(now)), tuesday, now)[-1] == last


def test_prices_that_have_tonights_row_already_are_no_strangers() -> None:
    noon = datetime(2016, 7, 8, 16, 0, tzinfo=UTC)
    week = Closes(np.array(WEEK, dtype="datetime64[D]"), (), np.empty((4, 0)))
    assert sessions_due(ExchangeCalendar(SimulatedClock(noon)), week, noon) == WEEK
