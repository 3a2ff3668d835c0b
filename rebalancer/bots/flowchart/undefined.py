"""Why a value of one day is undefined: the first cause in the order of the chart, down to the ticker."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.conditions import UNKNOWN, Truth
from rebalancer.bots.flowchart.evaluate import Values
from rebalancer.bots.flowchart.indicators import INDICATORS, prices_needed
from rebalancer.bots.flowchart.indicators.rolling import runs
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.splits import dropped, fractions, scores_of
from rebalancer.model import Closes, Floats
from rebalancer.model.text import counted


class NodeOnDay(NamedTuple):
    """A node on row `day`; row -1 is before the first day.

    `priced` is the row up to which the value of a portfolio needs the closes of all that it holds, None where only its
    weights are needed. `above` is the score or the operand that the simulated history of this portfolio leads to.
    """

    node: int
    day: int
    priced: int | None = None
    above: "NodeOnDay | None" = None


def why_undefined(program: Program, closes: Closes, evaluation: Values, day: int, node: int | None = None) -> str:
    """One sentence on the first undefined value, in the order of the chart, that `node` needs on row `day`.

    A negative `day` counts from the end; no `node` is the whole chart. Raises ValueError where that is defined.
    """
    day %= len(closes.sessions)
    first = NodeOnDay(program.root if node is None else node, day)
    stack, seen, short = [first], set[tuple[int, int, int | None]](), None
    while stack:
        current = stack.pop()
        causes = _causes(program.table, evaluation, current)
        if not causes and _is_undefined(program.table, evaluation, current):
            return _sentences(program, closes, evaluation, current)
        short = short or (causes[0].above if causes else None)
        if current[:3] not in seen:
            seen.add(current[:3])
            stack.extend(reversed(causes))
    if short:
        return reason(program, closes, evaluation, short)
    raise ValueError(f"the decision of {program.name} on {closes.day(day)} is defined")


def _is_undefined(table: tuple[nodes.Node, ...], values: Values, current: NodeOnDay) -> bool:
    node = table[current.node]
    if isinstance(node, nodes.Hold):
        return _without_a_close(node, values, current) is not None
    return current.day < 0 or isinstance(node, nodes.SeriesNode)


def _without_a_close(node: nodes.Hold, values: Values, current: NodeOnDay) -> int | None:
    """The row of the close that the value of a held ticker lacks."""
    needed = () if current.priced is None else (current.day, current.priced)
    return next((row for row in needed if np.isnan(values.closes_of(node.symbol)[row])), None)


def _causes(table: tuple[nodes.Node, ...], values: Values, current: NodeOnDay) -> list[NodeOnDay]:
    """What left a node undefined, or else the children that its decision led to."""
    node, day = table[current.node], current.day
    match node:
        case nodes.Series(sources=(source, *_)):
            history = table[source]
            if isinstance(history, nodes.Nav):
                return _causes_in_history(values, current, source, history.portfolio)
            return _missing(values, current, source) if isinstance(history, nodes.Arithmetic) else []
        case nodes.Rank(source=source):
            return _missing(values, current, source)
        case nodes.Earlier(days, source):
            return [current._replace(node=source, day=day - days, priced=None)] if day >= days else []
        case nodes.Inequality() | nodes.Arithmetic():
            return _missing(values, current, *nodes.operands(node))
        case nodes.ForDays(days, condition):
            rows = range(day, max(day - days, -2), -1)
            unknown = [row for row in rows if row < 0 or values.truths[condition][row] == UNKNOWN]
            return [current._replace(node=condition, day=row, priced=None) for row in unknown]
        case nodes.Several(conditions=conditions) | nodes.Count(conditions=conditions):
            unknown = [condition for condition in conditions if values.truths[condition][day] == UNKNOWN]
            return [current._replace(node=condition, priced=None) for condition in unknown]
        case nodes.Latch(enter, leave):
            since = _unknown_since(values.truths[current.node], day)
            asked = [each for each in (enter, leave) if values.truths[each][since] == UNKNOWN]
            return [current._replace(node=each, day=since, priced=None) for each in asked]
        case _:
            return _causes_in_split(node, values, current) if isinstance(node, nodes.Split) else []


def _missing(values: Values, current: NodeOnDay, *series: int) -> list[NodeOnDay]:
    return [current._replace(node=each, priced=None) for each in series if np.isnan(values.series[each][current.day])]


def _causes_in_history(values: Values, current: NodeOnDay, nav: int, portfolio: int) -> list[NodeOnDay]:
    """The row before its simulated values begin: what was undecided there, or held without a close."""
    have = int(runs(values.series[nav])[current.day])
    row = current.day - have
    if row < 0:
        return []
    above = current.above or current._replace(priced=None)
    if values.simulated[portfolio].decided[row] and row:
        return [NodeOnDay(portfolio, row - 1, row, above)]  # the return up to `row` is unknown
    return [NodeOnDay(portfolio, row, row, above)]


def _causes_in_split(node: nodes.Split, values: Values, current: NodeOnDay) -> list[NodeOnDay]:
    day = np.array([current.day])
    split = fractions(node, values, day)[:, 0]
    if not np.isnan(split[0]):
        return [current._replace(node=child) for child, part in zip(node.children, split, strict=True) if part > 0]
    return [current._replace(node=each, priced=None) for each in _undefined_in(node, values, current.day)]


def _undefined_in(node: nodes.Split, values: Values, day: int) -> list[int]:
    """The conditions or series for which a split is undefined."""
    match node:
        case nodes.Branch(condition):
            return [condition]
        case nodes.Switch(conditions) | nodes.Shared(conditions=conditions):
            return [each for each in conditions if each is not None and values.truths[each][day] == UNKNOWN]
        case nodes.Mix(by):
            return [by]
        case nodes.TopK():
            return _scores_missing(node, values, day) or _without_volatility(node.volatilities, values, day)
        case nodes.InverseVol(scores) | nodes.ProVol(scores):
            return _without_volatility(scores, values, day)
        case nodes.Blend():  # always defined
            return []


def _scores_missing(node: nodes.TopK, values: Values, day: int) -> list[int]:
    found = scores_of(node, values, np.array([day]))
    gone = dropped(node, values, np.array([day]), found)
    blamed = (np.isnan(found) & (~gone | gone.all()))[:, 0].tolist()
    return [score for score, is_it in zip(node.scores, blamed, strict=True) if is_it]


def _without_volatility(series: Sequence[int], values: Values, day: int) -> list[int]:
    """A volatility of 0 is of no use either."""
    return [each for each in series if not values.series[each][day] > 0]


def _unknown_since(states: Truth, day: int) -> int:
    """The day that made a Latch unknown on `day`; `day` itself, where it was never known before."""
    known = np.flatnonzero(states[:day] != UNKNOWN)
    return int(known[-1]) + 1 if known.size else day


def _sentences(program: Program, closes: Closes, values: Values, current: NodeOnDay) -> str:
    found = reason(program, closes, values, current)
    return f"{reason(program, closes, values, current.above)}: {found}" if current.above else found


def reason(program: Program, closes: Closes, values: Values, current: NodeOnDay) -> str:
    """One sentence on why a node, which is undefined on that day, is."""
    node, day = program.table[current.node], closes.day(max(current.day, 0))
    label = program.label(current.node)
    match node:
        case nodes.Hold(symbol):
            row = _without_a_close(node, values, current)
            return f"{symbol} has no close on {day if row is None else closes.day(row)}"
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


def _too_few(program: Program, closes: Closes, values: Values, current: NodeOnDay) -> str:
    """Why an indicator or a rank is undefined whose source has a gap, or too short a history."""
    node, day = program.table[current.node], closes.day(current.day)
    if not isinstance(node, nodes.Series | nodes.Rank):
        raise TypeError(f"{program.label(current.node)} is computed on no other values")
    sources = (node.source,) if isinstance(node, nodes.Rank) else node.sources
    have, source = min((int(runs(values.series[source])[current.day]), source) for source in sources)
    what = named(program.table[source])
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


def named(source: nodes.Node) -> str:
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
