from decimal import Decimal

import pytest
from scripted_sim import Script, ScriptedFault, ScriptedSimBroker
from street import BIL, SPY, BrokenQuotes, buy, sell

from rebalancer.errors import SourceError
from rebalancer.model import Accepted, OrderId, Refused, Unknown

RB1 = OrderId("rb1")
RESTS = Script({("buy", SPY): ScriptedFault(waits=99), ("sell", SPY): ScriptedFault(waits=99)})


def state(broker, order_id=RB1):
    return broker.orders([order_id])[order_id]


def test_the_broker_declares_that_it_is_simulated_and_its_fee(sims):
    venue = sims.open(commission="1.50").venue
    assert (venue.name, venue.simulated, venue.fee_per_order) == ("sim", True, Decimal("1.50"))


# ------------------------------------------------------------------------------------------ prices and money


def test_a_buy_pays_the_ask_moved_by_the_slippage(sims, street):
    street.quotes_at(SPY, bid="99.90", ask="100.10")
    broker = sims.open(slippage="0.1")
    broker.submit(buy("rb1", SPY, "10"))
    assert state(broker).average_price == Decimal("100.21")  # 100.2001 rounded up


def test_an_average_price_is_that_of_all_fills(sims, street):
    broker = sims.open(Script({("buy", SPY): ScriptedFault(fills_at_most=Decimal(1), cancel="beaten")}))
    broker.submit(buy("rb1", SPY, "4"))
    street.trades_at(SPY, "101.00")
    broker.cancel(RB1)
    assert state(broker).average_price == Decimal("100.75")


def test_the_commission_is_charged_once_an_order(sims):
    broker = sims.open(Script({("buy", SPY): ScriptedFault(fills_at_most=Decimal(1), cancel="beaten")}), commission="2")
    broker.submit(buy("rb1", SPY, "4"))
    broker.cancel(RB1)
    assert [fill.fee for fill in broker.fills(RB1)] == [2, 0]
    assert broker.account().cash == 10_000 - 400 - 2


def test_the_commission_counts_towards_what_a_buy_costs(sims):
    broker = sims.open(cash="100", commission="1")
    answer = broker.submit(buy("rb1", SPY, "1"))
    assert answer == Refused(
        "a buy of 1 SPY costs up to 101.00 USD with its fee, but only 100.00 USD can be spent",
    )


def test_an_open_buy_holds_its_commission_too(sims):
    broker = sims.open(RESTS, cash="500", commission="1")
    broker.submit(buy("rb1", SPY, "3"))
    assert broker.account().spendable == 500 - 300 - 1


def test_a_sale_never_costs_more_than_it_brings_in(sims):
    broker = sims.open(cash="0", holdings={BIL: "1"}, commission="60")
    broker.submit(sell("rb1", BIL, "1"))
    assert broker.account().cash == 0
    assert broker.fills(RB1)[0].fee == 50


def test_a_share_that_would_fetch_nothing_is_not_sold(sims, street):
    street.trades_at(BIL, "0.00005")
    answer = sims.open(holdings={BIL: "1"}).submit(sell("rb1", BIL, "1"))
    assert answer == Refused("BIL would fetch nothing at its present price")


def test_equity_is_cash_and_positions_at_the_middle_of_the_market(sims, street):
    broker = sims.open(cash="1000", holdings={SPY: "2"})
    street.quotes_at(SPY, bid="99.00", ask="101.00")
    assert broker.account().equity == 1200


def test_a_holding_without_a_price_is_never_worth_zero(sims, street):
    broker = sims.open(holdings={SPY: "2", BIL: "1"})
    del street.shown[BIL]
    with pytest.raises(SourceError, match="BIL"):
        broker.account()
    with pytest.raises(SourceError, match="BIL"):
        broker.positions()


def test_a_delayed_market_buy_never_makes_a_debt(sims, street):
    broker = sims.open(Script({("buy", SPY): ScriptedFault(waits=1)}), cash="1000")
    broker.submit(buy("rb1", SPY, "10"))
    street.trades_at(SPY, "150.00")
    assert (state(broker).status, state(broker).filled) == ("canceled", 0)
    assert "1,500.00 USD" in state(broker).reason
    assert broker.account().cash == 1000


def test_a_delayed_sell_never_opens_a_short(sims):
    broker = sims.open(Script({("sell", SPY): ScriptedFault(waits=1)}), holdings={SPY: "10"})
    broker.submit(sell("rb1", SPY, "10"))
    broker.change_position(SPY, Decimal(-4))
    assert state(broker).status == "canceled"
    assert broker.positions()[0].quantity == 6


# ------------------------------------------------------------------------------------------ time


def test_a_limit_order_fills_when_the_market_comes_to_it(sims, street):
    broker = sims.open()
    broker.submit(buy("rb1", SPY, "1", limit="99.00"))
    assert state(broker).status == "open"
    street.trades_at(SPY, "98.00")
    assert (state(broker).status, state(broker).average_price) == ("filled", 98)


def test_an_order_fills_after_as_many_polls_as_scripted(sims):
    broker = sims.open(Script({("buy", SPY): ScriptedFault(waits=3)}))
    broker.submit(buy("rb1", SPY, "1"))
    assert [state(broker).status for _ in range(3)] == ["open", "open", "filled"]


