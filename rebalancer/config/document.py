"""From the bytes of a config to its values, with environment variables filled in, and the line number of each key.

tomllib takes 6 GB of memory for an 80 kB line of dots, so too long lines and too many dots or brackets are refused
before it starts. It reports no line numbers of keys, so they are found here.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from rebalancer.config.environment import fill
from rebalancer.errors import MOST_ECHOED, BadInputError, Problem

MAX_BYTES = 128 * 1024
MAX_LINE = 2_000
MAX_DOTS = 8
MAX_DEPTH = 16

LINE = re.compile(r"at line (\d+)")


@dataclass(frozen=True, slots=True)
class Document:
    """`content` has its environment variables filled in; `problems` names missing ones. `lines` is by dotted key."""

    source: str
    content: Mapping[str, Any]
    lines: Mapping[str, int]
    problems: tuple[Problem, ...]

    def located(self, problem: Problem) -> Problem:
        return Problem(problem.source, problem.place, problem.text, line_of(problem.place, self.lines))


def read(content: bytes, source: str, environ: Mapping[str, str]) -> Document:
    """Raises BadInputError for invalid TOML, and for TOML that would take too long or too much memory to parse."""
    text = decode(content, source)
    try:
        written = tomllib.loads(text, parse_float=_decimal)
    except ValueError as error:
        found = LINE.search(str(error))
        raise BadInputError.of(source, f"is no valid TOML: {error}", line=int(found[1]) if found else None) from error
    problems: list[Problem] = []
    filled = {
        key: fill(value, environ, lambda place, text: problems.append(Problem(source, place, text)), key)
        for key, value in written.items()
    }
    return Document(source, filled, lines_of(text), tuple(problems))


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        number = text if len(text) <= MOST_ECHOED else f"of {len(text):,} characters"
        raise ValueError(f"the number {number} has too many digits") from error


def decode(content: bytes, source: str) -> str:
    """`content` as text. Raises BadInputError unless it is UTF-8 that can be parsed in little time and memory."""
    if len(content) > MAX_BYTES:
        raise BadInputError.of(source, f"is over {MAX_BYTES // 1024} KiB: that is no config file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInputError.of(source, f"is no UTF-8 text: {error}") from error
    if refused := excess(text):
        line, what = refused
        raise BadInputError.of(source, what, line=line)
    return text


def leaves(value: object, place: str = "") -> Mapping[str, object]:
    """All values that are not tables themselves, by dotted key."""
    if isinstance(value, Mapping):
        dot = f"{place}." if place else ""
        inner = [leaves(item, f"{dot}{key}") for key, item in value.items()]
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        inner = [leaves(item, f"{place}[{index}]") for index, item in enumerate(value)]
    else:
        return {place: value}
    return {key: leaf for found in inner for key, leaf in found.items()}


# -------------------------------------------------------------------------------- tokens, and files that are refused

# Possessive quantifiers never backtrack, so the time is linear in the length of the text.
TOKEN = re.compile(
    r'''
      (?P<string> """(?:[^"\\]|\\.|"(?!""))*+(?:"{3,5}|\Z) | \'\'\'(?:[^']|'(?!''))*+(?:'{3,5}|\Z)
                | "(?:[^"\\\n]|\\[^\n])*+"? | '[^'\n]*+'? )
    | (?P<comment> \#[^\n]*+ )
    | (?P<newline> \n )
    | (?P<mark> [=.,\[\]{}] )
    | (?P<bare> [^\s"'\#=.,\[\]{}]++ )
    ''',
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    kind: str
    text: str
    line: int


def tokens(text: str) -> Iterator[Token]:
    line = 1
    for found in TOKEN.finditer(text):
        yield Token(found.lastgroup or "", found[0], line)
        line += found[0].count("\n")


def excess(text: str) -> tuple[int, str] | None:
    """The first line with too many characters, dots or brackets, and its error text; None where there is none."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            return number, f"is {len(line):,} characters long; up to {MAX_LINE:,} are read"
    dots = depth = 0
    for token in tokens(text):
        if token.kind == "newline" or token.text in "=,[]{}":
            dots = 0
        if token.text in {"[", "{"}:
            depth += 1
        elif token.text in {"]", "}"}:
            depth -= 1
        elif token.text == ".":
            dots += 1
        if dots > MAX_DOTS:
            return token.line, f"has a key with more than {MAX_DOTS} dots, which is not read"
        if depth > MAX_DEPTH:
            return token.line, f"has brackets nested more than {MAX_DEPTH} deep, which is not read"
    return None


# ------------------------------------------------------------------------------------------------- the line of a key


def line_of(place: str, lines: Mapping[str, int]) -> int | None:
    """The line of the dotted key `place`, or of the innermost table around it that has one; None where none has."""
    while place:
        if place in lines:
            return lines[place]
        place = place[: max(place.rfind("."), place.rfind("["), 0)]
    return None


def lines_of(text: str) -> Mapping[str, int]:
    """The line of each table and key of `text`, which is valid TOML, except inside lists and inline tables."""
    lines: dict[str, int] = {}
    newest: dict[str, int] = {}  # by the key of a list of tables: the index of its table that is being read

    def record(place: str, parts: Sequence[str], line: int) -> str:
        for part in parts:
            place = f"{place}.{part}" if place else part
            lines.setdefault(place, line)
            if place in newest:
                place = f"{place}[{newest[place]}]"
        return place

    table = ""
    for brackets, parts, line in _statements(text):
        if brackets == 0:
            record(table, parts, line)
            continue
        if brackets == 2:
            around = record("", parts[:-1], line)
            listed = f"{around}.{parts[-1]}" if around else parts[-1]
            newest[listed] = newest.get(listed, -1) + 1
        table = record("", parts, line)
        lines.setdefault(table, line)
    return lines


def _statements(text: str) -> Iterator[tuple[int, list[str], int]]:
    """Of each key, [table] and [[table]]: the number of brackets, the parts of its dotted key, and its line."""
    parts: list[str] = []
    brackets = depth = 0
    in_value = False
    for token in tokens(f"{text}\n"):
        if token.kind == "newline" and depth == 0:
            if brackets:
                yield brackets, parts, token.line
            parts, brackets, in_value = [], 0, False
        elif in_value:
            depth += (token.text in {"[", "{"}) - (token.text in {"]", "}"})
        elif token.kind in {"bare", "string"}:
            parts.append(token.text[1:-1] if token.kind == "string" else token.text)
        elif token.text == "[":
            brackets += 1
        elif token.text == "=":
            yield 0, parts, token.line
            in_value = True
