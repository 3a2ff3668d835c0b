"""Strict validation of one element of a document.

Each method accepts a value or refuses it with a sentence that says what it is and what is allowed. A refused value is
replaced by a placeholder, so that the rest of the element is checked too. No placeholder goes further: an element with
a refusal is not built, and a document with a refusal gives no chart.
"""

import json
import re
from collections import Counter
from enum import Enum
from typing import TypeGuard, TypeVar

from rebalancer.bots.flowchart.place import Place
from rebalancer.errors import MOST_ECHOED, Problem
from rebalancer.model import Symbol, symbol
from rebalancer.model.text import counted

MAX_PROBLEMS = 100
MAX_BESIDE = 1_000
"""The most conditions or tickers that are read as one element."""
LINE = "line "
"""How a place begins that is a line of a text, where others are keys."""

_NUMERIC = r"-?([0-9]{1,15}(\.[0-9]{0,20})?|\.[0-9]{1,20})"  # compiled when it is needed: our own format has numbers
_Choice = TypeVar("_Choice", bound=str)


class _No(Enum):
    """Why an element has no value: its key is missing, or its parent was refused already."""

    KEY = "is missing"
    SENSE = "was refused"


Refusals = list[tuple[Place | None, str]]
"""The refusals so far, with their paths."""


def problems_of(refusals: Refusals, source: str) -> tuple[Problem, ...]:
    """At most MAX_PROBLEMS of them, and how many more there are. A sentence that repeats is said once."""
    first: dict[str, Place | None] = {}
    for place, text in refusals:
        first.setdefault(text, place)
    often = Counter(text for _, text in refusals)
    said = [
        Problem(source, str(place) if place else "", text + _elsewhere(often[text] - 1))
        for text, place in first.items()
    ]
    shown = said[:MAX_PROBLEMS]
    more = len(said) - len(shown)
    return (*shown, *([Problem(source, "", f"and {counted(more, 'more problem')}")] if more else []))


def _elsewhere(places: int) -> str:
    return f" (so at {counted(places, 'other place')})" if places else ""


