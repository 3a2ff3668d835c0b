"""A halt or disarming that comes between the pre-trade check and the intent still stops the order."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from gate_run import GateRun, order, scripted
from scripted_sim import ScriptedFault
from stage import GLD, SPY, TLT

from rebalancer.errors import TradingBlockedError
from rebalancer.events import Armed, Disarmed, Event, Halted, OrderAbsent, OrderIntended, OrderResent
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import NO_RUN, Accepted, Refused, RunId, Unknown
from rebalancer.ports import Journal
from rebalancer.trading.halts import FIRST_LIVE_RUN


@dataclass
class EventBeforeIntent:
    """A journal to which another process writes `event` between the check and the intent of an order."""

    real: Journal
    file: Path
    event: Event

    def record(self, run: RunId, *events: Event) -> None:
        if any(isinstance(each, OrderIntended | OrderResent) for each in events):
            with SqliteJournal.open(self.file) as others:
                others.record(NO_RUN, self.event)
        self.real.record(run, *events)

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


def meanwhile(gate_run: GateRun, event: Event) -> GateRun:
    journal = EventBeforeIntent(gate_run.context.journal, gate_run.stage.journal_file, event)
    return replace(gate_run, context=replace(gate_run.context, journal=journal))


def halt(gate_run: GateRun) -> Halted:
    return Halted(gate_run.context.clock.now(), "", "ann@desk", "stop now")


def test_an_order_is_not_sent_if_the_account_is_halted_between_check_and_intent(gate_run: GateRun) -> None:
    gate = meanwhile(gate_run, halt(gate_run)).gate()
    answer = gate.send(order(1, "sell", SPY, 100))
    assert isinstance(answer, Refused)
    assert answer.reason.startswith("SPY: the sell was not sent: every account is halted since")
    assert ("stop now" in answer.reason, answer.kind) == (True, "other")
    assert (gate_run.context.journal.orders(gate_run.run), gate_run.at_the_broker(), gate.sold) == ((), set(), {SPY: 0})


@dataclass
class HaltedForAMoment:
    """A journal whose account is halted when the intent is recorded, and no longer after that."""

    real: Journal

    def record(self, run: RunId, *events: Event) -> None:
        if any(isinstance(each, OrderIntended) for each in events):
            raise TradingBlockedError("the account is halted")
        self.real.record(run, *events)

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


def test_an_order_that_a_halt_of_a_moment_stopped_says_so(gate_run: GateRun) -> None:
    halted = HaltedForAMoment(gate_run.context.journal)
    answer = replace(gate_run, context=replace(gate_run.context, journal=halted)).gate().send(order(1, "sell", SPY, 1))
    assert answer == Refused("SPY: the sell was not sent: the account is halted", "other")
    assert gate_run.at_the_broker() == set()


def test_an_absent_order_is_not_resent_if_the_account_is_halted_between_check_and_intent(gate_run: GateRun) -> None:
    gate_run = scripted(gate_run, GLD=ScriptedFault(lost=1))
    absent = order(1, "buy", GLD, 1, "200")
    first = gate_run.gate()
    assert isinstance(first.send(absent), Unknown)
    first.log.write(OrderAbsent(at=first.log.now(), order_id=absent.id))
    answer = meanwhile(gate_run, halt(gate_run)).gate().resend(absent)
    assert isinstance(answer, Refused)
    assert (gate_run.phase(), gate_run.at_the_broker()) == ("lost", set())
    assert [sent.reason for sent in gate_run.context.journal.orders(gate_run.run)] == [answer.reason]


# ----------------------------------------------------------------------------------------------------- real money


def arm(live: GateRun, *, first_order_only: bool = False) -> None:
    context, at = live.context, live.context.clock.now()
    until = at + timedelta(days=1)
    armed = Armed(at, context.account, "sim", Decimal(100_000), until, context.files, first_order_only, "ann@desk")
    context.journal.record(NO_RUN, armed)


def test_no_live_order_is_sent_if_the_account_is_disarmed_between_check_and_intent(live: GateRun) -> None:
    arm(live)
    disarmed = Disarmed(live.context.clock.now(), live.context.account, "ann@desk", "not today")
    answer = meanwhile(live, disarmed).gate().send(order(1, "sell", SPY, 100))
    assert isinstance(answer, Refused)
    assert "is not armed" in answer.reason
    assert live.at_the_broker() == set()


def test_the_halt_of_a_first_live_run_is_committed_with_its_only_order(live: GateRun) -> None:
    arm(live, first_order_only=True)
    gate = live.gate()
    assert isinstance(gate.send(order(1, "sell", SPY, 100)), Accepted)
    standing = live.context.journal.trading_status(live.context.account)
    assert standing.halt is not None
    assert (standing.halt.reason, standing.halt.by) == (FIRST_LIVE_RUN, "rebalance")
    assert isinstance(gate.send(order(2, "sell", TLT, 100)), Refused)


def test_a_first_live_run_that_a_person_halts_sends_nothing_and_keeps_that_halt(live: GateRun) -> None:
    arm(live, first_order_only=True)
    assert isinstance(meanwhile(live, halt(live)).gate().send(order(1, "sell", SPY, 100)), Refused)
    standing = live.context.journal.trading_status(live.context.account)
    assert standing.halt is not None
    assert (standing.halt.reason, live.at_the_broker()) == ("stop now", set())
