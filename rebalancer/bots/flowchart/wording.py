"""The nodes of a chart in words: their rules, and on one day their values."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.conditions import NO, UNKNOWN, YES
from rebalancer.bots.flowchart.decided import Decided
from rebalancer.bots.flowchart.indicators import CURRENT_PRICE, INDICATORS
from rebalancer.bots.flowchart.program import Program, shown
from rebalancer.bots.flowchart.ranking import in_order, tie_groups
from rebalancer.bots.flowchart.splits import dropped, fractions, scores_of
from rebalancer.model.text import counted

_SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_EVERY = "all of {count} conditions", "all of {count} conditions hold", "not all of {count} conditions hold"
_SOME = "any of {count} conditions", "one or more of {count} conditions hold", "none of {count} conditions holds"
"""The condition as such, where it holds, and where it does not."""
_ROLES = "enters if ", "leaves if "


class Place(NamedTuple):
    """The place of a child in its filter: `tied` across the line between what is taken and what is not, or left out."""

    child: int
    tied: bool
    dropped: bool


class IndentedLine(NamedTuple):
    """`gate` is the node whose choice the line begins to describe, None where the line describes none."""

    level: int
    text: str
    taken: bool = False
    gate: int | None = None


class Visit(NamedTuple):
    """A node that is not written yet, the fraction of the whole bot that gets there, and the label of its branch."""

    node: int
    amount: float
    label: str = ""
    level: int = 0


class Wording(NamedTuple):
    """Words with the values of row `day`; without `values`, for the chart as such."""

    program: Program
    values: Decided | None = None
    day: int = -1

    def gate(self, condition: int) -> Iterator[IndentedLine]:
        """`condition`, then its parts a level deeper; a repeated part is written out once."""
        written: set[int] = set()
        stack = [(0, condition, "")]
        while stack:
            level, index, role = stack.pop()
            node = self.program.table[index]
            parts = () if isinstance(node, nodes.Inequality) else nodes.operands(node)
            if isinstance(node, nodes.ConditionNode) and not (parts and index in written):
                written.add(index)
                yield IndentedLine(level, role + self._condition(index, node))
                roles = _ROLES if isinstance(node, nodes.Latch) else [""] * len(parts)
                stack.extend((level + 1, part, role) for part, role in reversed([*zip(parts, roles, strict=True)]))

    def gates(self, conditions: Sequence[int | None]) -> Iterator[IndentedLine]:
        """Each of `conditions` with its parts, a level deeper than what they decide."""
        for condition in conditions:
            if condition is not None:
                yield from (IndentedLine(line.level + 1, line.text) for line in self.gate(condition))

    def heading(self, index: int) -> Iterator[IndentedLine]:
        """A node without its children; only a gate takes more than one line."""
        name = f'"{self.program.groups[index]}": ' if index in self.program.groups else ""
        match self.program.table[index]:
            case nodes.Branch(condition):
                first, *rest = self.gate(condition)
                yield IndentedLine(0, f"{name}if {first.text}")
                yield from rest
            case nodes.Blend(children=children):
                yield IndentedLine(0, f"{name}{len(children)} parts")
            case nodes.Switch(conditions) | nodes.Shared(conditions=conditions) as node:
                yield IndentedLine(0, name + self.choice(node))
                yield from self.gates(conditions)
            case nodes.Mix() as node:
                yield IndentedLine(0, name + self.mix(node))
            case nodes.TopK() | nodes.InverseVol() | nodes.ProVol() as node:
                yield IndentedLine(0, name + self.ranking(node))
            case _:
                yield IndentedLine(0, self.program.label(index))

    def branches(self, node: nodes.Split) -> tuple[str, ...]:
        """The label of the branch to each child: when it is taken, its weight, or its score ("" without values)."""
        match node:
            case nodes.Branch():
                return "then", "else"
            case nodes.Switch(conditions):
                return "none holds", *(f"{count} hold" for count in range(1, len(conditions))), "all hold"
            case nodes.Mix():
                return f"at {node.first_value:.10g}", f"at {node.second_value:.10g}"
            case nodes.Shared(parts):
                return tuple(f"{part:.10g} of the parts" for part in parts)
            case nodes.Blend(weights):
                return tuple(percent(weight) for weight in weights)
            case _:
                return tuple(number(self.value(score)) if self.values else "" for score in node.scores)

    def fractions(self, node: nodes.Split) -> list[float]:
        """What each child gets on the day; 0 where that is undefined, and without values."""
        if self.values is None:
            return [0.0] * len(node.children)
        split = fractions(node, self.values, np.array([self.day]))[:, 0].tolist()
        return [0.0 if math.isnan(part) else part for part in split]

    def choice(self, node: nodes.Switch | nodes.Shared) -> str:
        """What a switch or shares depend on: how many conditions hold, or which."""
        conditions = [each for each in node.conditions if each is not None]
        rule = f"by how many of {len(conditions)} conditions hold"
        if isinstance(node, nodes.Shared):
            rule = f"{len(node.children)} parts, {len(conditions)} of them only where a condition holds"
        if self.values is None:
            return rule
        truths = [self._truth(each) for each in conditions]
        return f"{rule}: {'undefined' if UNKNOWN in truths else f'{truths.count(YES)} of {len(truths)} hold'}"

    def mix(self, node: nodes.Mix) -> str:
        """Such as `mixed by RSI(SPY,10) = 40, from 30 to 70`."""
        value = f" = {number(self.value(node.by))}" if self.values else ""
        return (
            f"mixed by {self.program.label(node.by)}{value}, from {node.first_value:.10g} to {node.second_value:.10g}"
        )

    def ranking(self, node: nodes.Ranking) -> str:
        """How the children are ranked or weighted."""
        measure = self._measure(node.scores[0])
        match node:
            case nodes.InverseVol():
                return f"weights by 1 / {measure}"
            case nodes.ProVol():
                return f"weights by {measure}"
        chosen = f"{'highest' if node.largest else 'lowest'} {node.count} of {len(node.children)} by {measure}"
        if node.weights:
            return f"{chosen}, weighted {', '.join(map(percent, node.weights))}"
        if not node.volatilities:
            return chosen
        return f"{chosen}, weighted by {'1 / ' if node.inverse else ''}{self._measure(node.volatilities[0])}"

    def _measure(self, score: int) -> str:
        """A score's indicator without its subject, such as `RSI(10)`."""
        node = self.program.table[score]
        if isinstance(node, nodes.Arithmetic):  # the mean of several tickers
            return self._measure(node.operands[0])
        if isinstance(node, nodes.Series):
            return f"{INDICATORS[node.function].short}({','.join(map(shown, node.parameters))})"
        return INDICATORS[CURRENT_PRICE].short

    def places(self, node: nodes.TopK, values: Decided) -> Iterator[Place]:
        """The children from the best to the worst, those without a score last."""
        days = np.array([self.day])
        scores = scores_of(node, values, days)
        gone = dropped(node, values, days, scores)[:, 0].tolist()
        ranks = in_order(node.count, scores, largest=node.largest)[:, 0].tolist()
        ties = tie_groups(scores[ranks])[:, 0].tolist()
        across = (
            ties[node.count - 1] if ties[node.count - 1 : node.count] == ties[node.count : node.count + 1] else None
        )
        yield from (Place(child, tie == across, gone[child]) for child, tie in zip(ranks, ties, strict=True))

    def share(self, node: int, amount: float) -> str:
        return f"{self.program.label(node)} {percent(amount)}"

    def value(self, series: int) -> float:
        """The day's value of a series; NaN without values."""
        return float(self.values.series[series][self.day]) if self.values else np.nan

    def _truth(self, condition: int) -> int | None:
        return int(self.values.truths[condition][self.day]) if self.values else None

    def _condition(self, index: int, node: nodes.ConditionNode) -> str:
        truth = self._truth(index)
        match node:
            case nodes.Latch():
                return self._latch(index, truth)
            case nodes.Inequality():
                return self._comparison(node, truth)
            case nodes.ForDays():
                return self._for_days(node, truth)
            case nodes.Several():
                return self._several(node, truth)
            case nodes.Count():
                return self._count(node, truth)
            case nodes.Dates():
                return self._dates(node, truth)

    def _comparison(self, node: nodes.Inequality, truth: int | None) -> str:
        """Such as `RSI(SPY,10) = 81.2 > 79 (by 2.2)` or `RSI(SPY,10) = 56.48, not > 79 (by 22.52)`."""
        sign = _SIGNS[node.comparator]
        left, right = self._operand(node.left, node.right), self._operand(node.right, node.left)
        text, distance = f"{left} {sign} {right}", number(abs(self.value(node.left) - self.value(node.right)))
        by = f"(by {distance})"
        words = {None: text, UNKNOWN: f"{text}: undefined", YES: f"{text} {by}", NO: f"{left}, not {sign} {right} {by}"}
        return words[truth]

    def _operand(self, index: int, other: int) -> str:
        label = self.program.label(index)
        if self.values is None or isinstance(self.program.table[index], nodes.Number):
            return label
        return f"{label} = {number(self.value(index), unlike=self.value(other))}"

    def _latch(self, index: int, truth: int | None) -> str:
        asks = "entered and not left since"
        if self.values is None or truth != YES:
            return {None: asks, NO: "not entered, or left since", UNKNOWN: f"{asks}: undefined"}[truth]
        states = self.values.truths[index]
        before = states[: self.day % len(states) + 1][::-1]
        sessions = int(np.argmin(np.append(before == YES, False))) - 1
        return f"entered {counted(sessions, 'session')} ago and not left since" if sessions else "entered now"

    def _several(self, node: nodes.Several, truth: int | None) -> str:
        asks, holds, fails = _EVERY if node.every else _SOME
        words = {None: asks, YES: holds, NO: fails, UNKNOWN: f"{asks}: undefined"}[truth]
        return words.format(count=len(node.conditions))

    def _count(self, node: nodes.Count, truth: int | None) -> str:
        """Such as `2 of 3 conditions hold: at least 2` or `1 of 3 conditions hold, 1 undefined: not exactly 2`."""
        several, asked = f"of {len(node.conditions)} conditions", _number_asked(node)
        if truth is None or truth == UNKNOWN:
            return f"{asked} {several}{': undefined' if truth == UNKNOWN else ''}"
        truths = [self._truth(condition) for condition in node.conditions]
        unknown = f", {truths.count(UNKNOWN)} undefined" if UNKNOWN in truths else ""
        return f"{truths.count(YES)} {several} hold{unknown}: {'' if truth == YES else 'not '}{asked}"

    def _dates(self, node: nodes.Dates, truth: int | None) -> str:
        first, last = (f"{month:02}-{day:02}" for month, day in (node.first, node.last))
        dates = f"on {first}" if first == last else f"from {first} to {last}"
        if self.values is None:
            return f"the date is {dates}"
        return f"{self.values.sessions[self.day]} is {'' if truth == YES else 'not '}{dates}"

    def _for_days(self, node: nodes.ForDays, truth: int | None) -> str:
        asks = f"on each of the last {node.days} days"
        if self.values is None or truth is None:
            return asks
        truths = self.values.truths[node.condition]
        recent = truths[: self.day % len(truths) + 1][-node.days :]
        failed = f"not {asks}, on {np.count_nonzero(recent == YES)} of them"
        return {YES: f"held {asks}", NO: failed, UNKNOWN: f"{asks}: undefined"}[truth]


def _number_asked(node: nodes.Count) -> str:
    if node.least == node.most:
        return f"exactly {node.least}" if node.least else "none"
    return f"at least {node.least}" if node.most == len(node.conditions) else f"at most {node.most}"


def number(value: float, unlike: float = 0.0) -> str:
    """`value` with two decimals, or as many as it takes to differ from `unlike`; without trailing zeros."""
    if math.isnan(value):
        return "undefined"
    decimals = 2
    while decimals < 12 and value != unlike and round(value, decimals) == round(unlike, decimals):
        decimals += 1
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def percent(amount: float) -> str:
    return f"{100 * amount:.4g} %"
