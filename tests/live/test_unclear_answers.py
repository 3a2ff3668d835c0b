"""What got no clear answer is looked up: past the venue's quiet time, twice, and never under a second id."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stage import DAYS, GLD, SPY, Stage, mix, percent
from test_execute import Between

from rebalancer.brokers.script import Script, Twist
from rebalancer.brokers.sim import SimBroker
from rebalancer.flowchart.tree import Asset, Place, Specified
from rebalancer.journal import queries
from rebalancer.model import Found, Order, OrderId, OrderState, Submitted, Symbol, Trading, Unknown
from rebalancer.ports import Caps

QUIET = 30


@dataclass
class Late(Between):
    """Every order is answered with silence and reaches the venue `delays` seconds after it was sent, in their order.

    What comes after the last of them arrives at once. `slept` is the time that has really passed, whatever the clock
    says.
    """

    stage: Stage
    delays: list[float]
    resend: bool = True
    posts: list[OrderId] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    _under_way: list[tuple[datetime, Order]] = field(default_factory=list)

    @property
    def caps(self) -> Caps:
        caps = self.real.caps
        return Caps(caps.venue, caps.simulated, caps.fee_per_order, QUIET, resend=self.resend)

    def submit(self, order: Order) -> Submitted:
        self.posts.append(order.id)
        delay = self.delays.pop(0) if self.delays else 0
        self._under_way.append((self.stage.clock.now() + timedelta(seconds=delay), order))
        self._arrive()
        return Unknown("the answer was lost")

    def find(self, order_id: OrderId) -> Found:
        self._arrive()
        self.looks.append(self.stage.clock.now().timestamp())
        return self.real.find(order_id)

    def _arrive(self) -> None:
        now = self.stage.clock.now()
        for due, order in list(self._under_way):
            if due <= now:
                self._under_way.remove((due, order))
                self.real.submit(order)


def evening(folder: Path, *delays: float, resend: bool = True) -> tuple[Stage, list[Late]]:
    """One buy of SPY; the brokers of its runs, as they are opened."""
    stage = Stage(folder, {"A": (mix(SPY=60), percent("A", 100))}, trading=Trading(fallback_ticker=None))
    opened: list[Late] = []

    def late(real: SimBroker) -> Late:
        opened.append(Late(real, stage, list(delays), resend))
        return opened[-1]

    stage.between = late
    return stage, opened


def at_the_venue(stage: Stage) -> list[OrderState]:
    """All that the venue itself has ever taken."""
    broker = stage.broker()
    taken = broker.named("", datetime.combine(DAYS[0], datetime.min.time(), stage.clock.now().tzinfo))
    broker.close()
    return list(taken)


def test_an_absence_is_believed_after_two_looks_past_the_quiet_time(tmp_path: Path) -> None:
    stage, opened = evening(tmp_path, 1000, resend=False)
    stage.run()
    (late,) = opened
    first = late.looks[0]
    assert [look - first for look in late.looks if look - first >= QUIET] == [30, 31]
    assert stage.record().orders[0].state == "lost"


@pytest.mark.parametrize("delay", [0, 1, 29, 30, 31])
def test_an_order_that_arrives_by_the_last_look_is_found_and_not_sent_again(tmp_path: Path, delay: float) -> None:
    stage, opened = evening(tmp_path, delay)
    stage.run()
    assert len(opened[0].posts) == 1
    assert stage.record().run.status == "success"
    assert stage.shares() == {SPY: Decimal(120)}


def test_a_clock_that_is_set_forward_makes_no_absence(tmp_path: Path) -> None:
    stage, opened = evening(tmp_path, 20 + 120)

    @dataclass
    class SetForward(Late):
        def find(self, order_id: OrderId) -> Found:
            if not self.looks:
                self.stage.clock.sleep(120)
            return super().find(order_id)

    stage.between = lambda real: SetForward(real, stage, [20 + 120])
    stage.run()
    assert stage.record().run.status == "success"
    assert len(at_the_venue(stage)) == 1


@given(first=st.floats(0, 200), second=st.floats(0, 200), resend=st.booleans())
@settings(max_examples=30)
def test_however_late_it_arrives_the_venue_takes_it_once_and_the_next_start_knows(
    first: float, second: float, resend: bool
) -> None:
    with TemporaryDirectory() as folder:
        stage, opened = evening(Path(folder), first, second, resend=resend)
        stage.run()
        (late,) = opened
        assert len(late.posts) <= 1 + resend
        assert len(set(late.posts)) == 1
        state = stage.record().orders[0].state
        assert (state == "filled") == (stage.shares() == {SPY: Decimal(120)})
        stage.clock.sleep(400)
        late._arrive()
        assert len(at_the_venue(stage)) <= 1


FIFTY = tuple(Symbol(f"T{number:02}") for number in range(50))


def test_a_thousand_orders_whose_answers_are_lost_stand_once_each(tmp_path: Path) -> None:
    here = Place(None, "chart")
    halves = [
        Specified(tuple(0.02 for _ in FIFTY), tuple(Asset(Symbol(f"{half}{name}"), here) for name in FIFTY), here)
        for half in "AB"
    ]
    stage = Stage(tmp_path, {"A": (halves[0], percent("A", 100))}, trading=Trading(fallback_ticker=None))
    names = [Symbol(f"{half}{name}") for half in "AB" for name in FIFTY]
    stage.market.prices = dict.fromkeys(names, Decimal(10))
    stage.script = Script({(side, name): Twist(silent=True) for side in ("buy", "sell") for name in names})
    for number in range(11):
        stage.bots = {"A": (halves[number % 2], percent("A", 100))}
        stage.run(force=True)
        assert stage.record().run.status == "success"
    written = queries.orders(stage.journal_file, limit=2000)
    taken = at_the_venue(stage)
    assert len(taken) == len(written) == 50 + 10 * 100
    assert {state.id: state.filled for state in taken} == {line.id: line.quantity for line in written}
    assert {symbol: shares for symbol, shares in stage.shares().items()} == dict.fromkeys(names[:50], Decimal(198))
