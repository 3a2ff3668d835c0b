"""Bots and settings that name a share as it was called before: asked and followed under its new name, and told so."""

from collections.abc import Mapping
from dataclasses import replace

from rebalancer.live.desk import Desk, Diary
from rebalancer.model import Closes, Rename, Symbol, Trading
from rebalancer.portfolio.renames import (
    guarded,
    guarded_limits,
    names_now,
    renamed_trading,
    trades_again,
    why_not_followed,
)
from rebalancer.ports import Book


def follow_renames(desk: Desk, diary: Diary, book: Book) -> Desk:
    """`desk` with every name as it is now. What nobody can tell is among its `ambiguous` symbols, under both names."""
    trading, limits = desk.trading, desk.limits
    named = {*desk.symbols(), *(symbol for pair in trading.paired_tickers for symbol in pair)}
    listed = {*trading.protected, *limits.allowed, *limits.denied}
    found = names_now({*named, *listed}, book.renames)
    if not found:
        return desk
    names, ambiguous = _judged(desk, diary, {old: found[old] for old in found if old in named}, book)
    for old, rename in found.items():
        if old in names or old not in named:
            _say(desk, diary, rename)
    lists = {old: rename.new for old, rename in found.items()}
    return replace(
        desk,
        renames=names,
        ambiguous=ambiguous,
        trading=guarded(renamed_trading(trading, names), lists),
        limits=guarded_limits(limits, lists),
    )


def still_protected(trading: Trading, book: Book) -> Trading:
    """With what is protected under the names of now."""
    names = names_now(trading.protected, book.renames)
    return guarded(trading, {old: rename.new for old, rename in names.items()})


def _judged(
    desk: Desk, diary: Diary, found: Mapping[Symbol, Rename], book: Book
) -> tuple[dict[Symbol, Symbol], dict[Symbol, str]]:
    """The new name by the old one; and the symbols that are left alone, with the reason."""
    if not found:
        return {}, {}
    closes, named = _closes(desk, diary, found), {*desk.symbols(), *_paired(desk)}
    names: dict[Symbol, Symbol] = {}
    ambiguous: dict[Symbol, str] = {}
    for old, rename in found.items():
        if trades_again(rename, closes) and rename.new not in {*(book.expected or {})}:
            continue  # none of the renamed shares is left: whoever names the ticker means its new holder
        if reason := why_not_followed(rename, named, closes):
            ambiguous |= {old: reason, rename.new: reason}
            diary.note(f"{old}: {reason}", "warning")
        else:
            names[old] = rename.new
    return names, ambiguous


def _paired(desk: Desk) -> set[Symbol]:
    return {symbol for pair in desk.trading.paired_tickers for symbol in pair}


def _closes(desk: Desk, diary: Diary, found: Mapping[Symbol, Rename]) -> Closes:
    symbols = {*desk.symbols(), *found, *(rename.new for rename in found.values())}
    return desk.history.closes(sorted(symbols), before=diary.session.day)


def _say(desk: Desk, diary: Diary, rename: Rename) -> None:
    bots = [f"bot {name}" for name, program in sorted(desk.programs.items()) if rename.old in program.symbols]
    text = f"{rename.old}: it is called {rename.new} since {rename.day}, and is looked up and traded as {rename.new}"
    diary.note(f"{text}. Write {rename.new} in {' and '.join(bots) or 'the config'}", "warning")
