"""The `[data]` table: where prices come from, and with whose keys."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rebalancer.config.keys import Table, all_price_keys, keys_of, price_keys_at, with_defaults
from rebalancer.config.parsers import OWN_SOURCES, price_sources
from rebalancer.config.tables import DataTable
from rebalancer.venues.plugin import VenuePlugin

AccountsWithPrices = Mapping[str, VenuePlugin]
"""The venues of the accounts that bring prices, by the account's name, in the file's order."""


def price_settings(table: Table, accounts: AccountsWithPrices, folder: Path) -> dict[str, Any]:
    """The fields `data_...` of a Config. A relative path starts at `folder`."""
    venue = _venue(table, accounts)
    own = price_keys_at(venue) if venue else {}
    foreign = {} if table.content.keys() <= {*keys_of(DataTable), *own} else all_price_keys()
    values = table.read({**keys_of(DataTable), **own, **foreign})
    if "source" not in table.content:
        values["source"] = venue.venue.name if venue else "sample"
    for key, text in _conflicts(values, venue, accounts):
        if key in values or key not in table.content:  # one problem a key
            table.refuse(key, text)
    return {
        "data_source": values.get("source"),
        "data_folder": folder / values["folder"] if "folder" in values else None,
        "data_account": values.get("account", next(_accounts_at(venue, accounts), None)) if venue else None,
        "data_settings": with_defaults(values, venue.price_keys) if venue else {},
    }


def _venue(table: Table, accounts: AccountsWithPrices) -> VenuePlugin | None:
    """The venue whose prices are read: the named one, or else that of the first account."""
    named = (each for each in accounts.values() if each.venue.name == table.content.get("source"))
    return next(named, next(iter(accounts.values()), None))


def _accounts_at(venue: VenuePlugin, accounts: AccountsWithPrices) -> Iterator[str]:
    return (name for name, each in accounts.items() if each is venue)


def _conflicts(
    values: Mapping[str, Any], venue: VenuePlugin | None, accounts: AccountsWithPrices
) -> Iterator[tuple[str, str]]:
    """The key to change and its error, for settings that contradict each other."""
    source = values.get("source")  # None where its value was refused
    if source == "folder" and "folder" not in values:
        yield "folder", 'is missing: source = "folder" needs the folder of your prices, such as "prices"'
    elif source not in {None, "folder"} and "folder" in values:
        yield "folder", 'has no effect here: set source = "folder", or take this line out'
    if venue:
        yield from _with_a_venue(values, venue, list(_accounts_at(venue, accounts)))
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
