"""An interrupted run is resumed by its own plan and order ids, and does nothing twice."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from fakes import BrokerProxy, PowerCut, PowerCutProxy
from scripted_sim import Script, ScriptedFault
from stage import DAYS, GLD, SPY, Stage, hold, mix, percent, session_of
from test_rebalance import needs_long_history

from rebalancer.app.recover import recover
from rebalancer.errors import SourceError
from rebalancer.journal import read
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import Refused, RunId, Symbol
from rebalancer.ports import AlreadyRun, InterruptedRun
from rebalancer.trading.run import run_evening, start_run

SUBMITS = frozenset({"submit"})


def evening(tmp_path: Path) -> Stage:
    """Two sells and two buys: from SPY and TLT to GLD and SGOV."""
    stage = Stage(tmp_path, {"A": (mix(SPY=50, TLT=40), percent("A", 99))})
    stage.run()
    stage.on(DAYS[1]).bots = {"A": (mix(GLD=50, SGOV=40), percent("A", 99))}
    return stage


def interrupt(stage: Stage, methods: frozenset[str], at: int, *, after: bool = False) -> bool:
    """Run until the power cut; whether it came before the end of the run."""
    stage.broker_proxy = lambda real: PowerCutProxy(real, methods, at, after)
    try:
        stage.run()
    except PowerCut:
        return True
    finally:
        stage.broker_proxy = lambda real: real
    return False


def resume(stage: Stage) -> RunId:
    """The next start: resume the run in its session, else start a new one."""
    broker, journal = stage.broker(), SqliteJournal.open(stage.journal_file)
    try:
        context = stage.context(broker, journal)
        found = unfinished(journal)
        run = start_run(context, stage.request(), session_of(stage.clock.now().date()), found)
        assert not isinstance(run, AlreadyRun), run
        run_evening(context, run, session_of(stage.clock.now().date()), found.plan if found else None)
        return run
    finally:
        broker.close()
        journal.close()


def unfinished(journal: SqliteJournal) -> InterruptedRun | None:
    found = journal.interrupted("demo")
    return found if found and found.orders else None


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return evening(tmp_path)


@pytest.mark.parametrize("after", [False, True], ids=["before it left", "after it stood"])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_run_interrupted_at_any_order_completes_its_plan_under_its_own_ids(stage, at, after):
    assert interrupt(stage, SUBMITS, at, after=after)
    first = stage.record()
    assert first.run.status == "running"

    assert resume(stage) == first.run.id
    record = stage.record()
    assert record.run.status == "success"
    assert {order.symbol for order in record.orders} == {"SPY", "TLT", "GLD", "SGOV"}
    assert [order.filled for order in record.orders] == [order.quantity for order in record.orders]
    assert stage.shares().keys() == {"GLD", "SGOV"}


def test_a_bot_failure_before_the_interruption_is_in_the_final_status(tmp_path: Path) -> None:
    stage = needs_long_history(tmp_path)
    assert interrupt(stage, SUBMITS, 1)
    resume(stage)
    record = stage.record()
    assert record.run.status == "partial"
    assert "2 of 2 orders done; bot A failed: " in record.run.reason
    assert "SMA(SPY,200)" in record.run.reason


@pytest.mark.parametrize("at_most", [0, 10, 200])
def test_the_open_rest_of_earlier_buys_counts_as_invested_and_spent(stage, at_most):
    """SPY can't be sold, so that GLD alone fills the account to 99 %, and it stays open."""
    stage.script = Script({("buy", GLD): ScriptedFault(fills_at_most=Decimal(at_most), cancel="refused")})
    stage.broker_proxy = lambda real: PowerCutProxy(NoTradeInSpy(real), SUBMITS, at=2, after=True)
    with pytest.raises(PowerCut):
        stage.run()
    (left,) = [order for order in stage.record().orders if order.side == "buy"]
    assert (left.symbol, left.quantity) == (GLD, 246)

    stage.broker_proxy = NoTradeInSpy
    stage.run()
    record = stage.record()
    assert [order.symbol for order in record.orders if order.side == "buy"] == [GLD]
    assert "SGOV: 39,557.60 USD under its target (not bought, " in record.run.reason
    assert "may still be invested before 99 % of equity are" in record.run.reason


