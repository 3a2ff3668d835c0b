"""The JSON Schema and the parser accept the same values of every setting."""

import json
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from configs import FOLDER
from jsonschema import Draft202012Validator

from rebalancer import config, demo
from rebalancer.config.json_schema import config_schema
from rebalancer.config.keys import (
    account_keys_at,
    keys_of,
    price_keys_at,
)
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
from rebalancer.errors import BadInputError
from rebalancer.model import Investment, Limits, Reserve, Trading
from rebalancer.venues.alpaca.venue import PLUGIN
from rebalancer.venues.registry import BUILT_IN, first_config

VENUE, PRICES = account_keys_at(PLUGIN), price_keys_at(PLUGIN)
SCHEMA = Draft202012Validator(config_schema())
BASE: dict[str, Any] = {
    "accounts": {"demo": {"broker": "sim", "investments": [{"bot": "trend.json", "amount": 5}]}},
}
TABLES = {
    "": keys_of(TopTable),
    "data": {**keys_of(DataTable), **PRICES},
    "trading": keys_of(Trading),
    "limits": keys_of(Limits),
    "ping": keys_of(UrlTable),
    "metrics": keys_of(MetricsTable),
    "notify.0": {**keys_of(NotifyTable), **keys_of(UrlTable)},
    "accounts.demo": {**keys_of(AccountConfig), **VENUE},
    "accounts.demo.trading": keys_of(Trading),
    "accounts.demo.limits": keys_of(Limits),
    "accounts.demo.sim": keys_of(SimSettings),
    "accounts.demo.cash_reserve": {**keys_of(Reserve), "amount": None},
    "accounts.demo.investments.0": {**keys_of(BotTable), **keys_of(Investment), "amount": None},
}
VALUES = [
    *(0, -1, 1, 2, 50, 99, 99.5, 100, 100.5, 390, 391, 23_400, 23_401, 10**12, 10**12 + 1, 0.5, True, False),
    *("", " ", "SPY", "spy", "CASH", "BRK.B", "BRK B", "BRK BB", "x" * 61, " blanks ", [], {}, ["SPY"], ["spy"]),
    *(["CASH"], [5], [["SPY", "SH"]], [["SPY", "SPY"]], [["SPY"]], [["SPY", "SH"], ["SPY", "SH"]]),
    *("amounts", "own", "net", "limit", "dollars", "percent", "sim", "paper", "live", "sample", "folder"),
    *(["success"], ["success", "digest"], ["woken"], "x.prom", "22:00-07:00 Europe/Berlin", "24:00-07:00 UTC"),
    *("all", "moc", "alpaca", "iex", "demo", "2016-01-31", "PA3EXAMPLE", "http://127.0.0.1:8080"),
]
CASES = [(table, key) for table, keys in TABLES.items() for key in keys]


def document(table: str, key: str, value: object) -> dict[str, Any]:
    """The smallest config with `value` for `key`, and what this key needs beside it."""
    whole = deepcopy(BASE)
    place: Any = whole
    for step in filter(None, table.split(".")):
        place = place[int(step)] if step.isdigit() else place.setdefault(step, [{}] if step == "notify" else {})
    if table.endswith("cash_reserve"):
        place["amount"] = 5
    place[key] = value
    if key in {*VENUE, *PRICES, "account"}:
        whole["accounts"]["demo"]["broker"] = "alpaca"
    if (table, key) == ("data", "folder"):
        place["source"] = "folder"
    if (table, key, value) == ("data", "source", "folder"):
        place["folder"] = "prices"
    if key == "minutes_before_close":
        place |= {"sell_timeout_seconds": 1, "buy_timeout_seconds": 1, "cutoff_seconds": 0}
    elif key.endswith(("timeout_seconds", "cutoff_seconds")):
        whole.setdefault("trading", {})["minutes_before_close"] = 390
    return whole


def toml(whole: dict[str, Any]) -> bytes:
    return "\n".join(f"{key} = {inline(value)}" for key, value in whole.items()).encode()


def inline(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value)


