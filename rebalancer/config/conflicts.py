"""Settings that are valid on their own but contradict each other: which key to change, and its error text."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from rebalancer.config.keys import keys_of
from rebalancer.config.parsers import OWN_SOURCES, price_sources
from rebalancer.config.tables import DataTable
from rebalancer.model import Limits, Mode, Symbol, Trading, Venue
from rebalancer.venues.plugin import AddressKey, VenuePlugin

ANY_VENUE = Venue("", simulated=False, order_kinds=frozenset({"limit", "market", "moc"}))
"""Stands for the venue where the settings of all accounts are checked: it accepts every kind of order."""
SPARE_SECONDS = 60
"""Reserved for reading the account and its prices between the last sell and the last order that an auction accepts."""


def trading_conflicts(trading: Trading, venue: Venue = ANY_VENUE) -> Mapping[str, str]:
    """Conflicts within [trading], and with the venue that it is used at."""
    found = (
        ("fallback_ticker", _fallback_conflict(trading)),
        ("order_type", _auction_conflict(trading, venue)),
        ("minutes_before_close", _time_conflict(trading, venue)),
    )
    return {key: text for key, text in found if text}


def mode_conflicts(account: Mapping[str, Any], plugin: VenuePlugin) -> Mapping[str, str]:
    """Conflicts of mode, account number and host: real money needs an account number and the live host.

    `account` has the values that are valid on their own.
    """
    mode, number, venue = account.get("mode", "paper"), account.get("account_number"), plugin.venue
    other: Mode = "paper" if mode == "live" else "live"
    found: dict[str, str] = {}
    if mode == "live" and venue.simulated:
        found["mode"] = (
            '"live" needs an account that holds real money, and a simulated one has none: take this line out'
        )
    elif mode == "live" and number is None:
        found["account_number"] = 'is missing: mode = "live" trades no account but the one that is named here'
    if number is not None and venue.mode_of(number) != mode:
        found["account_number"] = f'"{number}" is the number of a {other} account, which needs mode = "{other}"'
    for key, spec in plugin.account_keys.items():
        if isinstance(spec, AddressKey) and account.get(key) == spec.hosts[other] != spec.hosts[mode]:
            found[key] = f'is where {other} accounts are, which need mode = "{other}": take this line out'
    return found


def ticker_conflicts(limits: Limits, fallback: Symbol | None) -> Mapping[str, str]:
    """Conflicts of the lists `allowed` and `denied`. `fallback` is trading.fallback_ticker, None for cash."""
    found: dict[str, str] = {}
    if both := sorted({*limits.allowed} & {*limits.denied}):
        found["denied"] = f"{', '.join(both)} can't be in `allowed` and in `denied`: take it out of one of them"
    elif fallback in limits.denied:
        found["denied"] = f'"{fallback}" is the fallback_ticker: use another one there, such as "CASH"'
    if fallback is not None and limits.allowed and fallback not in limits.allowed:
        found["allowed"] = f'"{fallback}", the fallback_ticker, is missing: add it, or set fallback_ticker = "CASH"'
    return found


def capital_conflict(investment: Mapping[str, Any], trading: Trading) -> str | None:
    """Of an investment's values that are valid on their own, and with the [trading] of its account."""
    if investment.get("capital") != "rollover":
        return None
    if investment.get("weight_mode") == "percent":
        return '"rollover" is for an amount of money: a percent follows the account and stays fixed; take this line out'
    if trading.commit == "whole_account":
        return '"rollover" needs commit = "amounts": with "whole_account" every bot gets its part of the account anew'
    return None


def _fallback_conflict(trading: Trading) -> str | None:
    fallback = trading.fallback_ticker
    if fallback in trading.protected:
        return f'"{fallback}" is in `protected` and so is never bought: use another ticker, or "CASH"'
    if any(fallback in pair for pair in trading.paired_tickers):
        return f'"{fallback}" is in a pair of paired_tickers: what netting frees must go elsewhere'
    return None


def _auction_conflict(trading: Trading, venue: Venue) -> str | None:
    if trading.order_type != "moc" or venue.takes_auction_orders:
        return None
    return f'"moc" needs a closing auction, which {venue.title} has not: use "limit" or "market" in this account'


def _time_conflict(trading: Trading, venue: Venue) -> str | None:
    seconds, why = seconds_needed(trading, venue)
    minutes = trading.minutes_before_close
    if seconds <= minutes * 60:
        return None
    return f"{minutes} leaves {minutes * 60} seconds, but {why}: use at least {-(-seconds // 60)}, or shorten them"


def seconds_needed(trading: Trading, venue: Venue) -> tuple[int, str]:
    """The seconds that a run may need before the close, and why: an auction accepts its last order before that."""
    evening = trading.sell_timeout_seconds + trading.buy_timeout_seconds + trading.cutoff_seconds
    closed = venue.auction_cutoff // timedelta(seconds=1)
    auction = trading.sell_timeout_seconds + SPARE_SECONDS + closed
    if trading.order_type == "moc" and auction > evening:
        return auction, (
            f'order_type = "moc" and sell_timeout_seconds need {auction} together: the auction takes no order in the '
            f"last {closed} seconds, and {SPARE_SECONDS} are to spare"
        )
    return evening, f"sell_timeout_seconds, buy_timeout_seconds and cutoff_seconds need {evening} together"


# ------------------------------------------------------------------------------------------- where prices come from


def price_conflicts(values: Mapping[str, Any], venue: VenuePlugin | None, at: list[str]) -> Iterator[tuple[str, str]]:
    """Conflicts within [data]. `at` names the accounts at `venue`, which provides prices; None where no venue does."""
    source = values.get("source")  # None where its value was refused
    if source == "folder" and "folder" not in values:
        yield "folder", 'is missing: source = "folder" needs the folder of your prices, such as "prices"'
    elif source not in {None, "folder"} and "folder" in values:
        yield "folder", 'has no effect here: set source = "folder", or take this line out'
    if venue:
        yield from _with_a_venue(values, venue, at)
    else:
        yield from _without_a_venue(values)


def _with_a_venue(values: Mapping[str, Any], venue: VenuePlugin, at: list[str]) -> Iterator[tuple[str, str]]:
    name, source = venue.venue.name, values.get("source")
    if source == "sample":
        yield "source", f'"sample" ends in 2016, and the account {at[0]} needs prices of today: use "{name}"'
    elif source not in {None, "folder", name}:
        yield "source", _no_account(source)
    if source == "folder":
        for key in venue.history_keys:
            if key in values:
                yield key, "has no effect here: your folder has its own first day; take this line out"
    if values.get("account", at[0]) not in at:
        yield "account", f'is no account with broker = "{name}", and prices need one: use {" or ".join(at)}'
    for key in values.keys() - {*keys_of(DataTable), *venue.price_keys}:
        yield key, f'has no effect here: it is no setting of broker = "{name}"; take this line out'


def _without_a_venue(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    source = values.get("source")
    if source is not None and source not in OWN_SOURCES:
        yield "source", _no_account(source)
    if needless := values.keys() - {"source", "folder"}:
        brokers = " or ".join(f'broker = "{name}"' for name in price_sources() if name not in OWN_SOURCES)
        for key in sorted(needless):
            yield key, f"has no effect here: no account has {brokers}; take this line out"


def _no_account(source: str) -> str:
    return f'"{source}" needs an account with broker = "{source}", whose keys read the prices'
