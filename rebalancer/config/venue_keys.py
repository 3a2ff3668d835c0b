"""The config keys that depend on an account's venue: its keys, its account number, and what the venue adds."""

from collections.abc import Iterable, Mapping
from typing import Any

from rebalancer.config.keys import CREDENTIALS, PIN
from rebalancer.config.kinds import Kind, of_a_venue
from rebalancer.config.table import Table
from rebalancer.model import Mode
from rebalancer.venues import registry
from rebalancer.venues.plugin import VenueKey, VenuePlugin


def venue_of(table: Table) -> VenuePlugin | None:
    """The venue that an account's table names; None where it can't be used, which reading the table refuses."""
    try:
        return registry.plugin(str(table.content.get("broker")))
    except (KeyError, ValueError):
        return None


def account_kinds(plugin: VenuePlugin) -> Mapping[str, Kind]:
    """In the order of config.example.toml."""
    credentials = CREDENTIALS if plugin.needs_keys else {}
    own = {key: of_a_venue(each) for key, each in plugin.account_keys.items()}
    return {**credentials, **own, **({} if plugin.venue.simulated else PIN)}


def price_kinds(plugin: VenuePlugin) -> Mapping[str, Kind]:
    return {key: of_a_venue(each) for key, each in plugin.price_keys.items()}


def any_account_kinds() -> Mapping[str, Kind]:
    """The keys of every venue, which imports them all."""
    return {key: kind for plugin in registry.plugins() for key, kind in account_kinds(plugin).items()}


def any_price_kinds() -> Mapping[str, Kind]:
    return {key: kind for plugin in registry.plugins() for key, kind in price_kinds(plugin).items()}


def chosen(values: Mapping[str, Any], keys: Mapping[str, VenueKey], mode: Mode = "paper") -> dict[str, Any]:
    """The venue's own `keys` with the `values` that were read, else with their defaults."""
    return {key: values.get(key, each.default(mode)) for key, each in keys.items()}


def refuse_foreign(account: Table, broker: str, keys: Iterable[str]) -> None:
    """Refuse `keys` of the account's table, which only other venues have."""
    for key in keys:
        others = [each.venue.name for each in registry.plugins() if key in account_kinds(each)]
        remedy = " or ".join(f'broker = "{name}"' for name in others)
        account.refuse(key, f'has no effect where broker = "{broker}": take this line out, or set {remedy}')
