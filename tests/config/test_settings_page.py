"""docs/settings.md has every key of the JSON Schema, with its default, its range and its choices."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rebalancer.config import SimSettings
from rebalancer.config.effective import text
from rebalancer.config.json_schema import config_schema
from rebalancer.model import Limits, Trading
from rebalancer.model.settings import MOST_MONEY

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")
WHOLE = config_schema()["properties"]
ACCOUNT = WHOLE["accounts"]["additionalProperties"]["properties"]
SECTIONS: dict[str, dict[str, Any]] = {
    "The top of the file": WHOLE,
    "[data]": WHOLE["data"]["properties"],
    "[trading]": WHOLE["trading"]["properties"],
    "[limits]": WHOLE["limits"]["properties"],
    "[ping]": WHOLE["ping"]["properties"],
    "[metrics]": WHOLE["metrics"]["properties"],
    "[[notify]]": WHOLE["notify"]["items"]["properties"],
    "[accounts.NAME]": ACCOUNT,
    "[accounts.NAME.sim]": ACCOUNT["sim"]["properties"],
    "[[accounts.NAME.investments]]": ACCOUNT["investments"]["items"]["properties"],
}
TABLES = {"data", "trading", "limits", "ping", "metrics", "notify", "accounts", "sim", "investments"}
KEYS = [(section, key) for section, keys in SECTIONS.items() for key in keys if key not in TABLES]
DEFAULTS = [("[trading]", Trading()), ("[limits]", Limits()), ("[accounts.NAME.sim]", SimSettings())]


def row(section: str, key: str) -> list[str]:
    """The cells of the key's row: keys, default, meaning."""
    rows = PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    found = re.search(rf"^\| ((?:`\w+`, )*`{key}`.*) \|$", rows, re.MULTILINE)
    assert found, f"{section} has no row for {key}"
    return re.split(r"(?<!\\) \| ", found[1])


def needed(schema: dict[str, Any]) -> Iterator[str]:
    """What a row has to contain: each choice, and the range."""
    for choice in schema.get("anyOf", [schema])[0].get("enum", ()):
        yield f'"{choice}"'
    low, above, high = (schema.get(name) for name in ("minimum", "exclusiveMinimum", "maximum"))
    if high == MOST_MONEY:
        yield f"{low} or more"
    elif high is not None:
        yield f"{low} to {high}" if above is None else f"above {above}, up to {high}"


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_the_row_of_every_key_has_its_range_and_its_choices(section: str, key: str) -> None:
    schema = SECTIONS[section][key]
    parts = [schema] if key != "cash_reserve" else list(schema["properties"].values())
    cells = " ".join(row(section, key))
    assert [part for schema in parts for part in needed(schema) if part not in cells] == []


@pytest.mark.parametrize(("section", "defaults"), DEFAULTS)
def test_the_row_of_every_key_has_its_default(section: str, defaults: Trading | Limits | SimSettings) -> None:
    shown = {field.name: row(section, field.name)[1].strip("`") for field in fields(defaults)}
    values = {key: tomllib.loads(f"x = {cell}", parse_float=Decimal)["x"] for key, cell in shown.items()}
    assert {key: text(tuple(value) if isinstance(value, list) else value) for key, value in values.items()} == {
        key: text(getattr(defaults, key)) for key in shown
    }
