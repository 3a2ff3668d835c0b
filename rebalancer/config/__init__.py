"""Read the config file (TOML) into a frozen `Config`. All problems in it are raised together, with dotted keys."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import platformdirs

from rebalancer.config import document, keys
from rebalancer.config.conflicts import (
    ANY_VENUE,
    capital_conflict,
    mode_conflicts,
    price_conflicts,
    ticker_conflicts,
    trading_conflicts,
)
from rebalancer.config.credentials import key_source
from rebalancer.config.document import MAX_BYTES, Document
from rebalancer.config.environment import as_written
from rebalancer.config.keys import Table, amount_of, keys_of
from rebalancer.config.observers import observers_of
from rebalancer.config.parsers import ACCOUNT_NAME, SCHEMA, version
from rebalancer.config.tables import AccountConfig, BotTable, Config, DataTable, SimSettings, TopTable
from rebalancer.errors import BadInputError, Problem
from rebalancer.files import read_regular
from rebalancer.model import Investment, Limits, Reserve, Trading, Venue
from rebalancer.model.text import counted
from rebalancer.venues import registry
from rebalancer.venues.plugin import VenuePlugin

__all__ = ["AccountConfig", "Config", "SimSettings", "find", "load", "parse", "read"]

APP = "rebalancer"
MAX_PROBLEMS = 100
TABLES = ("cash_reserve", "trading", "limits", "sim", "investments")
"""The tables inside the table of an account."""
OBSERVERS = ("ping", "metrics", "notify")
"""The tables of what observes runs."""


def find(explicit: Path | None, environ: Mapping[str, str], cwd: Path) -> Path | None:
    """The first there is of `explicit`, REBALANCE_CONFIG, ./config.toml and the user's own config; None: the demo.

    Raises BadInputError where `explicit` or REBALANCE_CONFIG names a file that does not exist.
    """
    if explicit is not None:
        return _existing(cwd / explicit, "--config")
    if named := environ.get("REBALANCE_CONFIG"):
        return _existing(cwd / named, "REBALANCE_CONFIG")
    places = (cwd / "config.toml", platformdirs.user_config_path(APP) / "config.toml")
    return next((place for place in places if place.is_file()), None)


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Raises BadInputError, as `read` and `parse` do."""
    return parse(read(path), path, environ)


def read(path: Path) -> bytes:
    """The bytes of the file. Raises BadInputError where it can't be read, or is larger than `parse` accepts."""
    try:
        return read_regular(path, MAX_BYTES)
    except OSError as error:
        raise BadInputError.of(path, f"can't be read: {error.strerror}") from error


