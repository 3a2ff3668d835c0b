"""Outcomes of orders: recorded ones by the journal, others by looking them up at the broker."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.market.clock import SimulatedClock
from rebalancer.model import (
    Absent,
    Found,
    Order,
    OrderId,
    OrderPhase,
    OrderState,
    Outcome,
    RunId,
    Submitted,
    Symbol,
    Unknown,
    Venue,
)
from rebalancer.ports import OrderRecord, Progress, unwatched
from rebalancer.trading.tracking import look_up, polls, recorded_outcome, retry_while_busy, unknown_outcome

NOW = datetime(2024, 3, 4, 20, 50, tzinfo=UTC)
ORDER = Order(OrderId("rb1"), Symbol("SPY"), "buy", Decimal(10), "limit", Decimal(500), "a test")
STANDS = OrderState(ORDER.id, ORDER.symbol, "buy", ORDER.quantity, "limit", ORDER.limit, "open", Decimal(0), None)
OVER = {"filled", "canceled", "expired", "rejected", "refused", "lost"}


def sent(phase: OrderPhase) -> OrderRecord:
    return OrderRecord(ORDER, RunId(1), date(2024, 3, 4), phase, NOW, 1, Decimal(4), Decimal(499), "why")


@pytest.mark.parametrize("phase", get_args(OrderPhase))
def test_an_order_has_a_recorded_outcome_once_it_is_over(phase: OrderPhase) -> None:
    outcome = recorded_outcome(sent(phase))
    if phase in OVER:
        assert outcome == Outcome(ORDER, phase, Decimal(4), Decimal(499), "why")
    else:
        assert outcome is None


def test_an_unknown_outcome_is_not_certain_and_has_no_known_fill() -> None:
    assert unknown_outcome(ORDER, "no answer") == Outcome(ORDER, "unknown", Decimal(0), None, "no answer")
    assert not unknown_outcome(ORDER, "no answer").certain


@dataclass
class ScriptedBroker:
    """Answers from a script, then its last answer again; keeps when it was asked."""

    answers: list[Found]
    quiet: int
    clock: SimulatedClock = field(default_factory=lambda: SimulatedClock(NOW))
    asked: list[float] = field(default_factory=list)

    @property
    def venue(self) -> Venue:
        return Venue("a test", simulated=True, quiet_seconds=self.quiet)

    def find(self, _: OrderId) -> Found:
        self.asked.append((self.clock.now() - NOW).total_seconds())
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def found(venue: ScriptedBroker, progress: Progress = unwatched) -> OrderState | Absent | Unknown:
    context: Any = SimpleNamespace(broker=venue, clock=venue.clock, progress=progress)
    return look_up(context, [ORDER.id])[ORDER.id]


def test_an_order_at_the_broker_is_found_by_the_first_look_up() -> None:
    venue = ScriptedBroker([STANDS], quiet=30)
    assert found(venue) == STANDS
    assert (venue.asked, venue.clock.now()) == ([0], NOW)


def test_an_order_is_absent_after_the_second_look_up_past_the_quiet_time() -> None:
    venue = ScriptedBroker([Absent()], quiet=30)
    assert found(venue) == Absent()
    assert venue.asked == [0, 1, 3, 7, 15, 30, 31]


def test_an_order_that_turns_up_at_the_last_look_up_is_found() -> None:
    venue = ScriptedBroker([*[Absent()] * 6, STANDS], quiet=30)
    assert found(venue) == STANDS


def test_one_absence_followed_by_no_answers_is_unknown() -> None:
    venue = ScriptedBroker([*[Unknown("no answer")] * 5, Absent(), Unknown("still none")], quiet=30)
    assert found(venue) == Unknown("still none")


def test_no_answers_followed_by_one_absence_are_unknown() -> None:
    venue = ScriptedBroker([*[Unknown("no answer")] * 15, Absent()], quiet=30)
    assert found(venue) == Unknown("the broker did not say for sure whether it stands")
    assert venue.asked[-1] == 40


@given(st.integers(0, 300), st.lists(st.sampled_from([Absent(), Unknown("no answer")]), max_size=40))
def test_no_order_is_absent_before_two_look_ups_past_the_quiet_time(quiet: int, answers: list[Found]) -> None:
    venue = ScriptedBroker([*answers, Absent()], quiet)
    if found(venue) == Absent():
        assert len([second for second in venue.asked if second >= quiet]) >= 2


def test_whoever_watches_learns_which_order_is_looked_up_and_how_long_still() -> None:
    told: list[str] = []
    found(ScriptedBroker([Unknown("no answer")], quiet=5), lambda work, done=0, total=0: told.append(work))
    assert told[0] == "Waiting at most 15 s for word of rb1"
    assert told[-1] == "Waiting at most 1 s for word of rb1"


def test_polls_say_how_many_seconds_are_left() -> None:
    context: Any = SimpleNamespace(clock=SimulatedClock(NOW))
    assert list(polls(context, 3)) == [3, 2, 1, 0]
    assert list(polls(context, 3, 2)) == [3, 1, 0]


@pytest.mark.parametrize(("pause", "asked"), [(40, [40, 80, 120]), (59.75, [59.75, 119.5, 179.25])])
def test_an_order_that_a_busy_broker_does_not_find_is_unknown_after_two_minutes(
    pause: float, asked: list[float]
) -> None:
    venue = ScriptedBroker([Unknown("no answer")], quiet=0)
    context: Any = SimpleNamespace(broker=venue, clock=venue.clock, progress=unwatched)
    sent: list[Order] = []

    def submit(order: Order) -> Submitted:
        sent.append(order)
        return Unknown("busy")

    answer = retry_while_busy(context, ORDER, Unknown("busy", pause), submit, lambda order: None)
    assert (answer, venue.asked, sent) == (Unknown("no answer"), asked, [])


def test_polls_end_after_their_time_whatever_the_clock_is_set_to() -> None:
    clock = SimulatedClock(NOW)
    context: Any = SimpleNamespace(clock=clock)
    assert sum(1 for _ in polls(context, 3)) == 4
    assert sum(1 for _ in polls(context, 3, 2)) == 3
    assert sum(1 for _ in polls(context, 0)) == 1

    class Running:
        """A clock on which every poll takes three seconds."""

        passed = -3.0

        def elapsed(self) -> float:
            self.passed += 3
            return self.passed

        def sleep(self, seconds: float) -> None:
            assert seconds == 1.0

    context = SimpleNamespace(clock=Running())
    assert sum(1 for _ in polls(context, 3)) == 1

    class SetBack:
        """A clock that is set back all the time."""

        slept = 0.0

        def now(self) -> datetime:
            return NOW - timedelta(hours=self.slept)

        def elapsed(self) -> float:
            return self.slept

        def sleep(self, seconds: float) -> None:
            self.slept += seconds

    context = SimpleNamespace(clock=SetBack())
    assert sum(1 for _ in polls(context, 3)) == 4
