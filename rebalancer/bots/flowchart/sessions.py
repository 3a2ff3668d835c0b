"""How many sessions the nodes of a chart need, and from which row on everything that they may need exists."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.indicators import prices_needed
from rebalancer.model import Floats, Symbol

NEVER = 1 << 40
"""A row that no price history reaches."""


def sessions_needed(
    table: Sequence[nodes.Node],
    prices: Callable[[str, tuple[float, ...]], int],
    before: Mapping[Symbol, int] | None = None,
) -> list[int]:
    """The number of sessions that each node's first value needs, where an indicator needs `prices` in a row.

    Of a symbol, `before` sessions have no close. A simulated value takes one session more: after a return that is
    unknown it begins one session later.
    """
    needed: list[int] = []
    for node in table:
        if isinstance(node, nodes.OfTicker):
            needed.append(1 + (before or {}).get(node.symbol, 0))
        else:
            most = max((needed[operand] for operand in nodes.operands(node)), default=1)
            needed.append(most + further_back(node, prices))
    return needed


def closes_needed(table: Sequence[nodes.Node], root: int) -> Mapping[Symbol, int]:
    """How many closes of each symbol `table[root]` may need, whichever way a decision takes."""
    needed: dict[Symbol, int] = {}
    reach = {root: 1}
    for index in reversed(range(root + 1)):
        node, sessions = table[index], reach.get(index, 0)
        if isinstance(node, nodes.OfTicker) and sessions:
            needed[node.symbol] = max(needed.get(node.symbol, 0), sessions)
        for operand in nodes.operands(node) if sessions else ():
            reach[operand] = max(reach.get(operand, 0), sessions + further_back(node, prices_needed))
    return needed


def further_back(node: nodes.Node, prices: Callable[[str, tuple[float, ...]], int]) -> int:
    """How many sessions more than itself `node` needs of what it is computed from."""
    match node:
        case nodes.Series(function, parameters):
            return prices(function, parameters) - 1
        case nodes.ForDays(days):
            return days - 1
        case nodes.Earlier(days):
            return days
        case nodes.Rank(window=window):
            return window - 1
        case nodes.Nav():
            return 1
        case _:
            return 0


def complete_from(table: Sequence[nodes.Node], closes: Mapping[Symbol, Floats]) -> list[int]:
    """For each node the row from which on everything that it may need exists, whichever way a decision takes.

    `closes` are (T,) by symbol. NEVER and beyond, where a symbol has no close at all.
    """
    before = {symbol: first_close(column) for symbol, column in closes.items()}
    return [sessions - 1 for sessions in sessions_needed(table, prices_needed, before)]


def first_close(column: Floats) -> int:
    """Its row in `column` (T,); NEVER without one."""
    known = ~np.isnan(column)
    return int(known.argmax()) if known.any() else NEVER