def parse(content: bytes, source: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Parse the bytes of a config. Relative paths in it start at the folder of `source`. Raises BadInputError."""
    found = document.read(content, str(source), environ)
    _require_version(found)
    table = Table(str(source), "", found.content, problems=list(found.problems))
    values = table.read(keys_of(TopTable), tables=("data", "trading", "limits", *OBSERVERS, "accounts"))
    trading = _trading(table.table("trading"), Trading())
    limits = replace(Limits(), **table.table("limits").read(keys_of(Limits)))
    on_result = values.get("on_result", ())
    accounts = tuple(
        replace(account, on_result=account.on_result or on_result)
        for account in _accounts(table, trading, limits, source.parent)
    )
    venues = {account.name: registry.plugin(account.broker) for account in accounts}
    with_prices = {name: venue for name, venue in venues.items() if venue.brings_prices}
    prices = _prices(table.table("data"), with_prices, source.parent)
    observers = observers_of(table, source.parent)
    if table.problems:
        raise BadInputError(_shown(found, table.problems))
    state_dir = source.parent / values["state_dir"] if "state_dir" in values else _default_state_dir(environ)
    return Config(source, content, state_dir, accounts=accounts, document=found.content, **prices, **observers)


def _existing(path: Path, origin: str) -> Path:
    if path.is_file():
        return path
    found = f"{path} is no ordinary file" if path.exists() else f"there is no file {path}"
    raise BadInputError.of(origin, f"{found}: name a config file that exists")


def _default_state_dir(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("REBALANCE_STATE") or platformdirs.user_state_dir(APP))


def _shown(found: Document, problems: Sequence[Problem]) -> Iterator[Problem]:
    """`problems` in the order of the file, each with its line number; of more than MAX_PROBLEMS the rest is counted."""
    ordered = sorted(map(found.located, problems), key=lambda problem: problem.line or 0)
    yield from ordered[:MAX_PROBLEMS]
    if more := len(problems[MAX_PROBLEMS:]):
        yield Problem(found.source, "", f"and {counted(more, 'more problem')}")


def _require_version(found: Document) -> None:
    """Refuse another schema version before any key is read: keys that are unknown here may be valid there."""
    try:
        version(found.content.get("schema", SCHEMA))
    except ValueError as error:
        raise BadInputError([found.located(Problem(found.source, "schema", str(error)))]) from error


def _accounts(document: Table, trading: Trading, limits: Limits, folder: Path) -> Iterator[AccountConfig]:
    accounts = document.table("accounts")
    if document.content.get("accounts", {}) == {}:
        document.refuse("accounts", "is missing: begin an account with [accounts.NAME]")
    for name in accounts.content:
        if not ACCOUNT_NAME.fullmatch(name):
            accounts.refuse(name, "is no account name: use 1 to 40 of a-z, 0-9, _ and -")
        yield _account(accounts.table(name), name, trading, limits, folder)


def _account(table: Table, name: str, trading: Trading, limits: Limits, folder: Path) -> AccountConfig:
    plugin = keys.venue_of(table)
    values = _account_values(table, plugin)
    mode = values.get("mode", "paper")
    trading = _trading(table.table("trading"), trading, plugin.venue if plugin else ANY_VENUE)
    invested = _investments(table, folder, trading)
    return AccountConfig(
        name,
        **{key: value for key, value in values.items() if key in keys_of(AccountConfig)},
        settings=keys.with_defaults(values, plugin.account_keys, mode) if plugin else {},
        key_source=key_source(table, values, folder) if plugin and plugin.needs_keys else None,
        account_number=values.get("account_number"),
        reserve=_reserve(table),
        trading=trading,
        limits=_limits(table.table("limits"), limits, trading),
        sim=SimSettings(**table.table("sim").read(keys_of(SimSettings))),
        investments=tuple(investment for investment, _ in invested),
        bots={investment.bot: file for investment, file in invested},
    )


def _account_values(table: Table, plugin: VenuePlugin | None) -> dict[str, Any]:
    """The valid values of the keys outside the account's tables. Keys that only other venues have are refused."""
    own = {**keys_of(AccountConfig), **(keys.account_keys_at(plugin) if plugin else {})}
    foreign = {} if table.content.keys() <= {*own, *TABLES} else keys.all_account_keys()
    values = table.read({**own, **foreign}, required=["broker"], tables=TABLES)
    if plugin:
        written = [key for key in foreign if key in table.content and key not in own]
        keys.refuse_keys_of_other_venues(table, plugin.venue.name, written)
    if plugin and ("mode" in values or "mode" not in table.content):  # the mode itself was not refused
        for key, text in mode_conflicts(values, plugin).items():
            table.refuse(key, text)
    return values


def _reserve(table: Table) -> Reserve:
    if "cash_reserve" not in table.content:
        return Reserve()
    reserve = table.table("cash_reserve")
    sized = amount_of(Reserve, reserve.content.get("mode"))
    return Reserve(**reserve.read({**keys_of(Reserve), "amount": sized}, required=["amount"]))


def _investments(account: Table, folder: Path, trading: Trading) -> list[tuple[Investment, Path]]:
    """The valid investments, each with the file of its bot."""
    if account.content.get("investments", []) == []:
        account.refuse("investments", f"is missing: name at least one bot with [[{account.key}.investments]]")
    found: dict[str, tuple[Investment, Path]] = {}
    for table in account.tables("investments"):
        sized = amount_of(Investment, table.content.get("weight_mode"))
        values = table.read({**keys_of(BotTable), **keys_of(Investment), "amount": sized}, required=["bot", "amount"])
        if conflict := capital_conflict(values, trading):
            table.refuse("capital", conflict)
        if not values.keys() >= {"bot", "amount"}:
            continue
        file = folder / values.pop("bot")
        if "name" not in table.content and file.stem != Path(as_written(table.content["bot"])).stem:
            table.refuse("name", "is missing: the file's name would stand for it, and has an environment variable")
            continue
        name = values.pop("name", file.stem)
        if name in found:
            table.refuse("name", f'a bot of this account is called "{name}" already: give this one another name')
        found[name] = (Investment(name, **values), file)
    return list(found.values())


def _prices(table: Table, with_prices: Mapping[str, VenuePlugin], folder: Path) -> dict[str, Any]:
    """The fields `data_...` of a Config. `with_prices` has the venues that bring prices, by their account's name.

    The venue whose prices are read is the one that `source` names, or else that of the first account.
    """
    named = (each for each in with_prices.values() if each.venue.name == table.content.get("source"))
    venue = next(named, next(iter(with_prices.values()), None))
    at = [name for name, each in with_prices.items() if each is venue]
    own = {**keys_of(DataTable), **(keys.price_keys_at(venue) if venue else {})}
    foreign = {} if table.content.keys() <= own.keys() else keys.all_price_keys()
    values = table.read({**own, **foreign})
    if "source" not in table.content:
        values["source"] = venue.venue.name if venue else "sample"
    for key, text in price_conflicts(values, venue, at):
        if key in values or key not in table.content:  # one problem a key
            table.refuse(key, text)
    return {
        "data_source": values.get("source"),
        "data_folder": folder / values["folder"] if "folder" in values else None,
        "data_account": values.get("account", at[0]) if venue else None,
        "data_settings": keys.with_defaults(values, venue.price_keys) if venue else {},
    }


def _trading(table: Table, base: Trading, venue: Venue = ANY_VENUE) -> Trading:
    """`base`, overridden by `table`. Conflicts within `base` were reported where it was read, and are not again."""
    trading = replace(base, **table.read(keys_of(Trading)))
    reported = trading_conflicts(base)
    for key, text in trading_conflicts(trading, venue).items():
        if key not in reported:
            table.refuse(key, text)
    return trading


def _limits(table: Table, base: Limits, trading: Trading) -> Limits:
    """`base`, overridden by `table`, for an account that trades by `trading`."""
    limits = replace(base, **table.read(keys_of(Limits)))
    for key, text in ticker_conflicts(limits, trading.fallback_ticker).items():
        table.refuse(key, text)
    return limits
