"""Trades of other senders in the same Alpaca account at the worst moments."""

from pathlib import Path

import pytest
from alpaca_stage import NEXT, AlpacaStage, invested
from fakes import BrokerProxy, meanwhile
from local_alpaca import LocalAlpaca

from rebalancer.errors import StoppedError
from rebalancer.model import Order, Submitted, Unknown

# ------------------------------------------------------------------------------------- two runs of one account


@pytest.mark.parametrize("lends", [True, False], ids=["margin", "own cash"])
@pytest.mark.parametrize("name", ["paper", "other"], ids=["the same name", "another name"])
def test_of_two_simultaneous_runs_on_two_machines_the_one_that_sends_last_stops(
    alpaca: AlpacaStage, venue: LocalAlpaca, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name, lends
) -> None:
    """Two machines share no lock: each sees the other's orders only once they are sent."""
    venue.lends = lends
    (tmp_path / "two").mkdir()
    two = AlpacaStage(tmp_path / "two", venue, name=name).wants(GLD=0.99)

    def on_another_machine() -> None:
        with monkeypatch.context() as patch:
            patch.setenv("HOME", str(tmp_path / "two"))
            two.run()

    alpaca.broker_proxy = meanwhile("buy", on_another_machine)
    with pytest.raises(StoppedError, match="orders with this program's names that this journal does not know"):
        alpaca.wants(SPY=0.5, TLT=0.49).run()
    assert venue.cash >= 0 or lends


