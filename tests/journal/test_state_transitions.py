"""Every pair of a state and an event, for orders and runs: the state after it, or StoppedError.

A line of a table is where an order or a run stands; its columns are what is journalled next. "=" leaves the state as it
is, "!" raises StoppedError, any other word is the state after it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

import pytest
from evenings import NOW, PLAN, REQUEST, SURVEYED, TARGETS, holdings_read, order, seen, start, start_buying

from rebalancer.errors import StoppedError
from rebalancer.events import (
    Event,
    OrderAbsent,
    OrderAnswered,
    OrderIntended,
    OrderLost,
    OrderResent,
    PlanMade,
    RunEnded,
    RunTakenUp,
    TargetsSet,
)
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import Order, OrderPhase, RunId, RunStep


def order_events(of: Order) -> Mapping[str, Event]:
    return {
        "accepted": OrderAnswered(NOW, of.id, "accepted"),
        "unknown": OrderAnswered(NOW, of.id, "unknown"),
        "refused": OrderAnswered(NOW, of.id, "refused"),
        "absent": OrderAbsent(NOW, of.id),
        "resent": OrderResent(NOW, of.id),
        "lost": OrderLost(NOW, of.id, "gone"),
        "open": seen(of, "open"),
        "filled": seen(of, "filled", "10"),
        "canceled": seen(of, "canceled"),
        "expired": seen(of, "expired"),
        "rejected": seen(of, "rejected"),
    }


ORDERS = """
            accepted  unknown  refused  absent  resent    lost  open  filled  canceled  expired  rejected
intended    accepted  unknown  refused  absent  !         !     open  filled  canceled  expired  rejected
accepted    =         !        !        !       !         !     open  filled  canceled  expired  rejected
unknown     !         =        !        absent  !         !     open  filled  canceled  expired  rejected
absent      !         !        !        =       intended  lost  open  filled  canceled  expired  rejected
lost        !         !        !        !       !         =     open  filled  canceled  expired  rejected
refused     =         =        =        !       !         !     open  filled  canceled  expired  rejected
open        =         =        =        !       !         !     =     filled  canceled  expired  rejected
filled      =         =        =        !       !         !     =     =       !         !        !
canceled    =         =        =        !       !         !     =     filled  =         !        !
expired     =         =        =        !       !         !     =     !       !         =        !
rejected    =         =        =        !       !         !     =     !       !         !        =
"""
WAYS_OF_ORDERS: Mapping[str, tuple[str, ...]] = {"intended": (), "lost": ("absent", "lost")}
"""What brings an order where it stands, where that is more than the event of the same name."""


def run_events(number: int) -> Mapping[str, Event]:
    """No two runs have an order in common."""
    return {
        "start": SURVEYED,
        "targets": TargetsSet(NOW, TARGETS),
        "plan": PlanMade(NOW, PLAN),
        "sell": OrderIntended(NOW, order(f"rb-sell{number}", side="sell")),
        "after_sells": holdings_read(phase="after_sells"),
        "buy": OrderIntended(NOW, order(f"rb-buy{number}")),
        "end": holdings_read(phase="end"),
        "taken_up": RunTakenUp(NOW, "cut off"),
        "again": holdings_read(phase="again"),
        "ended": RunEnded(NOW, "partial", "over"),
    }


RUNS = """
            start     targets  plan     sell     after_sells  buy     end      taken_up  again  ended
claimed     surveyed  !        !        !        !            !       !        taken_up  =      ended
surveyed    !         decided  !        !        !            !       !        taken_up  =      ended
decided     !         !        planned  !        !            !       !        taken_up  =      ended
planned     !         !        !        selling  sold         !       settled  taken_up  =      ended
selling     !         !        !        selling  sold         !       settled  taken_up  =      ended
sold        !         !        !        !        sold         buying  settled  taken_up  =      ended
buying      !         !        !        !        sold         buying  settled  taken_up  =      ended
settled     !         !        !        !        !            !       !        taken_up  =      ended
taken_up    !         !        !        selling  sold         !       settled  taken_up  =      ended
ended       !         !        !        !        !            !       !        !         !      !
"""
WAYS_OF_RUNS: Mapping[str, tuple[str, ...]] = {
    "claimed": (),
    "surveyed": ("start",),
    "decided": ("start", "targets"),
    "planned": ("start", "targets", "plan"),
    "selling": ("start", "targets", "plan", "sell"),
    "sold": ("start", "targets", "plan", "after_sells"),
    "buying": ("start", "targets", "plan", "after_sells", "buy"),
    "settled": ("start", "targets", "plan", "end"),
    "taken_up": ("taken_up",),
    "ended": ("ended",),
}


def lines(table: str) -> list[tuple[str, dict[str, str]]]:
    """Each state, with the state after each event."""
    columns, *rows = (line.split() for line in table.strip().splitlines())
    return [(state, dict(zip(columns, cells, strict=True))) for state, *cells in rows]


def record_event(journal: SqliteJournal, run: RunId, event: Event, *, stops: bool) -> None:
    if not stops:
        journal.record(run, event)
        return
    with pytest.raises(StoppedError):
        journal.record(run, event)


@pytest.mark.parametrize(("state", "cells"), lines(ORDERS), ids=[state for state, _ in lines(ORDERS)])
def test_order_transitions_from(journal, state, cells):
    run = start_buying(journal)
    for number, (event, after) in enumerate(cells.items()):
        events = order_events(of := order(f"rb{number}"))
        journal.record(run, OrderIntended(NOW, of), *(events[each] for each in WAYS_OF_ORDERS.get(state, (state,))))
        record_event(journal, run, events[event], stops=after == "!")
        phase = journal.orders(run)[-1].phase
        assert phase == (state if after in {"!", "="} else after), event


def test_an_order_sent_twice_may_be_given_up_without_a_lookup(journal):
    """The venue refused the resend; the outcome of the first attempt is unknown."""
    run, of = start_buying(journal), order("rb1")
    journal.record(run, OrderIntended(NOW, of), OrderAbsent(NOW, of.id), OrderResent(NOW, of.id))

    journal.record(run, OrderLost(NOW, of.id, "not today"))

    assert [(sent.phase, sent.reason) for sent in journal.unsettled("demo")] == [("lost", "not today")]


@pytest.mark.parametrize(("state", "cells"), lines(RUNS), ids=[state for state, _ in lines(RUNS)])
def test_run_transitions_from(journal, state, cells):
    for number, (event, after) in enumerate(cells.items()):
        run = start(journal, replace(REQUEST, force=True))
        steps = run_events(number)
        journal.record(run, *(steps[each] for each in WAYS_OF_RUNS[state]))
        record_event(journal, run, run_events(-number - 1)[event], stops=after == "!")
        ((step,),) = journal._db.execute("SELECT step FROM runs WHERE id = ?", [run]).fetchall()
        assert step.replace(" ", "_") == (state if after in {"!", "="} else after), event


def test_every_state_and_event_is_covered():
    assert {state for state, _ in lines(ORDERS)} == set(get_args(OrderPhase))
    assert {state for state, _ in lines(RUNS)} == {step.replace(" ", "_") for step in get_args(RunStep)}
    assert all(set(cells) == set(order_events(order())) for _, cells in lines(ORDERS))
    assert all(set(cells) == set(run_events(0)) for _, cells in lines(RUNS))
