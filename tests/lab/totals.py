"""Counts over all worlds."""

import re
from collections import Counter
from dataclasses import dataclass, field, fields

NAMES = re.compile(r"\brb[A-Z2-7]{18}\b|\b(?:AAA|BBB|CCC|DDD|EEE|SGOV)\b|[\d.,:%-]*\d\S*")


@dataclass(slots=True)
class Totals:
    days: int = 0
    requests: int = 0
    executions: int = 0
    processes: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    halts: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    last_evenings: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


def without_identifiers(text: str) -> str:
    """A reason without its symbols, ids and numbers, so that it can be counted."""
    return re.sub(r"(?:# ?)+", "# ", NAMES.sub("#", text))[:90].strip()
