"""How far prices reach, and price jumps that no corporate action explains."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SimulatedClock
from rebalancer.market.coverage import Coverage, Jump, coverage, sessions_due, unexplained_jumps
from rebalancer.model import Closes, CorporateAction, Symbol

NAN = float("nan")
WEEK = tuple(date(2016, 7, day) for day in (5, 6, 7, 8))  # Monday the 4th was a holiday


def of_one(*prices: float, days: tuple[date, ...] = WEEK) -> Coverage:
    sessions = np.array(days, dtype="datetime64[D]")
    (found,) = coverage(Closes(sessions, (Symbol("SPY"),), np.array(prices)[:, np.newaxis]), WEEK)
    return found


def test_a_complete_ticker_has_no_findings() -> None:
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


def test_prices_that_already_have_todays_row_are_accepted() -> None:
    noon = datetime(2016, 7, 8, 16, 0, tzinfo=UTC)
    week = Closes(np.array(WEEK, dtype="datetime64[D]"), (), np.empty((4, 0)))
    assert sessions_due(ExchangeCalendar(SimulatedClock(noon)), week, noon) == WEEK


SPY, TLT = Symbol("SPY"), Symbol("TLT")
FIRST = date(2024, 3, 1)
FORTY = Decimal(40)


def closes(*prices: float, provisional: bool = True) -> Closes:
    days = np.array([FIRST + timedelta(days=at) for at in range(len(prices))], dtype="datetime64[D]")
    return Closes(days, (SPY,), np.array(prices)[:, np.newaxis], provisional=provisional)


def action(kind: str, row: int, **fields: object) -> CorporateAction:
    return CorporateAction(SPY, FIRST + timedelta(days=row), kind, words="10 for 1 split", **fields)


@pytest.mark.parametrize("last", [60.1, 100, 139.9])
def test_a_move_within_the_bound_is_no_jump(last: float) -> None:
    assert unexplained_jumps(closes(100, last), (), FORTY) == {}


@pytest.mark.parametrize(("last", "percent"), [(59.9, "-40.10"), (140.1, "+40.10"), (1000, "+900.00")])
def test_a_move_beyond_the_bound_is_a_jump_up_or_down(last: float, percent: str) -> None:
    assert f"is {percent} % from 100.00 USD" in unexplained_jumps(closes(100, last), (), FORTY)[SPY]


def test_the_sentence_has_day_prices_and_remedy() -> None:
    assert unexplained_jumps(closes(100, 150), (), FORTY)[SPY] == (
        "tonight's price of 2024-03-02, 150.00 USD, is +50.00 % from 100.00 USD on 2024-03-01, and no corporate action "
        "explains it: check its bars, or raise trading.max_jump_percent (40)"
    )


def test_without_a_provisional_row_it_is_the_close_that_jumped() -> None:
    assert unexplained_jumps(closes(100, 150, provisional=False), (), FORTY)[SPY].startswith("the close of 2024-03-02")


def test_a_gap_is_bridged_by_the_last_close_before_it() -> None:
    assert "from 100.00 USD on 2024-03-01" in unexplained_jumps(closes(100, NAN, NAN, 150), (), FORTY)[SPY]


def test_a_symbol_without_closes_does_not_jump() -> None:
    assert unexplained_jumps(closes(NAN, NAN, 150), (), FORTY) == {}


def test_only_the_last_five_moves_are_checked() -> None:
    fifth_last = closes(100, 150, 150, 150, 150, 150)
    sixth_last = closes(100, 150, 150, 150, 150, 150, 150)
    assert SPY in unexplained_jumps(fifth_last, (), FORTY)
    assert SPY not in unexplained_jumps(sixth_last, (), FORTY)


def test_a_spin_off_explains_the_move_of_its_day() -> None:
    assert unexplained_jumps(closes(100, 50), [action("other", 1)], FORTY) == {}
    assert unexplained_jumps(closes(100, NAN, 50), [action("other", 1)], FORTY) == {}


def test_an_action_of_another_day_or_symbol_explains_nothing() -> None:
    assert SPY in unexplained_jumps(closes(100, 100, 50), [action("other", 1)], FORTY)
    of_tlt = CorporateAction(TLT, FIRST + timedelta(days=1), "other")
    assert SPY in unexplained_jumps(closes(100, 50), [of_tlt], FORTY)


def test_a_split_that_shows_in_adjusted_closes_was_not_adjusted_for() -> None:
    found = unexplained_jumps(closes(100, 10), [action("split", 1, ratio=Decimal(10))], FORTY)
    assert "its closes are not adjusted for the 10 for 1 split" in found[SPY]


def test_an_infinite_or_negative_close_is_no_close() -> None:
    assert unexplained_jumps(closes(100, float("inf"), -5, 101), (), FORTY) == {}
