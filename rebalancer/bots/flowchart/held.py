"""A chart that does not rebalance daily: what it holds, how it came to it, and why that may be unknown."""

from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.beginning import Beginning, beginning
from rebalancer.bots.flowchart.evaluate import Evaluation, evaluate
from rebalancer.bots.flowchart.explain import steps
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.rebalance import ROUNDING, Simulation, simulate
from rebalancer.bots.flowchart.rule import Rebalance, Threshold
from rebalancer.bots.flowchart.undefined import NodeOnDay, reason, why_undefined
from rebalancer.bots.flowchart.wording import IndentedLine, number
from rebalancer.model import Closes, Floats
from rebalancer.model.text import listed

_PERIODS = {"weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}


def rule_in_words(rule: Rebalance) -> str:
    if isinstance(rule, Threshold):
        width = number(100 * rule.width)
        return f"rebalances when a ticker is off its target by more than {width} points, or the tickers change"
    return f"rebalances {rule}" + (f", on the first session of the {_PERIODS[rule]}" if rule in _PERIODS else "")


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """`own` are the closes of the program's symbols; `begun` is when all of it can be computed.

    `since` is the first day of the simulation: the one that was kept, or else that of `begun`; None where neither is.
    """

    program: Program
    closes: Closes
    own: Closes
    values: Evaluation
    begun: Beginning
    since: date | None
    simulation: Simulation

    @classmethod
    def of(cls, program: Program, closes: Closes, kept: date | None = None) -> Self:
        """What `program` holds on every day of `closes`.

        `kept` is the first day of an earlier simulation, ignored where it is after the last session. Nothing is known
        where the closes do not reach back to it. Raises ValueError without a column for a symbol.
        """
        kept = kept if kept and kept <= closes.day(-1) else None
        values = evaluate(program, closes)
        own = values.own
        begun = beginning(values, program.root)
        computed = own.day(begun.row) if begun.row < len(own.sessions) else None
        first = len(own.sessions)
        if computed and (kept is None or computed <= kept):
            first = begun.row if kept is None else int(np.searchsorted(own.sessions, np.datetime64(kept, "D")))
        simulation = simulate(program.rebalance, values.weights, own, first)
        return cls(program, closes, own, values, begun, kept or computed, simulation)

    @property
    def weights(self) -> Floats:
        """Fractions (T, N) over the program's symbols, NaN where they are unknown."""
        return self.simulation.weights

    def marked(self, day: int) -> int:
        """The row whose way explains row `day`: by a period the one on which it last traded, else `day` itself."""
        latest = int(self.simulation.latest[day])
        known = not np.isnan(self.weights[day]).any()
        return day if isinstance(self.program.rebalance, Threshold) or not known else latest

    def marked_in_words(self, day: int) -> str:
        """What is held on row `day`, and which day's way a drawing of the chart marks."""
        first, row = self.steps(day)[0].text, self.marked(day)
        return f"{first.removesuffix(', when')}; marked is the way of its targets of {self.own.day(row)}"

    def path(self, day: int) -> tuple[str, ...]:
        """When it last traded, and the way that its targets took: of row `day`, or by a period of the day it traded."""
        return tuple(line.text for line in self.steps(day))

    def steps(self, day: int) -> tuple[IndentedLine, ...]:
        """The lines of `path`, with the gates of row `day` itself: of an earlier day none can decide otherwise."""
        if np.isnan(self.weights[day]).any():
            return (IndentedLine(0, f"undefined: {self.why_unknown(day)}"),)
        if isinstance(self.program.rebalance, Threshold):
            return IndentedLine(0, self._by_threshold(self.program.rebalance.width, day)), *self._targets(day)
        latest = self.marked(day)
        rule = rule_in_words(self.program.rebalance)
        if latest == day:
            return IndentedLine(0, f"{rule}: today"), *self._targets(day)
        way = (line._replace(gate=None) for line in self._targets(latest))
        return IndentedLine(0, f"{rule}: last on {self.own.day(latest)}, when"), *way

    def why_unknown(self, day: int) -> str:
        """Why its holdings on row `day` are unknown, where they are."""
        if day < self.begun.row:
            return f"what it holds is simulated from the day all of it can be computed, and {self._missing(day)}"
        if self.since and self.since < self.own.day(self.begun.row):
            return (
                f"what it holds is simulated since {self.since}, and the closes suffice from "
                f"{self.own.day(self.begun.row)} on only: restore the earlier prices, or invest in it by another name "
                "to begin anew"
            )
        if absent := self._without_close(day):
            return f"there is no close of {listed(absent)} on {self.own.day(day)}, and it holds that"
        return why_undefined(self.program, self.closes, self.values, day)

    def _missing(self, day: int) -> str:
        node = self.begun.missing(day)
        if isinstance(self.program.table[node], nodes.ConditionNode):
            return f"a condition has no answer on any day up to {self.own.day(day)}"
        return reason(self.program, self.closes, self.values, NodeOnDay(node, day))

    def _targets(self, day: int) -> tuple[IndentedLine, ...]:
        return steps(self.program, self.closes, self.values, day)

    def _without_close(self, day: int) -> list[str]:
        """The tickers that are held before or after the trades of row `day`, and have no close on it."""
        latest, targets = int(self.simulation.latest[day]), self.simulation.targets
        held = (targets[day] > 0) | (targets[latest] > 0 if latest >= 0 else False)
        return [self.own.symbols[column] for column in np.flatnonzero(held & np.isnan(self.own.values[day]))]

    def _by_threshold(self, width: float, day: int) -> str:
        before, targets = self.simulation.before(day), self.simulation.targets[day]
        if before is None:
            return f"{rule_in_words(self.program.rebalance)}: bought today, on its first day"
        last = f"last rebalanced {self.own.day(int(self.simulation.latest[day - 1]))}"
        if ((before > 0) != (targets > 0)).any():
            bought, sold = (self._named(targets, before), self._named(before, targets))
            return f"rebalanced today: {_changed(bought, sold)}; {last}"
        off = float(np.abs(before - targets).max(initial=0))
        points, threshold = number(100 * off, unlike=100 * width), number(100 * width)
        today = f"rebalanced today; before, {last}" if off > width + ROUNDING else last
        return f"{today}; off by {points} points, threshold {threshold}"

    def _named(self, these: Floats, others: Floats) -> list[str]:
        return [self.own.symbols[column] for column in np.flatnonzero((these > 0) & ~(others > 0))]


def _changed(bought: list[str], sold: list[str]) -> str:
    parts = (f"{what} {listed(tickers)}" for what, tickers in (("bought", bought), ("sold", sold)) if tickers)
    return ", ".join(parts)
