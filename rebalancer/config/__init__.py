"""The config file: TOML -> frozen `Config`. Every problem is collected with its dotted key, then raised once."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import platformdirs

from rebalancer.config import kinds
from rebalancer.config.kinds import Kind
from rebalancer.config.table import Table
from rebalancer.errors import BadInputError, Problem
from rebalancer.model import Investment, Reserve, Trading

APP = "rebalancer"
MAX_BYTES = 256 * 1024
ACCOUNT_NAME = re.compile(r"[a-z0-9_-]{1,40}", re.ASCII)

MOST_DOLLARS = 10**12
ONE_SESSION = 23_400
"""The seconds of a full session, 9:30 to 16:00."""

MONEY_MODE = kinds.one_of("dollars", "percent")
TRADING: Mapping[str, Kind] = {
    "minutes_before_close": kinds.whole(1, 390),
    "commit": kinds.one_of("amounts", "whole_account"),
    "manage": kinds.one_of("own", "account"),
    "protected": kinds.tickers,
    "fallback_ticker": kinds.ticker_or_cash,
    "paired_tickers": kinds.pairs,
    "paired_mode": kinds.one_of("net", "drop"),
    "max_allocation_percent": kinds.number(0, 99, above_low=True),
    "min_trade_dollars": kinds.number(0, MOST_DOLLARS),
    "drift_percent": kinds.number(0, 100),
    "order_type": kinds.one_of("limit", "market"),
    "limit_percent": kinds.number(0, 100),
    "max_quote_age_seconds": kinds.whole(1, ONE_SESSION),
    "max_trade_age_seconds": kinds.whole(1, ONE_SESSION),
    "max_bar_age_seconds": kinds.whole(1, ONE_SESSION),
    "max_spread_percent": kinds.number(0, 100),
    "sell_timeout_seconds": kinds.whole(1, ONE_SESSION),
    "buy_timeout_seconds": kinds.whole(1, ONE_SESSION),
    "cutoff_seconds": kinds.whole(0, ONE_SESSION),
}
SIM: Mapping[str, Kind] = {
    "starting_cash": kinds.number(0, MOST_DOLLARS, above_low=True),
    "commission_dollars": kinds.number(0, MOST_DOLLARS),
    "slippage_percent": kinds.number(0, 100),
}
ACCOUNT: Mapping[str, Kind] = {
    "broker": kinds.not_yet(kinds.one_of("sim"), {"alpaca": '"alpaca" comes in a later release; "sim" only for now'}),
    "mode": kinds.not_yet(
        kinds.one_of("paper"),
        {"live": '"live" is refused: this release trades no real money; use "paper" or leave it out'},
    ),
}
INVESTMENT: Mapping[str, Kind] = {
    "bot": kinds.path,
    "name": kinds.line,
    "weight_mode": MONEY_MODE,
}


@dataclass(frozen=True, slots=True)
class SimSettings:
    """The `sim` table of an account: dollars, dollars per order, percent of the price."""

    starting_cash: Decimal = Decimal(100_000)
    commission_dollars: Decimal = Decimal(0)
    slippage_percent: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """`bots` maps each investment's bot name to its file. The files are not opened here."""

    name: str
    broker: str = "sim"
    mode: str = "paper"
    reserve: Reserve = field(default_factory=Reserve)
    trading: Trading = field(default_factory=Trading)
    sim: SimSettings = field(default_factory=SimSettings)
    investments: tuple[Investment, ...] = ()
    bots: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Config:
    """`content` is the file byte for byte. `accounts` are in the file's order, at least one."""

    path: Path
    content: bytes
    state_dir: Path
    data_source: str
    accounts: tuple[AccountConfig, ...]

    def journal(self, *, dry_run: bool = False) -> Path:
        return self.state_dir / ("dry-run.sqlite" if dry_run else "journal.sqlite")

    def sim_file(self, account: AccountConfig) -> Path:
        return self.state_dir / f"sim-{account.name}.sqlite"


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
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInputError([Problem(str(path), "", f"can't be read: {error.strerror}")]) from error
    return parse(content, path, environ)


