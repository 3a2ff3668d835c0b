"""A run as its page shows it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from pathlib import Path

from rebalancer.events import BotDecided, BotFailed, HoldingsRead
from rebalancer.journal.crossed import crossed
from rebalancer.journal.read import RunRecord
from rebalancer.model import RunId, Trade
from rebalancer.portfolio.crossings import Crossing
from rebalancer.report.bots import wanted
from rebalancer.report.flips import sentence, with_flips
from rebalancer.report.run import currency_of, zone_of
from rebalancer.report.waterfall import Row, rows

MOST_FLIPS = 5


@dataclass(frozen=True, slots=True)
class ShownDecision:
    bot: str
    share: float
    wants: str = ""
    path: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True)
class ShownFlip:
    """`move` is a fraction of the price, `gate` the line of the path that would go the other way."""

    bot: str
    move: Decimal
    sentence: str
    gate: str


@dataclass(frozen=True, slots=True)
class ShownRun:
    """`start` and `end` are None where the account was not read; `missing` are symbols without a price, and why."""

    record: RunRecord
    currency: str
    zone: tzinfo
    start: HoldingsRead | None
    end: HoldingsRead | None
    decisions: tuple[ShownDecision, ...]
    waterfall: tuple[Row, ...]
    flips: tuple[ShownFlip, ...]
    missing: tuple[str, ...]
    crossed: Sequence[Crossing]

    @property
    def orders(self) -> tuple[Trade, ...]:
        """What the plan trades, sells first."""
        plan = self.record.plan
        return (*plan.sells, *plan.buys) if plan else ()


def shown_run(record: RunRecord, journal: Path) -> ShownRun:
    return ShownRun(
        record=record,
        currency=currency_of(record),
        zone=zone_of(record.run.broker),
        start=_reading(record, "start"),
        end=_reading(record, "end"),
        decisions=tuple(map(_decision, record.decisions)),
        waterfall=rows(record.targets) if record.targets else (),
        flips=nearest_flips(record.decisions),
        missing=tuple(_missing(record)),
        crossed=crossed(journal, record.run.account, RunId(record.run.id)),
    )


def _reading(record: RunRecord, phase: str) -> HoldingsRead | None:
    return next((read for read in record.holdings if read.phase == phase), None)


def _decision(made: BotDecided | BotFailed) -> ShownDecision:
    if isinstance(made, BotFailed):
        return ShownDecision(made.failure.bot, made.share, failure=made.failure.reason)
    return ShownDecision(made.bot, made.share, wanted(made.weights), with_flips(made.path, made.flips), made.warnings)


def nearest_flips(decisions: Iterable[object], most: int = MOST_FLIPS) -> tuple[ShownFlip, ...]:
    """The gates that the smallest move of a price flips, the nearest first."""
    found = [
        ShownFlip(made.bot, flip.move, sentence(flip), made.path[flip.step].strip())
        for made in decisions
        if isinstance(made, BotDecided)
        for flip in made.flips
        if flip.move is not None
    ]
    return tuple(sorted(found, key=lambda flip: abs(flip.move))[:most])


def _missing(record: RunRecord) -> Iterator[str]:
    for taken in record.prices:
        if taken.purpose == "orders":
            yield from (f"{each.symbol}: {' '.join(each.reasons)}" for each in taken.missing)
