"""An order blocked by an external order is retried by what the account holds when that order is gone."""

import pytest
from alpaca_stage import NEXT, AlpacaStage, local_venue
from fakes import BrokerProxy, meanwhile
from local_alpaca import LocalAlpaca, faults, order_scripts

from rebalancer.model import Order, Submitted

GONE_SOON = order_scripts.OrderScript((order_scripts.NEW, order_scripts.ScriptStep(3, "canceled")))


@pytest.fixture
def venue():
    with local_venue() as venue:
        venue.lends = True
        yield venue


@pytest.mark.parametrize("enforced", [False, True], ids=["intent is ignored", "intent is enforced"])
def test_a_sell_blocked_by_an_external_sell_is_not_retried_for_the_shares_that_one_sold(
    alpaca: AlpacaStage, venue: LocalAlpaca, enforced
) -> None:
    alpaca.wants(SPY=0.6).run()
    venue.terms.enforces_intent = enforced
    venue.at(NEXT)
    held = venue.shares("SPY")
    venue.script_orders("SPY", order_scripts.slow(5), side="sell", times=1)
    alpaca.broker_proxy = meanwhile("sell", lambda: venue.order_from_elsewhere("sell", "SPY", held, client_id="theirs"))
    record = alpaca.wants(GLD=0.5).run()
    assert venue.shares("SPY") == 0
    assert record.run.status == "partial"
    assert "(the sell was not sent: the broker shows 0 shares" in record.run.reason


def test_a_buy_blocked_by_an_external_order_is_retried_within_the_remaining_cash(
    alpaca: AlpacaStage, venue: LocalAlpaca
) -> None:
    alpaca.wants(SPY=0.2, TLT=0.6).run()
    venue.at(NEXT)
    venue.script_orders("SPY", GONE_SOON, side="sell", times=1)

    class BoughtWhileItWaits(BrokerProxy):
        waits = False

        def submit(self, order: Order) -> Submitted:
            if order.side == "sell" or self.waits:
                return self.real.submit(order)
            self.waits = True
            venue.order_from_elsewhere("sell", "SPY", 5, client_id="theirs")
            answer = self.real.submit(order)
            venue.trade_by_hand("GLD", 300)
            return answer

    alpaca.broker_proxy = BoughtWhileItWaits
    record = alpaca.wants(SPY=0.9).run()
    assert venue.cash >= 0
    assert record.run.status == "partial"


def test_shares_sold_by_hand_while_the_broker_was_busy_are_not_sold_short(
    alpaca: AlpacaStage, venue: LocalAlpaca
) -> None:
    alpaca.wants(QQQ=0.3, SPY=0.3, TLT=0.3).run()
    venue.at(NEXT)
    venue.faults.on("POST", "/v2/orders", fault=faults.TOO_MANY_BARE)

    def the_owner_sells() -> None:
        venue.trade_by_hand("SPY", -venue.shares("SPY"))
        venue.trade_by_hand("TLT", -venue.shares("TLT"))

    venue.faults.on("GET", "/v2/orders:by_client_order_id", fault=faults.followed_by(the_owner_sells))
    record = alpaca.wants(GLD=0.5).run()
    assert {symbol: venue.shares(symbol) for symbol in ("QQQ", "SPY", "TLT")} == {"QQQ": 0, "SPY": 0, "TLT": 0}
    assert record.run.status == "partial"
