"""Writes a chart in our own format: reading the text gives the same chart again."""

import math
from collections.abc import Iterator, Mapping, Sequence

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats.assembly import names_of_parameters
from rebalancer.bots.flowchart.formats.json_layout import laid_out
from rebalancer.bots.flowchart.formats.native import FORMAT, VERSION
from rebalancer.bots.flowchart.rule import Rebalance, Threshold
from rebalancer.bots.flowchart.walk import leaves_first

Written = dict[tree.TreeNode, object]
"""The JSON value of each element that is written so far."""


def write(chart: tree.Chart) -> bytes:
    """The file of `chart`, in UTF-8. Places of another file's elements and its editor's keys are not kept."""
    # A lone half of a surrogate pair has no UTF-8, and an escape in JSON.
    return laid_out(document(chart)).encode("utf-8", "backslashreplace")


def document(chart: tree.Chart) -> dict[str, object]:
    written: Written = {}
    for element in leaves_first(chart.root, written):
        written[element] = _value(element, written)
    head = {"format": FORMAT, "version": VERSION, "name": chart.name}
    return {**head, **_rebalance(chart.rebalance), "chart": written[chart.root]}


def _rebalance(rule: Rebalance) -> dict[str, object]:
    """Nothing for what is the default."""
    if isinstance(rule, Threshold):
        key, (width,) = _unit(_percents([rule.width]), [rule.width])
        return {"rebalance": {"threshold": {key: _plain(width)}}}
    return {} if rule == "daily" else {"rebalance": rule}


def _value(element: tree.TreeNode, written: Written) -> object:
    match element:
        case tree.Constant(value=value):
            return _plain(value)
        case tree.Indicator(function=function, parameters=parameters, subject=subject):
            return {function: {"of": _subject(subject, written), **_named(function, parameters)}}
        case tree.DaysAgo(days=days, operand=operand):
            return {"days_ago": {"days": days, "of": written[operand]}}
        case tree.Rank(kind=kind, window=window, operand=operand):
            return {kind: {"window": window, "of": written[operand]}}
        case tree.Arithmetic(operation=operation, operands=operands):
            return {operation: written[operands[0]] if operation == "abs" else _each(operands, written)}
        case tree.Compare() | tree.Dates() | tree.AllOf() | tree.AnyOf() | tree.CountOf() | tree.Entered():
            return _condition(element, written)
        case tree.If() | tree.Switch() | tree.Mixed():
            return _gate(element, written)
        case _:
            return _node(element, written)


def _subject(subject: str | tree.Ratio | tree.Node, written: Written) -> object:
    if isinstance(subject, tree.Ratio):
        return {"ratio": [subject.numerator, subject.denominator]}
    return subject if isinstance(subject, str) else written[subject]


def _condition(condition: tree.Condition, written: Written) -> object:
    match condition:
        case tree.Compare(left=left, comparator=comparator, right=right, for_days=days):
            return {"left": written[left], "is": comparator, "right": written[right], **_for_days(days)}
        case tree.Dates(first=first, last=last, for_days=days):
            dates = {key: f"{month:02}-{day:02}" for key, (month, day) in (("from", first), ("to", last))}
            return {"dates": dates, **_for_days(days)}
        case tree.AllOf(conditions=conditions):
            return {"all": _each(conditions, written)}
        case tree.AnyOf(conditions=conditions):
            return {"any": _each(conditions, written)}
        case tree.CountOf("exactly", 0, conditions):
            return {"none": _each(conditions, written)}
        case tree.CountOf(quantifier=quantifier, count=count, conditions=conditions):
            return {quantifier: {"count": count, "of": _each(conditions, written)}}
        case tree.Entered(enter=enter, leave=leave):
            return {"entered": {"if": written[enter], "left_if": written[leave]}}


def _for_days(days: int) -> Mapping[str, int]:
    return {"for_days": days} if days > 1 else {}


def _gate(gate: tree.Gate, written: Written) -> object:
    match gate:
        case tree.If(condition=condition, then=then, otherwise=otherwise):
            return {"if": written[condition], "then": written[then], "else": written[otherwise]}
        case tree.Switch(conditions=conditions, children=children):
            return {"switch": {"conditions": _each(conditions, written), "by_count": _each(children, written)}}
        case tree.Mixed(by=by, first=first, second=second):
            ends = ((gate.first_value, first), (gate.second_value, second))
            start, end = ({"at": _plain(value), "chart": written[chart]} for value, chart in ends)
            return {"mixed": {"by": written[by], "from": start, "to": end}}


