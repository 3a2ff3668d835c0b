"""From the root down: each node distributes what it receives among its children, on the days on which it receives any.

Most nodes receive the same fraction on all of their days: these are a set of bits, which a condition divides in one
operation. Where fractions differ by the day, they are an array beside those days.
"""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Protocol

import numpy as np

from rebalancer.bots.day_sets import days_of, marked
from rebalancer.bots.decisions import Alike, ByDay, Decisions, Part, add, added
from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.splits import Days, Values, fractions
from rebalancer.model import Floats, Symbol

SPARSE = 16
"""Where less than one amount in so many is above 0, only those are kept."""


class Computed(Values, Protocol):
    """The values of the nodes of `table` on all of the `length` days."""

    @property
    def table(self) -> tuple[nodes.Node, ...]: ...

    @property
    def length(self) -> int: ...

    def answers(self, condition: int) -> tuple[int, int]:
        """The sets of days on which `condition` is true, and on which it is false."""


def distributed(values: Computed, root: int, asked: int) -> Decisions:
    """What each ticker receives on the days of the set `asked`; every other day is undecided."""
    held: dict[Symbol, list[Part]] = {}
    flow = _Flow(values, root, asked)
    for node, parts in flow:
        if isinstance(node, nodes.Hold):
            held[node.symbol] = parts
        elif isinstance(node, nodes.Split):
            flow.split(node, parts)
    undecided = ((1 << values.length) - 1) & ~asked | flow.undefined
    return Decisions(values.length, held, marked(undecided, values.length).nonzero()[0])


class _Flow:
    """The nodes that receive anything, each with all that it receives, parents before their children.

    That is from the end of the table, where children stand before their parents. `undefined` are the days on which a
    split is.
    """

    def __init__(self, values: Computed, root: int, asked: int) -> None:
        self._values = values
        self._received: dict[int, list[Part]] = {root: [Alike(asked, 1.0)]} if asked else {}
        self._waiting = [-root]
        self.undefined = 0

    def __iter__(self) -> Iterator[tuple[nodes.Node, list[Part]]]:
        while self._received:
            index = -heappop(self._waiting)
            yield self._values.table[index], self._received.pop(index)

    def split(self, node: nodes.Split, parts: list[Part]) -> None:
        inflow = _joined(parts, self._values.length)
        for child, passed in self._passed(node, inflow) if inflow else ():
            if (received := self._received.get(child)) is None:
                self._received[child] = [passed]
                heappush(self._waiting, -child)
            else:
                add(received, passed)

    def _passed(self, node: nodes.Split, inflow: Part) -> Iterable[tuple[int, Part]]:
        if isinstance(inflow, ByDay):
            return self._by_day(node, *inflow)
        if isinstance(node, nodes.Branch):
            return self._branched(node, *inflow)
        if isinstance(node, nodes.Blend):
            days, amount = inflow
            return [
                (child, Alike(days, amount * part)) for child, part in zip(node.children, node.weights, strict=True)
            ]
        return self._by_day(node, marked(inflow.days, self._values.length).nonzero()[0], inflow.amount)

    def _branched(self, node: nodes.Branch, days: int, amount: float) -> list[tuple[int, Part]]:
        yes, no = self._values.answers(node.condition)
        parts = yes & days, no & days
        self.undefined |= days ^ (parts[0] | parts[1])
        return [(child, Alike(part, amount)) for child, part in zip(node.children, parts, strict=True) if part]

    def _by_day(self, node: nodes.Split, days: Days, amounts: Floats | float) -> Iterator[tuple[int, Part]]:
        split = fractions(node, self._values, days)
        undefined = np.isnan(split[0])
        if undefined.any():
            marks = np.zeros(self._values.length, dtype=np.bool_)
            marks[days[undefined]] = True
            self.undefined |= days_of(marks)
            days, split = days[~undefined], split[:, ~undefined]
            amounts = amounts if isinstance(amounts, float) else amounts[~undefined]
        if days.size:
            yield from zip(node.children, _rows(days, split * amounts), strict=True)


def _rows(days: Days, amounts: Floats) -> Iterator[ByDay]:
    """A part for each row of `amounts` (K, D); of many children, of which few receive anything, the days of each."""
    if SPARSE * np.count_nonzero(amounts) > amounts.size:
        return (ByDay(days, row) for row in amounts)
    places = (row.nonzero()[0] for row in amounts)
    return (ByDay(days.take(some), row.take(some)) for some, row in zip(places, amounts, strict=True))


def _joined(parts: list[Part], length: int) -> Part | None:
    """What several parents allocate to one node; None where all of it is 0."""
    if len(parts) == 1 and isinstance(parts[0], Alike):
        return parts[0]
    total = added(parts, length)
    days = total.nonzero()[0]
    return ByDay(days, total.take(days)) if days.size else None
