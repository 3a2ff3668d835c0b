"""Post-trade reconciliation of journal and broker positions, with time for positions that lag."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from fakes import BrokerProxy
from stage import GLD, SPY, Stage, mix, percent

from rebalancer.errors import SourceError, StoppedError
from rebalancer.journal import read
from rebalancer.model import Account, Order, OrderId, Outcome, Position, Submitted, Symbol
from rebalancer.trading.reconcile import require_no_borrowing

Shown = tuple[Position, ...]
DAY = datetime(2024, 3, 4, 20, 55, tzinfo=UTC)


def evening(folder: Path) -> Stage:
    return Stage(folder, {"A": (mix(SPY=59, GLD=40), percent("A", 100))})


def showing(times: int, change: Callable[[Shown], Shown], *, but: int | None = None) -> type[BrokerProxy]:
    """A broker whose first `times` position lists after an order are changed, except the one numbered `but`."""
    left = [times]

    class Changing(BrokerProxy):
        traded = False

        def submit(self, order: Order) -> Submitted:
            Changing.traded = True
            return super().submit(order)

        def positions(self) -> Shown:
            whole = self.real.positions()
            if not Changing.traded or not left[0]:
                return whole
            left[0] -= 1
            return whole if times - left[0] == but else change(whole)

    return Changing


def without_spy(whole: Shown) -> Shown:
    return tuple(position for position in whole if position.symbol != SPY)


def with_one_spy_less(whole: Shown) -> Shown:
    return tuple(replace(each, quantity=each.quantity - (each.symbol == SPY)) for each in whole)


@pytest.mark.parametrize("lists", [1, 30])
def test_positions_that_lag_behind_the_fills_are_awaited(tmp_path: Path, lists: int) -> None:
    stage = evening(tmp_path)
    stage.broker_proxy = showing(lists, with_one_spy_less)
    began = stage.clock.now()
    stage.run()
    assert stage.record().run.status == "success"
    assert (stage.clock.now() - began).total_seconds() >= lists


def test_a_position_that_never_matches_the_journal_halts_with_both_counts(tmp_path: Path) -> None:
    stage = evening(tmp_path)
    stage.broker_proxy = showing(1000, with_one_spy_less)
    with pytest.raises(StoppedError) as stopped:
        stage.run()
    assert str(stopped.value) == (
        "the journal and the broker are apart: SPY: 118 shares by the journal, 117 at the broker. Look at the "
        "account's orders, then lift the halt: `rebalance resume`."
    )


def test_every_mismatched_position_is_reported(tmp_path: Path) -> None:
    stage = evening(tmp_path)
    stage.broker_proxy = showing(1000, lambda whole: tuple(replace(each, quantity=each.quantity - 1) for each in whole))
    text = "GLD: 199 shares by the journal, 198 at the broker; SPY: 118 shares by the journal, 117 at the broker"
    with pytest.raises(StoppedError, match=text):
        stage.run()


def test_after_a_reconciliation_halt_the_ledger_still_follows_the_fills(tmp_path: Path) -> None:
    stage = evening(tmp_path)
    stage.broker_proxy = showing(1000, with_one_spy_less)
    with pytest.raises(StoppedError):
        stage.run()
    assert {line.symbol: line.ours for line in read.positions(stage.journal_file, "demo")} == stage.shares()


def test_an_incomplete_position_list_is_not_a_reconciliation_break(tmp_path: Path) -> None:
    """Of 31 polls in half a minute only the last shows all positions."""
    stage = evening(tmp_path)
    stage.broker_proxy = showing(30, without_spy)
    stage.run()
    assert stage.record().run.status == "success"


def test_without_any_complete_position_list_the_run_ends_without_a_last_record(tmp_path: Path) -> None:
    stage = evening(tmp_path)
    stage.broker_proxy = showing(1000, without_spy)
    with pytest.raises(SourceError, match="its answer is not whole"):
        stage.run()
    stage.broker_proxy = lambda broker: broker
    stage.run(force=True)
    assert stage.record().run.status == "success"


def test_a_matching_but_incomplete_position_list_is_read_again(tmp_path: Path) -> None:
    stage = evening(tmp_path)
    stage.run()
    stage.bots = {"A": (mix(SPY=59, GLD=20), percent("A", 100))}
    stage.broker_proxy = showing(3, without_spy)
    stage.run(force=True)
    record = stage.record()
    assert [order.symbol for order in record.orders] == [GLD]
    assert record.run.status == "success"


def test_a_second_run_of_a_session_awaits_positions_that_lag_behind_the_first(tmp_path: Path) -> None:
    """A list from before the first run is complete, with its money: to record it would lose every share."""
    stage = evening(tmp_path)
    broker = stage.broker()
    before = broker.account()
    broker.close()
    stage.run()
    held, lists = stage.shares(), [0]

    class Lagging(BrokerProxy):
        def account(self) -> Account:
            return before if lists[0] < 10 else self.real.account()

        def positions(self) -> Shown:
            lists[0] += 1
            return () if lists[0] <= 10 else self.real.positions()

    stage.broker_proxy = Lagging
    stage.run(force=True)
    assert stage.record().run.status == "success"
    assert {line.symbol: line.ours for line in read.positions(stage.journal_file, "demo")} == held == stage.shares()


def small(folder: Path) -> Stage:
    """A first run put 2 % into SPY; the second, which starts here, sells a little of it."""
    stage = Stage(folder, {"A": (mix(SPY=2, GLD=40), percent("A", 100))})
    stage.run()
    stage.bots = {"A": (mix(SPY=1, GLD=40), percent("A", 100))}
    return stage


def test_the_recorded_positions_are_those_that_were_compared(tmp_path: Path) -> None:
    """A position too small for its money to be missed is gone from every list but the one that matches."""
    stage = small(tmp_path)
    stage.broker_proxy = showing(1000, without_spy, but=2)
    stage.run(force=True)
    assert stage.record().run.status == "success"
    assert {line.symbol: line.ours for line in read.positions(stage.journal_file, "demo")} == stage.shares()
    assert SPY in stage.shares()


def test_a_small_position_that_was_traded_tonight_is_reconciled_too(tmp_path: Path) -> None:
    """Its expected value is known: the last record's dollars, less what was sold."""
    stage = small(tmp_path)
    stage.broker_proxy = showing(1000, without_spy)
    with pytest.raises(SourceError, match="its answer is not whole"):
        stage.run(force=True)
    assert SPY in {line.symbol for line in read.positions(stage.journal_file, "demo")}


