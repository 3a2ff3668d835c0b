"""The JSON Schema of a config, for editors. It is made of the same table of kinds that the parser reads by."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from rebalancer.config import SimSettings
from rebalancer.config.environment import AS_WRITTEN, VARIABLE
from rebalancer.config.in_force import text
from rebalancer.config.keys import (
    ACCOUNT,
    DATA,
    INVESTMENT,
    LIMITS,
    MEANINGS,
    RESERVE,
    SIM,
    TOP,
    TRADING,
    amount,
)
from rebalancer.config.kinds import ACCOUNT_NAME, Kind, one_of, price_sources
from rebalancer.config.venue_keys import any_account_kinds, any_price_kinds
from rebalancer.model import Limits, Trading
from rebalancer.venues import registry

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def config_schema() -> Schema:
    """Draft 2020-12. Relations between keys, and to the files they name, are checked by the parser only."""
    trading, limits = _table(TRADING, _defaults(Trading)), _table(LIMITS, _defaults(Limits))
    account = _table(
        {**ACCOUNT, "broker": one_of(*registry.names()), **any_account_kinds()}, {}, required=("broker", "investments")
    )
    account["properties"] |= {
        "cash_reserve": _sized(_table(RESERVE, {}, required=("amount",)), "mode", above_zero=False),
        "trading": trading,
        "limits": limits,
        "sim": _table(SIM, _defaults(SimSettings)),
        "investments": {"type": "array", "items": _investment(), "minItems": 1},
    }
    whole = _table(TOP, {}, required=("accounts",))
    whole["properties"] |= {
        "data": _table({**DATA, "source": one_of(*price_sources()), **any_price_kinds()}, {}),
        "trading": trading,
        "limits": limits,
        "accounts": {
            "type": "object",
            "propertyNames": {"pattern": f"^{ACCOUNT_NAME.pattern}$"},
            "additionalProperties": account,
            "minProperties": 1,
        },
    }
    return {"$schema": DIALECT, "title": "The settings of rebalance", **whole}


def _investment() -> Schema:
    return _sized(_table(INVESTMENT, {}, required=("bot", "amount")), "weight_mode", above_zero=True)


def _sized(table: Schema, mode: str, *, above_zero: bool) -> Schema:
    """`table` with its `amount`, whose bounds depend on the key `mode`."""
    table["properties"]["amount"] = dict(amount("dollars", above_zero=above_zero).schema)
    percent = {"properties": {mode: {"const": "percent"}}, "required": [mode]}
    bounded = {"properties": {"amount": dict(amount("percent", above_zero=above_zero).schema)}}
    return table | {"if": percent, "then": bounded}


def _table(kinds: Mapping[str, Kind], defaults: Mapping[str, str], required: tuple[str, ...] = ()) -> Schema:
    properties = {key: _property(key, kind, defaults) for key, kind in kinds.items()}
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _property(key: str, kind: Kind, defaults: Mapping[str, str]) -> Schema:
    meaning = MEANINGS.get(key) or _meanings_of_venues().get(key, "")
    default = f" Default: {defaults[key]}." if key in defaults else ""
    schema = dict(kind.schema) if key in AS_WRITTEN else _or_variable(kind.schema)
    return {**schema, "description": f"{meaning}{default}"}


def _meanings_of_venues() -> Mapping[str, str]:
    return {
        key: each.meaning
        for plugin in registry.plugins()
        for key, each in {**plugin.account_keys, **plugin.price_keys}.items()
    }


def _or_variable(schema: Mapping[str, Any]) -> Schema:
    """`schema`, or an environment variable in place of any string in it."""
    if schema.get("type") == "array":
        return {**schema, "items": _or_variable(schema["items"])}
    if schema.get("type") == "string" or "enum" in schema:
        return {"anyOf": [dict(schema), {"type": "string", "pattern": VARIABLE.pattern}]}
    return dict(schema)


def _defaults(form: type[Trading | Limits | SimSettings]) -> Mapping[str, str]:
    return {field.name: text(field.default) for field in fields(form)}
