"""Changes of single settings in a config file; its comments, order and layout stay."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import tomlkit
from tomlkit.items import Item

from rebalancer.config.document import lines_of
from rebalancer.config.edit import rewritten

SHARED = ("trading", "limits")
"""The tables that may also stand at the top of the file, for all accounts."""


def set_values(content: bytes, account: str, values: Mapping[str, object]) -> bytes:
    """Set `values`, in TOML's types, by dotted key below the account, such as "trading.rounding".

    A key is changed where it stands: in the account's own table, or in the shared one where there is a single account.
    A key that stands nowhere is added to the account's own table; None takes the line out.
    """

    def change(text: str) -> str:
        for dotted, value in values.items():
            *table, key = dotted.split(".")
            text = _with(text, _place(tomlkit.parse(text), account, table, key), key, value)
        return text

    return rewritten(content, account, change)


def _place(document: Mapping[str, Any], account: str, table: Sequence[str], key: str) -> Sequence[str]:
    """The path of the table to write to."""
    own = ("accounts", account, *table)
    alone = len(document["accounts"]) == 1 and tuple(table) and table[0] in SHARED
    return table if alone and key in (_at(document, table) or ()) and key not in (_at(document, own) or ()) else own


def _at(document: Mapping[str, Any], path: Sequence[str]) -> Any:  # noqa: ANN401 - tomlkit's tables share no class
    found: Any = document
    for part in path:
        if part not in found:
            return None
        found = found[part]
    return found


def _with(text: str, path: Sequence[str], key: str, value: object) -> str:
    document = tomlkit.parse(text)
    table, heading = _at(document, path), _heading(text, path)
    if value is None:
        if table is not None:
            table.pop(key, None)
        return tomlkit.dumps(document)
    item = _toml(value)
    line = f"{key} = {item.as_string()}"
    if table is None:
        return f"{text.rstrip()}\n\n[{'.'.join(path)}]\n{line}\n"
    if key in table or heading is None:
        table[key] = item
        return tomlkit.dumps(document)
    # As text: tomlkit would put it below the comment of the table that follows.
    lines = text.split("\n")
    return "\n".join((*lines[:heading], line, *lines[heading:]))


def _heading(text: str, path: Sequence[str]) -> int | None:
    """The number of the line `[path]`; None where the table is written otherwise."""
    number = lines_of(text).get(".".join(path))
    if number is None:
        return None
    pattern = r"\s*\[\s*" + r"\s*\.\s*".join(map(re.escape, path)) + r"\s*\]"
    return number if re.match(pattern, text.split("\n")[number - 1]) else None


def _toml(value: object) -> Item:
    return tomlkit.value(f"{value:f}") if isinstance(value, Decimal) else tomlkit.item(value)
