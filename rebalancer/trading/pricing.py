"""Tonight's prices, the closes up to now, and each bot's decision by them. All are journalled."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from rebalancer.errors import BadInputError, SourceError
from rebalancer.events import PricesTaken
from rebalancer.market.bars import bars_read, missing_bars, tonight_in_words, with_bars, with_tonight
from rebalancer.market.closes import evening_closes
from rebalancer.market.coverage import unexplained_jumps
from rebalancer.market.price_fallback import accepted_prices, order_gates, restated_previous, signal_gates
from rebalancer.model import (
    Closes,
    CorporateAction,
    Decision,
    NoPrice,
    Price,
    Share,
    Snapshot,
    Symbol,
    Targets,
)
from rebalancer.model.text import money
from rebalancer.portfolio.checks import TOLERANCE
from rebalancer.portfolio.plan_inputs import Quoted, decision_event, decision_of, sorted_prices
from rebalancer.portfolio.trades import Prices
from rebalancer.trading.context import RunContext, RunLog

RECENT = timedelta(days=14)


def recent_actions(context: RunContext, symbols: Iterable[Symbol]) -> tuple[CorporateAction, ...]:
    """Splits, dividends and renames of the last two weeks, tonight included: they may explain a jump of a price."""
    today = context.clock.now().astimezone(context.calendar.zone).date()
    return context.history.actions(sorted(symbols), today - RECENT, today)


def market_snapshots(
    context: RunContext, symbols: Iterable[Symbol], actions: Sequence[CorporateAction]
) -> Mapping[Symbol, Snapshot]:
    """Quotes, trades and bars of now, each previous close adjusted for splits since."""
    today = context.clock.now().astimezone(context.calendar.zone).date()
    return restated_previous(context.quotes.snapshots(sorted(symbols)), actions, today)


def signal_prices(
    context: RunContext, log: RunLog, snapshots: Mapping[Symbol, Snapshot], symbols: Iterable[Symbol]
) -> Prices:
    """Prices accepted for a bot's decision: any of today's session."""
    gates = signal_gates(context.trading, log.session, context.clock.now(), context.currency)
    return _recorded(log, "signals", accepted_prices(sorted(symbols), snapshots, gates))


def order_prices(
    context: RunContext,
    log: RunLog,
    snapshots: Mapping[Symbol, Snapshot],
    symbols: Iterable[Symbol],
    purpose: Literal["orders", "buys"] = "orders",
    now: datetime | None = None,
) -> Prices:
    """Prices accepted for an order: fresh, two-sided, not too wide."""
    gates = order_gates(context.trading, log.session, now or context.clock.now(), context.currency)
    prices = _recorded(log, purpose, accepted_prices(sorted(symbols), snapshots, gates))
    log.last_prices |= {symbol: price for symbol, price in prices.items() if isinstance(price, Price)}
    return prices


def quoted_now(context: RunContext, snapshots: Mapping[Symbol, Snapshot], symbols: Iterable[Symbol]) -> Quoted:
    """What prices for orders are chosen from at this moment, to be kept with what the plan is made from.

    What has no finite number can't be kept, and is left out.
    """
    kept = (_prices_alone(snapshots[symbol]) for symbol in sorted(symbols) if symbol in snapshots)
    zone = str(context.calendar.zone)
    return Quoted(context.clock.now(), zone, context.currency, tuple(each for each in kept if _is_finite(each)))


def _prices_alone(snapshot: Snapshot) -> Snapshot:
    """Without what bars have beside their closes."""
    bar, previous = (bar and replace(bar, rest={}) for bar in (snapshot.bar, snapshot.previous))
    return replace(snapshot, bar=bar, previous=previous)


def _is_finite(snapshot: Snapshot) -> bool:
    quote, trade, bars = snapshot.quote, snapshot.trade, (snapshot.bar, snapshot.previous)
    numbers = [*((quote.bid, quote.ask) if quote else ()), *(bar.close for bar in bars if bar)]
    return all(number.is_finite() for number in (*numbers, *([trade.price] if trade else [])))


def _recorded(log: RunLog, purpose: Literal["signals", "orders", "buys"], prices: Prices) -> Prices:
    found, missing = sorted_prices(prices)
    log.write(PricesTaken(at=log.now(), purpose=purpose, prices=found, missing=missing))
    return prices


def closes_until_now(context: RunContext, log: RunLog, prices: Prices, snapshots: Mapping[Symbol, Snapshot]) -> Closes:
    """Closes of completed sessions, and tonight's prices as a provisional last row; the bars beside them for the bots
    that read any. Raises SourceError without any close.
    """
    today = log.session.day
    completed = context.history.closes(context.symbols(), before=today)
    if not len(completed.sessions):
        raise SourceError(f"the price history has no session before {today}; nothing can be decided")
    expected = context.calendar.sessions(completed.day(0), today - timedelta(days=1))
    closes = _with_bars(context, log, evening_closes(completed, expected, today, prices), snapshots)
    for note in closes.notes:
        log.note(note)
    log.note(f"the closes of {today} are provisional: they are tonight's prices, before the close")
    return closes


def _with_bars(context: RunContext, log: RunLog, closes: Closes, snapshots: Mapping[Symbol, Snapshot]) -> Closes:
    """`closes` with the bars that the bots read. Where they can't be read, only the bots that need them fail."""
    read = bars_read(context.bots.values(), context.renames)
    if not read:
        return closes
    try:
        closes = with_bars(context.history, closes, read)
    except (SourceError, BadInputError) as error:
        log.note(f"the bars can't be read, and the bots that need them can't decide: {error}", "warning")
        closes = replace(closes, bars=missing_bars(closes, read, f"{error}"))
    closes = with_tonight(closes, snapshots)
    for sentence in tonight_in_words(closes):
        log.note(sentence)
    return closes


