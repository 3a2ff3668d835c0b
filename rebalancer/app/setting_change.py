"""Settings of an account changed in the config file: shown first, with the diff and what it disarms, then saved.

Only what decides how an account trades can be changed here. Recipients, the place of files, which broker and whether
with real money stay a matter of the file itself: a page must not turn into a way to run commands or to send keys away.
"""

import os
from collections.abc import Iterator, Mapping
from decimal import Decimal
from difflib import unified_diff
from hashlib import sha256
from typing import Any

from rebalancer.app.chosen import one_account
from rebalancer.app.controls import revoked_armings
from rebalancer.app.proposals import EditableSetting, SettingProposal
from rebalancer.app.settings import replace_config
from rebalancer.app.views import InvestmentsEdited
from rebalancer.config import AccountConfig, Config, SimSettings, parse
from rebalancer.config.document import decode
from rebalancer.config.edit_settings import set_values
from rebalancer.config.effective import by_key, effective_settings, text
from rebalancer.config.keys import amount_of, keys_of
from rebalancer.config.parsers import Parser
from rebalancer.errors import BadInputError, Problem, echoed
from rebalancer.journal.account_state import setting_changes
from rebalancer.market.clock import SystemClock
from rebalancer.model import Limits, Reserve, Trading, numbers
from rebalancer.model.text import known_names


def editable(config: Config, account: AccountConfig) -> tuple[EditableSetting, ...]:
    """In the order of the manual."""
    found = {each.key: each for each in effective_settings(config, account)}
    return tuple(
        EditableSetting(key, found[full].value, found[full].origin, parser.meaning, _default(key), parser.schema)
        for key, parser in _keys(account).items()
        if (full := f"accounts.{account.name}.{key}") in found
    )


TABLES: Mapping[str, type] = {"cash_reserve": Reserve, "trading": Trading, "limits": Limits, "sim": SimSettings}


def _keys(account: AccountConfig) -> Mapping[str, Parser]:
    """Those of the simulated broker only where the account is at it."""
    own = {"enabled": keys_of(AccountConfig)["enabled"]}
    for name, table in TABLES.items():
        if name != "sim" or account.venue.simulated:
            own |= {f"{name}.{key}": parser for key, parser in keys_of(table).items()}
        if table is Reserve:
            own[f"{name}.amount"] = amount_of(Reserve, account.reserve.mode)
    return own


def _default(key: str) -> str:
    table, _, name = key.rpartition(".")
    return text(getattr(TABLES[table]() if table else AccountConfig(""), name))


def propose(config: Config, account: AccountConfig, values: Mapping[str, object], by: str) -> SettingProposal:
    """What would be changed by `values`, by key: TOML's types or text; None takes the line out, and the default is in
    force.

    Raises BadInputError with every unknown key and every value that is not allowed, and where the file can't be edited.
    """
    content = set_values(config.content, account.name, _wanted(config, account, values))
    after = one_account(edited := parse(content, config.path, os.environ), account.name)
    old, new = by_key(effective_settings(config, account)), by_key(effective_settings(edited, after))
    changes = setting_changes(SystemClock().now(), account.name, old, new)
    _require_alone(config, {change.key for change in changes}, {f"accounts.{account.name}.{key}" for key in values})
    return SettingProposal(
        account.name,
        tuple(values),
        changes,
        tuple(_diff(config, content)),
        tuple(revoked_armings(config, config.journal(), by, "the config was edited")),
        file_hash(config),
        content,
    )


def _wanted(config: Config, account: AccountConfig, values: Mapping[str, object]) -> Mapping[str, object]:
    keys, problems, wanted = _keys(account), list[Problem](), dict[str, object]()
    for key, value in values.items():
        try:
            if key not in keys:
                raise BadInputError.of(config.path, f"{key!r} can't be changed here; {known_names(key, keys)}", key)
            wanted[key] = None if value is None else typed(keys[key], value, key)
        except BadInputError as error:
            problems.extend(error.problems)
    if problems:
        raise BadInputError(problems)
    return wanted


def _require_alone(config: Config, changed: set[str], wanted: set[str]) -> None:
    """Raises BadInputError where the edit would change another setting too, as in a file laid out in a rare way."""
    if others := sorted(changed - wanted):
        why = f"can't be edited here without changing {others[0]} too: edit the file"
        raise BadInputError.of(config.path, why, ", ".join(sorted(wanted)))


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
        kind = "whole number" if parser.schema.get("type") == "integer" else "number"
        text = f"{echoed(value)} is not allowed: use a {kind} in plain digits, such as 1500"
        raise BadInputError.of(key, text) from error
    if not _is_plain(found):
        raise BadInputError.of(key, "has to be text, a number, true or false, or a list of texts")
    return found


def _from_text(schema: Mapping[str, Any], written: str) -> object:
    match schema.get("type"):
        case "integer":
            return int(_number(written, whole=True))
        case "number":
            return _number(written)
        case "array":
            return _listed(written, pairs=schema["items"].get("type") == "array")
        case "boolean":
            return {"true": True, "false": False}.get(written, written)
    return written


def _number(written: str, *, whole: bool = False) -> Decimal:
    """In plain digits: `int` and `Decimal` would read 1_0, and the digits of other scripts."""
    found = numbers.amount(written)
    if found is None or (whole and not written.isdigit()):
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
