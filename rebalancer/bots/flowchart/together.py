"""Many charts at once: their nodes in one table, in which what several of them read or compare is one node.

A chart decides as it does alone, to the last bit: an indicator's values do not depend on what is computed beside them.
"""

from collections.abc import Iterator, Sequence

from rebalancer.bots.decisions import Decisions
from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.compile import compile_together
from rebalancer.bots.flowchart.distribute import distributed
from rebalancer.bots.flowchart.evaluate import Values
from rebalancer.model import Closes


def decide_together(charts: Sequence[tree.Chart], closes: Closes) -> Iterator[Decisions]:
    """The targets of each chart at every close, in their order.

    Raises ValueError where `closes` has no column for one of their symbols.
    """
    program, roots = compile_together(charts)
    values = Values(program.name, program.table, program.symbols, program.bars, closes)
    values.compute_indicators()
    asked = (1 << values.length) - 1
    for root in roots:
        yield distributed(values, root, asked)
