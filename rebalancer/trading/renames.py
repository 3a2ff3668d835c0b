"""Bots and settings that name a share as it was called before: asked and followed under its new name, and told so."""

from collections.abc import Mapping
from dataclasses import replace

from rebalancer.model import Closes, Rename, Symbol, Trading
from rebalancer.portfolio.renames import (
    ambiguity,
    limits_under_both_names,
    names_now,
    protected_under_both_names,
    renamed_trading,
    trades_again,
)
from rebalancer.ports import Ledger
from rebalancer.trading.context import RunContext, RunLog


def follow_renames(context: RunContext, log: RunLog, ledger: Ledger) -> RunContext:
    """`context` with every symbol as it is called now. Where two shares may be meant, both names are `ambiguous`."""
    trading, limits = context.trading, context.limits
    named = {*context.symbols(), *(symbol for pair in trading.paired_tickers for symbol in pair)}
    listed = {*trading.protected, *limits.allowed, *limits.denied}
    found = names_now({*named, *listed}, ledger.renames)
    if not found:
        return context
    names, ambiguous = _judged(context, log, {old: found[old] for old in found if old in named}, ledger)
    for old, rename in found.items():
        if old in names or old not in named:
            _say(context, log, rename)
    lists = {old: rename.new for old, rename in found.items()}
    return replace(
        context,
        renames=names,
        ambiguous=ambiguous,
        trading=protected_under_both_names(renamed_trading(trading, names), lists),
        limits=limits_under_both_names(limits, lists),
    )


def still_protected(trading: Trading, ledger: Ledger) -> Trading:
    """With what is protected under the names of now."""
    names = names_now(trading.protected, ledger.renames)
    return protected_under_both_names(trading, {old: rename.new for old, rename in names.items()})


def _judged(
    context: RunContext, log: RunLog, found: Mapping[Symbol, Rename], ledger: Ledger
) -> tuple[dict[Symbol, Symbol], dict[Symbol, str]]:
    """The new name by the old one; and the symbols that are left alone, with the reason."""
    if not found:
        return {}, {}
    closes, named = _closes(context, log, found), {*context.symbols(), *_paired(context)}
    names: dict[Symbol, Symbol] = {}
    ambiguous: dict[Symbol, str] = {}
    for old, rename in found.items():
        if trades_again(rename, closes) and rename.new not in {*(ledger.expected or {})}:
            continue  # none of the renamed shares is left: whoever names the ticker means its new holder
        if reason := ambiguity(rename, named, closes):
            ambiguous |= {old: reason, rename.new: reason}
            log.note(f"{old}: {reason}", "warning")
        else:
            names[old] = rename.new
    return names, ambiguous


def _paired(context: RunContext) -> set[Symbol]:
    return {symbol for pair in context.trading.paired_tickers for symbol in pair}


def _closes(context: RunContext, log: RunLog, found: Mapping[Symbol, Rename]) -> Closes:
    symbols = {*context.symbols(), *found, *(rename.new for rename in found.values())}
    return context.history.closes(sorted(symbols), before=log.session.day)


def _say(context: RunContext, log: RunLog, rename: Rename) -> None:
    bots = [f"bot {name}" for name, bot in sorted(context.bots.items()) if rename.old in bot.symbols]
    text = f"{rename.old}: it is called {rename.new} since {rename.day}, and is looked up and traded as {rename.new}"
    log.note(f"{text}. Write {rename.new} in {' and '.join(bots) or 'the config'}", "warning")
