"""Orders without a clear answer are looked up twice after the quiet time, and resent only under the same id."""

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fakes import BrokerProxy, NonIdempotentBroker
from hypothesis import given, settings
from hypothesis import strategies as st
from lost_answers import at_the_sim
from scripted_sim import Script, ScriptedFault, ScriptedSimBroker
from stage import GLD, SPY, Stage, mix, percent

from rebalancer.errors import StoppedError
from rebalancer.journal import read
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import Found, Order, OrderId, OrderState, RefusalKind, Refused, Submitted, Trading, Unknown, Venue

QUIET = 30


@dataclass
class DelayedWire:
    """Between us and the venue: an order arrives after its delay, in order of `delays`, and no answer comes back."""

    clock: SimulatedClock
    delays: list[float]
    posts: list[OrderId] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    under_way: list[tuple[datetime, Order]] = field(default_factory=list)

    def send(self, order: Order) -> None:
        self.posts.append(order.id)
        delay = self.delays.pop(0) if self.delays else 0
        self.under_way.append((self.clock.now() + timedelta(seconds=delay), order))

    def deliver(self, venue: ScriptedSimBroker) -> None:
        now = self.clock.now()
        for _, order in [sent for sent in self.under_way if sent[0] <= now]:
            venue.submit(order)
        self.under_way = [sent for sent in self.under_way if sent[0] > now]


@dataclass
class DelayedBroker(BrokerProxy):
    """The venue at the end of the wire, with a quiet time of half a minute."""

    wire: DelayedWire
    resend: bool = True

    def __post_init__(self) -> None:
        self.wire.deliver(self.real)

    @property
    def venue(self) -> Venue:
        return replace(self.real.venue, quiet_seconds=QUIET, idempotent_ids=self.resend)

    def submit(self, order: Order) -> Submitted:
        self.wire.send(order)
        self.wire.deliver(self.real)
        return Unknown("the answer was lost")

    def find(self, order_id: OrderId) -> Found:
        self.wire.deliver(self.real)
        self.wire.looks.append(self.wire.clock.now().timestamp())
        return super().find(order_id)


def evening(folder: Path, *delays: float, resend: bool = True) -> tuple[Stage, DelayedWire]:
    """One buy of 120 SPY over a wire with these delays."""
    stage = Stage(folder, {"A": (mix(SPY=60), percent("A", 100))}, trading=Trading(fallback_ticker=None))
    wire = DelayedWire(stage.clock, list(delays))
    stage.broker_proxy = lambda venue: DelayedBroker(venue, wire, resend)
    return stage, wire


def taken(stage: Stage) -> list[OrderState]:
    """Every order that the venue ever took."""
    broker = stage.broker()
    orders = broker.named(bool, stage.clock.now() - timedelta(days=1))
    broker.close()
    return list(orders)


def test_an_order_is_resent_after_two_absences_past_the_quiet_time(tmp_path: Path) -> None:
    stage, wire = evening(tmp_path, 1000, resend=False)
    stage.run()
    after = [look - wire.looks[0] for look in wire.looks]
    assert [seconds for seconds in after if seconds >= QUIET] == [30, 31]
    assert stage.record().orders[0].state == "lost"


@pytest.mark.parametrize("delay", [0, 1, 29, 30, 31])
def test_an_order_that_arrives_before_the_last_look_up_is_not_resent(tmp_path: Path, delay: float) -> None:
    stage, wire = evening(tmp_path, delay)
    stage.run()
    assert len(wire.posts) == 1
    assert stage.record().run.status == "success"
    assert stage.shares() == {SPY: Decimal(120)}


def test_an_order_that_arrives_after_the_last_look_up_is_resent_and_taken_once(tmp_path: Path) -> None:
    stage, wire = evening(tmp_path, 32, 5)
    stage.run()
    assert wire.posts == [wire.posts[0]] * 2
    assert [state.id for state in taken(stage)] == wire.posts[:1]
    assert stage.record().run.status == "success"


def test_a_clock_that_is_set_forward_does_not_make_an_order_absent(tmp_path: Path) -> None:
    stage, wire = evening(tmp_path, 120 + 20)

    class SetForward(DelayedBroker):
        def find(self, order_id: OrderId) -> Found:
            if not wire.looks:
                stage.clock.sleep(120)
            return super().find(order_id)

    stage.broker_proxy = lambda venue: SetForward(venue, wire)
    stage.run()
    assert len(wire.posts) == 1
    assert stage.record().run.status == "success"


def two_buys(folder: Path) -> Stage:
    return Stage(folder, {"A": (mix(SPY=60, GLD=39), percent("A", 100))})


def test_of_two_unknown_orders_only_the_absent_one_is_resent(
    tmp_path: Path,
) -> None:
    stage = two_buys(tmp_path)
    stage.script = Script({("buy", SPY): ScriptedFault(silent=True), ("buy", GLD): ScriptedFault(lost=1)})
    stage.run()
    assert stage.record().run.status == "success"
    assert stage.shares() == {SPY: Decimal(120), GLD: Decimal(194)}


def test_absent_orders_are_lost_at_a_venue_without_idempotent_ids(tmp_path: Path) -> None:
    stage = two_buys(tmp_path)
    stage.script = Script({("buy", SPY): ScriptedFault(lost=1), ("buy", GLD): ScriptedFault(lost=1)})
    stage.broker_proxy = NonIdempotentBroker
    stage.run()
    assert [order.state for order in stage.record().orders] == ["lost", "lost"]


@pytest.mark.parametrize("kind", ["symbol", "funds", "held", "wash", "account", "other"])
def test_a_refused_resend_leaves_the_first_attempt_in_doubt(tmp_path: Path, kind: RefusalKind) -> None:
    """It may still arrive: tonight's next run sends no other order in its symbol."""

    class LosesAndThenRefuses(BrokerProxy):
        posts = 0

        def submit(self, order: Order) -> Submitted:
            LosesAndThenRefuses.posts += 1
            return Unknown("no answer") if LosesAndThenRefuses.posts == 1 else Refused("not today", kind)

    stage, _ = evening(tmp_path)
    stage.broker_proxy = LosesAndThenRefuses
    stage.run()
    record = stage.record()
    assert [order.state for order in record.orders] == ["lost"]
    assert "SPY: bought 0 of 120, lost (sent once more, and refused: not today)" in record.run.reason

    stage.run(force=True)
    assert LosesAndThenRefuses.posts == 2
    assert any("it may still turn up" in remark.text for remark in stage.record().remarks)


@given(first=st.floats(0, 200), second=st.floats(0, 200), resend=st.booleans())
@settings(max_examples=25)
def test_an_order_that_arrives_late_is_taken_once_and_found_by_the_next_run(
    first: float, second: float, *, resend: bool
) -> None:
    with TemporaryDirectory() as folder:
        stage, wire = evening(Path(folder), first, second, resend=resend)
        stage.run()
        assert len(set(wire.posts)) == 1
        assert len(wire.posts) <= 1 + resend
        was_lost = stage.record().orders[0].state == "lost"
        stage.clock.sleep(200)
        with pytest.raises(StoppedError, match="stands at the broker after all") if was_lost else nullcontext():
            stage.run(force=True)
        assert [state.filled for state in taken(stage)] == [Decimal(120)]
        (position,) = read.positions(stage.journal_file, "demo")
        assert stage.shares() == {SPY: position.ours} == {SPY: Decimal(120)}


def test_hundreds_of_orders_whose_answers_are_lost_are_taken_once_each(tmp_path: Path) -> None:
    assert at_the_sim(tmp_path, 250) == (250, 250, 0)
