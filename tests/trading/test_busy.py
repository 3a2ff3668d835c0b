"""An order that a busy broker did not take goes once more under its own id, if it still may, and only if not there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from counter import Counter, opened, order
from stage import GLD

from rebalancer.events import Halted
from rebalancer.model import NO_RUN, Accepted, Found, Order, OrderId, Refused, Submitted, Unknown
from rebalancer.venues.sim.broker import SimBroker


@dataclass
class Busy:
    """Asks for `pause` seconds as often as it has `times` left, and then is `inner`. `meanwhile` happens first."""

    inner: Any
    times: int
    pause: float = 7
    takes: bool = False
    blind: bool = False
    meanwhile: Callable[[], None] = lambda: None
    submits: int = 0

    def submit(self, order: Order) -> Submitted:
        self.submits += 1
        if self.times <= 0:
            return self.inner.submit(order)
        self.times -= 1
        self.meanwhile()
        if self.takes:
            self.inner.submit(order)
        return Unknown("too many requests", self.pause)

    def find(self, order_id: OrderId) -> Found:
        return Unknown("too many requests") if self.blind else self.inner.find(order_id)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    with opened(tmp_path, "paper") as counter:
        yield counter


def sent(counter: Counter, **how: Any) -> tuple[Submitted, Busy, float]:
    """What comes of a buy at a busy broker, and how many seconds it took."""
    assert isinstance(counter.context.broker, SimBroker)
    broker = Busy(counter.context.broker, **how)
    busy = replace(counter, context=replace(counter.context, broker=broker))
    began = counter.context.clock.now()
    answer = busy.gate().send(order(1, "buy", GLD, 5, "202"))
    return answer, broker, (counter.context.clock.now() - began).total_seconds()


def test_an_order_is_sent_again_after_the_pause_that_the_broker_asked_for(counter: Counter) -> None:
    answer, broker, seconds = sent(counter, times=2)
    assert isinstance(answer, Accepted)
    assert (broker.submits, seconds, counter.phase()) == (3, 14, "accepted")


@pytest.mark.parametrize(("pause", "waited"), [(0.0, 1), (3600.0, 60)])
def test_no_pause_is_shorter_than_a_second_or_longer_than_a_minute(
    counter: Counter, pause: float, waited: float
) -> None:
    _, _, seconds = sent(counter, times=1, pause=pause)
    assert seconds == waited


def test_an_order_found_after_the_pause_is_not_sent_again(counter: Counter) -> None:
    answer, broker, _ = sent(counter, times=1, takes=True)
    assert isinstance(answer, Accepted)
    assert broker.submits == 1


def test_an_order_is_refused_if_the_broker_stays_busy(counter: Counter) -> None:
    answer, _, _ = sent(counter, times=99)
    assert isinstance(answer, Refused)
    assert answer.reason == "the broker took no orders for 126 s: too many requests"
    assert counter.phase() == "refused"


def test_an_order_that_can_not_be_looked_up_is_unknown(counter: Counter) -> None:
    answer, broker, _ = sent(counter, times=99, blind=True)
    assert isinstance(answer, Unknown)
    assert (answer.pause, broker.submits, counter.phase()) == (None, 1, "unknown")


def test_an_order_is_not_sent_again_if_the_account_was_halted_meanwhile(counter: Counter) -> None:
    def halt() -> None:
        journal: Any = counter.context.journal
        journal.record(NO_RUN, Halted(counter.context.clock.now(), "", "ann@desk", "stop"))

    answer, broker, _ = sent(counter, times=1, meanwhile=halt)
    assert isinstance(answer, Refused)
    assert (broker.submits, counter.phase()) == (1, "refused")
    assert counter.at_the_broker() == set()
