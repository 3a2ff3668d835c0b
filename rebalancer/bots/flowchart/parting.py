"""Where the way of one day's decision parts from another decision for the same day: the gate that explains it best."""

from collections.abc import Iterator, Mapping
from functools import reduce
from math import inf, isfinite
from operator import or_
from typing import NamedTuple

import numpy as np

from rebalancer.bots.base import Alike
from rebalancer.bots.findings import ComparedValues, Parting
from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.evaluate import Evaluation, evaluate
from rebalancer.bots.flowchart.explain import steps
from rebalancer.bots.flowchart.flip import Gate, conditions_of, flips
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.splits import fractions
from rebalancer.bots.flowchart.what_if import operands_of
from rebalancer.bots.flowchart.wording import Wording
from rebalancer.model import Closes, Flip, Floats, Symbol, Weights

_GIVES, _COULD_GIVE, _NEITHER = range(3)


class _Other(NamedTuple):
    """`gate` going another way: the weights that gives, None where they are undefined, and whether they are the others.

    They sort by how well they explain the other decision, then by how near they are to it.
    """

    explains: int
    move: float
    step: int
    gate: int
    weights: Weights | None
    flip: Flip


def same_tickers(one: Weights, other: Weights) -> bool:
    first, second = ({name for name, weight in weights.items() if weight > 0} for weights in (one, other))
    return first == second


def parting(program: Program, closes: Closes, other: Weights, alike: Alike) -> Parting | None:
    """The gate on the way of the last day that best explains the decision `other`; None where the way has no gate.

    First come gates whose other branch alone gives `other`, then those whose other branch could hold what only `other`
    holds, then the rest; among these the one that the smallest move of a price flips, and else the last on the way.
    """
    last = len(closes.sessions) - 1
    values = evaluate(program, closes, last)
    ours = _weights(program, values, {})
    found = [] if ours is None else list(_others(program, closes, values, ours, other, alike))
    if not found:
        return None
    best = min(found, key=lambda each: (each.explains, each.move, -each.step))
    return Parting(
        day=closes.day(-1),
        lines=tuple(_lines(program, values, best.gate)),
        compared=tuple(_compared(program, values, best.gate)),
        flip=best.flip,
        otherwise=best.weights,
        gives_it=best.explains == _GIVES,
    )


def _others(
    program: Program, closes: Closes, values: Evaluation, ours: Weights, other: Weights, alike: Alike
) -> Iterator[_Other]:
    path = steps(program, closes, values, len(closes.sessions) - 1)
    holdable, missing = _holdable(program), {name for name in other if name not in ours}
    for flip in flips(program, closes, values, path):
        gate, move = path[flip.step].gate, inf if flip.move is None else abs(float(flip.move))
        if gate is None:
            continue
        for split in _other_ways(program, program.table[gate], values):
            weights = _weights(program, values, {gate: split})
            children = getattr(program.table[gate], "children", ())
            within = reduce(or_, (holdable[children[place]] for place in np.flatnonzero(split)), set[Symbol]())
            could = _COULD_GIVE if missing and missing <= within else _NEITHER
            explains = _GIVES if weights is not None and alike(weights, other) else could
            yield _Other(explains, move, flip.step, gate, weights, flip)


def _other_ways(program: Program, node: nodes.Node, values: Evaluation) -> Iterator[Floats]:
    """What the children of a gate would get if it went the next other way."""
    if not isinstance(node, Gate):
        return
    split = fractions(node, values, np.array([-1]))[:, 0]
    match node:
        case nodes.Branch():
            yield split[::-1]
        case nodes.Switch():
            yield from (np.roll(split, step) for step in (1, -1) if split[-1 if step > 0 else 0] == 0)
        case nodes.TopK():
            if cut := _at_the_cut(program, node, values):
                last, first = cut
                other = split.copy()
                other[[last, first]] = split[[first, last]]
                yield other


def _at_the_cut(program: Program, node: nodes.TopK, values: Evaluation) -> tuple[int, int] | None:
    """The last child that is taken and the first that is not; None where all that have a score are taken."""
    places = [place.child for place in Wording(program, values).places(node, values) if not place.dropped]
    return (places[node.count - 1], places[node.count]) if len(places) > node.count else None


def _weights(program: Program, values: Evaluation, forced: Mapping[int, Floats]) -> Weights | None:
    """The decision of the last row, if each gate in `forced` split so; None where it is undefined."""
    amounts, weights = {program.root: 1.0}, dict[Symbol, float]()
    for index in reversed(range(program.root + 1)):
        node, amount = program.table[index], amounts.get(index, 0.0)
        if not amount > 0:
            continue
        if isinstance(node, nodes.Hold):
            weights[node.symbol] = amount
        elif isinstance(node, nodes.Split):
            split = forced.get(index)
            split = fractions(node, values, np.array([-1]))[:, 0] if split is None else split
            if np.isnan(split).any():
                return None
            for child, part in zip(node.children, split.tolist(), strict=True):
                amounts[child] = amounts.get(child, 0.0) + amount * part
    return weights


def _holdable(program: Program) -> list[set[Symbol]]:
    """By node, the tickers that it can hold, whichever way it goes."""
    found: list[set[Symbol]] = []
    for node in program.table:
        if isinstance(node, nodes.Hold):
            found.append({node.symbol})
        else:
            children = node.children if isinstance(node, nodes.Split) else ()
            found.append(set[Symbol]().union(*(found[child] for child in children)))
    return found


def _lines(program: Program, values: Evaluation, gate: int) -> Iterator[str]:
    words, node = Wording(program, values), program.table[gate]
    for line in words.heading(gate):
        yield "  " * line.level + line.text
    if isinstance(node, nodes.TopK) and (cut := _at_the_cut(program, node, values)):
        for child, stands in zip(cut, ("the last taken", "the first not taken"), strict=True):
            score = words.value(node.scores[child])
            yield f"  {program.label(node.children[child])} = {score:.10g}, {stands}"


def _compared(program: Program, values: Evaluation, gate: int) -> Iterator[ComparedValues]:
    node = program.table[gate]
    if isinstance(node, nodes.TopK):
        if cut := _at_the_cut(program, node, values):
            yield _pair(program, values, node.scores[cut[0]], node.scores[cut[1]])
    elif isinstance(node, Gate):
        for index in sorted(set[int]().union(*(operands_of(program.table, each) for each in conditions_of(node)))):
            if isinstance(compared := program.table[index], nodes.Inequality):
                yield _pair(program, values, compared.left, compared.right)


def _pair(program: Program, values: Evaluation, left: int, right: int) -> ComparedValues:
    one, other = (float(values.series[each][-1]) for each in (left, right))
    return ComparedValues(
        program.label(left),
        one if isfinite(one) else None,
        program.label(right),
        other if isfinite(other) else None,
    )
