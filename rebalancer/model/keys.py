"""The key pair of an account at a venue."""

from dataclasses import dataclass, field


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

    @property
    def _parts(self) -> tuple[str, str]:
        return self.key_id, self.secret
