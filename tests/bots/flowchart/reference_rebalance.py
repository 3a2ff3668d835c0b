"""What a chart holds by its rebalance rule, a second time: shares and cash, day by day, in plain Python."""

import math
from datetime import date

from reference import Reference

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.rule import Threshold
from rebalancer.bots.flowchart.walk import children_of
from rebalancer.model import Closes

PERIODS = {
    "daily": lambda day: day,
    "weekly": lambda day: day.isocalendar()[:2],
    "monthly": lambda day: (day.year, day.month),
    "quarterly": lambda day: (day.year, (day.month - 1) // 3),
    "yearly": lambda day: day.year,
}


class RebalanceReference:
    """`doubtful` is set once a decision is closer than rounding errors."""

    def __init__(self, chart: tree.Chart, closes: Closes) -> None:
        self.reference = Reference(closes)
        self.chart = chart
        self.days = [closes.day(row) for row in range(len(closes.sessions))]
        self.shares: dict[str, float] = {}
        self.cash = 1.0
        self.traded: date | None = None
        self.prices: dict[str, float] = {}
        self.near = False

    @property
    def doubtful(self) -> bool:
        return self.near or self.reference.doubtful

    def held(self, kept: int | None = None) -> list[dict[str, float] | None]:
        """The weights of each day, None where they are unknown; the simulation begins on row `kept`, if it is given."""
        begin = self.begins()
        first = begin if kept is None else kept if begin <= kept else len(self.days)
        return [self.day(row, row >= first) for row in range(len(self.days))]

    def day(self, row, begun) -> dict[str, float] | None:
        today = {ticker: column[row] for ticker, column in self.reference.closes.items()}
        self.prices |= {ticker: close for ticker, close in today.items() if not math.isnan(close)}
        target = self.reference.weights(self.chart.root, row) if begun else None
        wanted = {ticker: weight for ticker, weight in (target or {}).items() if weight > 0}
        able = target is not None and not any(math.isnan(today[ticker]) for ticker in wanted)
        if able and (self.traded is None or self.due(self.days[row], wanted)):
            self.shares = {ticker: weight / self.prices[ticker] for ticker, weight in wanted.items()}
            self.cash, self.traded = 1 - sum(wanted.values()), self.days[row]
        by_period = not isinstance(self.chart.rebalance, Threshold)
        unsettled = self.traded is None or (self.due(self.days[row], {}) if by_period else not able)
        return None if unsettled or any(math.isnan(today[ticker]) for ticker in self.shares) else self.weights()

    def due(self, today: date, wanted: dict[str, float]) -> bool:
        rule = self.chart.rebalance
        if not isinstance(rule, Threshold):
            return PERIODS[rule](today) != PERIODS[rule](self.traded)
        held = self.weights()
        off = [abs(held.get(ticker, 0) - wanted.get(ticker, 0)) for ticker in {*held, *wanted}]
        self.near |= any(math.isclose(distance, rule.width, rel_tol=0, abs_tol=1e-9) for distance in off)
        return held.keys() != wanted.keys() or max(off, default=0) > rule.width

    def weights(self) -> dict[str, float]:
        values = {ticker: shares * self.prices[ticker] for ticker, shares in self.shares.items()}
        whole = self.cash + sum(values.values())
        return {ticker: value / whole for ticker, value in values.items()}

    def begins(self) -> int:
        """The first row by which each close, score and condition that the chart may need was known once."""
        never = len(self.days)
        return max((next((row for row in range(never) if known(row)), never) for known in self.needs()), default=0)

    def needs(self):
        """For each thing that the chart may need, whether it is known on a row."""
        waiting = [self.chart.root]
        while waiting:
            part = waiting.pop()
            match part:
                case tree.Asset(symbol=ticker):
                    yield lambda row, closes=self.reference.closes[ticker]: not math.isnan(closes[row])
                case tree.Capped():
                    parts = [child for _, child in self.reference.capped_shares(part)]
                    waiting += [tree.Asset(child, part.place) if isinstance(child, str) else child for child in parts]
                case tree.Constant() | tree.Indicator() | tree.DaysAgo() | tree.Rank() | tree.Arithmetic():
                    yield lambda row, part=part: not math.isnan(self.reference.operand(part, row))
                    waiting += children_of(part)
                case _ if isinstance(part, tree.Condition):
                    if isinstance(part, tree.Compare) and part.comparator in ("crosses-above", "crosses-below"):
                        yield lambda row, part=part: self.reference.compared(part, "lt", row, 1) is not None
                    yield lambda row, part=part: self.reference.truth(part, row) is not None
                    waiting += children_of(part)
                case _:
                    yield from self.scores(part)
                    waiting += children_of(part)

    def scores(self, part):
        """The scores and the volatilities of the children, as far as they decide."""
        if len(part.children if hasattr(part, "children") else ()) < 2:
            return
        if isinstance(part, tree.Filter) and (
            part.weighting is None or part.count < len(part.children) or self.is_ranked(part)
        ):
            for child in part.children:
                yield lambda row, child=child: not math.isnan(self.reference.score_of(child, part, row))
        window = getattr(part.weighting if isinstance(part, tree.Filter) and part.count > 1 else part, "window", None)
        for child in part.children if window else ():
            history = self.reference.history(child)
            yield (
                lambda row, history=history: (
                    not math.isnan(self.reference.score("standard-deviation-return", (window,), history, row))
                )
            )

    def is_scored(self, part):
        return part.weighting is None or part.count < len(part.children) or self.is_ranked(part)

    def is_ranked(self, part):
        return part.count > 1 and isinstance(part.weighting, tree.ByRank)
