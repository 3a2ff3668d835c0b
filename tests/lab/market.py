"""Simulated prices: the true ones, and what the data sources report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

import numpy as np

from lab.clock import LabClock
from lab.exchange_calendar import first_sessions
from lab.faults import FaultInjector
from rebalancer.errors import SourceError
from rebalancer.model import Bar, Closes, CorporateAction, Quote, Session, Snapshot, Symbol, Tick

SYMBOLS = tuple(Symbol(name) for name in ("AAA", "BBB", "CCC", "DDD", "EEE", "SGOV"))
HISTORY = 12
"""Sessions before the first evening."""
CENT = Decimal("0.01")
STEP_SECONDS = 7
STEPS = tuple(1 + Decimal(step) / 10_000 for step in range(-12, 13))
FALLS = (Decimal("0.95"), Decimal("0.85"), Decimal("0.74"))
WORTH_SPLITTING = 40
"""Dollars. A price never falls below 5."""
WALK = 16
"""Prices a day, repeated cyclically."""
STRANGE_DAY = date(2026, 1, 4)
"""A Sunday before the first session."""
NOT_A_NUMBER = Decimal("NaN")
UNUSABLE = ("prices are stale", "prices are of yesterday", "prices are a hundredfold", "no prices")
"""Price faults after which no order may be sized by the symbol's price."""
QUOTE_ONLY = ("quote is crossed", "quote has no bid", "quote is no number")