def test_a_trade_of_another_sender_in_another_symbol_makes_the_run_partial(tmp_path: Path) -> None:
    stage = evening(tmp_path)
    stage.run()
    stage.bots = {"A": (mix(SPY=59, GLD=20), percent("A", 100))}
    stage.broker_proxy = showing(1000, with_one_spy_less)
    stage.run(force=True)
    record = stage.record()
    assert [order.symbol for order in record.orders][:1] == [GLD]
    assert record.run.status == "partial"
    text = "another hand traded during the run: SPY: 118 shares at its start, 117 at its end"
    assert text in record.run.reason


def bought(cash: str, long_value: str) -> tuple[Account, list[Outcome]]:
    """An account of 100,000 dollars after one of our buys."""
    account = Account("1", Decimal(100_000), Decimal(cash), Decimal(0), DAY, long_value=Decimal(long_value))
    order = Order(OrderId("rb1"), SPY, "buy", Decimal(1), "market", None, "a test")
    return account, [Outcome(order, "filled", Decimal(1), Decimal(500))]


def test_borrowed_money_after_our_buys_halts_the_account() -> None:
    with pytest.raises(StoppedError, match=r"has -97,900\.00 USD of own cash after tonight"):
        require_no_borrowing(*bought("-97900", "197900"))


def test_market_orders_may_overdraw_cash_by_one_percent_of_equity() -> None:
    require_no_borrowing(*bought("-1000", "101000"))
    with pytest.raises(StoppedError):
        require_no_borrowing(*bought("-1001", "101001"))


def test_borrowed_money_does_not_halt_a_run_that_bought_nothing() -> None:
    account, _ = bought("-50000", "150000")
    require_no_borrowing(account, [])


def test_crypto_trades_of_another_program_are_no_reconciliation_break(tmp_path: Path) -> None:
    stage = evening(tmp_path)
    coins = [Decimal(1)]

    class TradesCoins(BrokerProxy):
        def positions(self) -> Shown:
            coins[0] += 1
            return (*self.real.positions(), Position(Symbol("BTC/USD"), coins[0], Decimal(0), "crypto"))

    stage.broker_proxy = TradesCoins
    stage.run()
    assert stage.record().run.status == "success"
