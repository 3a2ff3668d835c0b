"""One setting of an account changed in the config file: shown first, with its diff and what it disarms, then saved.

Only what decides how an account trades can be changed here. Who is told, where files are, which broker and whether
with real money stay a matter of the file itself: a page must not turn into a way to run commands or to send keys away.
"""

import os
from collections.abc import Iterator, Mapping
from decimal import Decimal
from difflib import unified_diff
from hashlib import sha256
from typing import Any

from rebalancer.app.account import one_account
from rebalancer.app.controls import revoked_armings
from rebalancer.app.proposals import EditableSetting, SettingProposal
from rebalancer.app.settings import replace_config
from rebalancer.app.views import InvestmentsEdited
from rebalancer.config import AccountConfig, Config, parse
from rebalancer.config.document import decode
from rebalancer.config.edit import set_value
from rebalancer.config.effective import by_key, effective_settings, text
from rebalancer.config.keys import amount_of, keys_of
from rebalancer.config.parsers import Parser
from rebalancer.errors import BadInputError, echoed
from rebalancer.journal.account_state import setting_changes
from rebalancer.market.clock import SystemClock
from rebalancer.model import Limits, Reserve, Trading, numbers
from rebalancer.model.text import known_names


def editable(config: Config, account: AccountConfig) -> tuple[EditableSetting, ...]:
    """In the order of the manual."""
    found = {each.key: each for each in effective_settings(config, account)}
    defaults = _defaults()
    return tuple(
        EditableSetting(key, found[full].value, found[full].origin, parser.meaning, defaults[key], parser.schema)
        for key, parser in _keys(account).items()
        if (full := f"accounts.{account.name}.{key}") in found
    )


def _keys(account: AccountConfig) -> Mapping[str, Parser]:
    tables = {"trading": Trading, "limits": Limits, "cash_reserve": Reserve}
    own = {"enabled": keys_of(AccountConfig)["enabled"]}
    for name, table in tables.items():
        own |= {f"{name}.{key}": parser for key, parser in keys_of(table).items()}
    return {**own, "cash_reserve.amount": amount_of(Reserve, account.reserve.mode)}


def _defaults() -> Mapping[str, str]:
    tables = {"trading": Trading(), "limits": Limits(), "cash_reserve": Reserve()}
    names = {"trading": keys_of(Trading), "limits": keys_of(Limits), "cash_reserve": ("mode", "amount")}
    of_tables = {f"{name}.{key}": text(getattr(table, key)) for name, table in tables.items() for key in names[name]}
    return {"enabled": text(AccountConfig("").enabled), **of_tables}


def propose(config: Config, account: AccountConfig, key: str, value: object, by: str) -> SettingProposal:
    """What would be changed by `value`: TOML's types or text; None takes the line out, and the default is in force.

    Raises BadInputError for an unknown key, for a value that is not allowed, and where the file can't be edited.
    """
    keys = _keys(account)
    if key not in keys:
        raise BadInputError.of(config.path, f"{key!r} can't be changed here; {known_names(key, keys)}", key)
    wanted = None if value is None else typed(keys[key], value, key)
    content = set_value(config.content, str(config.path), ("accounts", account.name, *key.split(".")), wanted)
    after = one_account(edited := parse(content, config.path, os.environ), account.name)
    old, new = by_key(effective_settings(config, account)), by_key(effective_settings(edited, after))
    _require_alone(config, {name for name in {*old, *new} if old.get(name) != new.get(name)}, account, key)
    return SettingProposal(
        account.name,
        key,
        setting_changes(SystemClock().now(), account.name, old, new),
        tuple(_diff(config, content)),
        tuple(revoked_armings(config, config.journal(), by, "the config was edited")),
        file_hash(config),
        content,
    )


def _require_alone(config: Config, changed: set[str], account: AccountConfig, key: str) -> None:
    """Raises BadInputError where the edit would change another setting too, as in a file laid out in a rare way."""
    if others := sorted(changed - {f"accounts.{account.name}.{key}"}):
        raise BadInputError.of(
            config.path, f"can't be edited here without changing {others[0]} too: edit the file", key
        )


def save(config: Config, account: AccountConfig, proposal: SettingProposal, seen: str, by: str) -> InvestmentsEdited:
    """Write the change. Raises BadInputError where the file is not the one that was `seen`, by its hash, any more."""
    if seen != file_hash(config):
        raise BadInputError.of(config.path, "has changed since its settings were shown: look at the change again")
    return replace_config(config, account, proposal.content, by)


def file_hash(config: Config) -> str:
    return sha256(config.content).hexdigest()


def _diff(config: Config, after: bytes) -> Iterator[str]:
    name = config.path.name
    before = decode(config.content, name).splitlines()
    yield from unified_diff(before, decode(after, name).splitlines(), name, name, lineterm="", n=2)


def typed(parser: Parser, value: object, key: str) -> object:
    """`value` in TOML's types, where a form or JSON sends text: numbers, words, lists with commas, pairs as A/B."""
    try:
        found = _from_text(parser.schema, value.strip()) if isinstance(value, str) else value
    except ValueError as error:
        raise BadInputError.of(key, f"{echoed(value)} can't be read: write it as the settings show it") from error
    if not _is_plain(found):
        raise BadInputError.of(key, "has to be text, a number, true or false, or a list of texts")
    return found


def _from_text(schema: Mapping[str, Any], written: str) -> object:
    match schema.get("type"):
        case "integer":
            return int(written)
        case "number":
            return _number(written)
        case "array":
            return _listed(written, pairs=schema["items"].get("type") == "array")
        case "boolean":
            return {"true": True, "false": False}.get(written, written)
    return written


def _number(written: str) -> Decimal:
    found = numbers.amount(written)
    if found is None:
        raise ValueError(written)
    return found


def _listed(written: str, *, pairs: bool) -> list[Any]:
    """As in `SPY, TLT` or, with `pairs`, `SPY/SH, TLT/TBT`."""
    words = [word.strip() for word in written.replace("\n", ",").split(",") if word.strip()]
    return [[part.strip() for part in word.split("/")] for word in words] if pairs else list(words)


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(each, str) or (isinstance(each, list) and _is_plain(each)) for each in value)
    if isinstance(value, Decimal):
        return value.is_finite() and numbers.in_bounds(value)
    return isinstance(value, str | bool | int)
