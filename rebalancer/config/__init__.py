"""The config file: TOML -> frozen `Config`. Every problem is collected with its dotted key, then raised once."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import platformdirs

from rebalancer.config import document
from rebalancer.config.conflicts import ANY, conflicts, of_the_mode, of_the_tickers
from rebalancer.config.credentials import KeySource, key_source
from rebalancer.config.document import Document
from rebalancer.config.keys import ACCOUNT, CREDENTIALS, INVESTMENT, LIMITS, RESERVE, SIM, TOP, TRADING, amount
from rebalancer.config.kinds import ACCOUNT_NAME
from rebalancer.config.price_source import price_settings
from rebalancer.config.scan import MAX_BYTES
from rebalancer.config.table import Table
from rebalancer.config.venue_keys import account_kinds, any_account_kinds, chosen, refuse_foreign, venue_of
from rebalancer.config.version import SCHEMA, version
from rebalancer.errors import BadInputError, Problem
from rebalancer.model import Investment, Limits, Mode, Reserve, Trading
from rebalancer.ports import Venue
from rebalancer.venues import registry
from rebalancer.venues.plugin import VenuePlugin

APP = "rebalancer"
MAX_PROBLEMS = 100
TABLES = ("cash_reserve", "trading", "limits", "sim", "investments")
"""In an account's table."""


@dataclass(frozen=True, slots=True)
class SimSettings:
    """The `sim` table of an account: dollars, dollars per order, percent of the price."""

    starting_cash: Decimal = Decimal(100_000)
    commission_dollars: Decimal = Decimal(0)
    slippage_percent: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """`bots` maps each investment's bot name to its file. The files are not opened here.

    The schedule runs it where it is `enabled`. `on_result` is a command in words that gets each result.
    `settings` has the venue's own keys with their defaults. `key_source` is None at a venue that needs no keys. Where
    `account_number` is set, no account of another number is traded.
    """

    name: str
    broker: str = "sim"
    mode: Mode = "paper"
    reserve: Reserve = field(default_factory=Reserve)
    trading: Trading = field(default_factory=Trading)
    limits: Limits = field(default_factory=Limits)
    sim: SimSettings = field(default_factory=SimSettings)
    investments: tuple[Investment, ...] = ()
    bots: Mapping[str, Path] = field(default_factory=dict)
    enabled: bool = False
    on_result: tuple[str, ...] = ()
    key_source: KeySource | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    account_number: str | None = None

    @property
    def venue(self) -> Venue:
        return registry.plugin(self.broker).venue

    @property
    def address(self) -> str:
        """Where orders go: the venue's host, or its name where it has none."""
        return str(self.settings.get("base_url", self.broker))


@dataclass(frozen=True, slots=True)
class Config:
    """`content` is the file byte for byte. `accounts` are in the file's order, at least one.

    `data_folder` has the prices where `data_source` is "folder", else it is None. `data_account` is the account whose
    keys read its venue's prices by `data_settings`, None where no account's venue brings prices. `document` is the
    file's content, with environment variables filled in except those of keys.
    """

    path: Path
    content: bytes
    state_dir: Path
    data_source: str
    accounts: tuple[AccountConfig, ...]
    data_folder: Path | None = None
    data_account: str | None = None
    data_settings: Mapping[str, Any] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict)

    def journal(self, *, dry_run: bool = False) -> Path:
        return self.state_dir / ("dry-run.sqlite" if dry_run else "journal.sqlite")


def find(explicit: Path | None, environ: Mapping[str, str], cwd: Path) -> Path | None:
    """The config to use: `explicit`, REBALANCE_CONFIG, ./config.toml, the user's config folder; None means the demo.

    Raises BadInputError where one of the first two names a file that does not exist.
    """
    if explicit is not None:
        return _existing(cwd / explicit, "--config")
    if named := environ.get("REBALANCE_CONFIG"):
        return _existing(cwd / named, "REBALANCE_CONFIG")
    places = (cwd / "config.toml", platformdirs.user_config_path(APP) / "config.toml")
    return next((place for place in places if place.is_file()), None)


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """The config in the file at `path`. Raises BadInputError."""
    return parse(read(path), path, environ)


