"""The path that one day's decision took through a chart, and what about its prices is worth a warning."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

import numpy as np

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.columns import columns_of
from rebalancer.bots.flowchart.decided import Decided
from rebalancer.bots.flowchart.indicators import INDICATORS, prices_advised, prices_needed
from rebalancer.bots.flowchart.indicators.rolling import runs
from rebalancer.bots.flowchart.left_out import left_out, without_a_price
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.undefined import named, why_undefined
from rebalancer.bots.flowchart.wording import IndentedLine, Place, Visit, Wording, number, percent
from rebalancer.bots.own_prices import missing_bars, missing_closes, own_bars
from rebalancer.model import Closes

_DEEPEST_INDENT = 12


def gaps(program: Program, closes: Closes, values: Decided) -> tuple[str, ...]:
    """Warnings about the last day: what is missing within the look-back, then indicators that are still warming up.

    The decision itself may not have needed them.
    """
    most, columns = min(program.lookback, len(closes.sessions)), columns_of(closes)
    missing = [*missing_closes({each: columns.closes(each, most) for each in program.symbols}, closes, most)]
    if program.bars:
        recent = closes.last(most)
        missing += missing_bars(own_bars(program.name, program.bars, recent), recent, most)
    return (*missing, *_warming_up(program, values))


def _warming_up(program: Program, values: Decided) -> Iterator[str]:
    settling = [
        (index, node)
        for index, node in enumerate(program.table)
        if isinstance(node, nodes.Series) and INDICATORS[node.function].settled
    ]
    if settling:
        in_a_row = cache(lambda source, most: int(runs(values.recent(source, most))[-1]))
        for index, node in settling:
            advised = prices_advised(node.function, node.parameters)
            have, source = min((in_a_row(source, advised), source) for source in node.sources)
            if prices_needed(node.function, node.parameters) <= have < advised:
                what = named(program.table[source])
                yield f"{program.label(index)} is still warming up: {have} of {advised} {what}s"


def warn_left_out(program: Program, closes: Closes, values: Decided, day: int) -> Iterator[str]:
    """A sentence for each child that a filter on the way of row `day` leaves out."""
    words = Wording(program, values, day)
    for one in left_out(program, values, day):
        reason = why_undefined(program, closes, values.on_all_days, day, one.score)
        yield f"the {words.ranking(one.chooser)} leave out {program.label(one.child)}: {reason}"


def why_too_little_tonight(program: Program, values: Decided) -> str | None:
    """The first ticker without a price tonight that a filter on tonight's way would leave out as too short; or None."""
    for one in left_out(program, values, -1):
        if ticker := without_a_price(program, values, one):
            chooser = Wording(program).ranking(one.chooser)
            return f"{ticker} has no price tonight, and the {chooser} can't tell a missing price from a late beginning"
    return None


def explain(program: Program, closes: Closes, values: Decided, day: int) -> tuple[str, ...]:
    """The path taken on row `day`, a line a step, with the values that decided and how far each gate is from flipping.

    Such as `RSI(SPY,10) = 81.2 > 79 (by 2.2) -> TBILL 100 %`. Percentages are of the whole bot. A node that is reached
    twice is written out once. Where the decision is undefined, the last line says why.
    """
    return tuple(line.text for line in steps(program, closes, values, day))


def steps(program: Program, closes: Closes, values: Decided, day: int) -> tuple[IndentedLine, ...]:
    """The lines of `explain`, indented, each with the gate that it begins to describe."""

    def why(score: int | None = None) -> str:
        return why_undefined(program, closes, values.on_all_days, day, score)

    words = Wording(program, values, day)
    lines: list[IndentedLine] = []
    written: set[int] = set()
    stack: list[IndentedLine | Visit] = [Visit(program.root, 1.0)]
    while stack:
        item = stack.pop()
        if isinstance(item, IndentedLine):
            lines.append(item)
            continue
        node = program.table[item.node]
        if isinstance(node, nodes.Split) and item.node not in written:
            written.add(item.node)
            stack.extend(reversed(list(_split(node, item, words, why))))
        else:
            again = "as above: " if item.node in written else ""
            lines.append(IndentedLine(item.level, again + words.share(item.node, item.amount)))
    if np.isnan(values.weights[day]).any():
        lines.append(IndentedLine(0, f"undefined: {why()}"))
    return tuple([_indented(line) for line in lines])


