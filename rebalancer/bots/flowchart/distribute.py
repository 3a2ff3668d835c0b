"""From the root down: each node distributes what it receives among its children, on the days on which it receives any.

Most nodes receive the same fraction on all of their days: these are a set of bits, which a condition divides in one
operation. Where fractions differ by the day, they are an array beside those days.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import Protocol, cast

import numpy as np

from rebalancer.bots.day_sets import days_of, marked
from rebalancer.bots.decisions import ByDay, Decisions, Part, add, added
from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.splits import Days, Values, fractions
from rebalancer.model import Floats

Places = Sequence[int] | Mapping[int, int]
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


def distributed(values: Computed, root: int, asked: int, places: Places) -> Decisions:
    """What each ticker receives on the days of the set `asked`; every other day is undecided.

    `places` are those of the nodes in a table of this chart alone, so that no other chart changes the order of a sum.
    """
    flow = _Flow(values, root, asked, places)
    flow.run()
    held = {}
    for index, parts in flow.received.items():
        if isinstance(leaf := values.table[index], nodes.Hold):
            held[leaf.symbol] = parts
    undecided = ((1 << values.length) - 1) & ~asked | flow.undefined
    return Decisions(values.length, held, marked(undecided, values.length).nonzero()[0])


class _Flow:
    """What each node receives and has not passed on; after `run` these are the leaves.

    Parents pass on before their children: from the end of the table, where children stand before their parents.
    `undefined` are the days on which a split is.
    """

    def __init__(self, values: Computed, root: int, asked: int, places: Places) -> None:
        self._values, self._places = values, places
        self.received: dict[int, list[Part]] = {root: [(asked, 1.0)]} if asked else {}
        self._waiting = [
            (-places[index], index) for index in self.received if not isinstance(values.table[index], nodes.LEAVES)
        ]
        self.undefined = 0

    def run(self) -> None:
        table, places, received, waiting = self._values.table, self._places, self.received, self._waiting
        while waiting:
            _, index = heappop(waiting)
            split = cast("nodes.Split", table[index])  # no leaf waits
            for child, part in self._passed(split, received.pop(index)):
                if child in received:
                    add(received[child], part)
                    continue
                received[child] = [part]
                if not isinstance(table[child], nodes.LEAVES):
                    heappush(waiting, (-places[child], child))

    def _passed(self, node: nodes.Split, parts: list[Part]) -> Iterable[tuple[int, Part]]:
        if len(parts) > 1 or isinstance(parts[0], ByDay):
            joined = _joined(parts, self._values.length)
            return self._by_day(node, *joined) if joined else ()
        days, amount = parts[0]
        if isinstance(node, nodes.Branch):
            return self._branched(node, days, amount)
        if isinstance(node, nodes.Blend):
            return [(child, (days, amount * part)) for child, part in zip(node.children, node.weights, strict=True)]
        return self._by_day(node, marked(days, self._values.length).nonzero()[0], amount)

    def _branched(self, node: nodes.Branch, days: int, amount: float) -> Iterable[tuple[int, Part]]:
        yes, no = self._values.answers(node.condition)
        then, otherwise = yes & days, no & days
        first, second = node.children
        if not otherwise and then == days:
            return ((first, (then, amount)),)
        self.undefined |= days ^ (then | otherwise)
        return [(child, (part, amount)) for child, part in ((first, then), (second, otherwise)) if part]

    def _by_day(self, node: nodes.Split, days: Days, amounts: Floats | float) -> Iterator[tuple[int, Part]]:
        split = fractions(node, self._values, days)
        undefined = np.isnan(split[0])
        if undefined.any():
            marks = np.zeros(self._values.length, dtype=np.bool_)
            marks[days[undefined]] = True
            self.undefined |= days_of(marks)
            defined = np.flatnonzero(~undefined)
            days, split = days.take(defined), split.take(defined, axis=1)
            amounts = amounts if isinstance(amounts, float) else amounts.take(defined)
        if days.size:
            split *= amounts
            yield from zip(node.children, _rows(days, split), strict=True)


def _rows(days: Days, amounts: Floats) -> Iterable[ByDay]:
    """A part for each row of `amounts` (K, D); of many children, of which few receive anything, the days of each."""
    # Some child receives something on each day, so that of a few children not too few amounts are above 0.
    if len(amounts) < SPARSE or SPARSE * np.count_nonzero(amounts) > amounts.size:
        return [ByDay(days, row) for row in amounts]
    places = (row.nonzero()[0] for row in amounts)
    return [ByDay(days.take(some), row.take(some)) for some, row in zip(places, amounts, strict=True)]


def _joined(parts: list[Part], length: int) -> ByDay | None:
    """What several parents allocate to one node; None where all of it is 0."""
    total = added(parts, length)
    days = total.nonzero()[0]
    return ByDay(days, total.take(days)) if days.size else None
