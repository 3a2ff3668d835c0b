"""The `[data]` table: where prices come from, and with whose keys."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rebalancer.config.keys import DATA
from rebalancer.config.table import Table

FIRST_DAY = date(2016, 1, 1)
"""Alpaca has no bars before it."""
OF_ALPACA = "feed", "account", "since"


def price_settings(table: Table, at_alpaca: Sequence[str], folder: Path) -> dict[str, Any]:
    """The fields `data_...` of a Config. `at_alpaca` are the accounts there; a relative path starts at `folder`."""
    values = table.read(DATA)
    if "source" not in table.content:
        values["source"] = "alpaca" if at_alpaca else "sample"
    for key, text in _conflicts(values, at_alpaca):
        if key in values or key not in table.content:  # what is refused already is not refused twice
            table.refuse(key, text)
    if "folder" in values:
        values["folder"] = folder / values["folder"]
    if at_alpaca:
        values.setdefault("account", at_alpaca[0])
    return {f"data_{key}": value for key, value in values.items()}


def _conflicts(values: Mapping[str, Any], at_alpaca: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What does not go together, by the key to change."""
    source = values.get("source")  # None where what stands there was refused
    if source == "folder" and "folder" not in values:
        yield "folder", 'is missing: source = "folder" needs the folder of your prices, such as "prices"'
    elif source in {"sample", "alpaca"} and "folder" in values:
        yield "folder", 'has no effect here: set source = "folder", or take this line out'
    if at_alpaca:
        yield from _with_alpaca(values, at_alpaca)
    else:
        yield from _without_alpaca(values)


def _with_alpaca(values: Mapping[str, Any], at_alpaca: Sequence[str]) -> Iterator[tuple[str, str]]:
    if values.get("source") == "sample":
        yield "source", f'"sample" ends in 2016, and the account {at_alpaca[0]} needs prices of today: use "alpaca"'
    if values.get("source") == "folder" and "since" in values:
        yield "since", "has no effect here: your folder has its own first day; take this line out"
    if values.get("account", at_alpaca[0]) not in at_alpaca:
        yield "account", f'is no account with broker = "alpaca", and prices need one: use {" or ".join(at_alpaca)}'


def _without_alpaca(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if values.get("source") == "alpaca":
        yield "source", '"alpaca" needs an account with broker = "alpaca", whose keys read the prices'
    for key in OF_ALPACA:
        if key in values:
            yield key, 'has no effect here: no account has broker = "alpaca"; take this line out'
