"""The key pair of an account at a venue."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Keys:
    """Neither part is ever shown: not by `repr` or `str`, nor by a traceback that prints its variables."""

    key_id: str = field(repr=False)
    secret: str = field(repr=False)

    @property
    def well_formed(self) -> bool:
        """Whether both are valid in an HTTP header: not empty, and visible ASCII only."""
        return all(part.isascii() and part.isprintable() and part and " " not in part for part in self._parts)

    def redacted(self, text: str) -> str:
        """`text` with both parts replaced by asterisks."""
        for part in self._parts:
            text = text.replace(part, "***") if part else text
        return text

    def redacted_json(self, value: Any) -> Any:  # noqa: ANN401 - a parsed document that nobody has looked at yet
        """A parsed JSON value, changed in place: all texts in it, and the names of its fields, are `redacted`."""
        match value:
            case str():
                return self.redacted(value)
            case list():
                value[:] = map(self.redacted_json, value)
            case dict():
                for name in list(value):
                    value[self.redacted(name)] = self.redacted_json(value.pop(name))
        return value

    @property
    def _parts(self) -> tuple[str, str]:
        return self.key_id, self.secret