def test_a_run_that_starts_while_another_machine_buys_sends_nothing(
    alpaca: AlpacaStage, venue: LocalAlpaca, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue.lends = True
    (tmp_path / "two").mkdir()
    two = AlpacaStage(tmp_path / "two", venue, name="other").wants(GLD=0.99)

    def second_evening() -> None:
        with monkeypatch.context() as patch:
            patch.setenv("HOME", str(tmp_path / "two"))
            with pytest.raises(StoppedError, match="that this journal does not know"):
                two.run()

    alpaca.broker_proxy = meanwhile("buy", second_evening, after=True)
    assert alpaca.wants(SPY=0.5, TLT=0.49).run().run.status == "success"
    assert venue.shares("GLD") == 0
    assert invested(venue) <= 0.99


def test_a_run_sends_no_buys_if_another_machine_traded_between_its_sells_and_buys(
    alpaca: AlpacaStage, venue: LocalAlpaca
) -> None:
    alpaca.wants(SPY=0.99).run()
    venue.at(NEXT)
    venue.lends = True
    theirs = {"client_id": "rb" + "A" * 18}
    alpaca.broker_proxy = meanwhile("sell", lambda: venue.order_from_elsewhere("buy", "TLT", 10, **theirs), after=True)
    with pytest.raises(StoppedError, match="buy 10 TLT"):
        alpaca.wants(GLD=0.99).run()
    assert venue.shares("GLD") == 0


def test_dollars_that_another_sender_invested_during_the_run_are_not_invested_again(
    alpaca: AlpacaStage, venue: LocalAlpaca
) -> None:
    alpaca.wants(SPY=0.99).run()
    venue.at(NEXT)
    venue.lends = True
    alpaca.broker_proxy = meanwhile("sell", lambda: venue.trade_by_hand("TLT", 500), after=True)
    record = alpaca.wants(GLD=0.99).run()
    assert invested(venue) <= 0.99
    assert venue.cash >= 0
    assert record.run.status == "partial"
    assert "another hand traded during the run: TLT: 0 shares at its start, 500 at its end" in record.run.reason


# ------------------------------------------------------------------------------------- sold by hand


@pytest.mark.parametrize("enforced", [False, True], ids=["intent is ignored", "intent is enforced"])
def test_shares_the_owner_sold_after_the_plan_are_never_sold_short(
    alpaca: AlpacaStage, venue: LocalAlpaca, enforced
) -> None:
    alpaca.wants(SPY=0.6, TLT=0.3).run()
    venue.terms.enforces_intent = enforced
    venue.at(NEXT)

    class SoldAfterThePlan(BrokerProxy):
        def untradable(self, symbols):
            if venue.shares("SPY"):
                venue.trade_by_hand("SPY", -venue.shares("SPY"))
            return self.real.untradable(symbols)

    alpaca.broker_proxy = SoldAfterThePlan
    record = alpaca.wants(GLD=0.5).run()
    assert venue.shares("SPY") == 0
    assert record.run.status == "partial"
    assert "(the sell was not sent: the broker shows 0 shares" in record.run.reason


def test_shares_the_owner_sold_while_a_lost_sell_was_looked_up_are_not_sold_again(
    alpaca: AlpacaStage, venue: LocalAlpaca
) -> None:
    alpaca.wants(SPY=0.6).run()
    venue.at(NEXT)
    alpaca.broker_proxy = meanwhile("sell", lambda: venue.trade_by_hand("SPY", -venue.shares("SPY")), lost=True)
    record = alpaca.wants(GLD=0.5).run()
    assert record.run.status == "partial"
    assert (record.orders[0].symbol, record.orders[0].state) == ("SPY", "lost")
    assert "(the sell was not sent once more: the broker shows 0 shares" in record.run.reason
    assert venue.shares("SPY") == 0


def test_an_absent_sell_that_arrives_just_before_its_resend_is_tracked(alpaca: AlpacaStage, venue: LocalAlpaca) -> None:
    alpaca.wants(SPY=0.6).run()
    held = venue.shares("SPY")
    venue.at(NEXT)

    lost: list[Order] = []

    class ArrivesLate(BrokerProxy):
        def submit(self, order: Order) -> Submitted:
            if order.side == "sell" and not lost:
                lost.append(order)
                return Unknown("no complete answer")
            return self.real.submit(order)

        def positions(self):
            if lost and venue.shares("SPY") == held:
                self.real.submit(lost[0])
                venue.clock.sleep(5)
            return self.real.positions()

    alpaca.broker_proxy = ArrivesLate
    record = alpaca.wants(GLD=0.5).run()
    assert [(order.symbol, order.state) for order in record.orders] == [("SPY", "filled"), ("GLD", "filled")]
    assert venue.shares("SPY") == 0


# ------------------------------------------------------------------------------------- bought by hand


@pytest.mark.parametrize("manage", ["own", "account"])
def test_shares_the_owner_bought_after_the_plan_are_not_bought_again(
    alpaca: AlpacaStage, venue: LocalAlpaca, manage: str
) -> None:
    alpaca.trading = f'manage = "{manage}"'
    alpaca.wants(TLT=0.2).run()
    venue.at(NEXT)
    alpaca.broker_proxy = meanwhile("sell", lambda: venue.trade_by_hand("GLD", 60), after=True)
    record = alpaca.wants(GLD=0.4).run()
    assert venue.shares("GLD") == 60
    assert [order.symbol for order in record.orders] == ["TLT"]
    assert record.run.status == "partial"
    assert "USD under its target (not bought, the broker shows 60 shares" in record.run.reason
    assert "0 were expected (a split or a trade by hand?)" in record.run.reason


def test_the_symbol_limit_counts_shares_that_are_not_ours_too(alpaca: AlpacaStage, venue: LocalAlpaca) -> None:
    venue.hold("GLD", 60)
    alpaca.account = "[accounts.paper.limits]\nmax_symbol_percent = 30"
    record = alpaca.wants(GLD=0.25).run()
    assert venue.shares("GLD") == 60
    assert record.run.status == "success"
    assert "held back by your settings: GLD: bought 0 of" in record.run.reason
    assert "more than limits.max_symbol_percent, 30 % of equity" in record.run.reason


def test_a_symbol_with_an_external_order_opened_after_the_plan_is_not_bought(
    alpaca: AlpacaStage, venue: LocalAlpaca
) -> None:
    alpaca.wants(TLT=0.2).run()
    venue.at(NEXT)
    theirs = lambda: venue.order_from_elsewhere("buy", "GLD", 5, limit_price="10", client_id="a-bid")  # noqa: E731
    alpaca.broker_proxy = meanwhile("sell", theirs, after=True)
    record = alpaca.wants(GLD=0.4).run()
    assert venue.shares("GLD") == 0
    assert "USD under its target (not bought, left alone, since a buy of 5 shares" in record.run.reason


def test_an_account_overdrawn_by_another_sender_during_our_buys_is_halted(
    alpaca: AlpacaStage, venue: LocalAlpaca
) -> None:
    venue.lends = True
    alpaca.broker_proxy = meanwhile("buy", lambda: venue.trade_by_hand("TLT", 500), after=True)
    with pytest.raises(StoppedError, match="another program or person bought in it at the same time"):
        alpaca.wants(SPY=0.99).run()
