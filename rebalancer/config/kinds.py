"""What may stand behind a key. A kind turns a TOML value into ours, or raises ValueError with a sentence that says what
was found and what is allowed.
"""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from rebalancer.model import CASH, Symbol, symbol

Kind = Callable[[object], Any]
"""Any, because the key decides the type: a table of kinds fills the fields of one dataclass."""


def shown(value: object) -> str:
    """`value` as a person wrote it, in at most 40 characters."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def number(low: int, high: int, *, above_low: bool = False) -> Kind:
    """A finite number from `low` to `high`, as Decimal; with `above_low` `low` itself is refused."""
    allowed = f"a number {f'above {low:,}, up to' if above_low else f'from {low:,} to'} {high:,}"

    def read(value: object) -> Decimal:
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            found = Decimal(value)
            if found.is_finite() and low <= found <= high and not (above_low and found == low):
                return found
        raise ValueError(f"{shown(value)} is not allowed: use {allowed}")

    return read


def whole(low: int, high: int) -> Kind:
    """A whole number from `low` to `high`, as int. 10.0 is refused: TOML calls it a float."""

    def read(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise ValueError(f"{shown(value)} is not allowed: use a whole number from {low:,} to {high:,}")

    return read


def one_of(*choices: str) -> Kind:
    allowed = " or ".join(f'"{choice}"' for choice in choices)

    def read(value: object) -> str:
        if isinstance(value, str) and value in choices:
            return value
        raise ValueError(f"{shown(value)} is not allowed: use {allowed}")

    return read


def not_yet(kind: Kind, later: Mapping[str, str]) -> Kind:
    """`kind`, with its own sentence for each value that a later release will bring."""

    def read(value: object) -> object:
        if isinstance(value, str) and value in later:
            raise ValueError(later[value])
        return kind(value)

    return read


def line(value: object) -> str:
    """A name: one line of 1 to 60 printable characters, without blanks around it."""
    if isinstance(value, str) and 1 <= len(value) <= 60 and value.isprintable() and value == value.strip():
        return value
    raise ValueError(f"{shown(value)} is not allowed: use one line of 1 to 60 characters without blanks around it")


def path(value: object) -> Path:
    """A path; "~/" is the user's home. What a relative one starts at is the caller's to know."""
    if isinstance(value, str) and value.strip() and value.isprintable():
        return Path.home() / value[2:] if value.startswith("~/") else Path(value)
    raise ValueError(f'{shown(value)} is not allowed: use a path in quotes, such as "bots/trend.json"')


def ticker(value: object) -> Symbol:
    if isinstance(value, str):
        return symbol(value)
    raise ValueError(f'{shown(value)} is not a ticker: write it in quotes, such as "SPY"')


def ticker_or_cash(value: object) -> Symbol | None:
    """None for "CASH"."""
    return None if value == CASH else ticker(value)


def tickers(value: object) -> tuple[Symbol, ...]:
    if isinstance(value, list):
        return tuple(ticker(element) for element in value)
    raise ValueError(f'{shown(value)} is not allowed: use a list of tickers, such as ["SPY", "TLT"]')


def pairs(value: object) -> tuple[tuple[Symbol, Symbol], ...]:
    """Pairs of two different tickers, none of them twice in either order."""
    if not isinstance(value, list):
        raise ValueError(f'{shown(value)} is not allowed: use a list of pairs, such as [["SPY", "SH"]]')  # noqa: TRY004
    found = tuple(_pair(element) for element in value)
    for index, (first, second) in enumerate(found):
        if {first, second} in map(set, found[:index]):
            raise ValueError(f'the pair "{first}", "{second}" stands here twice: name it once, in one order')
    return found


def _pair(value: object) -> tuple[Symbol, Symbol]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f'{shown(value)} is no pair: use two tickers, such as ["SPY", "SH"]')
    first, second = tickers(value)
    if first == second:
        raise ValueError(f'"{first}" is paired with itself: name two different tickers')
    return first, second
