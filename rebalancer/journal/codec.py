"""Events and other values as JSON text. An event round-trips exactly, to the last digit."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from math import isfinite
from types import UnionType
from typing import Any, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

from rebalancer import bookings, events
from rebalancer.errors import BadInputError
from rebalancer.events import Event

Value = TypeVar("Value")
Plain = bool | int | float | str | list["Plain"] | dict[str, "Plain"] | None


@dataclass(frozen=True, slots=True)
class Claimed(Event):
    """A run's first event: its `RunRequest` with a run number, and the SHA-256 of each file instead of its bytes."""

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


KINDS: Mapping[str, type] = {
    name: kind
    for name, kind in {**vars(events), **vars(bookings), Claimed.__name__: Claimed}.items()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
}
canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
SCALARS: Mapping[object, Callable[[Any], object]] = {
    Decimal: Decimal,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    float: float,
    int: int,
    bool: bool,
    str: str,
}


def to_body(event: Event) -> str:
    """`event` as canonical JSON: sorted keys, no spaces. Raises ValueError for NaN, infinities and naive times."""
    return canonical(plain(event))


def from_body(kind: str, body: str) -> Any:  # noqa: ANN401 - whatever type `kind` names
    """The event that `to_body` wrote. Raises BadInputError for a kind or field of a newer version."""
    if kind not in KINDS:
        raise _newer(kind)
    return _builder(KINDS[kind])(json.loads(body))


def from_columns(form: type[Value], columns: Mapping[str, object]) -> Value:
    """The dataclass `form` made of those `columns`, in JSON's types, that are named as its fields."""
    shape: Any = form  # mypy takes no type[Value] for the cache's hashable key
    value: Value = _builder(shape)({field.name: columns[field.name] for field in fields(shape)})
    return value


def to_json(value: object) -> str:
    """`value` for `--json` output: money, prices and shares as strings, fields in declaration order.

    In ASCII, so that any screen shows it and obeys none of it. Raises ValueError for NaN, infinities and naive times.
    """
    return json.dumps(plain(value), indent=2)


def plain(value: Any) -> Plain:  # noqa: ANN401 - whatever a field of an event may hold
    """`value` in JSON's types: decimals as text without an exponent, times as ISO 8601 with their offset."""
    return _flattener(value.__class__)(value)


def _text(value: str) -> str:
    # A lone surrogate in a broker's text can't be stored; it must not stop a run.
    return value.encode("utf-8", "replace").decode()


def _number(value: float | Decimal) -> float | str:
    if not isfinite(value):
        raise ValueError(f"{value} has no place in the journal or on a screen")
    return format(value, "f") if isinstance(value, Decimal) else value


def _time(value: date) -> str:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(f"{value} has no time zone")
    return value.isoformat()


FLATTENERS: Sequence[tuple[type | tuple[type, ...], Callable[[Any], Plain]]] = (
    ((type(None), bool, int), lambda value: value),
    (str, _text),
    ((float, Decimal), _number),
    (date, _time),
    (Mapping, lambda mapping: {str(key): plain(item) for key, item in mapping.items()}),
    ((tuple, list), lambda items: [plain(item) for item in items]),
)


@cache
def _flattener(kind: type) -> Callable[[Any], Plain]:
    """The function that turns a value of `kind` into JSON's types."""
    for kinds, flatten in FLATTENERS:
        if issubclass(kind, kinds):
            return flatten
    if not is_dataclass(kind):
        raise TypeError(f"{kind.__name__} can't be written as JSON")
    names = tuple(field.name for field in fields(kind))
    return lambda value: {name: plain(getattr(value, name)) for name in names}


@cache
def _builder(form: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - a type
    """The inverse of `plain` for the type annotation `form`."""
    if isinstance(form, NewType):
        return _builder(form.__supertype__)
    if is_dataclass(form):
        return _dataclass_builder(form)
    origin, args = get_origin(form), get_args(form)
    if {*args} == {int, Decimal}:  # a quantity: whole ones have always been written as JSON integers
        return lambda flat: flat if isinstance(flat, int) else Decimal(flat)
    if origin in {Union, UnionType}:
        (some,) = (_builder(arg) for arg in args if arg is not type(None))
        return lambda flat: None if flat is None else some(flat)
    if origin is Literal:
        return lambda flat: flat
    if origin is Mapping:
        item = _builder(args[1])
        return lambda flat: {key: item(value) for key, value in flat.items()}
    if origin is tuple and args[-1] is Ellipsis:
        part = _builder(args[0])
        return lambda flat: tuple(part(item) for item in flat)
    if origin is tuple:
        parts = [_builder(arg) for arg in args]
        return lambda flat: tuple(part(item) for part, item in zip(parts, flat, strict=True))
    return SCALARS[form]


def _dataclass_builder(form: Any) -> Callable[[Mapping[str, Any]], Any]:  # noqa: ANN401 - a type
    builders = {name: _builder(hint) for name, hint in get_type_hints(form).items()}

    def build(flat: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a value of it
        if unknown := sorted(flat.keys() - builders.keys()):
            raise _newer(f"{form.__name__}.{unknown[0]}")
        return form(**{name: builders[name](item) for name, item in flat.items()})

    return build


def _newer(place: str) -> BadInputError:
    return BadInputError.of(
        "the journal", "a newer version of this program wrote it: install that version", place=place
    )
