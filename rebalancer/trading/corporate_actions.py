"""Splits and renames: the ledger is restated by what was announced, and old names are followed to the new ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from rebalancer.bookings import SpunOff
from rebalancer.events import Noted, Restated
from rebalancer.model import CorporateAction, Difference, Holdings, Position, Rename, Symbol, Trading
from rebalancer.portfolio.breaks import (
    break_text,
    differences,
    may_be_announced,
    restatements,
    stay_open,
    unbooked_splits,
)
from rebalancer.portfolio.renames import (
    ambiguity,
    current_names,
    old_ticker_reused,
    renamed_trading,
    under_both_names,
)
from rebalancer.portfolio.spin_offs import spun_off
from rebalancer.ports import Ledger
from rebalancer.trading.context import RunContext, RunLog


def restate_ledger(context: RunContext, log: RunLog, positions: Sequence[Position]) -> Ledger:
    """The ledger after journalling the announced splits, renames and spin-offs by which `positions` differ from it.

    Raises SourceError where the announcements can't be read: to record the new quantities without them would lose track
    of which shares are ours.
    """
    ledger, today = context.journal.ledger(context.account), log.session.day
    if ledger.expected is None or ledger.recorded is None or not ledger.recorded <= today:
        return ledger
    found = differences(positions, ledger.expected)
    changed = [symbol for symbol in found if symbol not in ledger.open or may_be_announced(ledger.open[symbol], today)]
    if not changed:
        return ledger
    first = min([ledger.recorded, *(ledger.open[symbol].recorded for symbol in changed if symbol in ledger.open)])
    actions = context.history.actions(changed, first, today)
    restated = restatements(
        positions,
        ledger.ours,
        ledger.expected,
        actions,
        recorded=ledger.recorded,
        restated=ledger.restated,
        today=today,
        account=context.account,
        at=context.clock.now(),
        unexplained=ledger.open,
    )
    events: tuple[Restated | SpunOff, ...] = (*restated, *_spun_off(context, ledger, positions, actions, today))
    if not events:
        return ledger
    notes = (Noted(event.at, "note", f"{event.symbol}: {event.why}") for event in events)
    context.journal.record(log.run, *events, *notes)  # in one transaction: half a rename would lose the shares
    return context.journal.ledger(context.account)


def _spun_off(
    context: RunContext,
    ledger: Ledger,
    positions: Sequence[Position],
    actions: Sequence[CorporateAction],
    today: date,
) -> Iterable[SpunOff]:
    return spun_off(
        positions,
        ledger.ours,
        ledger.expected or {},
        actions,
        recorded=ledger.recorded or today,
        today=today,
        account=context.account,
        at=context.clock.now(),
    )


def open_differences(
    context: RunContext, ledger: Ledger, positions: Sequence[Position], today: date, *, start: bool
) -> Mapping[Symbol, Difference]:
    """Differences from the ledger that stay unexplained after recording `positions`.

    Only at the `start` of a run can a new one be a split: during a session it is another sender's trade.
    """
    if ledger.expected is None or ledger.recorded is None:
        return {}
    found = differences(positions, ledger.expected)
    ours = ledger.expected if context.trading.manage == "account" else ledger.ours
    return stay_open(found, ours if start else (), ledger.open, ledger.recorded, today)


def warn_open_differences(context: RunContext, log: RunLog, found: Mapping[Symbol, Difference]) -> None:
    for symbol, difference in found.items():
        if symbol not in context.trading.protected:
            log.note(f"{symbol}: {break_text(symbol, difference, log.session.day)}", "warning")


def warn_unbooked_splits(
    log: RunLog, ledger: Ledger, holdings: Holdings, actions: Sequence[CorporateAction]
) -> Mapping[Symbol, str]:
    """Symbols whose split the broker has not booked yet. `ledger` must be from before tonight's record."""
    if ledger.recorded is None:
        return {}
    return log.warn_each(
        unbooked_splits(
            holdings.managed, actions, recorded=ledger.recorded, restated=ledger.restated, today=log.session.day
        )
    )


def wrongly_valued(symbols: Iterable[Symbol], unbooked: Mapping[Symbol, str]) -> Mapping[Symbol, str]:
    """All `symbols`, with the reason, while any split is unbooked: no target can be valued."""
    if not unbooked:
        return {}
    reason = f"the account's value is not the true one while {', '.join(sorted(unbooked))} waits for its split"
    return dict.fromkeys(sorted(symbols), reason)


# --------------------------------------------------------------------------------------------- names


def follow_renames(context: RunContext, log: RunLog, ledger: Ledger) -> RunContext:
    """`context` with bots and settings under current names; both names of an unclear rename are `ambiguous`."""
    trading, limits, named = context.trading, context.limits, _named(context)
    listed = {*trading.protected, *limits.allowed, *limits.denied}
    found = current_names({*named, *listed}, ledger.renames)
    if not found:
        return context
    names, ambiguous = _unambiguous(context, log, {old: found[old] for old in found if old in named}, ledger)
    for old, rename in found.items():
        if old in names or old not in named:
            _warn_old_name(context, log, rename)
    lists = {old: rename.new for old, rename in found.items()}
    return replace(
        context,
        renames=names,
        ambiguous=ambiguous,
        trading=replace(renamed_trading(trading, names), protected=under_both_names(trading.protected, lists)),
        limits=replace(
            limits,
            allowed=under_both_names(limits.allowed, lists),
            denied=under_both_names(limits.denied, lists),
        ),
    )


def protected_by_new_names(trading: Trading, ledger: Ledger) -> Trading:
    """`trading` with renamed `protected` symbols also under their current names."""
    renames = current_names(trading.protected, ledger.renames)
    names = {old: rename.new for old, rename in renames.items()}
    return replace(trading, protected=under_both_names(trading.protected, names))


def _unambiguous(
    context: RunContext, log: RunLog, found: Mapping[Symbol, Rename], ledger: Ledger
) -> tuple[dict[Symbol, Symbol], dict[Symbol, str]]:
    """The new names by the old ones, and the ambiguous symbols with the reason."""
    if not found:
        return {}, {}
    named = _named(context)
    closes = context.history.closes(
        sorted({*context.symbols(), *found, *(rename.new for rename in found.values())}), before=log.session.day
    )
    names: dict[Symbol, Symbol] = {}
    ambiguous: dict[Symbol, str] = {}
    for old, rename in found.items():
        if old_ticker_reused(rename, closes) and rename.new not in {*(ledger.expected or {})}:
            continue  # the old ticker was reused for another share, and the renamed position is closed
        if reason := ambiguity(rename, named, closes):
            ambiguous |= {old: reason, rename.new: reason}
            log.note(f"{old}: {reason}", "warning")
        else:
            names[old] = rename.new
    return names, ambiguous


def _named(context: RunContext) -> set[Symbol]:
    """By the bots, as fallback or in a pair."""
    return {*context.symbols(), *(symbol for pair in context.trading.paired_tickers for symbol in pair)}


def _warn_old_name(context: RunContext, log: RunLog, rename: Rename) -> None:
    bots = [f"bot {name}" for name, bot in sorted(context.bots.items()) if rename.old in bot.symbols]
    text = f"{rename.old}: it is called {rename.new} since {rename.day}, and is looked up and traded as {rename.new}"
    log.note(f"{text}. Write {rename.new} in {' and '.join(bots) or 'the config'}", "warning")
