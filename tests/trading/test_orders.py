"""Orders out, outcomes back, with a broker that loses answers, forges them, or does not answer at all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from stage import DAYS, GLD, SPY, Stage, dollars, hold, mix, percent

from rebalancer.errors import RunFailedError, SourceError, StoppedError
from rebalancer.events import Event, OrderIntended
from rebalancer.journal import read
from rebalancer.model import (
    Account,
    Fill,
    Found,
    Hours,
    Instrument,
    Order,
    OrderId,
    OrderState,
    Position,
    RunId,
    Submitted,
    Symbol,
    Unknown,
)
from rebalancer.ports import Broker, Journal, Venue
from rebalancer.venues.sim.script import Script, Twist


@dataclass
class Between:
    """Stands between the evening and its broker; a test overrides what it bends."""

    real: Broker

    @property
    def venue(self) -> Venue:
        return self.real.venue

    def hours(self) -> Hours:
        return self.real.hours()

    def account(self) -> Account:
        return self.real.account()

    def positions(self) -> tuple[Position, ...]:
        return self.real.positions()

    def open_orders(self) -> tuple[OrderState, ...]:
        return self.real.open_orders()

    def untradable(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, str]:
        return self.real.untradable(symbols)

    def instruments(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, Instrument]:
        return self.real.instruments(symbols)

    def named(self, ours: Callable[[OrderId], bool], since: datetime) -> tuple[OrderState, ...]:
        return self.real.named(ours, since)

    def submit(self, order: Order) -> Submitted:
        return self.real.submit(order)

    def find(self, order_id: OrderId) -> Found:
        return self.real.find(order_id)

    def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
        return self.real.orders(ids)

    def fills(self, order_id: OrderId) -> tuple[Fill, ...]:
        return self.real.fills(order_id)

    def cancel(self, order_id: OrderId) -> None:
        self.real.cancel(order_id)


class TakesAnIdTwice(Between):
    """A venue at which nothing is ever sent again."""

    @property
    def venue(self) -> Venue:
        return replace(self.real.venue, idempotent_ids=False)


@dataclass
class Pen:
    """Stands between the evening and its journal, and refuses what `breaks` says."""

    real: Journal
    breaks: Callable[[Event], bool]

    def record(self, run: RunId, *events: Event) -> None:
        if any(map(self.breaks, events)):
            raise RunFailedError("the disk is full")
        self.real.record(run, *events)

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


def one_bot(folder: Path, **percents: int) -> Stage:
    return Stage(folder, {"A": (mix(**percents), percent("A", 100))})


def orders_at_broker(stage: Stage) -> int:
    """How many orders the broker has for what the journal wrote down."""
    broker = stage.broker()
    known = broker.orders([OrderId(order.id) for order in read.orders(stage.journal_file)])
    broker.close()
    return len(known)


def test_an_intent_is_on_disk_before_its_order_is_sent(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, GLD=40)
    seen: list[str] = []

    class Watching(Between):
        def submit(self, order: Order) -> Submitted:
            written = {line.id: line.state for line in read.orders(stage.journal_file)}
            seen.append(written[order.id])
            return super().submit(order)

    stage.between = Watching
    stage.run()
    assert seen == ["intended", "intended"]


def test_an_order_whose_answer_was_lost_is_looked_up_and_never_sent_again(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, GLD=40)
    stage.script = Script({("buy", SPY): Twist(silent=True)})
    stage.run()
    record = stage.record()
    assert record.run.status == "success"
    assert {order.symbol: order.state for order in record.orders} == {SPY: "filled", GLD: "filled"}
    assert stage.shares()[SPY] == Decimal(118)


def test_an_order_that_never_arrived_is_sent_once_more_under_its_own_id(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, GLD=40)
    stage.script = Script({("buy", SPY): Twist(lost=1)})
    stage.run()
    record = stage.record()
    assert record.run.status == "success"
    assert [order.symbol for order in record.orders] == [SPY, GLD]
    assert stage.shares() == {SPY: Decimal(118), GLD: Decimal(197)}


def test_an_order_that_never_arrived_twice_is_lost_and_not_sent_a_third_time(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, GLD=40)
    stage.script = Script({("buy", SPY): Twist(lost=2)})
    stage.run()
    record = stage.record()
    assert record.run.status == "partial"
    assert "SPY: bought 0 of 118, lost (it was sent twice and never reached the broker)" in record.run.reason
    assert orders_at_broker(stage) == 1


def test_nothing_is_resent_to_a_venue_without_idempotent_ids(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, GLD=40)
    stage.script = Script({("buy", SPY): Twist(lost=1)})
    stage.between = TakesAnIdTwice
    stage.run()
    reason = "SPY: bought 0 of 118, lost (it never reached the broker, which may take an id twice)"
    assert reason in stage.record().run.reason
    assert orders_at_broker(stage) == 1


def test_no_buy_is_sent_while_a_sell_is_unknown(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.run()

    class Deaf(Between):
        def submit(self, order: Order) -> Submitted:
            self.real.submit(order)
            return Unknown("the answer was lost")

        def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
            raise SourceError("the orders did not answer")

        def find(self, order_id: OrderId) -> Found:
            return Unknown("the lookup did not answer")

    stage.on(DAYS[1]).bots = {"A": (hold(GLD), percent("A", 100))}
    stage.between = Deaf
    stage.run()
    record = stage.record()
    assert record.run.status == "partial"
    assert [order.side for order in record.orders] == ["sell"]
    assert sum("could not be read" in remark.text for remark in record.remarks) == 1


@pytest.mark.parametrize(
    "change",
    [{"quantity": Decimal(7)}, {"side": "sell"}, {"symbol": GLD}, {"kind": "market", "limit": None}],
    ids=lambda change: next(iter(change)),
)
def test_a_found_order_with_other_parameters_stops_the_run(tmp_path: Path, change: dict[str, object]) -> None:
    stage = one_bot(tmp_path, SPY=100)

    class Forging(Between):
        def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
            return {key: replace(state, **change) for key, state in self.real.orders(ids).items()}

    stage.between = Forging
    with pytest.raises(StoppedError, match="was written down as buy 198 SPY"):
        stage.run()
    assert stage.record().run.status == "partial"


def test_more_filled_than_ordered_stops_the_run(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)

    class Overfilling(Between):
        def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
            states = self.real.orders(ids)
            return {key: replace(state, filled=state.quantity + 1) for key, state in states.items()}

    stage.between = Overfilling
    with pytest.raises(StoppedError, match="199 of 198 filled"):
        stage.run()


def test_a_filled_quantity_that_falls_stops_the_run(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.script = Script({("buy", SPY): Twist(fills_at_most=Decimal(50))})

    class TakesBack(Between):
        looks = 0

        def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
            TakesBack.looks += 1
            states = self.real.orders(ids)
            if TakesBack.looks < 3:
                return states
            return {key: replace(state, filled=state.filled - 1) for key, state in states.items()}

    stage.between = TakesBack
    with pytest.raises(StoppedError, match="49 of 198 filled, after 50"):
        stage.run()
    with pytest.raises(RunFailedError, match="is halted"):
        stage.run(force=True)


def test_nothing_is_sent_if_the_intent_can_not_be_journalled(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.pen = lambda journal: Pen(journal, lambda event: isinstance(event, OrderIntended))
    with pytest.raises(RunFailedError, match="the disk is full"):
        stage.run()
    assert stage.record().run.status == "failed"
    assert stage.shares() == {}


def test_a_journal_failure_after_an_order_was_sent_stops_the_run(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, GLD=40)
    intended: list[Event] = []

    def second_intent(event: Event) -> bool:
        intended.extend([event] if isinstance(event, OrderIntended) else [])
        return len(intended) > 1

    stage.pen = lambda journal: Pen(journal, second_intent)
    with pytest.raises(StoppedError, match="Orders had left before"):
        stage.run()
    assert orders_at_broker(stage) == 1


def test_a_refused_buy_does_not_affect_the_others(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, GLD=40)
    stage.script = Script({("buy", SPY): Twist(refuse="not authorised for SPY")})
    stage.run()
    record = stage.record()
    assert record.run.status == "partial"
    assert "SPY: bought 0 of 118, refused (not authorised for SPY)" in record.run.reason
    assert stage.shares() == {GLD: Decimal(197)}


def test_a_buy_that_does_not_fill_is_cancelled_at_its_deadline(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.script = Script({("buy", SPY): Twist(fills_at_most=Decimal(50))})
    stage.run()
    (order,) = stage.record().orders
    assert (order.state, order.filled) == ("canceled", Decimal(50))
    assert stage.shares() == {SPY: Decimal(50)}


def test_a_fill_that_comes_before_its_cancel_counts(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.script = Script({("buy", SPY): Twist(fills_at_most=Decimal(50), cancel="beaten")})
    stage.run()
    (order,) = stage.record().orders
    assert (order.state, order.filled) == ("filled", Decimal(198))
    assert stage.record().run.status == "success"


def test_a_failed_position_read_is_never_read_as_a_flat_account(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)

    class Blind(Between):
        def positions(self) -> tuple[Position, ...]:
            raise SourceError("the positions did not answer")

    stage.between = Blind
    with pytest.raises(SourceError):
        stage.run()
    assert stage.record().orders == ()


def test_an_answer_without_the_positions_is_never_read_as_a_flat_account(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.run()

    class Forgetful(Between):
        def positions(self) -> tuple[Position, ...]:
            return ()

    stage.on(DAYS[1]).between = Forgetful
    with pytest.raises(SourceError, match="its answer is not whole"):
        stage.run()
    assert stage.record().orders == ()
    stage.on(DAYS[2]).between = lambda broker: broker
    stage.run()
    assert stage.record().run.status == "success"
    assert stage.shares() == {SPY: Decimal(198)}


def test_the_ledger_follows_the_fills(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, GLD=40)
    stage.run()
    held = {line.symbol: line.ours for line in read.positions(stage.journal_file, "demo")}
    assert held == stage.shares()


class Overlooking(Between):
    """Leaves SPY out of its list."""

    def positions(self) -> tuple[Position, ...]:
        return tuple(position for position in self.real.positions() if position.symbol != SPY)


def test_a_small_position_that_is_missing_from_the_answer_is_not_read_as_sold(tmp_path):
    """One share of 500 dollars of 100,000: its money is not there either, so the list is not whole."""
    stage = Stage(tmp_path, {"A": (hold(SPY), dollars("A", 600)), "B": (hold(GLD), percent("B", 50))})
    stage.run()
    assert stage.shares()[SPY] == 1
    stage.on(DAYS[1]).between = Overlooking
    with pytest.raises(SourceError, match="its answer is not whole"):
        stage.run()
    stage.between = lambda broker: broker
    stage.run()
    assert stage.record().run.status == "success"


class Unlisting(Between):
    """Its list of orders stays empty; asked by its id, an order is there."""

    def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
        return {}


def test_an_order_that_no_list_shows_is_looked_up_by_its_id_at_the_end(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"A": (hold(SPY), percent("A", 99))})
    stage.between = Unlisting
    stage.run()
    record = stage.record()
    assert record.run.status == "success"
    assert [(order.state, order.filled) for order in record.orders] == [("filled", Decimal(198))]
    assert stage.shares() == {SPY: Decimal(198)}
