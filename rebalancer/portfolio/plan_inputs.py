"""What a run's plan is made from, as values: the same values make the same plan again, on any day and machine."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from rebalancer.bots.base import Bot
from rebalancer.bots.observe import with_flips
from rebalancer.events import BotDecided, BotFailed, Event, PlanMade, TargetsSet
from rebalancer.model import (
    BotFailure,
    Closes,
    Decision,
    Holdings,
    Instrument,
    NoPrice,
    Plan,
    Price,
    Share,
    Snapshot,
    Symbol,
    Targets,
    Trading,
)
from rebalancer.portfolio.renames import Names, under_new_names, under_old_names
from rebalancer.portfolio.rounding import Caps
from rebalancer.portfolio.targets import set_targets
from rebalancer.portfolio.trades import Prices, make_plan


@dataclass(frozen=True, slots=True)
class Quoted:
    """What prices for orders were chosen from `at` that time. `zone` is the exchange's, `currency` the account's."""

    at: datetime
    zone: str
    currency: str
    snapshots: tuple[Snapshot, ...]


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """Beside the closes and the bots' files.

    `notes` are those about the `shares`. `since` is, by bot, the day on which its simulation had begun by the journal.
    `fallback` is the ticker that could be bought, None where freed money stayed in cash. `prices` are those for orders,
    `missing` the symbols without one, `quoted` what they were chosen from (None in runs of earlier versions).
    `untradable` and `suspects` are those of `make_plan`.
    """

    session: date
    shares: tuple[Share, ...]
    notes: tuple[str, ...]
    since: Mapping[str, date | None]
    renames: Mapping[Symbol, Symbol]
    trading: Trading
    fallback: Symbol | None
    holdings: Holdings
    investable: Decimal
    prices: tuple[Price, ...]
    missing: tuple[NoPrice, ...]
    untradable: Mapping[Symbol, str]
    suspects: Mapping[Symbol, str]
    instruments: Mapping[Symbol, Instrument]
    caps: Caps
    quoted: Quoted | None = None


def sorted_prices(prices: Prices) -> tuple[tuple[Price, ...], tuple[NoPrice, ...]]:
    """Those that were accepted, and those that are missing."""
    found = tuple(price for price in prices.values() if isinstance(price, Price))
    return found, tuple(price for price in prices.values() if isinstance(price, NoPrice))


def plan_of(inputs: PlanInputs, targets: Targets) -> Plan:
    """Raises what `make_plan` raises."""
    accepted = {price.symbol: price for price in inputs.prices}
    prices: Prices = {**accepted, **{price.symbol: price for price in inputs.missing}}
    return make_plan(
        inputs.holdings,
        targets,
        inputs.investable,
        prices,
        inputs.untradable,
        inputs.trading,
        inputs.suspects,
        inputs.caps,
        instruments=inputs.instruments,
    )


def decision_of(bot: Bot, closes: Closes, renames: Names, since: date | None) -> tuple[Decision, str]:
    """A bot's decision by `closes` with its flips, and why it has none, or "".

    A bot that still uses a symbol's old name gets its closes under that name.
    """
    known = under_old_names(closes, renames, bot.symbols)
    decision, trouble = with_flips(bot, known, bot.decide(known, since))
    return under_new_names(decision, renames), trouble


def decision_event(at: datetime, share: Share, decision: Decision) -> BotDecided | BotFailed:
    if isinstance(decision, BotFailure):
        return BotFailed(at=at, share=share.fraction, failure=decision)
    reasons = (decision.path, decision.warnings, decision.since, decision.flips)
    return BotDecided(at, share.bot, share.fraction, decision.weights, *reasons)


def planned_again(
    inputs: PlanInputs, closes: Closes, bots: Mapping[str, Bot], times: Sequence[datetime]
) -> Iterable[Event]:
    """The events from the bots' decisions to the plan, as the run journalled them at `times`.

    Raises what `set_targets` and `make_plan` raise.
    """
    clock = iter(times)
    decisions = {
        share.bot: decision_of(bots[share.bot], closes, inputs.renames, inputs.since[share.bot])[0]
        for share in inputs.shares
    }
    for share in inputs.shares:
        yield decision_event(next(clock), share, decisions[share.bot])
    targets = set_targets(inputs.shares, decisions, inputs.trading, inputs.fallback, inputs.notes)
    yield TargetsSet(next(clock), targets)
    yield PlanMade(next(clock), plan_of(inputs, targets))
