"""A halted account sends nothing until the halt is lifted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from scripted_sim import ScriptedSimBroker
from stage import DAYS, Stage, mix, percent

from rebalancer.app.doctor import halt_check
from rebalancer.errors import RunFailedError
from rebalancer.events import Event, Halted, HaltLifted
from rebalancer.journal import read
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import NEW_YORK, NO_RUN, Order, Submitted
from rebalancer.model.checkup import Check
from rebalancer.ports import Broker
from rebalancer.trading.halts import halt_text

NOON = datetime(2024, 3, 4, 17, 0, tzinfo=UTC)
OURS = Halted(NOON, "demo", "ann@desk", "the numbers look wrong")
EVERYBODYS = Halted(NOON, "", "ann@desk", "leaving for a week")
ANOTHERS = Halted(NOON, "other", "ann@desk", "its own trouble")
LIFTED, LIFTED_FOR_ALL = (HaltLifted(NOON, account, "ann@desk", "looked at") for account in ("demo", ""))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, {"A": (mix(SPY=50, SH=50), percent("A", 100))})


def write(stage: Stage, *events: Event) -> None:
    with SqliteJournal.open(stage.journal_file) as journal:
        journal.record(NO_RUN, *events)


@pytest.mark.parametrize("halt", [OURS, EVERYBODYS])
def test_a_run_of_a_halted_account_fails_at_once_and_says_who_halted_it(stage: Stage, halt: Halted) -> None:
    write(stage, halt)
    with pytest.raises(RunFailedError, match=r"by ann@desk.*rebalance resume"):
        stage.run()
    assert (stage.record().run.status, stage.record().holdings) == ("failed", ())


@pytest.mark.parametrize(
    "before", [[ANOTHERS], [OURS, LIFTED], [OURS, EVERYBODYS, LIFTED_FOR_ALL], [EVERYBODYS, LIFTED]]
)
def test_a_lifted_halt_or_one_of_another_account_does_not_stop_a_run(stage: Stage, before: list[Event]) -> None:
    write(stage, *before)
    stage.run()
    assert stage.record().run.status == "success"


def test_a_halt_outlives_the_session_and_a_forced_run(stage: Stage) -> None:
    write(stage, OURS)
    for day in DAYS[:2]:
        with pytest.raises(RunFailedError):
            stage.on(day).run(force=True)


def test_a_halt_while_a_run_goes_on_stops_it_at_the_next_order(stage: Stage) -> None:
    sent: list[Order] = []

    class HaltedMeanwhile:
        """A person halts the account just after the first order was sent."""

        def __init__(self, inner: ScriptedSimBroker) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Callable[..., object]:
            found: Callable[..., object] = getattr(self.inner, name)
            return found

        def submit(self, order: Order) -> Submitted:
            sent.append(order)
            write(stage, OURS)
            return self.inner.submit(order)

    def between(broker: ScriptedSimBroker) -> Broker:
        return HaltedMeanwhile(broker)

    stage.broker_proxy = between
    stage.run()
    assert len(sent) == 1
    record = stage.record()
    assert record.run.status == "partial"
    assert [order.symbol for order in record.orders] == [sent[0].symbol]
    assert any("the numbers look wrong" in remark.text for remark in record.remarks)


def test_every_halt_that_was_not_lifted_is_reported(stage: Stage) -> None:
    write(stage, ANOTHERS, OURS, EVERYBODYS)
    assert read.halts(stage.journal_file, "demo") == (OURS, EVERYBODYS)
    write(stage, LIFTED)
    assert read.halts(stage.journal_file, "demo") == ()
    assert read.halts(stage.journal_file, "other") == (ANOTHERS, EVERYBODYS)


def test_without_a_journal_nothing_is_halted(tmp_path: Path) -> None:
    assert read.halts(tmp_path / "none.sqlite", "demo") == ()
    assert read.trading_status(tmp_path / "none.sqlite", "demo").halt is None


def test_the_halt_text_names_the_command_that_lifts_it() -> None:
    assert halt_text(OURS, NEW_YORK) == (
        "account demo is halted since 2024-03-04 12:00 EST by ann@desk: the numbers look wrong. Look at it, then "
        "lift it: `rebalance resume --account demo --reason TEXT`."
    )
    with_stop, without = (halt_text(replace(OURS, reason=text), NEW_YORK) for text in ("a sentence.", "a sentence"))
    assert with_stop == without
    assert "every account is halted" in halt_text(EVERYBODYS, NEW_YORK)
    assert "`rebalance resume --reason TEXT`" in halt_text(EVERYBODYS, NEW_YORK)


def test_the_halt_check_fails_for_a_halted_account() -> None:
    assert halt_check(None, NEW_YORK) == Check("halt", "pass", "nothing is halted")
    remedy = "No orders are sent until it is lifted."
    assert halt_check(OURS, NEW_YORK) == Check("halt", "fail", halt_text(OURS, NEW_YORK), remedy)
