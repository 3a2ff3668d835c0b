"""The tickers that accounts need and what for, and the sentences about those without prices."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from rebalancer.app.price_views import RequiredTicker
from rebalancer.bots.base import Bot
from rebalancer.config import AccountConfig, Config
from rebalancer.demo import TRADED
from rebalancer.model import Symbol
from rebalancer.model.text import counted, listed

BotsByAccount = Mapping[str, Mapping[str, Bot]]
"""Loaded bots by the names of their account and their own."""


def required_tickers(accounts: Iterable[AccountConfig], bots: BotsByAccount) -> tuple[RequiredTicker, ...]:
    """What `accounts` need for their bots, as a fallback and in pairs, by ticker."""
    users: dict[Symbol, list[Bot]] = defaultdict(list)
    for bot in chain.from_iterable(loaded.values() for loaded in bots.values()):
        for symbol in bot.symbols:
            users[symbol].append(bot)
    keys: dict[Symbol, set[str]] = defaultdict(set)
    for symbol, key in _named_by_settings(accounts):
        keys[symbol].add(key)
    return tuple(
        RequiredTicker(
            symbol,
            tuple(bot.name for bot in users[symbol]),
            tuple(sorted(keys[symbol])),
            max((bot.lookback for bot in users[symbol]), default=1),
        )
        for symbol in sorted({*users, *keys})
    )


def _named_by_settings(accounts: Iterable[AccountConfig]) -> Iterator[tuple[Symbol, str]]:
    for account in accounts:
        yield from ((symbol, "fallback_ticker") for symbol in account.trading.fallback)
        yield from ((symbol, "paired_tickers") for pair in account.trading.paired_tickers for symbol in pair)


def without_price(needed: Iterable[RequiredTicker], known: Container[Symbol] | None) -> tuple[RequiredTicker, ...]:
    """Those that are not `known` to the price source; None: to a venue, which is not asked, but has none of TRADED."""
    return tuple(each for each in needed if (each.symbol in TRADED if known is None else each.symbol not in known))


def missing_sentence(config: Config, missing: Sequence[RequiredTicker]) -> Iterator[str]:
    """As in "2 tickers have no price: QLD (3 bots), SGOV (fallback_ticker)", with the remedy; nothing for none."""
    if missing:
        names = listed([named(ticker) for ticker in missing])
        yield f"{_have(missing)} no price: {names}. {_remedy(config, missing)}"


def short_sentence(short: Sequence[RequiredTicker], closes: Mapping[Symbol, int]) -> Iterator[str]:
    """`closes` counts those that there are."""
    if short:
        names = listed([f"{each.symbol} ({closes[each.symbol]:,} of {each.closes:,}, {_uses(each)})" for each in short])
        yield f"{_have(short)} fewer closes than the bots look back: {names}. Those bots can't decide yet."


def _have(needed: Sequence[RequiredTicker]) -> str:
    return f"{counted(len(needed), 'ticker')} {'has' if len(needed) == 1 else 'have'}"


def named(ticker: RequiredTicker) -> str:
    """As in "QLD (3 bots, fallback_ticker)"."""
    return f"{ticker.symbol} ({_uses(ticker)})"


def _uses(ticker: RequiredTicker) -> str:
    bots = [counted(len(ticker.bots), "bot")] if ticker.bots else []
    return ", ".join([*bots, *ticker.settings])


def _remedy(config: Config, missing: Sequence[RequiredTicker]) -> str:
    if config.data_source == "sample":
        return "`rebalance data status` lists the tickers of the sample: name one of them, or bring prices of your own."
    if derived := [f"{TRADED[ticker.symbol]} for {ticker.symbol}" for ticker in missing if ticker.symbol in TRADED]:
        return f"Name traded funds, such as {' and '.join(derived)}: those are in the sample alone."
    if config.data_folder is not None:
        return "Add their closes to the folder, or name other tickers."
    return "`rebalance data sync` fetches those that there are; name other tickers for the rest."