@dataclass(slots=True)
class LabMarket:
    """`ports.History` and `ports.Quotes`. A day's prices go up and down by up to 0.12 %.

    `ails`: which symbols' prices are shown wrong, and how.
    """

    clock: LabClock
    prices: dict[Symbol, Decimal]
    closes_of: np.ndarray
    """(T, N) closes in dollars, adjusted; rows after today's are not filled."""
    today: int = HISTORY
    walk: dict[Symbol, list[Decimal]] = field(default_factory=dict)
    price_faults: dict[Symbol, str] = field(default_factory=dict)
    announced: list[CorporateAction] = field(default_factory=list)
    injector: FaultInjector | None = None
    not_adjusted: list[tuple[Symbol, Decimal]] = field(default_factory=list)
    """Splits for which the history is not adjusted yet."""

    @classmethod
    def begin(cls, rng: Random, clock: LabClock, days: int) -> "LabMarket":
        prices = {name: Decimal(rng.randint(800, 40_000)) / 100 for name in SYMBOLS}
        market = cls(clock, prices, np.full((HISTORY + days, len(SYMBOLS)), np.nan))
        for row in range(HISTORY):
            market.prices = {name: _moved(rng, price, 0.012) for name, price in market.prices.items()}
            market.closes_of[row] = [float(price) for price in market.prices.values()]
        return market

    def session(self) -> Session:
        return first_sessions(HISTORY + 400)[self.today]

    def open_day(self, rng: Random, injector: FaultInjector) -> None:
        self.injector = injector
        fall = rng.choice(FALLS) if injector.occurs("market falls") else Decimal(1)
        self.price_faults = {}
        for name in SYMBOLS:
            opening = (_moved(rng, self.prices[name], 0.015) * fall).quantize(CENT)
            self.walk[name] = [(opening * step).quantize(CENT) for step in rng.choices(STEPS, k=WALK)]
        for price_fault in (*UNUSABLE, *QUOTE_ONLY):
            if injector.occurs(price_fault):
                self.price_faults[rng.choice(SYMBOLS)] = price_fault
        may_split = [name for name in SYMBOLS if self.prices[name] >= WORTH_SPLITTING and not self._was_split(name)]
        if may_split and injector.occurs("split"):
            self._split(rng.choice(may_split), Decimal(rng.choice((2, 3, 4))))

    def _was_split(self, name: Symbol) -> bool:
        return any(action.symbol == name for action in self.announced)

    def _split(self, name: Symbol, ratio: Decimal) -> None:
        self.walk[name] = [(price / ratio).quantize(CENT) for price in self.walk[name]]
        self.prices[name] = (self.prices[name] / ratio).quantize(CENT)
        day = self.session().day
        self.announced.append(CorporateAction(name, day, "split", ratio, words=f"{ratio}-for-1 split of {day}"))
        self.not_adjusted.append((name, ratio))
        if not (self.injector and self.injector.occurs("closes are not adjusted for the split")):
            self._adjust()

    def _adjust(self) -> None:
        for name, ratio in self.not_adjusted:
            self.closes_of[: self.today, SYMBOLS.index(name)] /= float(ratio)
        self.not_adjusted = []

    def splits_today(self) -> list[CorporateAction]:
        return [action for action in self.announced if action.day == self.session().day]

    def close_day(self) -> None:
        """Record the closes; the history is adjusted for today's splits."""
        self._adjust()
        self.prices = {name: self.walk[name][-1] for name in SYMBOLS}
        self.closes_of[self.today] = [float(price) for price in self.prices.values()]
        self.today += 1

    def price(self, name: Symbol, at: datetime) -> Decimal:
        """The true price."""
        return self.walk[name][int(at.timestamp()) // STEP_SECONDS % WALK]

    def closes(self, symbols: Sequence[Symbol], before: date) -> Closes:
        if self.injector and self.injector.occurs("history does not answer"):
            raise SourceError("the history did not answer")
        days = [session.day for session in first_sessions(HISTORY + 400)[: self.today] if session.day < before]
        columns = [SYMBOLS.index(name) for name in symbols]
        values = self.closes_of[: len(days), columns]
        if self.injector and self.injector.occurs("closes have a hole"):
            values[-1, 0] = np.nan
        if self.injector and self.injector.occurs("closes have a day too many"):
            days[0] = STRANGE_DAY
        return Closes(np.array(days, dtype="datetime64[D]"), tuple(symbols), values)

    def actions(self, symbols: Sequence[Symbol], first: date, last: date) -> tuple[CorporateAction, ...]:
        return tuple(action for action in self.announced if action.symbol in symbols and first <= action.day <= last)

    def snapshots(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Snapshot]:
        if self.injector and self.injector.occurs("quotes do not answer"):
            raise SourceError("the quotes did not answer")
        return {name: self._shown(name) for name in symbols if self.price_faults.get(name) != "no prices"}

    def _shown(self, name: Symbol) -> Snapshot:
        now, price_fault = self.clock.now(), self.price_faults.get(name, "")
        price = self.price(name, self.clock.true) * (100 if price_fault == "prices are a hundredfold" else 1)
        session, earlier = self.session(), first_sessions(HISTORY + 400)[self.today - 1]
        at, day = now, session.day
        if price_fault == "prices are stale":
            at = now - timedelta(hours=1)
        if price_fault == "prices are of yesterday":
            at, day = now - timedelta(days=1), earlier.day
        return Snapshot(
            name,
            quote=_quote(price, at, price_fault),
            trade=Tick(price, at),
            bar=Bar(day, price, at),
            previous=Bar(earlier.day, self._previous(name), earlier.closes),
        )

    def _previous(self, name: Symbol) -> Decimal:
        """The previous close as traded, not adjusted for today's split."""
        ratios = [action.ratio for action in self.splits_today() if action.symbol == name]
        return self.prices[name] * (ratios[0] if ratios else 1)


def _quote(price: Decimal, at: datetime, price_fault: str) -> Quote:
    half = max(CENT, (price / 10_000).quantize(CENT))
    match price_fault:
        case "quote is crossed":
            return Quote(price + half, price - half, at)
        case "quote has no bid":
            return Quote(Decimal(0), price + half, at)
        case "quote is no number":
            return Quote(NOT_A_NUMBER, price + half, at)
        case _:
            return Quote(price - half, price + half, at)


def _moved(rng: Random, price: Decimal, by: float) -> Decimal:
    """`price` with a normal return of deviation `by`, kept between 5 and 2,000 dollars."""
    step = round(rng.gauss(0, by), 6)
    moved = (price * (1 + Decimal(str(step)))).quantize(CENT)
    return min(max(moved, Decimal(5)), Decimal(2000))
