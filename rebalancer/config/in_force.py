"""The settings in force in an account, including defaults, and where each value comes from."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

from rebalancer.config.contents import (
    AccountConfig,
    BotTable,
    Config,
    CredentialsTable,
    DataTable,
    SimSettings,
    TopTable,
)
from rebalancer.config.document import leaves, line_of, lines_of
from rebalancer.config.environment import FromEnvironment
from rebalancer.config.keys import keys_of
from rebalancer.model import Limits, Reserve, Trading


@dataclass(frozen=True, slots=True)
class Setting:
    """`key` is dotted, with an investment named by its bot. `origin` is a sentence without a full stop.

    `value` is text. Free text from an environment variable is shortened, as it may be a secret.
    """

    key: str
    value: str
    origin: str


def in_force(config: Config, account: AccountConfig) -> tuple[Setting, ...]:
    """Every setting that a run of `account` uses, in the order of config.example.toml."""
    written, lines = leaves(config.document), lines_of(config.content.decode("utf-8-sig"))
    return tuple(_setting(value, written, lines) for value in _values(config, account))


def snapshot(config: Config, account: AccountConfig) -> bytes:
    """The settings in force as the journal keeps them: a JSON object, dotted key to text."""
    return json.dumps(by_key(in_force(config, account)), ensure_ascii=False, sort_keys=True, indent=0).encode()


def by_key(settings: tuple[Setting, ...]) -> dict[str, str]:
    return {setting.key: setting.value for setting in settings}


@dataclass(frozen=True, slots=True)
class _Value:
    """`places` are the dotted keys that can set it, by precedence. `text` marks free text, which may hold a secret."""

    key: str
    value: object
    places: tuple[str, ...]
    text: bool = False
    unset: str = "default"


def _values(config: Config, account: AccountConfig) -> Iterator[_Value]:
    here, top, venue = f"accounts.{account.name}", keys_of(TopTable), keys_of(CredentialsTable)
    yield _Value(
        "state_dir", config.state_dir, ("state_dir",), top["state_dir"].text, "REBALANCE_STATE, else the default"
    )
    yield from _data_values(config)
    for key, kind in keys_of(AccountConfig).items():
        above = (key,) if key in top else ()
        found = getattr(account, key)
        command = shlex.join(found) if isinstance(found, tuple) else found
        yield _Value(f"{here}.{key}", command, (f"{here}.{key}", *above), kind.text)
    for key, value in _venue_settings(account).items():
        yield _Value(f"{here}.{key}", value, (f"{here}.{key}",), key in venue and venue[key].text)
    yield from _table_values(f"{here}.cash_reserve", account.reserve)
    yield from _table_values(f"{here}.trading", account.trading, above="trading")
    yield from _table_values(f"{here}.limits", account.limits, above="limits")
    yield from _table_values(f"{here}.sim", account.sim)
    yield from _investment_values(here, account)


def _table_values(place: str, settings: Reserve | Trading | Limits | SimSettings, above: str = "") -> Iterator[_Value]:
    """`above` is the table of all accounts that can set the same keys."""
    for field in fields(settings):
        key = f"{place}.{field.name}"
        yield _Value(key, getattr(settings, field.name), (key, f"{above}.{field.name}") if above else (key,))


def _data_values(config: Config) -> Iterator[_Value]:
    yield _Value("data.source", config.data_source, ("data.source",))
    if config.data_folder is not None:
        yield _Value("data.folder", config.data_folder, ("data.folder",), keys_of(DataTable)["folder"].text)
    if config.data_account is not None:
        for key, value in {"account": config.data_account, **config.data_settings}.items():
            yield _Value(f"data.{key}", value, (f"data.{key}",))


def _investment_values(here: str, account: AccountConfig) -> Iterator[_Value]:
    for index, investment in enumerate(account.investments):
        place, key = f"{here}.investments[{index}]", f'{here}.investments."{investment.bot}"'
        yield _Value(f"{key}.bot", account.bots[investment.bot], (f"{place}.bot",), keys_of(BotTable)["bot"].text)
        yield _Value(f"{key}.amount", investment.amount, (f"{place}.amount",))
        yield _Value(f"{key}.weight_mode", investment.weight_mode, (f"{place}.weight_mode",))


def _venue_settings(account: AccountConfig) -> Mapping[str, object]:
    """Where the keys are stored (never the keys), the venue's own settings, and the account number."""
    found: dict[str, object] = {}
    if keys := account.key_source:
        key_id, secret = (f"${{{name}}}" for name in keys.variables) if keys.variables else ("", "")
        found |= {"key_id": key_id, "secret": secret, "credentials_file": keys.file or ""}
    found |= account.settings
    return found if account.venue.simulated else {**found, "account_number": account.account_number or ""}


def _setting(value: _Value, written: Mapping[str, object], lines: Mapping[str, int]) -> Setting:
    """`written` is the document by dotted key, and `lines` has the lines of its keys."""
    shown = text(value.value)
    place = next((place for place in value.places if place in written), None)
    if place is None:
        return Setting(value.key, shown, value.unset)
    origin = f"line {line_of(place, lines)}, {place}"
    if variables := tuple(_variables(written[place])):
        origin = f"environment {', '.join(variables)}, by {origin}"
        shown = shortened(shown) if value.text else shown
    return Setting(value.key, shown, origin)


def _variables(written: object) -> Iterator[str]:
    if isinstance(written, FromEnvironment):
        yield from written.names
    elif isinstance(written, list):
        for item in written:
            yield from _variables(item)


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
