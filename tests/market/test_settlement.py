"""Settlement days against the bond market's calendar, and which buys used unsettled proceeds."""

from datetime import UTC, date, datetime, timedelta

import pandas_market_calendars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SimulatedClock
from rebalancer.market.settlement import (
    LONGEST_WAIT,
    OwnTrade,
    bought_before_settlement,
    is_bank_holiday,
    settlement_day,
    settles_by_us_rules,
)
from rebalancer.model import Symbol

FIRST, LAST = date(2020, 1, 1), date(2030, 12, 31)
CALENDAR = ExchangeCalendar(SimulatedClock(datetime(2030, 11, 20, tzinfo=UTC)))
SESSIONS = CALENDAR.sessions(FIRST, LAST)


def bond_market() -> frozenset[date]:
    schedule = pandas_market_calendars.get_calendar("SIFMA_US").schedule(FIRST, LAST)
    return frozenset(day.date() for day in schedule.index)


def test_the_banks_rest_on_exactly_the_sessions_on_which_the_bond_market_does():
    assert {day for day in SESSIONS if is_bank_holiday(day)} == set(SESSIONS) - bond_market()


def test_a_sale_is_settled_on_the_next_session_on_which_the_bond_market_trades_too():
    both = sorted(bond_market().intersection(SESSIONS))
    for session in SESSIONS:
        if session < both[-1]:
            assert settlement_day(CALENDAR, session) == next(day for day in both if day > session)


@pytest.mark.parametrize(
    ("session", "settled"),
    [
        (date(2026, 11, 23), date(2026, 11, 24)),
        (date(2026, 11, 25), date(2026, 11, 27)),  # over Thanksgiving
        (date(2026, 10, 9), date(2026, 10, 13)),  # over Columbus Day
        (date(2026, 10, 12), date(2026, 10, 13)),  # on Columbus Day
        (date(2026, 11, 10), date(2026, 11, 12)),  # over Veterans Day
        (date(2023, 11, 9), date(2023, 11, 10)),  # Veterans Day was a Saturday, and was not kept
        (date(2029, 11, 9), date(2029, 11, 13)),  # Veterans Day is a Sunday, and kept on the Monday
    ],
)
def test_a_sale_is_settled_one_session_later_but_never_on_a_day_on_which_the_banks_rest(session, settled):
    assert settlement_day(CALENDAR, session) == settled


def test_an_exchange_that_stays_closed_settles_nothing():
    class Closed(ExchangeCalendar):
        def sessions(self, first: date, last: date) -> tuple[date, ...]:
            return ()

    closed = Closed(SimulatedClock(datetime(2026, 11, 20, tzinfo=UTC)))
    assert settlement_day(closed, FIRST) - FIRST == LONGEST_WAIT >= timedelta(days=14)


def test_us_rules_are_for_us_exchanges_alone():
    clock = SimulatedClock(datetime(2026, 11, 20, tzinfo=UTC))
    assert settles_by_us_rules(CALENDAR)
    assert not settles_by_us_rules(ExchangeCalendar(clock, "XETR"))


SPY, TLT, GLD = (Symbol(name) for name in ("SPY", "TLT", "GLD"))
FRIDAY, MONDAY, TUESDAY = date(2026, 10, 9), date(2026, 10, 12), date(2026, 10, 13)
"""Around Columbus Day."""


def next_day(session: date) -> date:
    return session + timedelta(days=1)


def around_the_holiday(session: date) -> date:
    return max(TUESDAY, next_day(session))


def test_a_buy_after_a_sale_of_the_same_session_awaits_settlement():
    trades = [OwnTrade(MONDAY, "sell", SPY), OwnTrade(MONDAY, "buy", TLT)]
    assert bought_before_settlement(trades, MONDAY, next_day) == {TLT: TUESDAY}
    assert bought_before_settlement(trades, TUESDAY, next_day) == {}


def test_a_buy_before_the_sale_or_without_one_awaits_no_settlement():
    trades = [OwnTrade(MONDAY, "buy", TLT), OwnTrade(MONDAY, "sell", SPY)]
    assert bought_before_settlement(trades, MONDAY, next_day) == {}


def test_after_a_day_without_settlement_the_previous_sessions_money_is_awaited():
    trades = [OwnTrade(FRIDAY, "sell", SPY), OwnTrade(FRIDAY, "buy", TLT), OwnTrade(MONDAY, "buy", GLD)]
    assert bought_before_settlement(trades, MONDAY, around_the_holiday) == {TLT: TUESDAY, GLD: TUESDAY}


DAYS = [FRIDAY + timedelta(days=offset) for offset in range(5)]
TRADES = st.lists(
    st.builds(OwnTrade, st.sampled_from(DAYS), st.sampled_from(["buy", "sell"]), st.sampled_from([SPY, TLT, GLD])),
    max_size=12,
).map(lambda trades: sorted(trades, key=lambda trade: trade.session))


@given(TRADES, st.sampled_from(DAYS), st.integers(1, 4))
def test_a_symbol_awaits_settlement_exactly_if_an_unsettled_sale_preceded_its_buy(trades, tonight, wait):
    def settled_on(session: date) -> date:
        return session + timedelta(days=wait)

    waiting = {
        buy.symbol
        for position, buy in enumerate(trades)
        for sale in trades[:position]
        if (buy.side, sale.side) == ("buy", "sell") and tonight < settled_on(sale.session)
    }
    found = bought_before_settlement(trades, tonight, settled_on)
    assert set(found) == waiting
    assert all(due > tonight for due in found.values())
