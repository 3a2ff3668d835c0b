"""Parsers of TOML values. Each raises ValueError with what was found and what is allowed."""

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rebalancer.config.environment import VARIABLE, as_written
from rebalancer.errors import MOST_ECHOED
from rebalancer.model import CASH, TICKER, Symbol, symbol
from rebalancer.model.numbers import in_bounds
from rebalancer.model.settings import Range
from rebalancer.venues import registry
from rebalancer.venues.plugin import address_refusal


@dataclass(frozen=True, slots=True)
class Parser:
    """Parses the value of a key by `read`, which accepts what the JSON Schema `schema` describes, and often less.

    `read` returns Any, since the keys of one table have different types. `text` marks free text, which may be a secret
    where it comes from an environment variable. `words`: the value is one of a few words, or a day. Anywhere else it is
    a name that every screen shows, and has no variable. `meaning` describes the key in editors.
    """

    read: Callable[[object], Any]
    schema: Mapping[str, object]
    text: bool = False
    words: bool = False
    meaning: str = ""

    def __call__(self, value: object) -> Any:  # noqa: ANN401
        return self.read(value)


def parser(
    schema: Mapping[str, object], *, text: bool = False, words: bool = False
) -> Callable[[Callable[[object], Any]], Parser]:
    return lambda read: Parser(read, schema, text, words)


NO_VARIABLE = (
    "has an environment variable, whose value every screen would show: write the value here. Variables may stand in "
    "key_id, secret, credentials_file, url, url_file, textfile, state_dir, folder, bot and on_result, and where one of "
    "a few words is asked for"
)


