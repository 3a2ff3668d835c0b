"""Values as JSON text. An event is read back as the very same value, to the last digit."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from math import isfinite
from types import UnionType
from typing import Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

from rebalancer.errors import BadInputError, Problem
from rebalancer.events import Event

Plain = bool | int | float | str | list["Plain"] | dict[str, "Plain"] | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A `Claim` that was granted, as it stands in the journal: `files` maps each name to the SHA-256 of its bytes."""

    at: datetime
    account: str
    broker: str
    mode: str
    session: date
    number: int
    closes: datetime
    version: str
    files: Mapping[str, str]
    dry_run: bool
    force: bool
    notes: tuple[str, ...]
    venue: str = ""
    purpose: Literal["evening", "trial"] = "evening"


KINDS: Mapping[str, type] = {kind.__name__: kind for kind in (Claimed, *get_args(Event))}
SCALARS: Mapping[object, Any] = {
    Decimal: Decimal,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    float: float,
    int: int,
    bool: bool,
    str: str,
}


def to_body(event: Event | Claimed) -> str:
    """`event` as canonical JSON: sorted keys, no spaces. Raises ValueError for NaN, infinities and naive times."""
    return canonical(plain(event))


def from_body(kind: str, body: str) -> Any:  # noqa: ANN401 - whatever type `kind` names
    """The event that `to_body` wrote. Raises BadInputError for what only a newer version can have written."""
    if kind not in KINDS:
        raise _newer(kind)
    return _build(KINDS[kind], json.loads(body))


def to_json(value: object) -> str:
    """`value` for a `--json` screen: money, prices and shares as strings, fields in the order they are declared.

    Raises ValueError for NaN, infinities and naive times.
    """
    return json.dumps(plain(value), indent=2, ensure_ascii=False)


def canonical(flat: Plain) -> str:
    return json.dumps(flat, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def plain(value: object) -> Plain:
    """`value` in JSON's own types. Decimals become digits without an exponent, times ISO 8601 with their offset."""
    match value:
        case None | bool() | int():
            return value
        case str():
            # Half a surrogate pair in a broker's text can't be stored, and must not stop a run.
            return value.encode("utf-8", "replace").decode()
        case float() | Decimal():
            return _number(value)
        case date():
            return _time(value)
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case tuple() | list():
            return [plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} can't be written as JSON")


def _number(value: float | Decimal) -> float | str:
    if not isfinite(value):
        raise ValueError(f"{value} has no place in the journal or on a screen")
    return format(value, "f") if isinstance(value, Decimal) else value


def _time(value: date) -> str:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(f"{value} has no time zone")
    return value.isoformat()


def _build(form: Any, flat: Any) -> Any:  # noqa: ANN401 - a type, and a value of it
    """`flat` as a value of the annotation `form`: the inverse of `plain`."""
    if isinstance(form, NewType):
        return _build(form.__supertype__, flat)
    if is_dataclass(form):
        return _build_dataclass(form, flat)
    origin, args = get_origin(form), get_args(form)
    if origin in {Union, UnionType}:
        (some,) = (arg for arg in args if arg is not type(None))
        return None if flat is None else _build(some, flat)
    if origin is Literal:
        return flat
    if origin is Mapping:
        return {key: _build(args[1], item) for key, item in flat.items()}
    if origin is tuple:
        forms = args[:1] * len(flat) if args[-1] is Ellipsis else args
        return tuple(_build(part, item) for part, item in zip(forms, flat, strict=True))
    return SCALARS[form](flat)


def _build_dataclass(form: Any, flat: Mapping[str, Any]) -> Any:  # noqa: ANN401
    hints = _hints(form)
    if unknown := sorted(flat.keys() - hints.keys()):
        raise _newer(f"{form.__name__}.{unknown[0]}")
    return form(**{name: _build(hints[name], item) for name, item in flat.items()})


def _newer(place: str) -> BadInputError:
    return BadInputError(
        [Problem("the journal", place, "a newer version of this program wrote it: install that version")]
    )


@cache
def _hints(form: type) -> Mapping[str, Any]:
    return get_type_hints(form)
