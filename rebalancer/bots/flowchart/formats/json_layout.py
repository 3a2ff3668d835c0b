"""JSON as a person would lay it out: what is short on one line; without recursion, so that any depth is written."""

import json
from collections.abc import Iterator

WIDTH = 110
"""The longest line, apart from one with a single long value."""
DEEPEST_INDENT = 40
"""Of spaces: deeper values are not indented further, so that the text grows with the number of values alone."""
MAX_VALUES = 1_000_000

Pieces = list["str | tuple[int, object]"]
"""Text, or a value that is still to be written and its level."""


def laid_out(value: object) -> str:
    """The text of `value`, ending in a line break. Raises ValueError beyond MAX_VALUES values."""
    lengths = _lengths(value)
    text: list[str] = []
    stack: Pieces = [(0, value)]
    while stack:
        piece = stack.pop()
        if isinstance(piece, str):
            text.append(piece)
            continue
        level, part = piece
        if isinstance(part, dict | list) and lengths[id(part)] + _indent(level) > WIDTH:
            stack.extend(reversed(list(_broken(part, level))))
        else:
            text.append(json.dumps(part, ensure_ascii=False))
    return "".join(text) + "\n"


def _broken(part: dict[str, object] | list[object], level: int) -> Iterator[str | tuple[int, object]]:
    """A line for each member."""
    opening, closing = ("{", "}") if isinstance(part, dict) else ("[", "]")
    yield opening
    members = part.items() if isinstance(part, dict) else enumerate(part)
    for number, (key, under) in enumerate(members):
        name = f"{json.dumps(key, ensure_ascii=False)}: " if isinstance(key, str) else ""
        yield ("," if number else "") + "\n" + " " * _indent(level + 1) + name
        yield level + 1, under
    yield "\n" + " " * _indent(level) + closing


def _indent(level: int) -> int:
    return min(2 * level, DEEPEST_INDENT)


def _lengths(value: object) -> dict[int, int]:
    """The length of each object and list on one line, by its id."""
    containers: list[dict[str, object] | list[object]] = []
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, dict | list):
            containers.append(part)
            stack.extend(part.values() if isinstance(part, dict) else part)
        if len(containers) > MAX_VALUES:
            raise ValueError(f"it has more than {MAX_VALUES:,} values when it is written out")
    lengths: dict[int, int] = {}
    for part in reversed(containers):
        keys = sum(len(json.dumps(key)) + 2 for key in part) if isinstance(part, dict) else 0
        members = part.values() if isinstance(part, dict) else part
        lengths[id(part)] = 2 + keys + sum(2 + _length(under, lengths) for under in members)
    return lengths


def _length(value: object, lengths: dict[int, int]) -> int:
    return lengths[id(value)] if isinstance(value, dict | list) else len(json.dumps(value, ensure_ascii=False))
