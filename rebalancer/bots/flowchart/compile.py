"""Compiles charts to the table of nodes that is evaluated; without recursion, so that any depth compiles."""

from collections.abc import Sequence
from typing import get_args

from rebalancer.bots.flowchart import nodes, tree
from rebalancer.bots.flowchart.draft import Draft, Root
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.rule import Rebalance
from rebalancer.model import BarField, BarsRead, Symbol
from rebalancer.model.text import listed

_OF_TICKER = get_args(nodes.OfTicker)  # a tuple is checked faster than a union


def compile_chart(chart: tree.Chart) -> Program:
    """The program of `chart`. Equal subtrees become one node; a group or a weight with one child becomes that child.

    Raises ValueError for an indicator of prices on anything but a ticker, which the readers refuse before.
    """
    draft = Draft()
    return _program(chart.name, draft, draft.compile(chart.root).node, chart.rebalance)


def compile_together(charts: Sequence[tree.Chart]) -> tuple[Program, tuple[Root, ...]]:
    """One program for all of `charts`, and the root of each in its table.

    What is equal in several charts is one node. The program's own root is that of the last chart.
    """
    draft = Draft()
    roots = tuple([draft.compile(chart.root) for chart in charts])
    return _program(listed([chart.name for chart in charts]), draft, roots[-1].node), roots


def _program(name: str, draft: Draft, root: int, rebalance: Rebalance = "daily") -> Program:
    table = tuple(draft.table)
    return Program(
        name=name,
        table=table,
        root=root,
        symbols=tuple(sorted({node.symbol for node in table if isinstance(node, _OF_TICKER)})),
        bars=_bars(table),
        groups=draft.groups,
        rebalance=rebalance,
    )


def _bars(table: Sequence[nodes.Node]) -> BarsRead:
    fields: dict[Symbol, set[BarField]] = {}
    for node in table:
        if isinstance(node, nodes.Bar):
            fields.setdefault(node.symbol, set()).add(node.field)
    return {symbol: tuple(sorted(fields[symbol])) for symbol in sorted(fields)}
