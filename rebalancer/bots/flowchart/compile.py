"""Compiles charts, of any depth, to the table of nodes that is evaluated."""

from collections.abc import Sequence

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.draft import Draft, Root
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.rule import Rebalance
from rebalancer.model.text import listed


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
    symbols, bars = draft.read()
    return Program(name, tuple(draft.table), root, symbols, bars, draft.groups, rebalance)
