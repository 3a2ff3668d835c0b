"""The children that the filters on one day's way leave out, because their histories are too short for a score."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.decided import Decided
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.splits import dropped, scores_of
from rebalancer.bots.flowchart.wording import Wording
from rebalancer.model import Symbol


class LeftOut(NamedTuple):
    """`child` is left out by the filter `chooser`, since its `score` is undefined: indices in the program's table."""

    chooser: nodes.TopK
    child: int
    score: int


def left_out(program: Program, values: Decided, day: int) -> Iterator[LeftOut]:
    """Those of every filter that the decision of row `day` reaches."""
    if not any(isinstance(node, nodes.TopK) for node in program.table):
        return
    words, reached = Wording(program, values, day), {program.root}
    for index in reversed(range(program.root + 1)):
        node = program.table[index]
        if index not in reached or not isinstance(node, nodes.Split):
            continue
        reached.update(child for child, part in zip(node.children, words.fractions(node), strict=True) if part > 0)
        if isinstance(node, nodes.TopK):
            yield from (LeftOut(node, node.children[place], node.scores[place]) for place in _places(node, words))


def _places(node: nodes.TopK, words: Wording) -> list[int]:
    if words.values is None:
        return []
    days = np.array([words.day])
    marks = dropped(node, words.values, days, scores_of(node, words.values, days))
    places: list[int] = np.flatnonzero(marks[:, 0]).tolist()
    return places


def without_a_price(program: Program, values: Decided, one: LeftOut) -> Symbol | None:
    """A ticker that the score reads and that has no close on the last row: it may be missing, not late."""
    stack, seen = [one.score], set[int]()
    while stack:
        index = stack.pop()
        node = program.table[index]
        if isinstance(node, nodes.OfTicker) and np.isnan(values.on_all_days.closes_of(node.symbol)[-1]):
            return node.symbol
        operands = [operand for operand in nodes.operands(node) if operand not in seen]
        seen.update(operands)
        stack.extend(reversed(operands))
    return None