def accepted(whole: dict[str, Any], place: str) -> bool:
    """By the parser, without its checks across two settings, which a schema can't express."""
    try:
        config.parse(toml(whole), FOLDER / "config.toml", {"NAME": "SPY"})
    except BadInputError as error:
        together = ("need", "fallback_ticker")
        return all(
            problem.place != place or any(word in problem.text for word in together) for problem in error.problems
        )
    return True


@pytest.mark.parametrize(("table", "key"), CASES)
def test_the_schema_accepts_what_the_parser_accepts_and_nothing_else(table: str, key: str) -> None:
    place = f"{table}.{key}".lstrip(".").replace(".0.", "[0].")
    for value in VALUES:
        whole = document(table, key, value)
        assert SCHEMA.is_valid(whole) == accepted(whole, place), f"{place} = {value!r}"


@pytest.mark.parametrize(("amount", "fits"), [(100, True), (101, False)])
@pytest.mark.parametrize(("table", "mode"), [("investments.0", "weight_mode"), ("cash_reserve", "mode")])
def test_the_bounds_of_an_amount_depend_on_what_it_counts(table: str, mode: str, amount: int, fits: bool) -> None:  # noqa: FBT001
    whole = document(f"accounts.demo.{table}", mode, "percent")
    place = whole["accounts"]["demo"]
    (place["investments"][0] if "investments" in table else place["cash_reserve"])["amount"] = amount
    where = f"accounts.demo.{table}.amount".replace(".0.", "[0].")
    assert SCHEMA.is_valid(whole) == accepted(whole, where) == fits


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("accounts.demo", "mode", "${MODE:-paper}"),
        ("accounts.demo.investments.0", "bot", "${BOTS}/trend.json"),
        ("", "on_result", "tell-me ${TOKEN}"),
    ],
)
def test_a_variable_may_stand_in_a_path_a_command_and_a_choice(table: str, key: str, value: object) -> None:
    assert SCHEMA.is_valid(document(table, key, value))


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("accounts.demo.investments.0", "name", "${NAME}"),
        ("trading", "protected", ["${MINE}"]),
        ("trading", "paired_tickers", [["SPY", "${SHORT}"]]),
    ],
)
def test_a_variable_may_not_stand_in_a_name_that_is_shown(table: str, key: str, value: object) -> None:
    assert not SCHEMA.is_valid(document(table, key, value))


@pytest.mark.parametrize("key", ["key_id", "secret"])
@pytest.mark.parametrize(("value", "fits"), [("${NAME}", True), ("${NAME:-PK1}", False), ("PK${NAME}", False)])
def test_a_key_is_a_variable_alone(key: str, value: str, fits: bool) -> None:  # noqa: FBT001
    whole = document("accounts.demo", key, value)
    assert SCHEMA.is_valid(whole) == accepted(whole, f"accounts.demo.{key}") == fits


@pytest.mark.parametrize("whole", [{}, {"accounts": {}}, {"accounts": {"Big": {}}}, {**BASE, "colour": 1}])
def test_missing_and_unknown_keys_are_refused(whole: dict[str, Any]) -> None:
    assert not SCHEMA.is_valid(whole)


@pytest.mark.parametrize(
    "content",
    [
        (Path(__file__).parents[2] / "config.example.toml").read_bytes(),
        demo.config_path().read_bytes(),
        *(first_config(venue).replace("ACCOUNT_NAME", "main").encode() for venue in BUILT_IN),
    ],
)
def test_the_example_the_demo_and_the_first_configs_are_valid(content: bytes) -> None:
    assert SCHEMA.is_valid(tomllib.loads(content.decode()))


def test_it_is_a_schema_that_editors_read() -> None:
    Draft202012Validator.check_schema(SCHEMA.schema)


@pytest.mark.parametrize(("table", "key"), [case for case in CASES if case[1] != "amount"])
def test_every_key_has_a_meaning_that_is_a_sentence(table: str, key: str) -> None:
    kind = TABLES[table][key]
    assert kind is not None
    assert kind.meaning.endswith(".")
