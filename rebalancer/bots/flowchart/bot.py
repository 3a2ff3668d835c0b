"""A flowchart as a bot."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from rebalancer.bots.base import Alike
from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.decided import Decided
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.explain import explain, gaps, steps, warn_left_out, why_too_little_tonight
from rebalancer.bots.flowchart.history import counted, first_day, why_lost
from rebalancer.bots.flowchart.last_day import last_day
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.sessions import closes_needed
from rebalancer.bots.flowchart.tree import Chart
from rebalancer.bots.flowchart.undefined import why_undefined
from rebalancer.bots.flowchart.wording import IndentedLine
from rebalancer.model import Allocation, BarsRead, BotFailure, Closes, Decision, Flip, Floats, Symbol, Weights

if TYPE_CHECKING:
    from rebalancer.bots.findings import ChartPart, Findings, Parting
    from rebalancer.bots.flowchart.held import Held


class Judged(NamedTuple):
    """The last row of `closes`, those that count. `held` is there for a chart that does not rebalance daily."""

    closes: Closes
    values: Decided
    held: "Held | None"

    @property
    def last(self) -> int:
        return len(self.closes.sessions) - 1 if self.held else -1

    @property
    def weights(self) -> Floats:
        """(N,) over the program's symbols, NaN throughout where they are unknown."""
        row: Floats = (self.held or self.values).weights[self.last]
        return row

    @property
    def marked(self) -> int:
        """The row whose way a drawing marks."""
        return self.held.marked(self.last) if self.held else self.last


