"""Reading one table of a TOML document by its keys. Every problem is collected, none is raised here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Self

from rebalancer.config.kinds import Kind, shown
from rebalancer.errors import Problem


@dataclass(frozen=True, slots=True)
class Table:
    """`key` is dotted, "" for the whole document. `problems` is one list, shared by all tables of the document."""

    source: str
    key: str
    content: Mapping[str, object]
    problems: list[Problem]

    def refuse(self, key: str, text: str) -> None:
        self.problems.append(Problem(self.source, self._dotted(key), text))

    def read(
        self, kinds: Mapping[str, Kind], *, required: Collection[str] = (), tables: Collection[str] = ()
    ) -> dict[str, Any]:
        """The valid values by key. Refuses invalid values, and keys that are in neither `kinds` nor `tables`."""
        self._refuse_unknown([*kinds, *tables])
        values: dict[str, Any] = {}
        for key, kind in kinds.items():
            if key not in self.content:
                if key in required:
                    self.refuse(key, "is missing: it has no default")
                continue
            try:
                values[key] = kind(self.content[key])
            except ValueError as error:
                self.refuse(key, str(error))
        return values

    def table(self, key: str) -> Self:
        """The table under `key`, empty where it is absent."""
        return self._at(self._dotted(key), self.content.get(key, {}))

    def tables(self, key: str) -> tuple[Self, ...]:
        """The list of tables under `key`, empty where it is absent."""
        found = self.content.get(key, [])
        if not isinstance(found, list):
            self.refuse(key, f"{shown(found)} is not allowed: begin each one with [[{self._dotted(key)}]]")
            return ()
        return tuple(self._at(f"{self._dotted(key)}[{index}]", element) for index, element in enumerate(found))

    def _at(self, dotted: str, found: object) -> Self:
        if isinstance(found, Mapping):
            return type(self)(self.source, dotted, found, self.problems)
        self.problems.append(Problem(self.source, dotted, f"{shown(found)} is not allowed: use a table"))
        return type(self)(self.source, dotted, {}, self.problems)

    def _refuse_unknown(self, known: list[str]) -> None:
        for key in self.content:
            if key not in known:
                close = get_close_matches(key, known, n=1)
                hint = f'did you mean "{close[0]}"?' if close else f"known here: {', '.join(known)}"
                self.refuse(key, f"is no setting; {hint}")

    def _dotted(self, key: str) -> str:
        return f"{self.key}.{key}" if self.key else key
