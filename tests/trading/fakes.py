"""Brokers and journals that misbehave in one way: they lose answers, fail, or let something happen meanwhile."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from rebalancer.errors import RebalancerError, RunFailedError
from rebalancer.events import Event
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
    Venue,
)
from rebalancer.ports import Broker, Journal

Fails = Callable[[str, Callable[[], Any]], Any]


@dataclass
class BrokerProxy:
    """Passes every call on to the broker; a test overrides the calls that it changes."""

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


class NonIdempotentBroker(BrokerProxy):
    """Order ids are not idempotent, so that nothing may be resent."""

    @property
    def venue(self) -> Venue:
        return replace(self.real.venue, idempotent_ids=False)


@dataclass
class Meanwhile(BrokerProxy):
    """`happens` just before, or `after`, the first order of `side` reaches the broker; its answer may be `lost`."""

    side: str
    happens: Callable[[], object]
    after: bool = False
    lost: bool = False
    done: list[Order] = field(default_factory=list)

    def submit(self, order: Order) -> Submitted:
        if self.done or order.side != self.side:
            return self.real.submit(order)
        self.done.append(order)
        if not self.after:
            self.happens()
        answer = Unknown("no complete answer") if self.lost else self.real.submit(order)
        if self.after:
            self.happens()
        return answer


def meanwhile(side: str, happens: Callable[[], object], **more: bool) -> Callable[[BrokerProxy], Meanwhile]:
    return lambda broker: Meanwhile(broker, side, happens, **more)


@dataclass
class FullDiskJournal:
    """A journal whose disk is full for the events that `breaks` accepts."""

    real: Journal
    breaks: Callable[[Event], bool]

    def record(self, run: RunId, *events: Event) -> None:
        if any(map(self.breaks, events)):
            raise RunFailedError("the disk is full")
        self.real.record(run, *events)

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


@dataclass
class FailingProxy:
    """Passes calls on to `inner`; the `nth` call of `names` (of any method where None) is made by `fails` instead."""

    inner: Any
    nth: int
    fails: Fails
    names: frozenset[str] | None = None
    calls: list[str] = field(default_factory=list)
    raised: bool = False

    @property
    def met(self) -> bool:
        return len(self.calls) >= self.nth

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if not callable(found) or (self.names and name not in self.names):
            return found

        def call(*words: Any) -> Any:
            self.calls.append(name)
            whole = partial(found, *words)
            try:
                return self.fails(name, whole) if len(self.calls) == self.nth else whole()
            except RebalancerError:
                self.raised = True
                raise

        return call


class PowerCut(BaseException):
    """The process ends here; no handler of the program catches it."""


@dataclass
class PowerCutProxy:
    """A broker or journal: the process ends at the n-th call of the named `methods`, before it or `after` it."""

    real: Any
    methods: frozenset[str]
    at: int
    after: bool = False
    calls: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.real, name)
        return self._cutting(name, found) if name in self.methods else found

    def _cutting(self, name: str, call: Any) -> Any:
        def cut(*args: Any) -> Any:
            self.calls.append(name)
            if len(self.calls) == self.at and not self.after:
                raise PowerCut
            answer = call(*args)
            if len(self.calls) == self.at:
                raise PowerCut
            return answer

        return cut
