"""The order tracker journals every change of an order, and looks up orders that no list shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from rebalancer.errors import SourceError, StoppedError
from rebalancer.events import Event, FillSeen, Noted, OrderAbsent, OrderLost, OrderSeen
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import Absent, Fill, Found, Order, OrderId, OrderState, Outcome, Symbol, Unknown, Venue
from rebalancer.ports import Progress, unwatched
from rebalancer.trading.tracking import OrderTracker, how_to_resolve, order_mismatch, outcome_of

NOW = datetime(2024, 3, 4, 20, 50, tzinfo=UTC)
ORDER = Order(OrderId("rb1"), Symbol("SPY"), "buy", Decimal(10), "limit", Decimal(500), "a test")
OPEN = OrderState(ORDER.id, ORDER.symbol, "buy", ORDER.quantity, "limit", ORDER.limit, "open", Decimal(0), None)
PART = replace(OPEN, filled=Decimal(4), average_price=Decimal(499))
CANCELED = replace(PART, status="canceled", reason="by the venue")
FILL = Fill("e1", ORDER.id, ORDER.symbol, "buy", Decimal(4), Decimal(499), Decimal(0), NOW)
UNREAD = "the fills did not answer"


@dataclass
class ListingBroker:
    """Shows `lists` one after the other and then the last again; a look-up by id returns `found`."""

    lists: list[tuple[OrderState, ...]] = field(default_factory=lambda: [()])
    found: Found = field(default_factory=Absent)
    executions: tuple[Fill, ...] | None = (FILL,)
    cancelled: list[OrderId] = field(default_factory=list)
    venue: Venue = field(default_factory=lambda: Venue("a test", simulated=True))

    def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
        shown = self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]
        return {state.id: state for state in shown if state.id in ids}

    def find(self, _: OrderId) -> Found:
        return self.found

    def fills(self, _: OrderId) -> tuple[Fill, ...]:
        if self.executions is None:
            raise SourceError(UNREAD)
        return self.executions

    def cancel(self, order_id: OrderId) -> None:
        self.cancelled.append(order_id)


@dataclass
class EventList:
    """Keeps events in a list."""

    lines: list[Event] = field(default_factory=list)

    def now(self) -> datetime:
        return NOW

    def write(self, *events: Event) -> None:
        self.lines.extend(events)

    def note(self, text: str, level: Literal["note", "warning", "error"] = "note") -> None:
        self.write(Noted(NOW, level, text))


def tracking(
    venue: ListingBroker,
    order: Order = ORDER,
    *,
    shutdown_requested: bool = False,
    progress: Progress = unwatched,
) -> tuple[OrderTracker, EventList]:
    context: Any = SimpleNamespace(
        broker=venue,
        clock=SimulatedClock(NOW),
        shutdown_requested=lambda: shutdown_requested,
        progress=progress,
    )
    log: Any = EventList()
    return OrderTracker(context, log, {order.id: order}), log


def test_every_change_is_journalled_once_with_the_fills_behind_it() -> None:
    tracker, log = tracking(ListingBroker([(OPEN,), (OPEN,), (PART,), (CANCELED,)]))
    assert tracker.until_terminal(10)
    assert log.lines == [
        OrderSeen(NOW, OPEN),
        OrderSeen(NOW, PART),
        FillSeen(NOW, FILL),
        OrderSeen(NOW, CANCELED),
        FillSeen(NOW, FILL),
    ]
    assert tracker.outcome(ORDER) == Outcome(ORDER, "canceled", Decimal(4), Decimal(499), "by the venue")


def test_fills_of_an_unfilled_order_are_not_requested() -> None:
    tracker, log = tracking(ListingBroker([(replace(OPEN, status="canceled"),)], executions=None))
    assert tracker.until_terminal(0)
    assert [type(line) for line in log.lines] == [OrderSeen]


def test_unreadable_fills_leave_the_order_pending_and_are_noted_once() -> None:
    tracker, log = tracking(ListingBroker([(CANCELED,)], executions=None))
    assert not tracker.until_terminal(3)
    assert log.lines == [Noted(NOW, "warning", f"the orders could not be read: {UNREAD}")]


OTHER = replace(ORDER, id=OrderId("rb2"), symbol=Symbol("GLD"))
OTHER_OPEN = replace(OPEN, id=OTHER.id, symbol=OTHER.symbol)


def test_unreadable_fills_are_noted_also_if_the_next_order_of_the_list_is_readable() -> None:
    tracker, log = tracking(ListingBroker([(CANCELED, OTHER_OPEN)], executions=None))
    tracker.orders = {ORDER.id: ORDER, OTHER.id: OTHER}
    assert not tracker.until_terminal(0)
    assert log.lines == [
        OrderSeen(NOW, OTHER_OPEN),
        Noted(NOW, "warning", f"the orders could not be read: {UNREAD}"),
    ]


class UnreliableBroker(ListingBroker):
    """Answers every other poll only."""

    looks = 0

    def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
        self.looks += 1
        if self.looks % 2 == 0:
            raise SourceError("no answer (503)")
        return super().orders(ids)


def test_each_failed_poll_after_a_successful_one_is_noted() -> None:
    tracker, log = tracking(UnreliableBroker([(OPEN,)]))
    assert not tracker.until_terminal(3)
    failed = Noted(NOW, "warning", "the orders could not be read: no answer (503)")
    assert log.lines == [OrderSeen(NOW, OPEN), failed, failed]


def test_orders_are_polled_at_the_given_interval() -> None:
    venue = UnreliableBroker([(OPEN,)])
    tracker, _ = tracking(venue)
    assert not tracker.until_terminal(10, poll=4)
    assert venue.looks == 4


def test_whoever_watches_learns_which_order_is_awaited_and_how_long_still() -> None:
    told: list[tuple[str, int, int]] = []
    tracker, _ = tracking(
        ListingBroker([(OPEN,), (OPEN,), (CANCELED,)]),
        progress=lambda work, done=0, total=0: told.append((work, done, total)),
    )
    assert tracker.until_terminal(10, poll=4)
    assert told == [
        ("Waiting at most 10 s for the buy of SPY", 0, 1),
        ("Waiting at most 6 s for the buy of SPY", 0, 1),
    ]


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ((PART, replace(PART, filled=Decimal(3))), "the broker says 3 of 10 filled, after 4."),
        ((replace(PART, filled=Decimal(11)),), "the broker says 11 of 10 filled, after 0."),
    ],
)
def test_an_impossible_filled_quantity_stops_the_run_with_both_numbers(shown: Sequence[OrderState], said: str) -> None:
    tracker, _ = tracking(ListingBroker([(state,) for state in shown]))
    with pytest.raises(StoppedError) as stopped:
        tracker.until_terminal(10)
    assert str(stopped.value) == f"order rb1 (SPY): {said} {how_to_resolve(ORDER)}"


@pytest.mark.parametrize(
    ("order", "state", "said"),
    [
        (
            ORDER,
            replace(OPEN, limit=Decimal(501)),
            "buy 10 SPY limit 501, but was written down as buy 10 SPY limit 500",
        ),
        (
            replace(ORDER, kind="market", limit=None),
            OPEN,
            "buy 10 SPY limit 500, but was written down as buy 10 SPY market",
        ),
        (
            ORDER,
            replace(OPEN, kind="market", limit=None),
            "buy 10 SPY market, but was written down as buy 10 SPY limit 500",
        ),
    ],
)
def test_a_mismatched_order_is_reported_with_both_versions(order: Order, state: OrderState, said: str) -> None:
    assert order_mismatch(order, state) == f"order rb1 stands at the broker as {said}. {how_to_resolve(order)}"


def test_the_remedy_names_the_order_and_the_command() -> None:
    assert how_to_resolve(ORDER) == (
        "Look at the account before the next run; if it is right as it is, say so with "
        "`rebalance recover --account-for rb1 --reason TEXT`."
    )


# ------------------------------------------------------------------------------------- orders that no list shows


def test_an_order_found_only_by_look_up_has_the_outcome_found() -> None:
    tracker, log = tracking(ListingBroker(found=CANCELED))
    assert tracker.outcome(ORDER) == outcome_of(ORDER, CANCELED)
    assert outcome_of(ORDER, CANCELED) == Outcome(ORDER, "canceled", Decimal(4), Decimal(499), "by the venue")
    assert log.lines == [OrderSeen(NOW, CANCELED), FillSeen(NOW, FILL)]


def test_an_order_with_unreadable_fills_has_an_unknown_outcome() -> None:
    tracker, log = tracking(ListingBroker(found=CANCELED, executions=None))
    assert tracker.outcome(ORDER) == Outcome(ORDER, "unknown", Decimal(0), None, UNREAD)
    assert log.lines == []


def test_an_absent_order_is_journalled_as_absent_and_lost() -> None:
    tracker, log = tracking(ListingBroker(found=Absent()))
    assert tracker.outcome(ORDER) == Outcome(ORDER, "lost", Decimal(0), None, "it never reached the broker")
    assert log.lines == [OrderAbsent(NOW, ORDER.id), OrderLost(NOW, ORDER.id, "it never reached the broker")]


def test_an_order_without_an_answer_stays_unknown() -> None:
    tracker, log = tracking(ListingBroker(found=Unknown("no answer")))
    assert tracker.outcome(ORDER) == Outcome(ORDER, "unknown", Decimal(0), None, "no answer")
    assert log.lines == []


# ------------------------------------------------------------------------------------- timeout


def test_an_order_that_is_not_filled_in_time_is_cancelled_with_a_note() -> None:
    venue = ListingBroker([(OPEN,)])
    tracker, log = tracking(venue)
    assert not tracker.until_terminal(2)
    log.lines.clear()
    tracker.cancel_open()
    assert venue.cancelled == [ORDER.id]
    assert log.lines == [Noted(NOW, "note", "SPY: the buy was not done in time; asking for its cancel")]


def test_after_a_shutdown_request_closing_auction_orders_are_neither_awaited_nor_cancelled() -> None:
    venue, auction = ListingBroker([(replace(OPEN, kind="moc", limit=None),)]), replace(ORDER, kind="moc", limit=None)
    tracker, log = tracking(venue, auction, shutdown_requested=True)
    assert not tracker.until_terminal(600)
    log.lines.clear()
    tracker.cancel_open()
    assert venue.cancelled == []
    said = "a shutdown was requested: the next run counts what the closing auction fills"
    assert log.lines == [Noted(NOW, "warning", said)]


def test_after_a_shutdown_request_other_orders_are_awaited_and_cancelled() -> None:
    venue = ListingBroker([(replace(OPEN, kind="moc", limit=None), OTHER_OPEN)])
    tracker, log = tracking(venue, shutdown_requested=True)
    auction = replace(ORDER, kind="moc", limit=None)
    tracker.orders = {auction.id: auction, OTHER.id: OTHER}
    assert not tracker.until_terminal(2)
    tracker.cancel_open()
    assert OTHER.id in venue.cancelled
    assert Noted(NOW, "note", "GLD: the buy was not done in time; asking for its cancel") in log.lines
