"""`recover` settles the orders of earlier runs, ends an interrupted run, and buys and sells nothing."""

from decimal import Decimal
from pathlib import Path

import pytest
from fakes import NonIdempotentBroker, PowerCut, PowerCutProxy
from scripted_sim import Script, ScriptedFault
from stage import DAYS, SPY, TLT, Stage, mix, percent, session_of

from rebalancer.app.recover import recover
from rebalancer.errors import StoppedError
from rebalancer.events import OrderAbsent, OrderAnswered
from rebalancer.journal import read
from rebalancer.journal.connection import head
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import Order, OrderId, RunId
from rebalancer.ports import Broker, TradingStatus


def evening(tmp_path: Path) -> Stage:
    return Stage(tmp_path, {"A": (mix(SPY=50, TLT=40), percent("A", 99))})


def cut(stage: Stage, at: int, *, after: bool) -> None:
    stage.broker_proxy = lambda real: PowerCutProxy(real, frozenset({"submit"}), at, after=after)
    with pytest.raises(PowerCut):
        stage.run()
    stage.broker_proxy = lambda real: real


def settled(stage: Stage) -> RunId | None:
    real, journal = stage.broker(), SqliteJournal.open(stage.journal_file)
    broker: Broker = stage.broker_proxy(real)
    try:
        session = session_of(stage.clock.now().date())
        return recover(stage.context(broker, journal), stage.request(), session)
    finally:
        real.close()
        journal.close()


def trading_status(stage: Stage) -> TradingStatus:
    with SqliteJournal.open(stage.journal_file) as journal:
        return journal.trading_status("demo")


def orders(stage: Stage) -> list[tuple[str, str, Decimal]]:
    return [(order.symbol, order.state, order.filled) for order in stage.record().orders]


def test_orders_at_the_broker_are_counted_and_orders_never_sent_are_lost(tmp_path: Path) -> None:
    stage = evening(tmp_path)
    cut(stage, 2, after=False)
    run = settled(stage)
    record = stage.record()
    assert (record.run.id, record.run.status) == (run, "partial")
    assert orders(stage) == [(SPY, "filled", Decimal(99)), (TLT, "lost", Decimal(0))]
    assert [order.reason for order in record.orders] == ["", "it never reached the broker"]
    assert record.run.reason == "cut off and settled later: SPY: bought 99 of 99, filled; TLT: bought 0 of 423, lost"


@pytest.mark.parametrize("known", ["intended", "unknown", "absent"])
def test_an_order_that_never_arrived_ends_as_lost_from_any_state(tmp_path: Path, known: str) -> None:
    stage = evening(tmp_path)
    cut(stage, 1, after=False)
    now, (order,) = stage.clock.now(), stage.record().orders
    steps = (OrderAnswered(now, order.id, "unknown", "no answer"), OrderAbsent(now, order.id))
    with SqliteJournal.open(stage.journal_file) as journal:
        run = RunId(stage.record().run.id)
        journal.resume(run, stage.request(), running=True)
        journal.record(run, *steps[: ["intended", "unknown", "absent"].index(known)])
    assert stage.record().orders[0].state == known
    settled(stage)
    assert [(each.state, each.reason) for each in stage.record().orders] == [("lost", "it never reached the broker")]


def test_open_orders_are_cancelled_and_their_fills_counted(tmp_path: Path) -> None:
    stage = evening(tmp_path)
    stage.script = Script({("buy", SPY): ScriptedFault(fills_at_most=Decimal(40))})
    cut(stage, 1, after=True)
    settled(stage)
    assert orders(stage) == [(SPY, "canceled", Decimal(40))]
    assert stage.shares() == {SPY: Decimal(40)}
    assert [(line.symbol, line.ours) for line in read.positions(stage.journal_file, "demo")] == [(SPY, Decimal(40))]


def test_a_run_that_was_cut_off_before_its_first_order_has_failed(tmp_path: Path) -> None:
    stage = evening(tmp_path)
    with SqliteJournal.open(stage.journal_file) as journal:
        run = journal.start_run(stage.request())
    assert settled(stage) == run
    assert (stage.record().run.status, stage.record().run.reason) == ("failed", "cut off before its first order")


def test_an_order_that_an_ended_run_left_unsettled_is_settled_in_that_run(tmp_path: Path) -> None:
    """A lost order is looked up at every start; an ended run stays ended."""
    stage = evening(tmp_path)
    stage.script = Script({("buy", TLT): ScriptedFault(lost=1)})
    stage.broker_proxy = NonIdempotentBroker
    stage.run()
    first = stage.record().run
    assert orders(stage) == [(SPY, "filled", Decimal(99)), (TLT, "lost", Decimal(0))]
    stage.on(DAYS[1]).bots = {"A": (mix(SPY=50), percent("A", 99))}
    stage.run()
    stage.on(DAYS[2])
    assert settled(stage) == first.id
    again = read.run(stage.journal_file, RunId(first.id)).run
    assert (again.status, again.reason, again.ended) == (first.status, first.reason, first.ended)


def test_without_unsettled_orders_nothing_is_journalled(tmp_path: Path) -> None:
    stage = evening(tmp_path)
    stage.run()
    before = head(stage.journal_file)
    assert settled(stage) is None
    assert head(stage.journal_file) == before


def test_a_contradiction_between_journal_and_broker_halts_the_account_and_leaves_the_run_open(tmp_path: Path) -> None:
    stage = evening(tmp_path)
    cut(stage, 1, after=True)
    broker = stage.broker()
    broker.submit(
        Order(OrderId("rbSTRANGERAAAAAAAAAA"), TLT, "buy", Decimal(1), "limit", Decimal(100), "nobody knows it")
    )
    broker.close()
    with pytest.raises(StoppedError, match="rbSTRANGER"):
        settled(stage)
    halt = trading_status(stage).halt
    assert halt is not None
    assert (halt.account, halt.by) == ("demo", "rebalance")
    assert "rbSTRANGERAAAAAAAAAA" in halt.reason
    assert stage.record().run.status == "running"
