"""Typed reading of Alpaca's JSON: only the fields that are read need to exist, and numbers never become floats."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Never, Self

from rebalancer.errors import SourceError
from rebalancer.venues.alpaca.transport import Json


@dataclass(frozen=True, slots=True)
class Body:
    """A JSON object; `what` names it in errors. Every method raises SourceError with the field that can't be read.

    Other fields may hold anything: Alpaca adds and removes some.
    """

    what: str
    fields: Mapping[str, Json]

    @classmethod
    def of(cls, what: str, value: Json) -> Self:
        if not isinstance(value, dict):
            raise SourceError(f"Alpaca's answer is no {what}, but {_shown(value)}. Look at Alpaca's status page.")
        return cls(what, value)

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        return value if isinstance(value, str) and value else self.fail(name)

    def flag(self, name: str) -> bool:
        value = self.fields.get(name)
        return value if isinstance(value, bool) else self.fail(name)

    def number(self, name: str) -> Decimal:
        """A finite number; Alpaca sends most of them as text."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return self.fail(name)
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            return self.fail(name)
        return number if number.is_finite() else self.fail(name)

    def number_or_none(self, name: str) -> Decimal | None:
        """None where the field is null or missing."""
        return None if self.fields.get(name) is None else self.number(name)

    def moment(self, name: str) -> datetime:
        """In UTC."""
        try:
            moment = datetime.fromisoformat(self.text(name))
            return moment.astimezone(UTC) if moment.tzinfo else self.fail(name)
        except (ValueError, OverflowError):
            return self.fail(name)

    def day(self, name: str) -> date:
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            return self.fail(name)

    def words(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty where the field is null or missing."""
        value = self.fields.get(name) or []
        if not (isinstance(value, list) and all(isinstance(word, str) for word in value)):
            return self.fail(name)
        return tuple(value)

    def fail(self, name: str) -> Never:
        """Raises SourceError: the field `name` has an unusable value."""
        value = _shown(self.fields[name]) if name in self.fields else "missing"
        raise SourceError(f"Alpaca's {self.what} can't be read: {name} is {value}. Look at Alpaca's status page.")


def bodies(what: str, value: Json) -> list[Body]:
    """A JSON list of objects, each a `what`."""
    if not isinstance(value, list):
        raise SourceError(f"Alpaca's answer is no list of {what}s, but {_shown(value)}. Look at Alpaca's status page.")
    return [Body.of(what, item) for item in value]


def _shown(value: Json) -> str:
    return f"{value!r:.60}"
