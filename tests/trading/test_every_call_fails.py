"""Fail the first call, the second, the third, until none is left to fail: for the broker, the journal and the disk.

Whatever fails, the evening ends so that the next one can go on from it, and nothing is bought or sold twice.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fakes import BrokerProxy, FailingProxy, Fails
from scripted_sim import Script, ScriptedFault
from stage import DAYS, GLD, SPY, Stage, mix, percent

from rebalancer.errors import RebalancerError, RunFailedError, SourceError, StoppedError
from rebalancer.events import HaltLifted
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import NEW_YORK, NO_RUN, Order, Side, Submitted, Symbol, Trading, Unknown

TUESDAY, WEDNESDAY = DAYS[1:3]
UNHURRIED = Script({("sell", SPY): ScriptedFault(waits=2), ("buy", GLD): ScriptedFault(fills_at_most=Decimal(20))})
"""A sell that is waited for, and a buy that is filled in part and then cancelled."""
NEVER_RAISE = frozenset({"submit", "find", "cancel"})
WRITES = frozenset({"claim", "record"})
LEGAL_ENDS = frozenset({"success", "partial", "failed"})


def the_request_is_lost(name: str, _: Callable[[], Any]) -> Any:
    if name in NEVER_RAISE:
        return None if name == "cancel" else Unknown("the connection broke")
    raise SourceError("the broker did not answer")


def the_answer_is_lost(name: str, whole: Callable[[], Any]) -> Any:
    whole()
    return the_request_is_lost(name, whole)


def nothing_is_written(_name: str, _: Callable[[], Any]) -> Any:
    raise RunFailedError("the disk is full.")


def it_fails_once_written(_name: str, whole: Callable[[], Any]) -> Any:
    whole()
    raise RunFailedError("the disk went away.")


@pytest.fixture(scope="module")
def monday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after a run that bought SPY and TLT."""
    folder = tmp_path_factory.mktemp("monday")
    Stage(folder, {"A": (mix(SPY=40, TLT=40), percent("A", 100))}, Trading(fallback_ticker=None)).run()
    return folder


@pytest.fixture
def tuesdays(monday: Path, tmp_path: Path) -> Iterator[Stage]:
    """Any number of stages for Tuesday, each starting from that Monday: two sells and two buys."""
    return (_tuesday(monday, tmp_path / str(number)) for number in count(1))


def _tuesday(monday: Path, folder: Path) -> Stage:
    shutil.copytree(monday, folder)
    trading = Trading(fallback_ticker=None, buy_timeout_seconds=3)
    bots = {"A": (mix(SPY=10, GLD=40, SH=30), percent("A", 100))}
    return Stage(folder, bots, trading, script=UNHURRIED).on(TUESDAY)


def trouble_of(stage: Stage) -> RebalancerError | None:
    try:
        stage.run()
    except RebalancerError as error:
        return error
    return None


def traded(stage: Stage) -> Counter[tuple[Side, Symbol]]:
    """Shares traded on Tuesday, by the broker."""
    broker, found = stage.broker(), Counter[tuple[Side, Symbol]]()
    for state in broker.named(bool, datetime.combine(TUESDAY, time(), NEW_YORK)):
        found[state.side, state.symbol] += state.filled
    broker.close()
    return found


def assert_the_next_run_reaches_its_targets(stage: Stage) -> None:
    """The next run settles what is left and reaches its targets; journal and broker agree to the share."""
    stage.broker_proxy = stage.journal_proxy = lambda same: same
    stage.script = Script()
    stage.on(WEDNESDAY)
    with SqliteJournal.open(stage.journal_file) as journal:
        halt = journal.trading_status("demo").halt
        if halt:
            journal.record(NO_RUN, HaltLifted(stage.clock.now(), "demo", "me", "looked at it"))
    stage.run()
    assert stage.record().run.status == "success", stage.record().run.reason
    with SqliteJournal.open(stage.journal_file) as journal:
        assert journal.ledger("demo").ours == stage.shares()
        assert all(sent.phase == "lost" for sent in journal.unsettled("demo"))