def _indented(line: IndentedLine) -> IndentedLine:
    return line._replace(text="  " * min(line.level, _DEEPEST_INDENT) + line.text) if line.level else line


def _split(
    node: nodes.Split, visit: Visit, words: Wording, why: Callable[[int], str]
) -> Iterator[IndentedLine | Visit]:
    """The lines of one node. Nodes below come back as visits, so that nothing recurses."""
    split = zip(node.children, words.fractions(node), strict=True)
    children = [Visit(child, visit.amount * fraction, level=visit.level) for child, fraction in split]
    match node:
        case nodes.Branch(condition):
            yield from _gate(visit.node, list(words.gate(condition)), children, words)
        case nodes.Switch(conditions):
            lines = [IndentedLine(0, words.choice(node)), *words.gates(conditions)]
            yield from _gate(visit.node, lines, children, words)
        case nodes.Mix():
            yield IndentedLine(visit.level, words.mix(node), gate=visit.node)
            yield from _shares([child for child in children if child.amount > 0], words)
        case nodes.Shared(conditions=conditions):
            yield IndentedLine(visit.level, words.choice(node), gate=visit.node)
            yield from (IndentedLine(visit.level + line.level, line.text) for line in words.gates(conditions))
            yield from _shares([child for child in children if child.amount > 0], words)
        case nodes.Blend():
            yield from _shares(children, words)
        case nodes.TopK() | nodes.InverseVol() | nodes.ProVol():
            yield from _ranking(visit.node, node, children, words, why)


def _shares(children: Sequence[Visit], words: Wording) -> Iterator[IndentedLine | Visit]:
    for child in children:
        yield IndentedLine(child.level, words.share(child.node, child.amount))
        yield from _inside(child, words)


def _gate(
    gate: int, condition: Sequence[IndentedLine], branches: Sequence[Visit], words: Wording
) -> Iterator[IndentedLine | Visit]:
    """The condition and the branch it leads to, a leaf on the same line. Nested gates are not indented further."""
    level, (first, *rest) = branches[0].level, condition
    taken = [branch for branch in branches if branch.amount > 0]
    leaves = [words.share(branch.node, branch.amount) for branch in taken if not _is_split(branch, words)]
    yield IndentedLine(level, " -> ".join([first.text, *leaves]), gate=gate)
    for line in rest:
        yield IndentedLine(level + line.level, line.text)
    if not leaves:
        yield from taken


def _ranking(
    index: int, node: nodes.Ranking, children: Sequence[Visit], words: Wording, why: Callable[[int], str]
) -> Iterator[IndentedLine | Visit]:
    """Every child with its score and what it gets; the best first where they compete."""
    yield IndentedLine(children[0].level, words.ranking(node), gate=index if isinstance(node, nodes.TopK) else None)
    places: Iterable[Place] = (Place(child, tied=False, dropped=False) for child in range(len(children)))
    if isinstance(node, nodes.TopK) and words.values:
        places = words.places(node, words.values)
    for place in places:
        child, score = children[place.child], node.scores[place.child]
        gets = f" -> {percent(child.amount)}" if child.amount > 0 else ""
        tie = " (a tie: the order of the file decides)" if place.tied else ""
        stands = f" is left out: {why(score)}" if place.dropped else f" = {number(words.value(score))}{gets}{tie}"
        yield IndentedLine(child.level + 1, words.program.label(child.node) + stands)
        yield from _inside(child, words, deeper=2)


def _inside(child: Visit, words: Wording, deeper: int = 1) -> Iterator[Visit]:
    if child.amount > 0 and _is_split(child, words):
        yield child._replace(level=child.level + deeper)


def _is_split(visit: Visit, words: Wording) -> bool:
    return isinstance(words.program.table[visit.node], nodes.Split)