@dataclass(frozen=True, slots=True, eq=False)
class FlowchartBot:
    """`chart` is the parsed file, `program` its compiled form."""

    name: str
    chart: Chart
    program: Program

    @classmethod
    def of(cls, chart: Chart, name: str | None = None) -> Self:
        return cls(name or chart.name, chart, compile_chart(chart))

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        return self.program.symbols

    @property
    def holdable(self) -> tuple[Symbol, ...]:
        return tuple(sorted({node.symbol for node in self.program.table if isinstance(node, nodes.Hold)}))

    @property
    def bars(self) -> BarsRead:
        return self.program.bars

    @property
    def lookback(self) -> int:
        return self.program.lookback

    @property
    def closes_needed(self) -> Mapping[Symbol, int]:
        return closes_needed(self.program.table, self.program.root)

    @property
    def warm_up(self) -> int:
        return self.program.warm_up

    @property
    def _by_rule(self) -> bool:
        """Whether what it holds is simulated; cash alone never drifts."""
        return self.program.rebalance != "daily" and bool(self.symbols)

    def weights(self, closes: Closes) -> Floats:
        known = counted(self.program, closes)
        found = (self._held(known) if self._by_rule else evaluate(self.program, known)).weights
        start = len(closes.sessions) - len(found)
        if start == 0 and closes.symbols == self.symbols:
            return found
        decided = np.zeros((len(closes.symbols), len(closes.sessions)))
        decided[[closes.symbols.index(symbol) for symbol in self.symbols], start:] = found.T
        decided[:, start + np.flatnonzero(np.isnan(found).any(axis=1))] = np.nan
        decided[:, :start] = np.nan
        return decided.T

    def decide(self, closes: Closes, since: date | None = None) -> Decision:
        """The failure names the first undefined value that the decision needs.

        Tonight (provisional closes) a filter leaves out nothing that has no price tonight: that may be a missing quote.
        A ticker to hold without a close is a warning, since the decision to hold it needs no price; unless the chart
        does not rebalance daily, since its holdings drift by prices. Gaps that did not affect the decision are warnings
        too.
        """
        if not len(closes.sessions):
            return BotFailure(self.name, f"there are no closes of {', '.join(self.symbols)}")
        if lost := why_lost(self.program, closes, since):
            return BotFailure(self.name, lost)
        made = self._judged(closes, since)
        row, last = made.weights, made.last
        if not np.isfinite(row).all():
            return BotFailure(self.name, self._why_unknown(made))
        if closes.provisional and (missing := why_too_little_tonight(self.program, made.values)):
            return BotFailure(self.name, missing)
        left_out = warn_left_out(self.program, made.closes, made.values, last)
        return Allocation(
            bot=self.name,
            session=closes.day(-1),
            weights={symbol: float(weight) for symbol, weight in zip(self.symbols, row, strict=True) if weight > 0},
            path=tuple(line.text for line in self._steps(made)),
            warnings=(*left_out, *gaps(self.program, made.closes, made.values)),
            since=self._since(made),
        )

    def flips(self, closes: Closes, decision: Allocation) -> tuple[Flip, ...]:
        from rebalancer.bots.flowchart.flip import flips  # noqa: PLC0415 - a decision needs none of what is shown of it

        made = self._judged(closes, decision.since)
        return flips(self.program, made.closes, made.values, self._steps(made))

    def _judged(self, closes: Closes, since: date | None) -> Judged:
        closes = counted(self.program, closes, since)
        if self._by_rule:
            held = self._held(closes, None if self.program.path_dependent else since)
            return Judged(closes, held.values, held)
        return Judged(closes, last_day(self.program, closes), None)

    def _held(self, known: Closes, kept: date | None = None) -> "Held":
        from rebalancer.bots.flowchart.held import Held  # noqa: PLC0415 - most charts rebalance daily

        return Held.of(self.program, known, kept)

    def _since(self, made: Judged) -> date | None:
        """The first day of what tonight depends on, which later evenings keep."""
        if self.program.path_dependent:
            return first_day(self.program, made.closes)
        return made.held.since if made.held else None

    def _steps(self, made: Judged) -> tuple[IndentedLine, ...]:
        if made.held:
            return made.held.steps(made.last)
        return steps(self.program, made.closes, made.values, made.last)

    def _why_unknown(self, made: Judged) -> str:
        if made.held:
            return made.held.why_unknown(made.last)
        return why_undefined(self.program, made.closes, made.values.on_all_days, made.last)

    def explain(self, closes: Closes, day: int) -> tuple[str, ...]:
        until = closes.until(closes.day(day))
        if self.symbols and self.program.path_dependent and first_day(self.program, until) is None:
            return (f"undefined: there are no closes of {', '.join(self.symbols)} yet",)
        known = counted(self.program, until)
        row = len(known.sessions) - 1
        if self._by_rule:
            return self._held(known).path(row)
        return explain(self.program, known, evaluate(self.program, known, row), row)

    def parting(self, closes: Closes, day: int, other: Weights, alike: Alike) -> "Parting | None":
        """Of a chart that does not rebalance daily: on the day whose way `explain` shows, by the tickers alone."""
        from rebalancer.bots.flowchart.parting import parting, same_tickers  # noqa: PLC0415 - as above

        known = counted(self.program, closes.until(closes.day(day)))
        if not self._by_rule:
            return parting(self.program, known, other, alike)
        row = self._held(known).marked(len(known.sessions) - 1)
        return parting(self.program, known.until(known.day(row)), other, same_tickers)

    def findings(self) -> "Findings":
        from rebalancer.bots.flowchart.contents import describe  # noqa: PLC0415 - as above

        return replace(describe(self.chart), lookback=self.lookback)

    def outline(self, closes: Closes | None = None, since: date | None = None) -> tuple[str, ...]:
        from rebalancer.bots.flowchart.held import rule_in_words  # noqa: PLC0415 - as above
        from rebalancer.bots.flowchart.outline import outline  # noqa: PLC0415

        if closes is None:
            rule = () if self.program.rebalance == "daily" else (rule_in_words(self.program.rebalance),)
            return (*rule, *outline(self.program))
        made = self._judged(closes, since)
        rule = (made.held.marked_in_words(made.last),) if made.held else ()
        return (*rule, *outline(self.program, made.values, made.marked))

    def marked(self, closes: Closes, since: date | None = None) -> str:
        made = self._judged(closes, since)
        return made.held.marked_in_words(made.last) if made.held else ""

    def mermaid(self, closes: Closes, since: date | None = None) -> str:
        from rebalancer.bots.flowchart.outline import mermaid  # noqa: PLC0415 - as above

        made = self._judged(closes, since)
        return mermaid(self.program, made.values, made.marked)

    def parts(self, closes: Closes, since: date | None = None) -> "tuple[ChartPart, ...]":
        from rebalancer.bots.flowchart.outline import parts  # noqa: PLC0415 - as above

        made = self._judged(closes, since)
        return parts(self.program, made.values, made.marked)
