"""Bytes to the document of a config: counted, parsed, and its variables filled in."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rebalancer.config.environment import fill
from rebalancer.config.lines import line_of, lines_of
from rebalancer.config.scan import MAX_BYTES, refusal
from rebalancer.errors import BadInputError, Problem

LINE = re.compile(r"at line (\d+)")


@dataclass(frozen=True, slots=True)
class Document:
    """`content` has the variables filled in, and `problems` those that could not be. `lines` are by dotted key."""

    source: str
    content: Mapping[str, Any]
    lines: Mapping[str, int]
    problems: tuple[Problem, ...]

    def located(self, problem: Problem) -> Problem:
        return Problem(problem.source, problem.place, problem.text, line_of(problem.place, self.lines))


def read(content: bytes, source: str, environ: Mapping[str, str]) -> Document:
    """Raises BadInputError for what is no TOML, or would cost too much to parse."""
    text = decode(content, source)
    try:
        written = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError) as error:
        # Beside TOML's own errors: numbers beyond all bounds.
        found = LINE.search(str(error))
        line = int(found[1]) if found else None
        raise BadInputError([Problem(source, "", f"is no valid TOML: {error}", line)]) from error
    problems: list[Problem] = []
    filled = {
        key: fill(value, environ, lambda place, text: problems.append(Problem(source, place, text)), key)
        for key, value in written.items()
    }
    return Document(source, filled, lines_of(text), tuple(problems))


def decode(content: bytes, source: str) -> str:
    """`content` as text that is safe to parse. Raises BadInputError."""
    if len(content) > MAX_BYTES:
        raise BadInputError([Problem(source, "", f"is over {MAX_BYTES // 1024} KiB: that is no config file")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInputError([Problem(source, "", f"is no UTF-8 text: {error}")]) from error
    if refused := refusal(text):
        line, what = refused
        raise BadInputError([Problem(source, "", what, line)])
    return text


def leaves(value: object, place: str = "") -> Mapping[str, object]:
    """What stands in a document, by dotted key."""
    if isinstance(value, Mapping):
        dot = f"{place}." if place else ""
        inner = [leaves(item, f"{dot}{key}") for key, item in value.items()]
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        inner = [leaves(item, f"{place}[{index}]") for index, item in enumerate(value)]
    else:
        return {place: value}
    return {key: leaf for found in inner for key, leaf in found.items()}
