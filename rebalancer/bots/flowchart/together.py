"""Many charts at once: their nodes in one table, in which what several of them read or compare is one node.

A chart decides as it does alone, to the last bit: an indicator's values do not depend on what is computed beside them.
"""

from collections.abc import Iterator, Sequence

from rebalancer.bots.decisions import Decisions
from rebalancer.bots.flowchart import nodes, tree
from rebalancer.bots.flowchart.beginning import beginning
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.compile import compile_together
from rebalancer.bots.flowchart.distribute import distributed
from rebalancer.bots.flowchart.evaluate import Values
from rebalancer.bots.flowchart.rebalance import holdings
from rebalancer.model import Closes

MANY_VALUES = 32_000_000
"""Indicators times sessions that are kept at a time: 256 MB if no two charts had an indicator in common."""


def decide_together(charts: Sequence[tree.Chart], closes: Closes) -> Iterator[Decisions]:
    """What each chart decides to hold at every close, in their order.

    Raises ValueError where `closes` has no column for one of their symbols.
    """
    program, roots = compile_together(charts)
    values = Values(program.name, program.table, program.symbols, program.bars, closes)
    values.compute_indicators()
    every = (1 << values.length) - 1
    for chart, root in zip(charts, roots, strict=True):
        targets = distributed(values, root.node, every, root.places)
        if chart.rebalance == "daily":
            yield targets
        else:
            yield holdings(chart.rebalance, targets, values.own, beginning(values, root.node).row)
    values.series.clear()  # `values` is part of a cycle, which would keep them until garbage is collected


def fits(bot: FlowchartBot) -> bool:
    """Whether all closes count for it: it has no day of its own that its history begins on.

    A chart without tickers is asked alone: it is in cash, also where a split of cash is undefined.
    """
    return not bot.program.path_dependent and bool(bot.symbols)


def decisions_of(bots: Sequence[FlowchartBot], closes: Closes) -> Iterator[Decisions]:
    """The decisions of `bots` that fit together, in their order; as many at a time as memory allows."""
    most, some, values = MANY_VALUES // max(len(closes.sessions), 1), list[tree.Chart](), 0
    for bot in bots:
        own = sum(isinstance(node, nodes.Series) for node in bot.program.table)
        if some and values + own > most:
            yield from decide_together(some, closes)
            some, values = [], 0
        some.append(bot.chart)
        values += own
    if some:
        yield from decide_together(some, closes)
