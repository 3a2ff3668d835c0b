"""The JSON Schema of a config, for editors: made of the same keys and parsers that read it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rebalancer.config.effective import text
from rebalancer.config.environment import VARIABLE
from rebalancer.config.keys import all_account_keys, all_price_keys, amount_of, keys_of
from rebalancer.config.parsers import ACCOUNT_NAME, Parser, one_of, price_sources
from rebalancer.config.tables import (
    AccountConfig,
    BotTable,
    DataTable,
    MetricsTable,
    NotifyTable,
    SimSettings,
    TopTable,
    UrlTable,
)
from rebalancer.model import Investment, Limits, Reserve, Trading
from rebalancer.venues import registry

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def config_schema() -> Schema:
    """Draft 2020-12. What is checked only when the config is read: conflicts between keys, and the files they name."""
    whole = _table(keys_of(TopTable), required=("accounts",))
    whole["properties"] |= {
        "data": _table({**_with_choices(DataTable, "source", price_sources()), **all_price_keys()}),
        "trading": _with_defaults(Trading),
        "limits": _with_defaults(Limits),
        "ping": _table(keys_of(UrlTable)),
        "metrics": _table(keys_of(MetricsTable), required=("textfile",)),
        "notify": {"type": "array", "items": _table({**keys_of(NotifyTable), **keys_of(UrlTable)})},
        "accounts": {
            "type": "object",
            "propertyNames": {"pattern": f"^{ACCOUNT_NAME.pattern}$"},
            "additionalProperties": _account(),
            "minProperties": 1,
        },
    }
    return {"$schema": DIALECT, "title": "The settings of rebalance", **whole}


def _account() -> Schema:
    keys = {**_with_choices(AccountConfig, "broker", registry.names()), **all_account_keys()}
    account = _table(keys, required=("broker", "investments"))
    reserve = _table(keys_of(Reserve), required=("amount",))
    investment = _table({**keys_of(BotTable), **keys_of(Investment)}, required=("bot", "amount"))
    account["properties"] |= {
        "cash_reserve": _with_amount(reserve, Reserve, "mode"),
        "trading": _with_defaults(Trading),
        "limits": _with_defaults(Limits),
        "sim": _with_defaults(SimSettings),
        "investments": {"type": "array", "items": _with_amount(investment, Investment, "weight_mode"), "minItems": 1},
    }
    return account


def _with_choices(table: type, key: str, choices: tuple[str, ...]) -> Mapping[str, Parser]:
    """The keys of `table`; `key` accepts `choices`, which depend on the installed venues."""
    keys = keys_of(table)
    return {**keys, key: replace(keys[key], schema=one_of(*choices).schema)}


def _with_defaults(table: type) -> Schema:
    """The table of a settings dataclass, with each default in the description of its key."""
    schema, defaults = _table(keys_of(table)), table()
    for key, described in schema["properties"].items():
        described["description"] += f" Default: {text(getattr(defaults, key))}."
    return schema


def _with_amount(schema: Schema, table: type, mode: str) -> Schema:
    """Add the key `amount` of `table`, which is at most 100 where the key `mode` is "percent"."""
    schema["properties"]["amount"] = dict(amount_of(table, "dollars").schema)
    percent = {"properties": {mode: {"const": "percent"}}, "required": [mode]}
    bounded = {"properties": {"amount": dict(amount_of(table, "percent").schema)}}
    return schema | {"if": percent, "then": bounded}


def _table(keys: Mapping[str, Parser], required: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "properties": {
            key: {
                **(_or_variable(parser.schema) if parser.text or parser.words else parser.schema),
                "description": parser.meaning,
            }
            for key, parser in keys.items()
        },
        "required": list(required),
        "additionalProperties": False,
    }


def _or_variable(schema: Mapping[str, Any]) -> Schema:
    """The `schema` of a string, or an environment variable in it."""
    return {"anyOf": [dict(schema), {"type": "string", "pattern": VARIABLE.pattern}]}
