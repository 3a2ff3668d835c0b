"""A JSON value from the events of a parser: without recursion however deep it is nested, and with every problem found.

It takes several times as long as the standard parser, which `document` asks first.
"""

import io
import json
from collections.abc import Iterable
from contextlib import suppress

import ijson

from rebalancer.bots.flowchart.document import MAX_DEPTH, MAX_NUMBER, not_a_number
from rebalancer.bots.flowchart.place import Place
from rebalancer.errors import Problem

MAX_PROBLEMS = 10
BUFFER_BYTES = 1_000_000
"""The parser restarts a long string with each buffer: small buffers take time in the square of its length."""


class _UnreadableError(ValueError):
    """The rest of the document can't be read."""


class _Builder:
    """Builds the value from parser events.

    `open` are the objects and lists that are not closed yet, below a list that holds the finished value; `keys` has for
    each of them the key under which an object's next value goes.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.whole: list[object] = []
        self.open: list[dict[str, object] | list[object]] = [self.whole]
        self.keys = [""]
        self.problems: list[Problem] = []

    def refuse(self, text: str) -> None:
        place: Place | None = None
        for container, key in zip(self.open[1:], self.keys[1:], strict=True):
            place = Place(place, len(container) - 1 if isinstance(container, list) else key)
        self.problems.append(Problem(self.source, str(place) if place else "", text))

    def take(self, event: str, value: object) -> None:
        match event:  # the most frequent first
            case "map_key":
                self._key(str(value))
            case "string":
                self._add(value)
            case "start_map":
                self._begin({})
            case "end_map" | "end_array":
                self.open.pop()
                self.keys.pop()
            case "start_array":
                self._begin([])
            case _:
                self._add(value)
                # "Accept only if", so that neither NaN nor a huge integer passes.
                if isinstance(value, (int, float)) and not -MAX_NUMBER <= value <= MAX_NUMBER:
                    self.refuse("this number is too large; numbers up to 1,000,000,000,000,000 are read")

    def _add(self, value: object) -> None:
        container = self.open[-1]
        if isinstance(container, list):
            container.append(value)
        else:
            container[self.keys[-1]] = value

    def _begin(self, values: dict[str, object] | list[object]) -> None:
        self._add(values)
        if len(self.open) > MAX_DEPTH:
            raise _UnreadableError(f"objects and lists are nested more than {MAX_DEPTH:,} deep, which is not read")
        self.open.append(values)
        self.keys.append("")

    def _key(self, key: str) -> None:
        self.keys[-1] = key
        if key in self.open[-1]:
            self.refuse(f"the key {json.dumps(key[:40], ensure_ascii=False)} stands here twice; keep one of the two")


def read(content: bytes, text: str, source: str) -> tuple[object, tuple[Problem, ...]]:
    """The object or list in `content`, which is `text` in UTF-8, or None and the problems; see `document.parse`."""
    builder = _Builder(source)
    try:
        _build(builder, ijson.basic_parse(io.BytesIO(content), min(len(content) + 1, BUFFER_BYTES), use_float=True))
    except _UnreadableError as stop:
        builder.refuse(str(stop))
    except (ijson.JSONError, ValueError) as fault:
        return None, (*builder.problems, Problem(source, "", f"is not JSON: {_explained(fault, text)}"))
    return (None if builder.problems else builder.whole[0]), tuple(builder.problems)


def _build(builder: _Builder, events: Iterable[tuple[str, object]]) -> None:
    for event, value in events:
        builder.take(event, value)
        if len(builder.problems) == MAX_PROBLEMS:
            raise _UnreadableError(f"after {MAX_PROBLEMS} problems the rest is not looked at")
    if not isinstance(builder.whole[0], (dict, list)):
        raise _UnreadableError("holds a bare value; a bot is an object in braces")


def _explained(fault: Exception, text: str) -> str:
    """The fault, with line and column if the standard parser, which is recursive, can find them."""
    with suppress(RecursionError):
        try:
            json.loads(text, parse_int=float, parse_constant=not_a_number)
        except ValueError as located:
            return str(located)
    return " ".join(str(fault).replace("(right here) ------^", "").split())[:160]