def test_a_refused_order_that_was_retried_before_the_interruption_is_no_failure(stage):
    refused = []

    class HeldOnce(BrokerProxy):
        def submit(self, order):
            if order.symbol == SPY and not refused:
                refused.append(order)
                return Refused("held by another order", "held")
            return self.real.submit(order)

    stage.broker_proxy = lambda real: PowerCutProxy(HeldOnce(real), SUBMITS, at=4, after=True)
    with pytest.raises(PowerCut):
        stage.run()
    resume(stage)
    record = stage.record()
    assert [order.state for order in record.orders if order.symbol == SPY] == ["refused", "filled"]
    assert record.run.status == "success", record.run.reason


class NoTradeInSpy(BrokerProxy):
    def untradable(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, str]:
        return {**self.real.untradable(symbols), SPY: "halted"}


def test_an_order_is_resent_at_most_once(stage):
    assert interrupt(stage, SUBMITS, 1)
    assert interrupt_again(stage, SUBMITS, 1)
    resume(stage)
    (order,) = [order for order in stage.record().orders if order.state == "lost"]
    assert order.symbol == SPY
    assert stage.record().run.status == "partial"
    assert stage.shares()[SPY] > 0


def interrupt_again(stage: Stage, methods: frozenset[str], at: int) -> bool:
    stage.broker_proxy = lambda real: PowerCutProxy(real, methods, at)
    broker, journal = stage.broker(), SqliteJournal.open(stage.journal_file)
    try:
        context = stage.context(stage.broker_proxy(broker), journal)
        found = unfinished(journal)
        assert found is not None
        session = session_of(stage.clock.now().date())
        run_evening(context, start_run(context, stage.request(), session, found), session, found.plan)
    except PowerCut:
        return True
    finally:
        stage.broker_proxy = lambda real: real
        broker.close()
        journal.close()
    return False


def test_bots_that_changed_since_the_interruption_do_not_change_the_plan(stage):
    assert interrupt(stage, SUBMITS, 2)
    stage.bots = {"A": (hold(SPY), percent("A", 99))}
    resume(stage)
    assert stage.shares().keys() == {"GLD", "SGOV"}


def test_a_changed_file_is_reported(stage):
    assert interrupt(stage, SUBMITS, 2)
    request = stage.request()
    stage.request = lambda: replace(request, files={"config": b"y"})
    resume(stage)
    assert "config has changed since this run began: it goes on as it began" in [
        remark.text for remark in stage.record().remarks
    ]


def test_the_next_session_ends_an_interrupted_run_and_starts_its_own(stage):
    assert interrupt(stage, SUBMITS, 2, after=True)
    before = stage.record().run.id
    stage.on(DAYS[2])
    stage.run()
    assert read.run(stage.journal_file, RunId(before)).run.status == "partial"
    assert stage.record().run.status == "success"
    assert stage.shares().keys() == {"GLD", "SGOV"}


def test_recover_settles_and_ends_an_interrupted_run_and_sends_nothing(stage):
    assert interrupt(stage, SUBMITS, 2, after=True)
    broker, journal = stage.broker(), SqliteJournal.open(stage.journal_file)
    refusing = PowerCutProxy(broker, SUBMITS, 1)
    context = stage.context(refusing, journal)
    run = recover(context, stage.request(), session_of(DAYS[1]))
    broker.close()
    journal.close()
    record = stage.record()
    assert (record.run.id, record.run.status) == (run, "partial")
    assert record.run.reason == "cut off and settled later: SPY: sold 99 of 99, filled; TLT: sold 423 of 423, filled"


def test_recover_has_nothing_to_do_after_a_complete_run(stage):
    broker, journal = stage.broker(), SqliteJournal.open(stage.journal_file)
    assert recover(stage.context(broker, journal), stage.request(), session_of(DAYS[1])) is None
    broker.close()
    journal.close()


def test_a_resumed_run_stays_open_if_the_broker_does_not_answer(stage):
    """The window is still open: the start after that resumes it."""
    assert interrupt(stage, SUBMITS, 2, after=True)
    first = stage.record().run.id
    stage.market.silent = True
    with pytest.raises(SourceError):
        resume(stage)
    assert stage.record().run.status == "running"

    stage.market.silent = False
    assert resume(stage) == first
    assert stage.record().run.status == "success"