def test_a_day_order_expires_with_its_session_and_keeps_its_fills(sims, street):
    broker = sims.open(Script({("buy", SPY): ScriptedFault(fills_at_most=Decimal(2))}))
    broker.submit(buy("rb1", SPY, "5"))
    street.sleep(600)
    assert (state(broker).status, state(broker).filled) == ("expired", 2)
    assert state(broker).reason == "the session closed at 2016-06-30 16:00 EDT"
    assert broker.account().spendable == 10_000 - 200


def test_an_expired_order_does_not_fill_the_next_day(sims, street):
    broker = sims.open()
    broker.submit(buy("rb1", SPY, "5", limit="99.00"))
    street.next_evening()
    street.trades_at(SPY, "98.00")
    assert (state(broker).status, state(broker).filled) == ("expired", 0)


@pytest.mark.parametrize("hours", [-7, 1, 48], ids=["before the open", "after the close", "on a Saturday"])
def test_a_closed_market_refuses(sims, street, hours):
    street.sleep(hours * 3600)
    answer = sims.open().submit(buy("rb1", SPY, "1"))
    assert isinstance(answer, Refused)
    assert "the market is closed at 2016-0" in answer.reason
    assert "EDT: send orders while it is open" in answer.reason


def test_it_can_not_go_back_to_an_earlier_day(sims, street):
    broker = sims.open()
    broker.submit(buy("rb1", SPY, "1"))
    street.sleep(-86_400)
    for read in (broker.account, broker.positions, broker.open_orders):
        with pytest.raises(
            SourceError,
            match=r"it is 2016-06-29 15:50 EDT.*until 2016-06-30 15:50 EDT.*Name 2016-06-30 or.*another folder",
        ):
            read()
    assert isinstance(broker.submit(buy("rb2", SPY, "1")), Unknown)
    assert isinstance(broker.find(RB1), Unknown)


def test_a_second_run_of_a_day_continues_where_the_first_ended(sims, street):
    broker = sims.open()
    street.sleep(120)
    broker.submit(buy("rb1", SPY, "1"))
    street.sleep(-120)
    assert broker.account().at == broker.fills(RB1)[0].at
    assert isinstance(broker.submit(buy("rb2", SPY, "1")), Accepted)


def test_an_account_in_which_nothing_happened_may_begin_on_any_day(sims, street):
    sims.open().account()
    street.sleep(-86_400)
    assert sims.open().account().cash == 10_000


# ------------------------------------------------------------------------------------------ the world around


def test_the_account_survives_a_new_process(sims):
    first = sims.open(RESTS, cash="5000", holdings={SPY: "3.25"}, commission="1")
    first.submit(buy("rb1", BIL, "2"))
    first.submit(sell("rb2", SPY, "3"))
    first.close()
    second = sims.open(RESTS, cash="1", commission="1")
    assert second.account().cash == 5000 - 100 - 1
    assert [(position.symbol, position.quantity) for position in second.positions()] == [
        (BIL, 2),
        (SPY, Decimal("3.25")),
    ]
    assert state(second).status == "filled"
    assert [order.id for order in second.open_orders()] == ["rb2"]
    assert isinstance(second.submit(buy("rb1", BIL, "2")), Unknown)


def test_quotes_that_do_not_answer_leave_an_order_unknown_and_the_account_unread(sims, street, tmp_path):
    sims.open(RESTS, holdings={SPY: "3"}).submit(sell("rb1", SPY, "3"))
    broker = ScriptedSimBroker(sims.path, street, BrokenQuotes(), street, starting_cash=Decimal(0))
    try:
        assert broker.submit(buy("rb2", SPY, "1")) == Unknown("the quotes did not answer")
        assert broker.find(RB1) == Unknown("the quotes did not answer")
        with pytest.raises(SourceError, match="did not answer"):
            broker.account()
        broker.cancel(RB1)
    finally:
        broker.close()
    assert state(sims.open()).status == "canceled"


def test_external_orders_are_shown_beside_ours(sims):
    broker = sims.open(RESTS)
    broker.submit(buy("by hand", SPY, "1"))
    assert [order.id for order in broker.open_orders()] == ["by hand"]


def test_a_manual_position_change_moves_shares_and_no_cash(sims):
    broker = sims.open(holdings={SPY: "3"})
    broker.change_position(SPY, Decimal(-5))
    assert broker.positions()[0].quantity == -2
    assert broker.account().cash == 10_000


def test_deposits_are_added_and_only_free_cash_can_be_withdrawn(sims):
    broker = sims.open(RESTS, cash="500")
    broker.deposit(Decimal(1000))
    broker.submit(buy("rb1", SPY, "10"))
    with pytest.raises(ValueError, match=r"501\.00 USD, but only 500\.00 USD"):
        broker.deposit(Decimal(-501))
    broker.deposit(Decimal(-500))
    assert broker.account().spendable == 0


def test_a_symbol_that_the_script_bars_is_untradable_and_refused(sims):
    broker = sims.open(Script(untradable={BIL: "halted"}))
    assert broker.untradable([SPY, BIL]) == {BIL: "halted"}
    assert broker.submit(buy("rb1", BIL, "1")) == Refused("halted")