def assert_nothing_is_sent_while_halted(stage: Stage) -> bool:
    """True where the account is halted."""
    with SqliteJournal.open(stage.journal_file) as journal:
        halted = journal.trading_status("demo").halt is not None
    if halted:
        before = traded(stage)
        with pytest.raises(RunFailedError, match="is halted"):
            stage.run(force=True)
        assert traded(stage) == before
    return halted


@pytest.mark.parametrize("fails", [the_request_is_lost, the_answer_is_lost])
def test_after_any_failed_broker_call_the_next_run_reaches_the_targets(tuesdays: Iterator[Stage], fails: Fails) -> None:
    plain = next(tuesdays)
    plain.run()
    for nth, stage in enumerate(tuesdays, 1):
        broker: list[FailingProxy] = []
        stage.broker_proxy = lambda real, nth=nth, broker=broker: (
            broker.append(FailingProxy(real, nth, fails)) or broker[0]
        )
        trouble = trouble_of(stage)
        if not broker[0].met:
            break
        where = f"call {nth}, {broker[0].calls[nth - 1]}"
        assert not isinstance(trouble, StoppedError), f"{where}: {trouble}"
        assert stage.record().run.status in LEGAL_ENDS, where
        assert traded(stage) <= traded(plain), where
        assert_the_next_run_reaches_its_targets(stage)
    assert nth > 30


@dataclass
class SilentAfter(BrokerProxy):
    """A broker that fails the test if it is sent an order after a failed write."""

    journals: list[FailingProxy]

    def submit(self, order: Order) -> Submitted:
        assert not any(journal.raised for journal in self.journals), "an order left after a failed write"
        return super().submit(order)


@pytest.mark.parametrize("fails", [nothing_is_written, it_fails_once_written])
def test_after_any_failed_journal_write_nothing_is_sent_and_a_later_run_reaches_the_targets(
    tuesdays: Iterator[Stage], fails: Fails
) -> None:
    plain = next(tuesdays)
    plain.run()
    halts = 0
    for nth, stage in enumerate(tuesdays, 1):
        journals: list[FailingProxy] = []
        stage.broker_proxy = lambda real, journals=journals: SilentAfter(real, journals)
        stage.journal_proxy = lambda real, nth=nth, journals=journals: (
            journals.append(FailingProxy(real, nth, fails, WRITES)) or journals[0]
        )
        trouble = trouble_of(stage)
        if not journals[0].met:
            break
        stage.journal_proxy = stage.broker_proxy = lambda same: same
        assert isinstance(trouble, RunFailedError | StoppedError), f"write {nth}"
        assert traded(stage) <= traded(plain), f"write {nth}"
        halts += assert_nothing_is_sent_while_halted(stage)
        assert_the_next_run_reaches_its_targets(stage)
    assert nth > 30
    assert halts > 10


def test_after_the_disk_is_full_nothing_is_sent_and_a_later_run_reaches_the_targets(
    tuesdays: Iterator[Stage],
) -> None:
    """The disk is full from the n-th write on, for every n."""
    failures = 0
    for nth, stage in enumerate(tuesdays, 1):
        journals: list[FailingProxy] = []
        stage.broker_proxy = lambda real, journals=journals: SilentAfter(real, journals)
        stage.journal_proxy = lambda real, nth=nth, journals=journals: (
            journals.append(on_a_disk_that_fills_up(real, nth)) or journals[0]
        )
        trouble = trouble_of(stage)
        if not journals[0].met:
            break
        assert trouble is None or "the disk is full" in str(trouble), f"write {nth}"
        failures += trouble is not None
        stage.journal_proxy = stage.broker_proxy = lambda same: same
        assert_nothing_is_sent_while_halted(stage)
        assert_the_next_run_reaches_its_targets(stage)
    assert failures > 20


def on_a_disk_that_fills_up(journal: SqliteJournal, nth: int) -> FailingProxy:
    def fill_it(_: str, whole: Callable[[], Any]) -> Any:
        (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
        journal._db.execute(f"PRAGMA max_page_count = {pages}")
        return whole()

    return FailingProxy(journal, nth, fill_it, WRITES)
