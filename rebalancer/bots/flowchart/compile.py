"""Compiles a chart to the table of nodes that is evaluated; without recursion, so that any depth compiles."""

from collections.abc import Sequence

from rebalancer.bots.flowchart import nodes, tree
from rebalancer.bots.flowchart.draft import Draft
from rebalancer.bots.flowchart.indicators import INDICATORS, prices_advised, prices_needed
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.sessions import sessions_needed
from rebalancer.bots.flowchart.walk import leaves_first
from rebalancer.model import BarField, BarsRead, Symbol


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
        symbols=tuple(sorted({node.symbol for node in table if isinstance(node, nodes.OfTicker)})),
        bars=_bars(table),
        lookback=sessions_needed(table, prices_needed)[root],
        warm_up=sessions_needed(table, prices_advised)[root],
        path_dependent=any(_remembers(table[index]) for index in _reads(table, root)),
        groups=draft.groups,
        rebalance=chart.rebalance,
    )


def _remembers(node: nodes.Node) -> bool:
    """Whether its values never cease to depend on where the history begins."""
    return isinstance(node, nodes.Latch) or (isinstance(node, nodes.Series) and INDICATORS[node.function].whole_history)


def _reads(table: Sequence[nodes.Node], root: int) -> set[int]:
    """The nodes that `root` is computed from, itself among them."""
    found, stack = set[int](), [root]
    while stack:
        if (index := stack.pop()) not in found:
            found.add(index)
            stack.extend(nodes.operands(table[index]))
    return found


def _bars(table: Sequence[nodes.Node]) -> BarsRead:
    fields: dict[Symbol, set[BarField]] = {}
    for node in table:
        if isinstance(node, nodes.Bar):
            fields.setdefault(node.symbol, set()).add(node.field)
    return {symbol: tuple(sorted(fields[symbol])) for symbol in sorted(fields)}
