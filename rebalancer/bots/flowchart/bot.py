"""A flowchart as a bot, and what its chart contains."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Self

import numpy as np

from rebalancer.bots.base import ChartPart, Findings
from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.evaluate import Evaluation, evaluate
from rebalancer.bots.flowchart.explain import explain, gaps, steps, warn_left_out, why_too_little_tonight
from rebalancer.bots.flowchart.flip import flips
from rebalancer.bots.flowchart.held import Held, rule_in_words
from rebalancer.bots.flowchart.indicators import STANDARD_DEVIATION_RETURN
from rebalancer.bots.flowchart.outline import mermaid, outline, parts
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.sessions import closes_needed
from rebalancer.bots.flowchart.tree import (
    Asset,
    ByVolatility,
    Capped,
    Chart,
    Filter,
    Indicator,
    InverseVolatility,
    Node,
    ProVolatility,
    Ratio,
    TreeNode,
)
from rebalancer.bots.flowchart.undefined import why_undefined
from rebalancer.bots.flowchart.walk import children_of
from rebalancer.model import Allocation, BarsRead, BotFailure, Closes, Decision, Floats, Symbol, Weights


def describe(chart: Chart) -> Findings:
    nodes: Counter[str] = Counter()
    tickers: set[Symbol] = set()
    functions: dict[str, set[tuple[float, ...]]] = {}
    deepest = 0
    stack: list[tuple[TreeNode, int]] = [(chart.root, 1)]
    while stack:
        element, depth = stack.pop()
        match element:
            case Asset(symbol=str(ticker)) | Indicator(subject=str(ticker)) | Capped(fallback=str(ticker)):
                tickers.add(Symbol(ticker))
            case Indicator(subject=Ratio(numerator, denominator)):
                tickers |= {numerator, denominator}
        match element:
            case Indicator(function=function, parameters=parameters) | Filter(function=function, parameters=parameters):
                functions.setdefault(function, set()).add(parameters)
            case InverseVolatility(window=window) | ProVolatility(window=window):
                functions.setdefault(STANDARD_DEVIATION_RETURN, set()).add((window,))
        match element:
            case Filter(weighting=ByVolatility(window)):
                functions.setdefault(STANDARD_DEVIATION_RETURN, set()).add((window,))
        if isinstance(element, Node):
            nodes[type(element).__name__] += 1
            deepest = max(deepest, depth)
            depth += 1
        stack.extend((child, depth) for child in children_of(element))
    return Findings(
        name=chart.name,
        tickers=tuple(sorted(tickers)),
        nodes=tuple(sorted(nodes.items())),
        depth=deepest,
        functions=tuple((function, _used(parameters)) for function, parameters in sorted(functions.items())),
        approximations=chart.approximations,
    )


def _used(parameters: Iterable[tuple[float, ...]]) -> tuple[float | tuple[float, ...], ...]:
    """Sorted; a lone number stands for itself, as it does in the JSON of every version so far."""
    return tuple(each[0] if len(each) == 1 else each for each in sorted(parameters) if each)


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
        found = (Held.of if self._by_rule else evaluate)(self.program, closes).weights
        if closes.symbols == self.symbols:
            return found
        weights = np.zeros((len(closes.symbols), len(found)))
        weights[[closes.symbols.index(symbol) for symbol in self.symbols]] = found.T
        weights[:, np.isnan(found).any(axis=1)] = np.nan
        return weights.T

    def decide(self, closes: Closes, since: date | None = None) -> Decision:
        """The failure names the first undefined value that the decision needs.

        Tonight (provisional closes) a filter leaves out nothing that has no price tonight: that may be a missing quote.
        A ticker to hold without a close is a warning, since the decision to hold it needs no price; unless the chart
        does not rebalance daily, since its holdings drift by prices. Gaps that did not affect the decision are warnings
        too.
        """
        last = len(closes.sessions) - 1
        if last < 0:
            return BotFailure(self.name, f"there are no closes of {', '.join(self.symbols)}")
        if self._by_rule:
            return self._decided_by_rule(closes, since)
        evaluation = evaluate(self.program, closes, last)
        row = evaluation.weights[last]
        if not np.isfinite(row).all():
            return BotFailure(self.name, why_undefined(self.program, closes, evaluation, last))
        if missing := self._missing_tonight(closes, evaluation):
            return BotFailure(self.name, missing)
        path = steps(self.program, closes, evaluation, last)
        return Allocation(
            bot=self.name,
            session=closes.day(last),
            weights=self._by_symbol(row),
            path=tuple(line.text for line in path),
            warnings=self._warnings(closes, evaluation),
            flips=flips(self.program, closes, evaluation, path),
        )

    def _decided_by_rule(self, closes: Closes, since: date | None) -> Decision:
        """As `decide`, of a chart that does not rebalance daily."""
        held, last = Held.of(self.program, closes, since), len(closes.sessions) - 1
        row = held.weights[last]
        if not np.isfinite(row).all():
            return BotFailure(self.name, held.why_unknown(last))
        if missing := self._missing_tonight(closes, held.values):
            return BotFailure(self.name, missing)
        path = held.steps(last)
        return Allocation(
            bot=self.name,
            session=closes.day(last),
            weights=self._by_symbol(row),
            path=tuple(line.text for line in path),
            warnings=self._warnings(closes, held.values),
            flips=flips(self.program, closes, held.values, path),
            since=held.since,
        )

    def _missing_tonight(self, closes: Closes, values: Evaluation) -> str | None:
        return why_too_little_tonight(self.program, values) if closes.provisional else None

    def _warnings(self, closes: Closes, values: Evaluation) -> tuple[str, ...]:
        last = len(closes.sessions) - 1
        return (*warn_left_out(self.program, closes, values, last), *gaps(self.program, closes, values))

    def _by_symbol(self, row: Floats) -> Weights:
        return {symbol: float(weight) for symbol, weight in zip(self.symbols, row, strict=True) if weight > 0}

    def explain(self, closes: Closes, day: int) -> tuple[str, ...]:
        if self._by_rule:
            return Held.of(self.program, closes).path(day)
        return explain(self.program, closes, evaluate(self.program, closes, day), day)

    def findings(self) -> Findings:
        return replace(describe(self.chart), lookback=self.lookback)

    def outline(self, closes: Closes | None = None) -> tuple[str, ...]:
        rule = () if self.program.rebalance == "daily" else (rule_in_words(self.program.rebalance),)
        return (*rule, *outline(self.program, evaluate(self.program, closes) if closes else None))

    def mermaid(self, closes: Closes) -> str:
        return mermaid(self.program, evaluate(self.program, closes))

    def parts(self, closes: Closes) -> tuple[ChartPart, ...]:
        return parts(self.program, evaluate(self.program, closes))
