"""Environment variables in a config: `${NAME}` and `${NAME:-default}` in its strings, but not in its keys."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}", re.ASCII)


AS_WRITTEN = frozenset({"key_id", "secret", "url"})
"""Strings under these keys stay as written, since a `Config` never holds a secret: who uses it reads it."""


class FromEnvironment(str):
    """A string whose variables were replaced by their values. `written` is the text in the file."""

    __slots__ = ("written",)
    written: str

    @classmethod
    def made(cls, value: str, written: str) -> Self:
        made = cls(value)
        made.written = written
        return made

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in VARIABLE.findall(self.written))


def as_written(value: Any) -> Any:  # noqa: ANN401 - any value of a file
    """`value`, a string with its variables as they stand in the file."""
    return value.written if isinstance(value, FromEnvironment) else value


def variables_in(value: object) -> Iterator[str]:
    """The names of the variables that `value`, or an element of that list, was filled in from."""
    if isinstance(value, FromEnvironment):
        yield from value.names
    elif isinstance(value, list):
        for item in value:
            yield from variables_in(item)


Refuse = Callable[[str, str], None]
"""Called with the dotted key of a string and an error text."""


def fill(value: object, environ: Mapping[str, str], refuse: Refuse, place: str = "") -> object:
    """`value` with the variables in all its strings replaced. A variable that is not set is refused and left as it is.

    As in a shell, the default replaces a variable that is not set or is empty.
    """
    match value:
        case str():
            return _filled(value, environ, lambda text: refuse(place, text))
        case dict():
            dot = f"{place}." if place else ""
            return {
                key: item if key in AS_WRITTEN and isinstance(item, str) else fill(item, environ, refuse, f"{dot}{key}")
                for key, item in value.items()
            }
        case list():
            return [fill(item, environ, refuse, f"{place}[{index}]") for index, item in enumerate(value)]
    return value


def _filled(written: str, environ: Mapping[str, str], refuse: Callable[[str], None]) -> str:
    if "${" not in written:
        return written
    if "${" in VARIABLE.sub("", written):
        refuse("has a ${ that begins no variable: write ${NAME} or ${NAME:-default}, NAME in letters, digits and _")
    for name, default in dict.fromkeys(VARIABLE.findall(written)):
        if name not in environ and f"${{{name}:-{default}}}" not in written:
            refuse(f"needs the environment variable {name}, which is not set: set it, or write ${{{name}:-default}}")
    return FromEnvironment.made(VARIABLE.sub(lambda found: _value(found, environ), written), written)


def _value(found: re.Match[str], environ: Mapping[str, str]) -> str:
    name, default = found.groups()
    if default is None:
        return environ.get(name, found[0])
    return environ.get(name) or default