class Element:
    """A value in the document and its place, None for the whole document.

    `approximations` are sentences on what is read as something near it.
    """

    __slots__ = ("approximations", "place", "refusals", "value")

    def __init__(
        self, value: object, place: Place | None, refusals: Refusals, approximations: list[str] | None = None
    ) -> None:
        self.value = value
        self.place = place
        self.refusals = refusals
        self.approximations: list[str] = [] if approximations is None else approximations

    def __getitem__(self, key: str) -> "Element":
        under = self.value.get(key, _No.KEY) if isinstance(self.value, dict) else _No.SENSE
        return Element(under, Place(self.place, key), self.refusals, self.approximations)

    def read_as(self, value: object) -> "Element":
        """Another value at this place, instead of what stands there."""
        return Element(value, self.place, self.refusals, self.approximations)

    def at(self, place: Place | None) -> "Element":
        """The same value, by another place in the problems."""
        return Element(self.value, place, self.refusals, self.approximations)

    @property
    def given(self) -> bool:
        return self.value is not _No.KEY

    @property
    def here(self) -> Place:
        """The place for a node built from this element; that of the whole document is called "chart"."""
        return self.place or Place(None, "chart")

    def refuse(self, text: str) -> None:
        self.refusals.append((self.place, text))

    def approximate(self, text: str) -> None:
        self.approximations.append(f"{self.place}: {text}")

    def must_be(self, allowed: str) -> None:
        """Refuses the value with a sentence that says what it is and what is allowed."""
        if self.value is not _No.SENSE:
            self.refuse(f"{self._name} {_shown(self.value)}; it must be {allowed}")

    @property
    def _name(self) -> str:
        step = self.place.step if self.place else None
        return quoted(step) if isinstance(step, str) and not step.startswith(LINE) else "this"

    def only(self, *keys: str) -> "Element":
        """Itself; refuses keys other than `keys`."""
        if not isinstance(self.value, dict):
            self.must_be(f"an object with {_listed(keys)}")
            return self
        unknown = tuple(key for key in self.value if key not in keys)
        if unknown:
            subject = f"the key {quoted(unknown[0])} has" if len(unknown) == 1 else f"the keys {_some(unknown)} have"
            self.refuse(f"{subject} no meaning here; allowed are {_listed(keys)}")
        return self

    def only_one(self, keys: tuple[_Choice, ...]) -> _Choice | None:
        """The single key of an object that has exactly one of `keys` and no other."""
        if not isinstance(self.value, dict):
            self.must_be(f"an object with exactly one of {_listed(keys)}")
            return None
        if len(self.value) == 1:
            for key in keys:
                if key in self.value:
                    return key
        found = _some(tuple(self.value)) or "none"
        self.refuse(f"{self._name} has the keys {found}; it must have exactly one of {_listed(keys)}")
        return None

    def items(self, most: int | None = None) -> "list[Element]":
        if not isinstance(self.value, list) or not self.value:
            self.must_be("a list of at least one")
            return []
        if most is not None and len(self.value) > most:
            self.refuse(f"{self._name} is a list of {len(self.value):,}; up to {most:,} are read")
            return []
        return [
            Element(value, Place(self.place, index), self.refusals, self.approximations)
            for index, value in enumerate(self.value)
        ]

    def text(self) -> str:
        if isinstance(self.value, str) and self.value.strip():
            return self.value
        self.must_be("a text")
        return "?"

    def choice(self, allowed: tuple[_Choice, ...], later: frozenset[str] = frozenset()) -> _Choice:
        """One of `allowed`; one of `later` is refused as not read yet."""
        for choice in allowed:
            if self.value == choice:
                return choice
        if isinstance(self.value, str) and self.value in later:
            self.refuse(f"{self._name} {quoted(self.value)} is not read yet; what is read: {_listed(allowed)}")
        else:
            self.must_be(f"one of {_listed(allowed)}" if len(allowed) > 1 else _listed(allowed))
        return allowed[-1]

    def flag(self) -> bool:
        if isinstance(self.value, bool):
            return self.value
        self.must_be("true or false")
        return True

    @property
    def is_number(self) -> bool:
        return _is_number(self.value)

    def number(self, allowed: str = "a number") -> float:
        if _is_number(self.value):
            return float(self.value)
        self.must_be(allowed)
        return 1.0

    def above_zero(self, most: int) -> float:
        """Above 0 and up to `most`; 0 is the placeholder."""
        if _is_number(self.value) and 0 < self.value <= most:
            return float(self.value)
        self.must_be(f"a number above 0 and up to {most}")
        return 0.0

    def whole(self, least: int, most: int) -> int:
        """10.0 is a whole number, as in JSON Schema."""
        if _is_number(self.value) and least <= self.value <= most and self.value == int(self.value):
            return int(self.value)
        self.must_be(f"a whole number from {least:,} to {most:,}")
        return least

    def between(self, least: float, most: float) -> float:
        if _is_number(self.value) and least <= self.value <= most:
            return float(self.value)
        self.must_be(f"a number from {least:g} to {most:g}")
        return least

    def ticker(self) -> Symbol:
        if isinstance(self.value, str):
            try:
                return symbol(self.value)
            except ValueError as unfit:
                hint = f"; write {self.value[:40].upper()}" if self.value != self.value.upper() else ""
                self.refuse(f"{unfit}{hint}")
        else:
            self.must_be('a ticker such as "SPY"')
        return Symbol("?")

    @property
    def numeric(self) -> "Element":
        """Itself; a text of ASCII digits is converted to its number."""
        if isinstance(self.value, str) and re.fullmatch(_NUMERIC, self.value):
            return self.read_as(float(self.value))
        return self


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _listed(names: tuple[str, ...]) -> str:
    """Names of our own, of any length."""
    return ", ".join(f'"{name}"' for name in names)


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - 5
    return ", ".join(map(quoted, names[:5])) + (f" and {more:,} more" if more > 0 else "")


def quoted(text: str) -> str:
    """As JSON writes it, so that no control character reaches the terminal; a long one by its length."""
    return json.dumps(text, ensure_ascii=False) if len(text) <= MOST_ECHOED else f"a text of {len(text):,} characters"


def _shown(value: object) -> str:
    """A value in a few words, whatever its size and depth."""
    match value:
        case _No():
            return value.value
        case dict():
            return "is an object"
        case list():
            return "is a list" if value else "is an empty list"
        case bool():
            return f"is {str(value).lower()}"
        case None:
            return "is null"
        case str():
            return f"is {quoted(value)}"
        case _:
            return f"is {value}"
