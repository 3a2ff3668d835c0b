"""The path that one day's decision took through a chart, why it is undefined, and which gaps are worth a warning."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from rebalancer.bots.base import missing_bars, missing_closes, own_bars, own_closes
from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.conditions import UNKNOWN, Truth
from rebalancer.bots.flowchart.evaluate import Evaluation
from rebalancer.bots.flowchart.indicators import INDICATORS, prices_advised, prices_needed
from rebalancer.bots.flowchart.indicators.rolling import runs
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.splits import fractions
from rebalancer.bots.flowchart.wording import IndentedLine, Visit, Wording, number, percent
from rebalancer.model import Closes, Floats
from rebalancer.model.text import counted

_DEEPEST_INDENT = 12


class NodeOnDay(NamedTuple):
    node: int
    day: int


def why_undefined(program: Program, closes: Closes, evaluation: Evaluation, day: int) -> str:
    """One sentence on the first undefined value, in the order of the chart, that the decision of row `day` needs.

    Raises ValueError where that decision is defined.
    """
    stack, seen = [NodeOnDay(program.root, day)], set[NodeOnDay]()
    while stack:
        current = stack.pop()
        causes = _causes(program.table, evaluation, current)
        if not causes and (current.day < 0 or isinstance(program.table[current.node], nodes.SeriesNode)):
            return reason(program, closes, evaluation, current)
        if current not in seen:
            seen.add(current)
            stack.extend(reversed(causes))
    raise ValueError(f"the decision of {program.name} on {closes.day(day)} is defined")


def gaps(program: Program, closes: Closes, evaluation: Evaluation) -> tuple[str, ...]:
    """Warnings about the last day: what is missing within the look-back, then indicators that are still warming up.

    The decision itself may not have needed them.
    """
    missing = missing_closes(own_closes(program.name, program.symbols, closes), program.lookback)
    bars = missing_bars(own_bars(program.name, program.bars, closes), closes, program.lookback)
    return (*missing, *bars, *_warming_up(program, evaluation))


def _warming_up(program: Program, values: Evaluation) -> Iterator[str]:
    in_a_row = cache(lambda source: int(runs(values.series[source])[-1]))
    for index, node in enumerate(program.table):
        if isinstance(node, nodes.Series) and INDICATORS[node.function].settled:
            have, source = min((in_a_row(source), source) for source in node.sources)
            advised = prices_advised(node.function, node.parameters)
            if prices_needed(node.function, node.parameters) <= have < advised:
                what = _named(program.table[source])
                yield f"{program.label(index)} is still warming up: {have} of {advised} {what}s"


def _causes(table: Sequence[nodes.Node], values: Evaluation, current: NodeOnDay) -> list[NodeOnDay]:
    """What left a node undefined, or else the children that its decision led to. Row -1 is before the first day."""
    node, day = table[current.node], current.day
    match node:
        case nodes.Series(sources=(source, *_)):
            nav = table[source]
            if isinstance(nav, nodes.Nav) and not values.simulated[nav.portfolio].decided[day]:
                return [NodeOnDay(nav.portfolio, day)]
            return _missing(values, day, source) if isinstance(nav, nodes.Arithmetic) else []
        case nodes.Rank(source=source):
            return _missing(values, day, source)
        case nodes.Earlier(days, source):
            return [NodeOnDay(source, day - days)] if day >= days else []
        case nodes.Inequality() | nodes.Arithmetic():
            return _missing(values, day, *nodes.operands(node))
        case nodes.ForDays(days, condition):
            rows = range(day, max(day - days, -2), -1)
            return [NodeOnDay(condition, row) for row in rows if row < 0 or values.truths[condition][row] == UNKNOWN]
        case nodes.Several(conditions=conditions) | nodes.Count(conditions=conditions):
            return [NodeOnDay(condition, day) for condition in conditions if values.truths[condition][day] == UNKNOWN]
        case nodes.Latch(enter, leave):
            since = _unknown_since(values.truths[current.node], day)
            return [NodeOnDay(each, since) for each in (enter, leave) if values.truths[each][since] == UNKNOWN]
        case _:
            return _causes_in_split(node, values, day) if isinstance(node, nodes.Split) else []


def _unknown_since(states: Truth, day: int) -> int:
    """The day that made a Latch unknown on `day`; `day` itself, where it was never known before."""
    known = np.flatnonzero(states[:day] != UNKNOWN)
    return int(known[-1]) + 1 if known.size else day


def _missing(values: Evaluation, day: int, *series: int) -> list[NodeOnDay]:
    return [NodeOnDay(each, day) for each in series if np.isnan(values.series[each][day])]


def _causes_in_split(node: nodes.Split, values: Evaluation, day: int) -> list[NodeOnDay]:
    split = fractions(node, values, np.array([day]))[:, 0]
    if not np.isnan(split[0]):
        return [NodeOnDay(child, day) for child, fraction in zip(node.children, split, strict=True) if fraction > 0]
    match node:
        case nodes.Branch(condition):
            return [NodeOnDay(condition, day)]
        case nodes.Switch(conditions) | nodes.Shared(conditions=conditions):
            asked = [each for each in conditions if each is not None]
            return [NodeOnDay(each, day) for each in asked if values.truths[each][day] == UNKNOWN]
        case nodes.Mix(by):
            return [NodeOnDay(by, day)]
        case nodes.TopK(scores=scores, volatilities=volatilities):
            missing = [NodeOnDay(score, day) for score in scores if np.isnan(values.series[score][day])]
            return missing or _without_volatility(volatilities, values, day)
        case nodes.InverseVol(scores) | nodes.ProVol(scores):
            return _without_volatility(scores, values, day)
        case nodes.Blend():  # always defined
            return []


def _without_volatility(series: Sequence[int], values: Evaluation, day: int) -> list[NodeOnDay]:
    """A volatility of 0 is of no use either."""
    return [NodeOnDay(each, day) for each in series if not values.series[each][day] > 0]


def reason(program: Program, closes: Closes, values: Evaluation, current: NodeOnDay) -> str:
    """One sentence on why a node, which is undefined on that day, is."""
    node, day = program.table[current.node], closes.day(max(current.day, 0))
    label = program.label(current.node)
    match node:
        case _ if current.day < 0:
            return f"a condition has to hold for more days than there are closes: they begin on {day}"
        case nodes.Series() | nodes.Rank() if np.isnan(values.series[current.node][current.day]):
            return _too_few(program, closes, values, current)
        case nodes.Series():
            return f"{label} is 0 on {day}, and nothing can be weighted by a volatility of 0"
        case nodes.Earlier(days):
            return f"{label} needs {counted(days, 'session')} before {day}, and the closes begin on {closes.day(0)}"
        case nodes.Arithmetic():
            return f"{label} is no finite number on {day}"
        case _:
            return f"{program.subject(current.node)} has no close on {day}"


def _too_few(program: Program, closes: Closes, values: Evaluation, current: NodeOnDay) -> str:
    """Why an indicator or a rank is undefined whose source has a gap, or too short a history."""
    node, day = program.table[current.node], closes.day(current.day)
    if not isinstance(node, nodes.Series | nodes.Rank):
        raise TypeError(f"{program.label(current.node)} is computed on no other values")
    sources = (node.source,) if isinstance(node, nodes.Rank) else node.sources
    have, source = min((int(runs(values.series[source])[current.day]), source) for source in sources)
    what = _named(program.table[source])
    if not have:
        missing = f"{program.subject(source)} has no {what} on"
        if not isinstance(program.table[source], nodes.Bar):
            return f"{missing} {day}"
        return f"{missing} {_without_a_bar(closes, values.series[source], current.day)}"
    needed = _values_needed(node)
    label, since = program.label(current.node), closes.day(current.day - have + 1)
    if have >= needed:
        equal = f"its last {counted(needed, what)} are all equal"
        why = INDICATORS[node.function].undefined if isinstance(node, nodes.Series) else equal
        return f"{label} is undefined on {day}, because {why}"
    return f"{label} needs {counted(needed, what)} in a row, has {have} since {since}"


def _values_needed(node: nodes.Node) -> int:
    """How many values of its source in a row an indicator or a rank needs."""
    match node:
        case nodes.Series(function, parameters):
            return prices_needed(function, parameters)
        case nodes.Rank(window=window):
            return window
        case _:
            return 1


def _without_a_bar(closes: Closes, column: Floats, day: int) -> str:
    """The day; where the bar of tonight or any bar at all is missing, with the remedy of their source."""
    never, tonight = np.isnan(column).all(), closes.provisional and day == len(closes.sessions) - 1
    remedy = f": {closes.bars.remedy}" if closes.bars and closes.bars.remedy and (never or tonight) else ""
    return f"{'any session' if never else closes.day(day)}{remedy}"


def _named(source: nodes.Node) -> str:
    """What an indicator reads, such as `close`."""
    match source:
        case nodes.Close():
            return "close"
        case nodes.Bar(field=field):
            return field
        case nodes.Nav():
            return "simulated value"
        case _:
            return "value"


def explain(program: Program, closes: Closes, evaluation: Evaluation, day: int) -> tuple[str, ...]:
    """The path taken on row `day`, a line a step, with the values that decided and how far each gate is from flipping.

    Such as `RSI(SPY,10) = 81.2 > 79 (by 2.2) -> TBILL 100 %`. Percentages are of the whole bot. A node that is reached
    twice is written out once. Where the decision is undefined, the last line says why.
    """
    return tuple(line.text for line in steps(program, closes, evaluation, day))


def steps(program: Program, closes: Closes, evaluation: Evaluation, day: int) -> tuple[IndentedLine, ...]:
    """The lines of `explain`, indented, each with the gate that it begins to describe."""
    words = Wording(program, evaluation, day)
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
            stack.extend(reversed(list(_split(node, item, words))))
        else:
            again = "as above: " if item.node in written else ""
            lines.append(IndentedLine(item.level, again + words.share(item.node, item.amount)))
    if np.isnan(evaluation.weights[day]).any():
        lines.append(IndentedLine(0, f"undefined: {why_undefined(program, closes, evaluation, day)}"))
    return tuple(line._replace(text="  " * min(line.level, _DEEPEST_INDENT) + line.text) for line in lines)


def _split(node: nodes.Split, visit: Visit, words: Wording) -> Iterator[IndentedLine | Visit]:
    """The lines of one node. Nodes below come back as visits, so that nothing recurses."""
    split = zip(node.children, words.fractions(node), strict=True)
    children = [Visit(child, visit.amount * fraction, level=visit.level) for child, fraction in split]
    match node:
        case nodes.Branch(condition):
            yield from _gate(visit.node, list(words.gate(condition)), children, words)
        case nodes.Switch(conditions):
            yield from _gate(None, [IndentedLine(0, words.choice(node)), *words.gates(conditions)], children, words)
        case nodes.Mix():
            yield IndentedLine(visit.level, words.mix(node))
            yield from _shares([child for child in children if child.amount > 0], words)
        case nodes.Shared(conditions=conditions):
            yield from (
                IndentedLine(visit.level + line.level, line.text)
                for line in (IndentedLine(0, words.choice(node)), *words.gates(conditions))
            )
            yield from _shares([child for child in children if child.amount > 0], words)
        case nodes.Blend():
            yield from _shares(children, words)
        case nodes.TopK() | nodes.InverseVol() | nodes.ProVol():
            yield from _ranking(visit.node, node, children, words)


def _shares(children: Sequence[Visit], words: Wording) -> Iterator[IndentedLine | Visit]:
    for child in children:
        yield IndentedLine(child.level, words.share(child.node, child.amount))
        yield from _inside(child, words)


def _gate(
    gate: int | None, condition: Sequence[IndentedLine], branches: Sequence[Visit], words: Wording
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
    index: int, node: nodes.Ranking, children: Sequence[Visit], words: Wording
) -> Iterator[IndentedLine | Visit]:
    """Every child with its score and what it gets; the best first where they compete."""
    ranked = [
        (child._replace(level=child.level + 1), words.value(score))
        for child, score in zip(children, node.scores, strict=True)
    ]
    if isinstance(node, nodes.TopK):
        sign = -1 if node.largest else 1
        ranked.sort(key=lambda one: (np.isnan(one[1]), sign * np.nan_to_num(one[1])))
    yield IndentedLine(children[0].level, words.ranking(node), gate=index if isinstance(node, nodes.TopK) else None)
    for child, score in ranked:
        gets = f" -> {percent(child.amount)}" if child.amount > 0 else ""
        yield IndentedLine(child.level, f"{words.program.label(child.node)} = {number(score)}{gets}")
        yield from _inside(child, words)


def _inside(child: Visit, words: Wording) -> Iterator[Visit]:
    if child.amount > 0 and _is_split(child, words):
        yield child._replace(level=child.level + 1)


def _is_split(visit: Visit, words: Wording) -> bool:
    return isinstance(words.program.table[visit.node], nodes.Split)
