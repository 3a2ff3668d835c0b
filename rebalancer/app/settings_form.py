"""Settings changed by a form: each key with what it means, the change shown first, then written.

What starts a program, names a file or reaches a broker is changed in the file itself, by nobody else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from hashlib import sha256
from typing import Any

from tomlkit.items import Item

from rebalancer import config as settings
from rebalancer.app.account import one_account
from rebalancer.app.controls import revoked_armings
from rebalancer.app.settings import replace_config
from rebalancer.app.views import InvestmentsEdited
from rebalancer.config import AccountConfig, Config, SimSettings
from rebalancer.config.edit_settings import item, set_values
from rebalancer.config.effective import by_key, effective_settings, text
from rebalancer.config.keys import amount_of, keys_of
from rebalancer.config.parsers import Parser
from rebalancer.errors import BadInputError, Problem
from rebalancer.events import SettingChanged
from rebalancer.journal.account_state import setting_changes
from rebalancer.market.clock import SystemClock
from rebalancer.model import Limits, Reserve, Trading
from rebalancer.model.settings import Range

TABLES: Mapping[str, type] = {"cash_reserve": Reserve, "trading": Trading, "limits": Limits, "sim": SimSettings}


@dataclass(frozen=True, slots=True)
class SettingField:
    """A key below an account, such as "trading.rounding", and its value as it is typed.

    `allowed` is its range in words, "" where `choices` or the kind say it all; `origin` is where it was set.
    """

    key: str
    meaning: str
    kind: str
    choices: tuple[str, ...]
    allowed: str
    default: str
    value: str
    origin: str

    @property
    def table(self) -> str:
        return self.key.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class ProposedSettings:
    """A change that is not made yet: the `diff` of the file, the `changes` by key, the armings that it undoes.

    `base` is the hash of the file that it starts from, `content` the file as it would be.
    """

    account: str
    base: str
    content: bytes
    diff: tuple[str, ...]
    changes: tuple[SettingChanged, ...]
    disarms: tuple[str, ...]


def setting_fields(config: Config, account: AccountConfig) -> tuple[SettingField, ...]:
    """In the order of config.example.toml; the simulated broker's settings where the account is at it."""
    here = f"accounts.{account.name}."
    found = {each.key.removeprefix(here): each for each in effective_settings(config, account)}
    return tuple(
        SettingField(
            key,
            parser.meaning or "How much.",
            _kind(parser),
            tuple(parser.schema.get("enum", ())),  # type: ignore[arg-type]
            _allowed(parser),
            text(default),
            _typed(found[key].value),
            found[key].origin,
        )
        for key, parser, default in _keys(account)
    )


def _keys(account: AccountConfig) -> Iterator[tuple[str, Parser, Any]]:
    """Each key, its parser and its default."""
    yield "enabled", keys_of(AccountConfig)["enabled"], False
    for name, table in TABLES.items():
        if name != "sim" or account.venue.simulated:
            defaults = table()
            yield from ((f"{name}.{key}", parser, getattr(defaults, key)) for key, parser in keys_of(table).items())
            if table is Reserve:
                yield f"{name}.amount", amount_of(Reserve, account.reserve.mode), defaults.amount


def _kind(parser: Parser) -> str:
    if "enum" in parser.schema:
        return "choice"
    return {"boolean": "switch", "number": "number", "integer": "number"}.get(str(parser.schema.get("type")), "text")


def _allowed(parser: Parser) -> str:
    schema: Mapping[str, Any] = parser.schema
    if "maximum" in schema:
        above = "exclusiveMinimum" in schema
        return str(Range(schema["exclusiveMinimum" if above else "minimum"], schema["maximum"], above))
    if schema.get("type") == "array":
        pairs = schema["items"].get("type") == "array"
        return "pairs such as SPY/SH, QQQ/PSQ" if pairs else "tickers such as SPY, TLT"
    return ""


def _typed(shown: str) -> str:
    return "" if shown == "none" else shown


def propose(config: Config, account: AccountConfig, typed: Mapping[str, str]) -> ProposedSettings:
    """What the file would be with the values that a person typed, by the keys of `setting_fields`; equal ones stay.

    Raises BadInputError with every problem, also where nothing differs.
    """
    content = set_values(config.content, account.name, dict(_items(config, account, typed)))
    after = settings.parse(content, config.path)
    old = by_key(effective_settings(config, account))
    new = by_key(effective_settings(after, one_account(after, account.name)))
    changes = setting_changes(SystemClock().now(), account.name, old, new)
    if not changes:
        raise BadInputError.of(config.path, "nothing differs from what is set already: change a value first")
    for change in changes:
        if change.key.removeprefix(f"accounts.{account.name}.") not in typed:
            why = "would change too, as this file is written: change the file itself"
            raise BadInputError.of(config.path, why, change.key)
    return ProposedSettings(
        account.name,
        sha256(config.content).hexdigest(),
        content,
        tuple(_diff(config.content, content)),
        changes,
        tuple(revoked_armings(config, config.journal(), "", "")),
    )


def _items(config: Config, account: AccountConfig, typed: Mapping[str, str]) -> Iterator[tuple[str, Item]]:
    parsers, problems = {key: parser for key, parser, _ in _keys(account)}, list[Problem]()
    for field in setting_fields(config, account):
        given = typed.get(field.key)
        if given is not None and given.strip() != field.value:
            try:
                yield field.key, item(parsers[field.key], given)
            except ValueError as error:
                problems.append(Problem(str(config.path), f"accounts.{account.name}.{field.key}", str(error)))
    if unknown := sorted({*typed} - {*parsers}):
        problems.append(Problem(str(config.path), unknown[0], "can't be changed by a form: change it in the file"))
    if problems:
        raise BadInputError(problems)


def _diff(before: bytes, after: bytes) -> Sequence[str]:
    old, new = (content.decode("utf-8-sig").splitlines() for content in (before, after))
    return list(unified_diff(old, new, "config.toml", "config.toml, changed", lineterm="", n=2))[2:]


def save(config: Config, account: AccountConfig, typed: Mapping[str, str], base: str, by: str) -> InvestmentsEdited:
    """Make the change that `propose` showed. Raises BadInputError, and changes nothing, where the file is another one
    than it started from.
    """
    proposed = propose(config, account, typed)
    if proposed.base != base:
        raise BadInputError.of(config.path, "was changed since this change was shown: look at it again, then save it")
    return replace_config(config, account, proposed.content, by)
