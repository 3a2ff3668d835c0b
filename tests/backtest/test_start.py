"""A back-test starts when everything that its bots may need exists."""

from datetime import date

import numpy as np
import pytest

from rebalancer.backtest.compare import Terms, compare
from rebalancer.backtest.start import beginnings, first_session
from rebalancer.bots.decisions import Decisions
from rebalancer.errors import BadInputError
from rebalancer.model import Closes, Symbol

AAA, BBB, CCC = Symbol("AAA"), Symbol("BBB"), Symbol("CCC")
NAN = np.nan
CLOSES = Closes(
    np.busday_offset("2016-01-04", np.arange(5)),
    (AAA, BBB, CCC),
    np.array([[1, NAN, NAN], [1, NAN, NAN], [1, 2, NAN], [1, 2, NAN], [1, 2, NAN]]),
)
ALWAYS = {"bot": Decisions.of(np.ones((5, 3)) / 3, CLOSES.symbols)}
TUESDAY, WEDNESDAY, THURSDAY = date(2016, 1, 5), date(2016, 1, 6), date(2016, 1, 7)


def test_it_starts_when_the_last_ticker_begins_not_when_the_bot_first_decides():
    assert first_session(ALWAYS, CLOSES, None, {AAA: 1, BBB: 1}) == 2


def test_it_starts_when_all_closes_exist_that_an_indicator_needs():
    assert first_session(ALWAYS, CLOSES, None, {AAA: 4, BBB: 1}) == 3
    assert first_session(ALWAYS, CLOSES, None, {AAA: 4, BBB: 3}) == 4


def test_it_starts_on_the_day_that_was_asked_for_if_everything_exists_then():
    assert first_session(ALWAYS, CLOSES, THURSDAY, {AAA: 1, BBB: 1}) == 3


def test_it_starts_later_where_a_bot_can_not_decide_yet():
    waits = {"bot": Decisions.of(np.array([[NAN] * 3] * 4 + [[1, 0, 0]]), CLOSES.symbols)}
    assert first_session(waits, CLOSES, None, {AAA: 1, BBB: 1}) == 4


def test_an_earlier_day_is_refused_with_the_ticker_that_starts_last():
    with pytest.raises(BadInputError) as refused:
        first_session(ALWAYS, CLOSES, TUESDAY, {AAA: 1, BBB: 2})
    assert str(refused.value) == (
        "--from: 2016-01-05 is too early: everything that the bots may need exists from 2016-01-07 on, since BBB "
        "begins on 2016-01-06, and 2 of its closes are needed. Use --from 2016-01-07, or --allow-undecided to start "
        "without it"
    )


def test_a_ticker_without_any_close_is_refused_by_name():
    with pytest.raises(BadInputError, match=r"CCC has no close\. Use --allow-undecided"):
        first_session(ALWAYS, CLOSES, None, {AAA: 1, CCC: 1})


def test_closes_that_end_too_early_are_refused_with_the_number_that_is_needed():
    with pytest.raises(BadInputError, match="BBB begins on 2016-01-06, and 9 of its closes are needed"):
        first_session(ALWAYS, CLOSES, None, {AAA: 1, BBB: 9})


def test_undecided_days_allowed_it_starts_at_once_and_says_what_is_not_there_yet():
    terms = Terms(100, closes_needed={AAA: 2, BBB: 2, CCC: 1}, allow_undecided=True)
    found = compare(ALWAYS, CLOSES, terms)
    assert len(found.sessions) == 5
    assert "3 tickers too young, AAA (from 2016-01-05 on), BBB (from 2016-01-07 on), CCC (never)." in found.notes[0]


def test_nothing_is_said_where_everything_exists():
    found = compare(ALWAYS, CLOSES, Terms(100, first=THURSDAY, closes_needed={AAA: 1, BBB: 1}, allow_undecided=True))
    assert not any("too young" in note for note in found.notes)


def test_the_one_that_is_complete_last_comes_last():
    assert [one.symbol for one in beginnings({CCC: 1, AAA: 5, BBB: 1}, CLOSES)] == [BBB, AAA, CCC]