def parse(content: bytes, source: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """The config in `content`; relative paths start at the folder of `source`.

    Raises BadInputError with every problem.
    """
    document = Table(str(source), "", _toml(content, str(source)), problems=[])
    values = document.read({"state_dir": kinds.path}, tables=("data", "trading", "accounts"))
    data = document.table("data").read({"source": kinds.one_of("sample")})
    trading = _trading(document.table("trading"), Trading())
    accounts = tuple(_accounts(document, trading, source.parent))
    if document.problems:
        raise BadInputError(document.problems)
    state_dir = source.parent / values["state_dir"] if "state_dir" in values else _default_state_dir(environ)
    return Config(source, content, state_dir, data.get("source", "sample"), accounts)


def _existing(path: Path, origin: str) -> Path:
    if path.is_file():
        return path
    raise BadInputError([Problem(origin, "", f"there is no file {path}: name a config file that exists")])


def _default_state_dir(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("REBALANCE_STATE") or platformdirs.user_state_dir(APP))


def _toml(content: bytes, source: str) -> Mapping[str, Any]:
    if len(content) > MAX_BYTES:
        raise BadInputError([Problem(source, "", f"is over {MAX_BYTES // 1024} KiB: that is no config file")])
    try:
        return tomllib.loads(content.decode("utf-8-sig"), parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        # Beside TOML's own errors: bytes that are no UTF-8, numbers beyond all bounds, thousands of nested brackets.
        raise BadInputError([Problem(source, "", f"is no valid TOML: {error}")]) from error


def _accounts(document: Table, trading: Trading, folder: Path) -> Iterator[AccountConfig]:
    accounts = document.table("accounts")
    if document.content.get("accounts", {}) == {}:
        document.refuse("accounts", "is missing: begin an account with [accounts.NAME]")
    for name in accounts.content:
        if not ACCOUNT_NAME.fullmatch(name):
            accounts.refuse(name, "is no account name: use 1 to 40 of a-z, 0-9, _ and -")
        yield _account(accounts.table(name), name, trading, folder)


def _account(table: Table, name: str, trading: Trading, folder: Path) -> AccountConfig:
    values = table.read(ACCOUNT, required=["broker"], tables=("cash_reserve", "trading", "sim", "investments"))
    invested = _investments(table, folder)
    return AccountConfig(
        name,
        **values,
        reserve=_reserve(table),
        trading=_trading(table.table("trading"), trading),
        sim=SimSettings(**table.table("sim").read(SIM)),
        investments=tuple(investment for investment, _ in invested),
        bots={investment.bot: file for investment, file in invested},
    )


def _reserve(table: Table) -> Reserve:
    if "cash_reserve" not in table.content:
        return Reserve()
    reserve = table.table("cash_reserve")
    amount = _amount(reserve.content.get("mode"), above_zero=False)
    return Reserve(**reserve.read({"mode": MONEY_MODE, "amount": amount}, required=["amount"]))


def _investments(account: Table, folder: Path) -> list[tuple[Investment, Path]]:
    """The investments that pass, each with its bot's file."""
    if account.content.get("investments", []) == []:
        account.refuse("investments", f"is missing: name at least one bot with [[{account.key}.investments]]")
    found: dict[str, tuple[Investment, Path]] = {}
    for table in account.tables("investments"):
        amount = _amount(table.content.get("weight_mode"), above_zero=True)
        values = table.read({**INVESTMENT, "amount": amount}, required=["bot", "amount"])
        if not values.keys() >= {"bot", "amount"}:
            continue
        file = folder / values.pop("bot")
        name = values.pop("name", file.stem)
        if name in found:
            table.refuse("name", f'a bot of this account is called "{name}" already: give this one another name')
        found[name] = (Investment(name, **values), file)
    return list(found.values())


def _amount(mode: object, *, above_zero: bool) -> Kind:
    return kinds.number(0, 100 if mode == "percent" else MOST_DOLLARS, above_low=above_zero)


def _trading(table: Table, base: Trading) -> Trading:
    """`base` with what `table` overrides. What `base` has wrong already is not said again."""
    trading = replace(base, **table.read(TRADING))
    for key, text in _conflicts(trading).items():
        if key not in _conflicts(base):
            table.refuse(key, text)
    return trading


def _conflicts(trading: Trading) -> dict[str, str]:
    """Settings that are fine alone and not together, by the key to change."""
    conflicts = {}
    fallback = trading.fallback_ticker
    if any(fallback in pair for pair in trading.paired_tickers):
        conflicts["fallback_ticker"] = (
            f'"{fallback}" is in a pair of paired_tickers: what netting frees must go elsewhere'
        )
    needed = trading.sell_timeout_seconds + trading.buy_timeout_seconds + trading.cutoff_seconds
    given = trading.minutes_before_close * 60
    if needed > given:
        conflicts["minutes_before_close"] = (
            f"{trading.minutes_before_close} leaves {given} seconds, but sell_timeout_seconds, buy_timeout_seconds and "
            f"cutoff_seconds need {needed} together: use at least {-(-needed // 60)}, or shorten them"
        )
    return conflicts
