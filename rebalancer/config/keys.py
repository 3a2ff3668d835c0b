"""The keys of each table: the annotated fields of its class, and what the account's venue adds; and reading by them.

Problems are collected in the table, never raised.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args, get_origin, get_type_hints

from rebalancer.config import parsers
from rebalancer.config.environment import variables_in
from rebalancer.config.parsers import Parser, shown
from rebalancer.config.tables import AccountNumberTable, CredentialsTable
from rebalancer.errors import Problem
from rebalancer.model import Mode, Symbol
from rebalancer.model.settings import Range
from rebalancer.venues import registry
from rebalancer.venues.plugin import AddressKey, ChoiceKey, DayKey, VenueKey, VenuePlugin

BY_TYPE: Mapping[object, Parser] = {
    bool: parsers.switch,
    date: parsers.day,
    Path: parsers.path,
    Symbol: parsers.ticker,
    Symbol | None: parsers.ticker_or_cash,
    tuple[Symbol, ...]: parsers.tickers,
    tuple[tuple[Symbol, Symbol], ...]: parsers.pairs,
    tuple[str, ...]: parsers.command,
}


@cache
def keys_of(table: type) -> Mapping[str, Parser]:
    """The parser of each field of `table`, a dataclass or a TypedDict, that is annotated with a meaning."""
    hints = get_type_hints(table, include_extras=True).items()
    annotated = {name: get_args(hint) for name, hint in hints if get_origin(hint) is Annotated}
    return {
        name: replace(_parser(*parts[:-1]), meaning=parts[-1])
        for name, parts in annotated.items()
        if isinstance(parts[-1], str)
    }


def amount_of(table: type, mode: object) -> Parser:
    """The parser of `amount` in `table`: the range of its field, but at most 100 where `mode` is "percent"."""
    _, dollars = get_args(get_type_hints(table, include_extras=True)["amount"])
    return parsers.number(replace(dollars, high=100) if mode == "percent" else dollars)


def _parser(type_: object, given: object = None) -> Parser:
    """The parser of a field of type `type_`. `given` is its parser or range, where the type alone leaves it open."""
    match given:
        case Parser():
            return given
        case Range():
            return parsers.number(given, type_)
    return parsers.one_of(*get_args(type_)) if get_origin(type_) is Literal else BY_TYPE[type_]


# ---------------------------------------------------------------------------------------------- reading a table


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a config. `key` is dotted, "" for the whole file. All tables of a file share the list `problems`."""

    source: str
    key: str
    content: Mapping[str, object]
    problems: list[Problem]

    def refuse(self, key: str, text: str) -> None:
        self.problems.append(Problem(self.source, self._dotted(key), text))

    def read(
        self, keys: Mapping[str, Parser], *, required: Collection[str] = (), tables: Collection[str] = ()
    ) -> dict[str, Any]:
        """The valid values by key. Refuses invalid values, missing `required` keys, and unknown ones."""
        self._refuse_unknown([*keys, *tables])
        values: dict[str, Any] = {}
        for key, parser in keys.items():
            if key not in self.content:
                if key in required:
                    self.refuse(key, f"is missing, and has no default: {parser.meaning}".rstrip(".: "))
                continue
            if not (parser.text or parser.words) and any(variables_in(self.content[key])):
                self.refuse(key, parsers.NO_VARIABLE)
                continue
            try:
                values[key] = parser(self.content[key])
            except ValueError as error:
                self.refuse(key, str(error))
        return values

    def table(self, key: str) -> Self:
        """The table under `key`, empty where it is absent."""
        return self._at(self._dotted(key), self.content.get(key, {}))

    def tables(self, key: str) -> tuple[Self, ...]:
        """The list of tables under `key`, empty where it is absent."""
        found = self.content.get(key, [])
        if not isinstance(found, list):
            self.refuse(key, f"{shown(found)} is not allowed: begin each one with [[{self._dotted(key)}]]")
            return ()
        return tuple(self._at(f"{self._dotted(key)}[{index}]", element) for index, element in enumerate(found))

    def _at(self, dotted: str, found: object) -> Self:
        if isinstance(found, Mapping):
            return replace(self, key=dotted, content=found)
        self.problems.append(Problem(self.source, dotted, f"{shown(found)} is not allowed: use a table"))
        return replace(self, key=dotted, content={})

    def _refuse_unknown(self, known: list[str]) -> None:
        for key in self.content:
            if key not in known:
                close = get_close_matches(key, known, n=1)
                hint = f'did you mean "{close[0]}"?' if close else f"known here: {', '.join(known)}"
                self.refuse(key, f"is no setting; {hint}")

    def _dotted(self, key: str) -> str:
        return f"{self.key}.{key}" if self.key else key


# ------------------------------------------------------------------------------------ keys that depend on the venue


def venue_of(table: Table) -> VenuePlugin | None:
    """The venue that an account's table names; None where it can't be used, which parsing the key `broker` reports."""
    try:
        return registry.plugin(str(table.content.get("broker")))
    except (KeyError, ValueError):
        return None


def account_keys_at(plugin: VenuePlugin) -> Mapping[str, Parser]:
    """The keys that `plugin` adds to the table of an account, in the order of config.example.toml."""
    credentials = keys_of(CredentialsTable) if plugin.needs_keys else {}
    own = {key: _parser_of_venue_key(each) for key, each in plugin.account_keys.items()}
    return {**credentials, **own, **({} if plugin.venue.simulated else keys_of(AccountNumberTable))}


def price_keys_at(plugin: VenuePlugin) -> Mapping[str, Parser]:
    return {key: _parser_of_venue_key(each) for key, each in plugin.price_keys.items()}


def _parser_of_venue_key(key: VenueKey) -> Parser:
    match key:
        case AddressKey(hosts=hosts):
            found = parsers.address(*dict.fromkeys(hosts.values()))
        case ChoiceKey(choices=choices):
            found = parsers.one_of(*choices)
        case DayKey():
            found = parsers.day
    return replace(found, meaning=key.meaning)


def all_account_keys() -> Mapping[str, Parser]:
    """The keys that any installed venue adds. This imports all venues."""
    return {key: parser for plugin in registry.plugins() for key, parser in account_keys_at(plugin).items()}


def all_price_keys() -> Mapping[str, Parser]:
    return {key: parser for plugin in registry.plugins() for key, parser in price_keys_at(plugin).items()}


def with_defaults(values: Mapping[str, Any], keys: Mapping[str, VenueKey], mode: Mode = "paper") -> dict[str, Any]:
    """The values of a venue's own `keys`: as set, or else the default."""
    return {key: values.get(key, each.default(mode)) for key, each in keys.items()}


def refuse_keys_of_other_venues(account: Table, broker: str, keys: Iterable[str]) -> None:
    """Refuse `keys` that only other venues have, naming those venues."""
    for key in keys:
        others = [each.venue.name for each in registry.plugins() if key in account_keys_at(each)]
        remedy = " or ".join(f'broker = "{name}"' for name in others)
        account.refuse(key, f'has no effect where broker = "{broker}": take this line out, or set {remedy}')
