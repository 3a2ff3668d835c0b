"""From the root down: each node distributes what it receives among its children, on the days on which it receives any.

So a node costs what the days on its way cost, and a comparison is made on those days alone.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

import numpy as np

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.conditions import NO, ORDERINGS, YES
from rebalancer.bots.flowchart.splits import Days, Values, fractions
from rebalancer.model import Floats, Symbol

Inflow = tuple[Days, Floats]
"""Some days (D,), ascending, and the fraction of the whole that a node receives on each of them (D,), above 0."""


class Computed(Values, Protocol):
    """The values of the nodes of `table` on all of the `length` days."""

    @property
    def table(self) -> tuple[nodes.Node, ...]: ...

    @property
    def length(self) -> int: ...


def distributed(values: Computed, order: Iterable[int], root: int, asked: Days) -> tuple[dict[Symbol, Inflow], Days]:
    """What each ticker receives on the days `asked`, and the days on which that is undefined.

    `order` has the nodes that `root` is computed from, parents before their children; others do no harm.
    """
    held: dict[Symbol, Inflow] = {}
    undefined: list[Days] = []
    inflows: dict[int, list[Inflow]] = {root: [(asked, np.ones(len(asked)))]}
    for index in order:
        if (received := inflows.pop(index, None)) is None:
            continue
        node, (days, amounts) = values.table[index], _together(received, values.length)
        if isinstance(node, nodes.Hold):
            held[node.symbol] = days, amounts
        elif isinstance(node, nodes.Split):
            passed, unknown = _passed(node, values, days, amounts)
            for child, inflow in passed:
                inflows.setdefault(child, []).append(inflow)
            if unknown.size:
                undefined.append(unknown)
    return held, np.concatenate(undefined) if undefined else asked[:0]


def _passed(node: nodes.Split, values: Computed, days: Days, amounts: Floats) -> tuple[list[tuple[int, Inflow]], Days]:
    """What the children of `node` receive, and the days on which that is undefined."""
    if isinstance(node, nodes.Branch):
        parts = _chosen(values, node.condition, days)
        unknown = days[:0] if sum(map(len, parts)) == len(days) else np.delete(days, np.concatenate(parts))
        chosen = zip(node.children, parts, strict=True)
        return [(child, (days[rows], amounts[rows])) for child, rows in chosen if rows.size], unknown
    split = fractions(node, values, days)
    passed = []
    for child, amount in zip(node.children, amounts * split, strict=True):
        taken = amount > 0
        if taken.any():
            passed.append((child, (days, amount) if taken.all() else (days[taken], amount[taken])))
    return passed, days[np.isnan(split[0])]


def _chosen(values: Computed, condition: int, days: Days) -> tuple[Days, Days]:
    """The places in `days` at which `condition` is true, and those at which it is false."""
    node = values.table[condition]
    if not isinstance(node, nodes.Inequality) or condition in values.truths:
        truth = values.truths[condition][days]
        return np.flatnonzero(truth == YES), np.flatnonzero(truth == NO)
    is_yes, is_no = ORDERINGS[node.comparator]
    left, right = (_on(values, operand, days) for operand in (node.left, node.right))
    return np.flatnonzero(is_yes(left, right)), np.flatnonzero(is_no(left, right))


def _on(values: Computed, series: int, days: Days) -> Floats:
    node = values.table[series]
    return np.full(len(days), node.value) if isinstance(node, nodes.Number) else values.series[series][days]


def _together(parts: list[Inflow], length: int) -> Inflow:
    """The amounts that several parents allocate to one node, summed by day."""
    if len(parts) == 1:
        return parts[0]
    days, amounts = (np.concatenate(column) for column in zip(*parts, strict=True))
    total = np.asarray(np.bincount(days, amounts, minlength=length), dtype=np.float64)
    reached = np.flatnonzero(total)
    return reached, total[reached]


def as_weights(
    held: Mapping[Symbol, Inflow], undefined: Days, symbols: tuple[Symbol, ...], asked: Days, length: int
) -> Floats:
    """Weights (T, N) over `symbols`, a column of them together in memory; NaN where undefined or not asked for."""
    rows = np.zeros((len(symbols), length)) if len(asked) == length else np.full((len(symbols), length), np.nan)
    if len(asked) < length:
        rows[:, asked] = 0.0
    columns = {symbol: column for column, symbol in enumerate(symbols)}
    for symbol, (days, amounts) in held.items():
        # Rounding: fractions split and added up again may exceed 1 by an ulp.
        rows[columns[symbol], days] = np.minimum(amounts, 1)
    if undefined.size:
        rows[:, undefined] = np.nan
    return rows.T
