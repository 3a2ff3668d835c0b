"""What a venue's package provides: the facts of the venue, its own config keys, and how an account there is opened."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from rebalancer.model import Mode, Session, Symbol, Venue
from rebalancer.model.keys import Keys
from rebalancer.model.text import minute
from rebalancer.ports import Broker, Calendar, Clock, History, Progress, Quotes

# The whole URL has to match: none passes that a URL parser and the network library would read differently.
LOOPBACK = re.compile(r"https?://(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?/?", re.ASCII)
OnProgress = Callable[[int, int], None]
"""Progress callback: (symbols done, symbols in total)."""


def is_loopback(url: str) -> bool:
    """Whether `url` is a bare base address on this machine, such as http://127.0.0.1:8080."""
    return LOOPBACK.fullmatch(url) is not None


def address_refusal(url: str, allowed: str) -> str | None:
    """Why nothing may be sent to `url`; None for `allowed` itself and for an address on this machine."""
    if url.rstrip("/") == allowed or is_loopback(url):
        return None
    return (
        f"{url[:80]} is neither {allowed} nor an address on this machine. Leave the base URL out to use {allowed}; "
        "a local one has no path, such as http://127.0.0.1:8080."
    )


@dataclass(frozen=True, slots=True)
class AddressKey:
    """A base URL: one of `hosts`, or an address on this machine. The default is the host of the account's mode."""

    meaning: str
    hosts: Mapping[Mode, str]

    def default(self, mode: Mode) -> str:
        return self.hosts[mode]


@dataclass(frozen=True, slots=True)
class ChoiceKey:
    """One of `choices`; the first is the default."""

    meaning: str
    choices: tuple[str, ...]

    def default(self, _: Mode) -> str:
        return self.choices[0]


@dataclass(frozen=True, slots=True)
class DayKey:
    meaning: str
    first: date

    def default(self, _: Mode) -> date:
        return self.first


VenueKey = AddressKey | ChoiceKey | DayKey


@dataclass(frozen=True, slots=True)
class Login:
    """One account of the config, ready to be opened at its venue.

    `settings` are the values of the venue's own keys, defaults included, and at a simulated venue those of the `sim`
    table. `keys` are its API keys, None at a venue that needs none. A venue may keep files in `state_dir`.
    `waiting` is called while the venue's rate limit is waited for, by a command that no close hurries; None: the
    limit is a failure as any other, since a session may close meanwhile.
    """

    account: str
    mode: Mode
    settings: Mapping[str, Any]
    keys: Keys | None
    clock: Clock
    state_dir: Path
    waiting: Progress | None = None


@dataclass(frozen=True, slots=True)
class SimulatedMarket:
    """The inputs of a simulated venue: clock, calendar and prices."""

    clock: Clock
    calendar: Calendar
    quotes: Quotes


class Synced(Protocol):
    """The result of updating cached closes to the session `last`: a frozen dataclass, whose fields are its JSON."""

    @property
    def last(self) -> date: ...
    @property
    def symbol_count(self) -> int: ...
    @property
    def requests(self) -> int: ...
    def sentences(self) -> Sequence[str]:
        """What a person should look at, one sentence each."""


class VenueHistory(History, Protocol):
    """A venue's own daily closes, cached on this machine."""

    def last_session(self) -> Session:
        """The last session whose closes are final."""

    def sync(self, symbols: Sequence[Symbol]) -> Synced:
        """Bring the cache up to the last session. Raises SourceError."""


@runtime_checkable
class SimulatedBroker(Broker, Protocol):
    """A simulated broker, with account operations that no real broker offers."""

    def last_change(self) -> datetime | None:
        """When the account last changed; None in a new one. It can't go back to a day before."""

    def write_off(self, symbol: Symbol) -> None:
        """Remove the whole position in `symbol` without proceeds."""


def gone_back(now: datetime, last: datetime, zone: tzinfo) -> str:
    """The refusal of a day before the `last` change of a simulated account: what happened since can't be undone."""
    return (
        f"it is {minute(now, zone)}, but the simulated account has lived until {minute(last, zone)} and can't go back. "
        f"Name {last.astimezone(zone).date()} or a later day, or begin a new account in another folder: state_dir or "
        "REBALANCE_STATE."
    )


class Connection(Protocol):
    """One account at its venue. Opening it sends no request."""

    def broker(self, market: SimulatedMarket | None) -> Broker:
        """`market` is None for a real venue, which has its own time and prices."""

    def quotes(self, settings: Mapping[str, Any]) -> Quotes:
        """Current prices; `settings` are the venue's price keys. Called only where the plugin `brings_prices`."""
        raise NotImplementedError

    def history(self, settings: Mapping[str, Any], calendar: Calendar, progress: OnProgress) -> VenueHistory:
        """Daily closes; `settings` are the venue's price keys. Called only where the plugin `brings_prices`.

        Whenever the history fetches closes it tells `progress`.
        """
        raise NotImplementedError

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class VenuePlugin:
    """The object behind an entry point of the group "rebalancer.venues". Its module should be light to import.

    `account_keys` are config keys of an account's table, `quote_keys` and `history_keys` those of [data] for current
    prices and for daily closes. `price_cache` names the venue's closes in the cache, "" where it has no prices.
    `has_own_clock`: whether, by an account's settings, the venue's clock may differ from this machine's.
    """

    venue: Venue
    connect: Callable[[Login], Connection]
    needs_keys: bool = False
    account_keys: Mapping[str, VenueKey] = field(default_factory=dict)
    quote_keys: Mapping[str, VenueKey] = field(default_factory=dict)
    history_keys: Mapping[str, VenueKey] = field(default_factory=dict)
    price_cache: str = ""
    has_own_clock: Callable[[Mapping[str, Any]], bool] = lambda _: False

    @property
    def brings_prices(self) -> bool:
        return self.price_cache != ""

    @property
    def price_keys(self) -> Mapping[str, VenueKey]:
        return {**self.quote_keys, **self.history_keys}