def warn_jumps(
    context: RunContext, log: RunLog, closes: Closes, actions: Sequence[CorporateAction]
) -> Mapping[Symbol, str]:
    """Symbols whose closes jumped without a known corporate action: neither bought nor sold in part tonight."""
    return log.warn_each(unexplained_jumps(closes, actions, context.trading.max_jump_percent, context.currency))


# --------------------------------------------------------------------------------------------- decisions


def decide(context: RunContext, log: RunLog, shares: Sequence[Share], closes: Closes) -> Mapping[str, Decision]:
    """Each bot's allocation for tonight by `closes` up to now, or its failure; all journalled."""
    decisions: dict[str, Decision] = {}
    for number, share in enumerate(shares):
        context.progress(f"Asking {share.bot}", number, len(shares))
        decisions[share.bot] = _decision(context, log, share.bot, closes)
    for share in shares:
        log.write(decision_event(log.now(), share, decisions[share.bot]))
    return decisions


def _decision(context: RunContext, log: RunLog, name: str, closes: Closes) -> Decision:
    """A simulation, or what a bot remembers, begins on the day on which it began in earlier evenings, as long as the
    bot's file is the same.
    """
    log.since[name] = context.journal.since(context.account, name, context.files.get(f"bot {name}", ""))
    decision, trouble = decision_of(context.bots[name], closes, context.renames, log.since[name])
    if trouble:
        log.note(trouble, "warning")
    return decision


def untradable_fallback(
    context: RunContext, log: RunLog, prices: Prices, untradable: Mapping[Symbol, str]
) -> Mapping[Symbol, str]:
    """The fallback ticker with the reason why it can't be bought tonight; empty where it can, or where none is set.

    Its weight stays cash, and shares of it that are held are not sold.
    """
    fallback = context.trading.fallback_ticker
    if fallback is None:
        return {}
    price = prices.get(fallback)
    unpriced = "no price: " + " ".join(price.reasons) if isinstance(price, NoPrice) else None
    reason = untradable.get(fallback) or unpriced
    if reason is None:
        return {}
    log.note(f"the fallback {fallback} can't be used tonight ({reason}): what would go to it stays cash", "warning")
    return {fallback: reason}


def note_uninvested(log: RunLog, untradable: Mapping[Symbol, str], targets: Targets, investable: Decimal) -> None:
    """Weight freed by netting for a fallback that can't be bought counts as a missed target."""
    freed = Decimal(math.fsum(netting.freed for netting in targets.nettings))
    for fallback, reason in untradable.items():
        if freed > TOLERANCE:
            log.problems.append(
                f"{fallback}: {money(freed * investable, log.currency)} that netting freed stay in cash ({reason})"
            )
