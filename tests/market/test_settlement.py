"""Which shares unsettled money bought: the rule, and the same rule written the long way."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rebalancer.market.settlement import OwnTrade, bought_before_settlement
from rebalancer.model import Symbol

SPY, TLT, GLD = (Symbol(name) for name in ("SPY", "TLT", "GLD"))
FRIDAY, MONDAY, TUESDAY = date(2026, 10, 9), date(2026, 10, 12), date(2026, 10, 13)
"""Around Columbus Day."""


def next_day(session: date) -> date:
    return session + timedelta(days=1)


def around_the_holiday(session: date) -> date:
    return max(TUESDAY, next_day(session))


def test_what_was_bought_after_a_sale_of_the_same_session_waits_for_its_money():
    trades = [OwnTrade(MONDAY, "sell", SPY), OwnTrade(MONDAY, "buy", TLT)]
    assert bought_before_settlement(trades, MONDAY, next_day) == {TLT: TUESDAY}
    assert bought_before_settlement(trades, TUESDAY, next_day) == {}


def test_what_was_bought_before_the_sale_or_without_one_waits_for_nothing():
    trades = [OwnTrade(MONDAY, "buy", TLT), OwnTrade(MONDAY, "sell", SPY)]
    assert bought_before_settlement(trades, MONDAY, next_day) == {}


def test_over_a_day_without_settlement_the_money_of_the_session_before_is_waited_for():
    trades = [OwnTrade(FRIDAY, "sell", SPY), OwnTrade(FRIDAY, "buy", TLT), OwnTrade(MONDAY, "buy", GLD)]
    assert bought_before_settlement(trades, MONDAY, around_the_holiday) == {TLT: TUESDAY, GLD: TUESDAY}


DAYS = [FRIDAY + timedelta(days=offset) for offset in range(5)]
TRADES = st.lists(
    st.builds(OwnTrade, st.sampled_from(DAYS), st.sampled_from(["buy", "sell"]), st.sampled_from([SPY, TLT, GLD])),
    max_size=12,
).map(lambda trades: sorted(trades, key=lambda trade: trade.session))


@given(TRADES, st.sampled_from(DAYS), st.integers(1, 4))
def test_a_symbol_waits_exactly_where_some_unsettled_sale_came_before_a_buy_of_it(trades, tonight, wait):
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
