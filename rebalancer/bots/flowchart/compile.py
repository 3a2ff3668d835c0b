"""Compiles a chart to the table of nodes that is evaluated; without recursion, so that any depth compiles."""

from collections.abc import Sequence
from typing import get_args

from rebalancer.bots.flowchart import nodes, tree
from rebalancer.bots.flowchart.draft import Draft
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.walk import leaves_first
from rebalancer.model import BarField, BarsRead, Symbol

_OF_TICKER = get_args(nodes.OfTicker)  # a tuple is checked faster than a union


def compile_chart(chart: tree.Chart) -> Program:
    """The program of `chart`. Equal subtrees become one node; a group or a weight with one child becomes that child.

    Raises ValueError for an indicator of prices on anything but a ticker, which the readers refuse before.
    """
    draft = Draft()
    for element in leaves_first(chart.root):
        draft.done[element] = draft.compiled(element)
    table, root = tuple(draft.table), draft.done[chart.root]
    return Program(
        name=chart.name,
        table=table,
        root=root,
        symbols=tuple(sorted({node.symbol for node in table if isinstance(node, _OF_TICKER)})),
        bars=_bars(table),
        groups=draft.groups,
        rebalance=chart.rebalance,
    )


def _bars(table: Sequence[nodes.Node]) -> BarsRead:
    fields: dict[Symbol, set[BarField]] = {}
    for node in table:
        if isinstance(node, nodes.Bar):
            fields.setdefault(node.symbol, set()).add(node.field)
    return {symbol: tuple(sorted(fields[symbol])) for symbol in sorted(fields)}