ACCOUNT_NAME = re.compile(r"[a-z0-9_-]{1,40}", re.ASCII)
ACCOUNT_NUMBER = re.compile(r"[A-Za-z0-9]{1,40}", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
TICKER_SCHEMA: Mapping[str, Any] = {"type": "string", "pattern": f"^({TICKER.pattern})$"}


def shown(value: object) -> str:
    """`value` in an error text: as in the file; a long one by its length. A variable is shown by name, not by value."""
    value = as_written(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
    if len(text) <= MOST_ECHOED:
        return text
    return f"a {'text' if isinstance(value, str) else 'number'} of {len(text):,} characters"


def number(allowed: Range, type_: object = Decimal) -> Parser:
    """A finite number as a Decimal or an int. An int refuses 10.0, which is a float in TOML."""
    accepted, whole = (int, "whole ") if type_ is int else (int | Decimal, "")

    def read(value: object) -> Decimal | int:
        if isinstance(value, accepted) and not isinstance(value, bool):
            found = Decimal(value)
            if found.is_finite() and not in_bounds(found):
                raise ValueError(f"{shown(value)} has too many digits: use a {whole}number {allowed}")
            if found in allowed:
                return int(found) if whole else found
        raise ValueError(f"{shown(value)} is not allowed: use a {whole}number {allowed}")

    least = "exclusiveMinimum" if allowed.above_low else "minimum"
    low = allowed.low if isinstance(allowed.low, int) else float(allowed.low)
    return Parser(read, {"type": "integer" if whole else "number", least: low, "maximum": allowed.high})


def one_of(*choices: str) -> Parser:
    def read(value: object) -> str:
        if isinstance(value, str) and value in choices:
            return value
        raise ValueError(_not_among(value, choices))

    return Parser(read, {"enum": list(choices)}, words=True)


def _not_among(value: object, choices: Iterable[str]) -> str:
    allowed = " or ".join(f'"{choice}"' for choice in choices)
    return f"{shown(value)} is not allowed: use {allowed}"


@parser({"type": "string"}, words=True)
def broker(value: object) -> str:
    """The name of a venue, which is imported; the others are not."""
    if isinstance(value, str):
        with suppress(KeyError):
            return registry.plugin(value).venue.name
    raise ValueError(_not_among(value, registry.names()))


OWN_SOURCES = ("sample", "folder")


@parser({"type": "string"}, words=True)
def price_source(value: object) -> str:
    """One of OWN_SOURCES, or the name of a venue that provides prices."""
    if isinstance(value, str):
        with suppress(KeyError):
            if value in OWN_SOURCES or registry.plugin(value).brings_prices:
                return str(value)
    raise ValueError(_not_among(value, price_sources()))


def price_sources() -> tuple[str, ...]:
    return (*OWN_SOURCES, *(each.venue.name for each in registry.plugins() if each.brings_prices))


@parser({"type": "boolean"})
def switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"{shown(value)} is not allowed: use true or false")


@parser({"type": "string", "maxLength": 60, "pattern": r"^(?!.*\$\{)\S(.*\S)?$"})
def line(value: object) -> str:
    """One line of 1 to 60 printable characters, without blanks around it."""
    if isinstance(value, str) and 1 <= len(value) <= 60 and value.isprintable() and value == value.strip():
        return value
    raise ValueError(f"{shown(value)} is not allowed: use one line of 1 to 60 characters without blanks around it")


@parser({"type": "string", "pattern": r"\S"}, text=True)
def command(value: object) -> tuple[str, ...]:
    """A command, split into words as a shell would; but no shell runs it. Its program has a name without variables."""
    try:
        words = shlex.split(value) if isinstance(value, str) else []
        in_file = shlex.split(as_written(value)) if words else []
    except ValueError:  # a quote that is never closed
        words = []
    if not words:
        raise ValueError(f'{shown(value)} is not allowed: use a command in quotes, such as "mail-me --quiet"')
    if Path(words[0]).name != Path(in_file[0]).name:
        raise ValueError("the name of the program is shown, and has an environment variable: write the name here")
    return tuple(str(word) for word in words)


@parser({"type": "string", "pattern": r"\S"}, text=True)
def path(value: object) -> Path:
    """A path; "~/" at its beginning is the user's home. A relative path stays relative."""
    if isinstance(value, str) and value.strip() and value.isprintable():
        return Path.home() / value[2:] if value.startswith("~/") else Path(value)
    raise ValueError(f'{shown(value)} is not allowed: use a path in quotes, such as "bots/trend.json"')


def secret_variable(other_ways: str) -> Parser:
    """NAME of "${NAME}". The error never repeats the value, which may be an API key."""

    def read(value: object) -> str:
        found = VARIABLE.fullmatch(value) if isinstance(value, str) else None
        if found is None or found[2] is not None:
            raise ValueError(
                "has to be ${NAME} and nothing else, NAME an environment variable: what this file says is in every "
                f"backup and in the journal. Two other ways are {other_ways}"
            )
        return found[1]

    return Parser(read, {"type": "string", "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"})


variable = secret_variable("`rebalance login` and credentials_file")
url_variable = secret_variable("url_file and `rebalance notify login`")


def matching(pattern: re.Pattern[str], otherwise: str) -> Parser:
    """Text that matches `pattern` from end to end; `otherwise` is the error text after the value."""

    def read(value: object) -> str:
        if isinstance(value, str) and pattern.fullmatch(value):
            return str(value)
        raise ValueError(f"{shown(value)} {otherwise}")

    return Parser(read, {"type": "string", "pattern": f"^{pattern.pattern}$"})


account_name = matching(ACCOUNT_NAME, "is no account name: use 1 to 40 of a-z, 0-9, _ and -")
account_number = matching(ACCOUNT_NUMBER, 'is no account number: write the broker\'s in quotes, such as "PA3EXAMPLE"')


def address(*allowed: str) -> Parser:
    """A base URL, one of `allowed` or one on this machine, without a slash at its end."""

    def read(value: object) -> str:
        if isinstance(value, str) and any(address_refusal(value, host) is None for host in allowed):
            return value.rstrip("/")
        raise ValueError(
            f"{shown(value)} is refused: orders and keys go to {', '.join(allowed)} or to this machine alone, such as "
            "http://127.0.0.1:8080; take this line out"
        )

    return Parser(read, {"type": "string", "pattern": "^https?://"})


@parser({"type": "string", "format": "date", "pattern": f"^{DAY.pattern}$"}, words=True)
def day(value: object) -> date:
    """A TOML date, or the same in quotes."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and DAY.fullmatch(value):
        with suppress(ValueError):  # there is no February 30
            return date.fromisoformat(value)
    raise ValueError(f"{shown(value)} is no day: write it as 2016-01-31")


@parser({**TICKER_SCHEMA, "not": {"const": CASH}})
def ticker(value: object) -> Symbol:
    if isinstance(value, str):
        return symbol(value)
    raise ValueError(f'{shown(value)} is not a ticker: write it in quotes, such as "SPY"')


@parser(TICKER_SCHEMA)
def ticker_or_cash(value: object) -> Symbol | None:
    """None for "CASH"."""
    return None if value == CASH else ticker(value)


@parser({"type": "array", "items": ticker.schema})
def tickers(value: object) -> tuple[Symbol, ...]:
    if isinstance(value, list):
        return tuple(dict.fromkeys(ticker(element) for element in value))
    raise ValueError(f'{shown(value)} is not allowed: use a list of tickers, such as ["SPY", "TLT"]')


PAIR_SCHEMA = {"type": "array", "items": ticker.schema, "minItems": 2, "maxItems": 2, "uniqueItems": True}


@parser({"type": "array", "items": PAIR_SCHEMA, "uniqueItems": True})
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
    first, second = map(ticker, value)
    if first == second:
        raise ValueError(f'"{first}" is paired with itself: name two different tickers')
    return first, second


SCHEMA = 1
"""The schema version that this release reads. A file without the key `schema` has version 1."""


def version(value: object, newest: int = SCHEMA) -> int:
    """The value of the key `schema`, accepted only if it is `newest`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{shown(value)} is not allowed: use {newest}, or leave it out")
    if value > newest:
        raise ValueError(f"{value} was made by a newer rebalance, this one reads {newest}: install the newer one")
    if value < newest:
        raise ValueError(f"{value} is of an older rebalance: bring it to {newest} with `rebalance config migrate`")
    return value


schema_version = Parser(version, {"const": SCHEMA})
