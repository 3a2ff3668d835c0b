"""A person who halts or disarms the account is faster than every order that is not written down yet."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from counter import Counter, opened, order, scripted
from stage import GLD, SPY, TLT

from rebalancer.events import Armed, Disarmed, Event, Halted, OrderAbsent, OrderIntended, OrderResent
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import NO_RUN, Accepted, Refused, RunId, Unknown
from rebalancer.ports import Journal, Venue
from rebalancer.trading.authorization import FIRST_LIVE_RUN
from rebalancer.venues.sim.script import Twist


@dataclass
class Meanwhile:
    """A journal in which another process has written `word` once the gate has looked, right before an order's line."""

    real: Journal
    file: Path
    word: Event

    def record(self, run: RunId, *events: Event) -> None:
        if any(isinstance(event, OrderIntended | OrderResent) for event in events):
            with SqliteJournal.open(self.file) as others:
                others.record(NO_RUN, self.word)
        self.real.record(run, *events)

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


def meanwhile(counter: Counter, word: Event) -> Counter:
    journal = Meanwhile(counter.context.journal, counter.stage.journal_file, word)
    return replace(counter, context=replace(counter.context, journal=journal))


def halt(counter: Counter) -> Halted:
    return Halted(counter.context.clock.now(), "", "ann@desk", "stop now")


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    with opened(tmp_path, "paper") as counter:
        yield counter


def test_an_order_is_not_sent_if_the_account_is_halted_between_check_and_intent(counter: Counter) -> None:
    gate = meanwhile(counter, halt(counter)).gate()
    answer = gate.send(order(1, "sell", SPY, 100))
    assert isinstance(answer, Refused)
    assert answer.reason.startswith("SPY: the sell was not sent: every account is halted since")
    assert "stop now" in answer.reason
    assert (counter.context.journal.orders(counter.run), counter.at_the_broker(), gate.sold) == ((), set(), {SPY: 0})


def test_an_absent_order_is_not_resent_if_the_account_is_halted_between_check_and_intent(counter: Counter) -> None:
    counter = scripted(counter, GLD=Twist(lost=1))
    absent = order(1, "buy", GLD, 1, "200")
    first = counter.gate()
    assert isinstance(first.send(absent), Unknown)
    first.log.write(OrderAbsent(at=first.log.now(), order_id=absent.id))
    answer = meanwhile(counter, halt(counter)).gate().resend(absent)
    assert isinstance(answer, Refused)
    assert (counter.phase(), counter.at_the_broker()) == ("lost", set())
    assert [sent.reason for sent in counter.context.journal.orders(counter.run)] == [answer.reason]


# ----------------------------------------------------------------------------------------------------- real money


@dataclass
class Real:
    """The sim broker as one where money can be lost."""

    sim: object

    @property
    def venue(self) -> Venue:
        return Venue("real", simulated=False)

    def __getattr__(self, name: str) -> object:
        return getattr(self.sim, name)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Counter]:
    with opened(tmp_path, "live") as counter:
        yield replace(counter, context=replace(counter.context, broker=Real(counter.context.broker), pinned="sim"))


def arm(live: Counter, *, first_order_only: bool = False) -> None:
    context, at = live.context, live.context.clock.now()
    until = at + timedelta(days=1)
    armed = Armed(at, context.account, "sim", Decimal(100_000), until, context.files, first_order_only, "ann@desk")
    context.journal.record(NO_RUN, armed)


def test_no_live_order_is_sent_if_the_account_is_disarmed_between_check_and_intent(live: Counter) -> None:
    arm(live)
    disarmed = Disarmed(live.context.clock.now(), live.context.account, "ann@desk", "not today")
    answer = meanwhile(live, disarmed).gate().send(order(1, "sell", SPY, 100))
    assert isinstance(answer, Refused)
    assert "is not armed" in answer.reason
    assert live.at_the_broker() == set()


def test_the_halt_of_a_first_live_run_is_committed_with_its_only_order(live: Counter) -> None:
    arm(live, first_order_only=True)
    gate = live.gate()
    assert isinstance(gate.send(order(1, "sell", SPY, 100)), Accepted)
    standing = live.context.journal.trading_status(live.context.account)
    assert standing.halt is not None
    assert (standing.halt.reason, standing.halt.by) == (FIRST_LIVE_RUN, "rebalance")
    assert isinstance(gate.send(order(2, "sell", TLT, 100)), Refused)


def test_a_first_live_run_that_a_person_halts_sends_nothing_and_keeps_that_halt(live: Counter) -> None:
    arm(live, first_order_only=True)
    assert isinstance(meanwhile(live, halt(live)).gate().send(order(1, "sell", SPY, 100)), Refused)
    standing = live.context.journal.trading_status(live.context.account)
    assert standing.halt is not None
    assert (standing.halt.reason, live.at_the_broker()) == ("stop now", set())
