"""The tables of a config: their keys, and the frozen values that they are parsed into.

A field annotated with a meaning is a key, as in `rebalancer.model.settings`. A TypedDict describes keys whose values
are stored in fields of other classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, TypedDict

from rebalancer.config import observer_parsers, parsers
from rebalancer.model import Investment, Limits, Mode, NoticeKind, QuietHours, Reserve, Trading, Venue
from rebalancer.model.settings import Amount, Percent, PositiveAmount
from rebalancer.venues import registry

OnResult = Annotated[tuple[str, ...], "A command that gets the result of each run, as JSON on its standard input."]


class TopTable(TypedDict, total=False):
    """The keys before the first table."""

    schema: Annotated[int, parsers.schema_version, "The version of this file's layout."]
    state_dir: Annotated[Path, "The folder of the journal and the simulated accounts."]
    on_result: OnResult


class DataTable(TypedDict, total=False):
    """The keys of [data] that do not depend on a venue."""

    source: Annotated[str, parsers.price_source, "Where prices come from."]
    folder: Annotated[Path, 'The folder of your price files, with source = "folder".']
    account: Annotated[
        str,
        parsers.account_name,
        "Whose keys read the prices of its broker; without it the first account whose broker brings prices.",
    ]


class CredentialsTable(TypedDict, total=False):
    """Where the API keys are, in the table of an account whose venue needs some."""

    key_id: Annotated[str, parsers.variable, "The environment variable with the key's id, as ${NAME}."]
    secret: Annotated[str, parsers.variable, "The environment variable with the key's secret, as ${NAME}."]
    credentials_file: Annotated[Path, "A file with key_id and secret that only you can read."]


class AccountNumberTable(TypedDict, total=False):
    """In the table of an account that is not simulated."""

    account_number: Annotated[str, parsers.account_number, "The only account number that is traded."]


class BotTable(TypedDict, total=False):
    """In the table of an investment, beside the keys of `Investment`."""

    bot: Annotated[Path, "The bot's file."]
    name: Annotated[str, parsers.line, "What the screens call the bot; without it the name of its file."]


class UrlTable(TypedDict, total=False):
    """Where an address is that is a secret: [ping] has these keys, and [[notify]]."""

    url: Annotated[str, parsers.url_variable, "The environment variable with the address, as ${NAME}."]
    url_file: Annotated[Path, "A file with the address alone, that only you can read."]


class NotifyTable(TypedDict, total=False):
    """The other keys of a [[notify]]."""

    name: Annotated[str, parsers.account_name, 'What messages about it, and the keyring, call it. Default: "notify".']
    on: Annotated[frozenset[NoticeKind], observer_parsers.notice_kinds, "The kinds to send; default: all but success."]
    quiet_hours: Annotated[
        QuietHours, observer_parsers.quiet_hours, "When only urgent messages are sent, with the zone."
    ]


class MetricsTable(TypedDict, total=False):
    """The keys of [metrics]."""

    textfile: Annotated[Path, observer_parsers.metrics_file, "The file of figures for Prometheus, which ends in .prom."]


@dataclass(frozen=True, slots=True)
class SimSettings:
    """The `sim` table of an account."""

    starting_cash: Annotated[PositiveAmount, "The cash the simulated account begins with, in its currency."] = Decimal(
        100_000
    )
    commission_dollars: Annotated[Amount, "The simulated fee for each order, in its currency."] = Decimal(0)
    slippage_percent: Annotated[Percent, "How much worse than the price a simulated order fills, in percent."] = (
        Decimal(0)
    )


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where the API keys of an account are stored: two environment variables (ID, secret), a file, or else the keyring.

    `config` is the config file, which errors name.
    """

    config: str
    variables: tuple[str, str] | None = None
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class UrlSource:
    """Where a secret address is stored: an environment variable, a file, or else the keyring under `entry`.

    `config` is the config file and `key` the dotted key of the table, which errors name.
    """

    config: str
    key: str
    entry: str
    variable: str | None = None
    file: Path | None = None


EVENTFUL: frozenset[NoticeKind] = frozenset(observer_parsers.NOTICE_KINDS) - {"success"}


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient of messages of the kinds `on`, at an apprise address; only urgent ones in `quiet_hours`."""

    name: str
    url: UrlSource
    on: frozenset[NoticeKind] = EVENTFUL
    quiet_hours: QuietHours | None = None


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """`bots` has the file of each bot by its name. `settings` has the venue's own keys, with their defaults.

    `key_source` is None at a venue that needs no API keys. If `account_number` is set, only that account is traded.
    """

    name: str
    enabled: Annotated[bool, "Whether the schedule runs this account."] = False
    on_result: OnResult = ()
    broker: Annotated[str, parsers.broker, "Which broker holds the account."] = "sim"
    mode: Annotated[Mode, "Paper or live. Live trades real money once it is armed."] = "paper"
    reserve: Reserve = field(default_factory=Reserve)
    trading: Trading = field(default_factory=Trading)
    limits: Limits = field(default_factory=Limits)
    sim: SimSettings = field(default_factory=SimSettings)
    investments: tuple[Investment, ...] = ()
    bots: Mapping[str, Path] = field(default_factory=dict)
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

    `data_folder` is None unless `data_source` is "folder". `data_account` names the account whose API keys read prices,
    with the venue's `data_settings`; None where no account's venue provides prices. `document` is the parsed file; all
    environment variables in it are filled in, but those of API keys and secret addresses.

    `ping`, `metrics` and `notify` observe runs: no run depends on them.
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
    ping: UrlSource | None = None
    metrics: Path | None = None
    notify: tuple[Recipient, ...] = ()

    @property
    def account_numbers(self) -> tuple[str, ...]:
        return tuple(each.account_number for each in self.accounts if each.account_number)

    def journal(self, *, dry_run: bool = False) -> Path:
        return self.state_dir / ("dry-run.sqlite" if dry_run else "journal.sqlite")