def read(path: Path) -> bytes:
    """The file at `path`, no more of it than one byte beyond what is accepted. Raises BadInputError."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInputError([Problem(str(path), "", f"can't be read: {error.strerror}")]) from error


def parse(content: bytes, source: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """The config in `content`; relative paths start at the folder of `source`.

    Raises BadInputError with every problem.
    """
    found = document.read(content, str(source), environ)
    _require_version(found)
    table = Table(str(source), "", found.content, problems=list(found.problems))
    values = table.read(TOP, tables=("data", "trading", "limits", "accounts"))
    trading = _trading(table.table("trading"), Trading())
    limits = replace(Limits(), **table.table("limits").read(LIMITS))
    on_result = values.get("on_result", ())
    accounts = tuple(
        replace(account, on_result=account.on_result or on_result)
        for account in _accounts(table, trading, limits, source.parent)
    )
    venues = {account.name: registry.plugin(account.broker) for account in accounts}
    sellers = {name: venue for name, venue in venues.items() if venue.brings_prices}
    prices = price_settings(table.table("data"), sellers, source.parent)
    if table.problems:
        raise BadInputError(_shown(found, table.problems))
    state_dir = source.parent / values["state_dir"] if "state_dir" in values else _default_state_dir(environ)
    return Config(source, content, state_dir, accounts=accounts, document=found.content, **prices)


def _existing(path: Path, origin: str) -> Path:
    if path.is_file():
        return path
    raise BadInputError([Problem(origin, "", f"there is no file {path}: name a config file that exists")])


def _default_state_dir(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("REBALANCE_STATE") or platformdirs.user_state_dir(APP))


def _shown(found: Document, problems: Sequence[Problem]) -> Iterator[Problem]:
    """In the order of the file, each with its line."""
    ordered = sorted(map(found.located, problems), key=lambda problem: problem.line or 0)
    yield from ordered[:MAX_PROBLEMS]
    if more := len(problems[MAX_PROBLEMS:]):
        yield Problem(found.source, "", f"and {more:,} more problems")


def _require_version(found: Document) -> None:
    """A file of another version is refused for that alone: the rest of it may be right."""
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
    plugin = venue_of(table)
    values = _account_values(table, plugin)
    named = {key: values[key] for key in CREDENTIALS if key in values}
    mode = values.get("mode", "paper")
    trading = _trading(table.table("trading"), trading, plugin.venue if plugin else ANY)
    invested = _investments(table, folder)
    return AccountConfig(
        name,
        **{key: value for key, value in values.items() if key in ACCOUNT},
        settings=chosen(values, plugin.account_keys, mode) if plugin else {},
        key_source=key_source(table, named, folder) if plugin and plugin.needs_keys else None,
        account_number=values.get("account_number"),
        reserve=_reserve(table),
        trading=trading,
        limits=_limits(table.table("limits"), limits, trading),
        sim=SimSettings(**table.table("sim").read(SIM)),
        investments=tuple(investment for investment, _ in invested),
        bots={investment.bot: file for investment, file in invested},
    )


def _account_values(table: Table, plugin: VenuePlugin | None) -> dict[str, Any]:
    """The account's valid values beside its tables. Keys that only other venues have are refused."""
    own = {**ACCOUNT, **(account_kinds(plugin) if plugin else {})}
    foreign = {} if table.content.keys() <= {*own, *TABLES} else any_account_kinds()
    values = table.read({**own, **foreign}, required=["broker"], tables=TABLES)
    if plugin:
        refuse_foreign(table, plugin.venue.name, [key for key in foreign if key in table.content and key not in own])
    if plugin and ("mode" in values or "mode" not in table.content):  # not after the mode itself was refused
        for key, text in of_the_mode(values, plugin).items():
            table.refuse(key, text)
    return values


def _reserve(table: Table) -> Reserve:
    if "cash_reserve" not in table.content:
        return Reserve()
    reserve = table.table("cash_reserve")
    sized = amount(reserve.content.get("mode"), above_zero=False)
    return Reserve(**reserve.read({**RESERVE, "amount": sized}, required=["amount"]))


def _investments(account: Table, folder: Path) -> list[tuple[Investment, Path]]:
    """The investments that pass, each with its bot's file."""
    if account.content.get("investments", []) == []:
        account.refuse("investments", f"is missing: name at least one bot with [[{account.key}.investments]]")
    found: dict[str, tuple[Investment, Path]] = {}
    for table in account.tables("investments"):
        sized = amount(table.content.get("weight_mode"), above_zero=True)
        values = table.read({**INVESTMENT, "amount": sized}, required=["bot", "amount"])
        if not values.keys() >= {"bot", "amount"}:
            continue
        file = folder / values.pop("bot")
        name = values.pop("name", file.stem)
        if name in found:
            table.refuse("name", f'a bot of this account is called "{name}" already: give this one another name')
        found[name] = (Investment(name, **values), file)
    return list(found.values())


def _trading(table: Table, base: Trading, venue: Venue = ANY) -> Trading:
    """`base` with what `table` overrides. What `base` has wrong already is not said again."""
    trading = replace(base, **table.read(TRADING))
    said = conflicts(base)
    for key, text in conflicts(trading, venue).items():
        if key not in said:
            table.refuse(key, text)
    return trading


def _limits(table: Table, base: Limits, trading: Trading) -> Limits:
    """`base` with what `table` overrides, in an account that trades by `trading`."""
    limits = replace(base, **table.read(LIMITS))
    for key, text in of_the_tickers(limits, trading.fallback_ticker).items():
        table.refuse(key, text)
    return limits