def _node(node: tree.Asset | tree.Cash | tree.Group | tree.Weighted | tree.Filter, written: Written) -> object:
    match node:
        case tree.Asset(symbol=symbol):
            return {"asset": symbol}
        case tree.Cash():
            return {"cash": True}
        case tree.Group(name=name, child=child):
            return {"group": {"name": name, "chart": written[child]}}
        case tree.Filter():
            return {"filter": _filter(node, written)}
        case _:
            return _weighted(node, written)


def _weighted(node: tree.Weighted, written: Written) -> object:
    charts = _each(node.children, written)
    match node:
        case tree.Equal():
            return {"equal": charts}
        case tree.Specified(weights=weights):
            return {"specified": _shares(_percents_of_whole(weights), weights, charts)}
        case tree.Shared(parts=parts, conditions=conditions):
            asked = [{"if": written[each]} if each else {} for each in conditions]
            listed = zip(parts, asked, charts, strict=True)
            return {
                "shared": [{"part": _plain(part), **condition, "chart": chart} for part, condition, chart in listed]
            }
        case tree.InverseVolatility(window=window):
            return {"inverse_volatility": {"window": window, "of": charts}}
        case tree.ProVolatility(window=window):
            return {"pro_volatility": {"window": window, "of": charts}}
        case tree.Capped(caps=caps, fallback=fallback):
            shares = _shares(_percents(caps), caps, charts)
            return {"capped": {"of": shares, **({"fallback": fallback} if fallback else {})}}


def _filter(node: tree.Filter, written: Written) -> Mapping[str, object]:
    options: dict[str, object] = {} if node.score_of == "history" else {"score_of": node.score_of}
    match node.weighting:
        case tree.ByRank(weights):
            percents = _percents_of_whole(weights)
            key, amounts = ("fraction", weights) if percents is None else ("percent", percents)
            options["weights"] = {"by_rank": {key: [*map(_plain, amounts)]}}
        case tree.ByVolatility(window, inverse):
            options["weights"] = {"inverse_volatility" if inverse else "pro_volatility": {"window": window}}
    by = {"function": node.function, **_named(node.function, node.parameters)}
    return {"by": by, "take": node.side, "count": node.count, "of": _each(node.children, written), **options}


def _each(elements: Sequence[tree.TreeNode], written: Written) -> list[object]:
    return [written[element] for element in elements]


def _named(function: str, parameters: Sequence[float]) -> Mapping[str, float]:
    return dict(zip(names_of_parameters(function), parameters, strict=True))


def _plain(value: float) -> int | float:
    """79 for 79.0, which is the same number when it is read."""
    return int(value) if value.is_integer() and abs(value) < 1e15 and math.copysign(1, value) > 0 else value


def _shares(
    percents: Sequence[float] | None, fractions: Sequence[float], charts: Sequence[object]
) -> list[dict[str, object]]:
    key, amounts = _unit(percents, fractions)
    return [{key: _plain(amount), "chart": chart} for amount, chart in zip(amounts, charts, strict=True)]


def _unit(percents: Sequence[float] | None, fractions: Sequence[float]) -> tuple[str, Sequence[float]]:
    """Percents where these are read as the same fractions to the last bit, else the fractions."""
    return ("fraction", fractions) if percents is None else ("percent", percents)


def _percents_of_whole(weights: Sequence[float]) -> Sequence[float] | None:
    """Percents that come back as `weights` when each is divided by their sum."""
    for percents in ([round(100 * weight, 10) for weight in weights], [100 * weight for weight in weights]):
        total = math.fsum(percents)
        if all(percent / total == weight for percent, weight in zip(percents, weights, strict=True)):
            return percents
    return None


def _percents(caps: Sequence[float]) -> Sequence[float] | None:
    found = [next((percent for percent in _near(100 * cap) if percent / 100 == cap), None) for cap in caps]
    percents = [percent for percent in found if percent is not None]
    return percents if len(percents) == len(caps) else None


def _near(percent: float) -> Iterator[float]:
    yield round(percent, 10)
    yield percent
    yield math.nextafter(percent, 0)
    yield math.nextafter(percent, 100)
