"""Changes of the investments and of the schema version in a config file; its comments, order and layout stay."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit import TOMLDocument
from tomlkit.items import AoT, Comment, InlineTable, Item, Key, Table, Whitespace

from rebalancer.config.document import decode, read
from rebalancer.config.parsers import SCHEMA, version
from rebalancer.errors import BadInputError

Investments = Any
"""tomlkit's AoT ([[...investments]]) or its Array of inline tables: both work like a list."""
Tail = list[tuple[Key | None, Item]]


def add_investment(content: bytes, account: str, *, bot: str, amount: str, mode: str, name: str | None) -> bytes:
    """Add an investment after the account's last one. `amount` is written as it is, a TOML number."""
    keys = {
        "bot": bot,
        "name": name,
        "amount": tomlkit.value(amount),
        "weight_mode": mode if mode != "dollars" else None,
    }

    def change(investments: Investments) -> None:
        listed = isinstance(investments, AoT)
        added = tomlkit.table() if listed else tomlkit.inline_table()
        added.update({key: value for key, value in keys.items() if value is not None})
        last = investments[-1]
        investments.append(added)
        if listed:
            tail = _cut_tail(last)
            last.add(tomlkit.nl())
            investments[-1].value.body.extend(tail)

    return _changed(content, account, change)


def set_amount(content: bytes, account: str, index: int, *, amount: str, mode: str) -> bytes:
    """Change the amount of the investment `index`, counted from 0."""

    def change(investments: Investments) -> None:
        found = investments[index]
        tail = _cut_tail(found)
        found["amount"] = tomlkit.value(amount)
        if found.get("weight_mode", "dollars") != mode:
            found["weight_mode"] = mode
        found.value.body.extend(tail)

    return _changed(content, account, change)


def remove_investment(content: bytes, account: str, index: int) -> bytes:
    """Remove the investment `index`. Comments after a blank line belong to the next investment, and stay."""

    def change(investments: Investments) -> None:
        tail = _cut_tail(investments[index])
        del investments[index]
        if not isinstance(investments, AoT):
            return
        if index < len(investments):
            following = investments[index].trivia
            following.indent = "".join(item.as_string() for _, item in tail) + following.indent
        else:
            lead = _cut_tail(investments[-1])
            commented = any(isinstance(item, Comment) for _, item in lead)
            investments[-1].value.body.extend([*(lead if commented else []), *tail])

    return _changed(content, account, change)


def _changed(content: bytes, account: str, change: Callable[[Investments], None]) -> bytes:
    """Apply `change`; line endings and a byte order mark stay."""
    text = decode(content, account)
    crlf = "\r\n" in text
    text = text.replace("\r\n", "\n")
    document = tomlkit.parse(text if text.endswith("\n") else f"{text}\n")
    change(document["accounts"][account]["investments"])
    edited = tomlkit.dumps(document)
    mark = "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8"
    return (edited.replace("\n", "\r\n") if crlf else edited).encode(mark)


def _cut_tail(table: Table | InlineTable) -> Tail:
    """Remove and return what follows the table's last key from the first blank line on: it belongs to the next item."""
    body = table.value.body
    keys = max((index for index, (key, _) in enumerate(body) if key is not None), default=-1)
    blank = (index for index in range(keys + 1, len(body)) if isinstance(body[index][1], Whitespace))
    start = next(blank, len(body))
    tail = body[start:]
    del body[start:]
    return tail


# ---------------------------------------------------------------------------- migration to the newest schema version

Step = Callable[[TOMLDocument], None]
STEPS: Mapping[int, Step] = {}
"""The change from each version to the next one. There is one version so far, and so none."""


@dataclass(frozen=True, slots=True)
class Migration:
    """A config after its migration from version `old` to `new`; `backup` is where to keep the old file."""

    old: int
    new: int
    content: bytes
    backup: Path


def migration(content: bytes, path: Path, steps: Mapping[int, Step] = STEPS, newest: int = SCHEMA) -> Migration | None:
    """The migration of the config `content` of `path`; None where it has the version `newest`.

    Raises BadInputError for invalid TOML, and for an invalid or a newer version.
    """
    old = read(content, str(path), {}).content.get("schema", 1)
    if type(old) is not int or old not in steps:
        _require(old, newest, path)
        return None
    document = tomlkit.parse(content.decode("utf-8-sig"))
    for number in range(old, newest):
        steps[number](document)
    document["schema"] = newest
    backup = path.with_name(f"{path.name}.schema-{old}")
    return Migration(old, newest, tomlkit.dumps(document).encode(), backup)


def _require(old: object, newest: int, path: Path) -> None:
    try:
        version(old, newest)
    except ValueError as error:
        raise BadInputError.of(path, str(error), "schema") from error
