"""The effective settings of an account, defaults included, and where each value was set."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

from rebalancer.config.document import leaves, line_of, lines_of
from rebalancer.config.environment import variables_in
from rebalancer.config.keys import keys_of
from rebalancer.config.tables import (
    AccountConfig,
    BotTable,
    Config,
    CredentialsTable,
    DataTable,
    MetricsTable,
    SimSettings,
    TopTable,
    UrlSource,
    UrlTable,
)
from rebalancer.model import Limits, Reserve, Trading

FREE_TEXT = {
    key
    for table in (TopTable, DataTable, AccountConfig, CredentialsTable, BotTable, UrlTable, MetricsTable)
    for key, parser in keys_of(table).items()
    if parser.text
}
"""Keys whose value may be a secret where it comes from an environment variable: it is then shown shortened."""


@dataclass(frozen=True, slots=True)
class Setting:
    """`key` is dotted, an investment's with its bot's name. `origin` says where the value was set, or "default"."""

    key: str
    value: str
    origin: str


def effective_settings(config: Config, account: AccountConfig) -> tuple[Setting, ...]:
    """Every setting that a run of `account` uses, in the order of config.example.toml."""
    file = _File(leaves(config.document), lines_of(config.content.decode("utf-8-sig")))
    return (*_shared(file, config), *_of_account(file, account))


def snapshot(config: Config, account: AccountConfig) -> bytes:
    """The effective settings as the journal keeps them: a JSON object, dotted key to text."""
    settings = by_key(effective_settings(config, account))
    return json.dumps(settings, ensure_ascii=False, sort_keys=True, indent=0).encode()


def by_key(settings: tuple[Setting, ...]) -> dict[str, str]:
    return {setting.key: setting.value for setting in settings}


@dataclass(frozen=True, slots=True)
class _File:
    """What the config file sets: values and line numbers by dotted key."""

    values: Mapping[str, object]
    lines: Mapping[str, int]

    def setting(self, key: str, value: object, *others: str, unset: str = "default") -> Setting:
        """`key` has the `value`. `others` are the keys that set it where `key` itself is not in the file."""
        shown = text(value)
        place = next((place for place in (key, *others) if place in self.values), None)
        if place is None:
            return Setting(key, shown, unset)
        origin = f"line {line_of(place, self.lines)}, {place}"
        if names := tuple(variables_in(self.values[place])):
            origin = f"environment {', '.join(names)}, by {origin}"
            shown = shortened(shown) if key.rpartition(".")[2] in FREE_TEXT else shown
        return Setting(key, shown, origin)


def observer_settings(config: Config) -> tuple[Setting, ...]:
    """Those of [ping], [metrics] and [[notify]] that are there. No run uses them; the journal does not keep them.

    Of an address, which is a secret, it is shown where it is.
    """
    file = _File(leaves(config.document), lines_of(config.content.decode("utf-8-sig")))
    return tuple(_of_observers(file, config))


def _of_observers(file: _File, config: Config) -> Iterator[Setting]:
    if config.ping:
        yield from _of_url(file, "ping", config.ping)
    if config.metrics:
        yield file.setting("metrics.textfile", config.metrics)
    for index, each in enumerate(config.notify):
        here = f"notify[{index}]"
        yield file.setting(f"{here}.name", each.name)
        yield from _of_url(file, here, each.url)
        yield file.setting(f"{here}.on", tuple(sorted(each.on)))
        yield file.setting(f"{here}.quiet_hours", str(each.quiet_hours or ""))


def _of_url(file: _File, here: str, source: UrlSource) -> Iterator[Setting]:
    yield file.setting(f"{here}.url", f"${{{source.variable}}}" if source.variable else "")
    yield file.setting(f"{here}.url_file", source.file or "")


def _shared(file: _File, config: Config) -> Iterator[Setting]:
    yield file.setting("state_dir", config.state_dir, unset="REBALANCE_STATE, else the default")
    data = {"source": config.data_source, "folder": config.data_folder, "account": config.data_account}
    for key, value in {**data, **config.data_settings}.items():
        if value is not None:
            yield file.setting(f"data.{key}", value)


def _of_account(file: _File, account: AccountConfig) -> Iterator[Setting]:
    here = f"accounts.{account.name}"
    for key in keys_of(AccountConfig):
        value = getattr(account, key)
        yield file.setting(f"{here}.{key}", shlex.join(value) if isinstance(value, tuple) else value, key)
    for key, value in _venue_settings(account).items():
        yield file.setting(f"{here}.{key}", value)
    yield from _of_table(file, here, "cash_reserve", account.reserve)
    yield from _of_table(file, here, "trading", account.trading)
    yield from _of_table(file, here, "limits", account.limits)
    yield from _of_table(file, here, "sim", account.sim)
    for index, investment in enumerate(account.investments):
        named, place = f'{here}.investments."{investment.bot}"', f"{here}.investments[{index}]"
        yield file.setting(f"{named}.bot", account.bots[investment.bot], f"{place}.bot")
        yield file.setting(f"{named}.amount", investment.amount, f"{place}.amount")
        yield file.setting(f"{named}.weight_mode", investment.weight_mode, f"{place}.weight_mode")
        yield file.setting(f"{named}.capital", investment.capital, f"{place}.capital")


def _of_table(file: _File, here: str, name: str, table: Reserve | Trading | Limits | SimSettings) -> Iterator[Setting]:
    """The settings of an account's table; those of [trading] and [limits] may also be set for all accounts."""
    for field in fields(table):
        yield file.setting(f"{here}.{name}.{field.name}", getattr(table, field.name), f"{name}.{field.name}")


def _venue_settings(account: AccountConfig) -> Mapping[str, object]:
    """Where the API keys are stored (never the keys), the venue's own settings, and the account number."""
    found: dict[str, object] = {}
    if keys := account.key_source:
        key_id, secret = (f"${{{name}}}" for name in keys.variables) if keys.variables else ("", "")
        found |= {"key_id": key_id, "secret": secret, "credentials_file": keys.file or ""}
    found |= account.settings
    return found if account.venue.simulated else {**found, "account_number": account.account_number or ""}


def shortened(secret: str) -> str:
    """The first quarter of `secret`, at most 4 characters, and its length: enough to distinguish two of them."""
    return f"{secret[: min(4, len(secret) // 4)]}... ({len(secret)} characters)"


def text(value: object) -> str:
    """Numbers without an exponent, lists joined by commas, pairs by a slash; None, which is no ticker, as CASH."""
    match value:
        case None:
            return "CASH"
        case bool():
            return str(value).lower()
        case Decimal():
            return format(value, "f")
        case () | "":
            return "none"
        case tuple():
            return ", ".join("/".join(item) if isinstance(item, tuple) else str(item) for item in value)
    return str(value)
