"""Parse the bytes of a config, fill in environment variables, and find the line of each key.

tomllib takes 6 GB of memory for an 80 kB line of dots, so files with too many dots or brackets, or too long lines, are
refused before it starts. It also doesn't report the lines of keys, so they are found here.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from rebalancer.config.environment import fill
from rebalancer.errors import BadInputError, Problem

MAX_BYTES = 128 * 1024
MAX_LINE = 2_000
MAX_DOTS = 8
MAX_DEPTH = 16

LINE = re.compile(r"at line (\d+)")


@dataclass(frozen=True, slots=True)
class Document:
    """`content` has environment variables filled in; `problems` has the missing ones. `lines` are by dotted key."""

    source: str
    content: Mapping[str, Any]
    lines: Mapping[str, int]
    problems: tuple[Problem, ...]

    def located(self, problem: Problem) -> Problem:
        return Problem(problem.source, problem.place, problem.text, line_of(problem.place, self.lines))


def read(content: bytes, source: str, environ: Mapping[str, str]) -> Document:
    """The document in `content`. Raises BadInputError for invalid TOML, and for TOML that is too costly to parse."""
    text = decode(content, source)
    try:
        written = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError) as error:
        # ArithmeticError: a number that Decimal can't hold.
        found = LINE.search(str(error))
        raise BadInputError.of(source, f"is no valid TOML: {error}", line=int(found[1]) if found else None) from error
    problems: list[Problem] = []
    filled = {
        key: fill(value, environ, lambda place, text: problems.append(Problem(source, place, text)), key)
        for key, value in written.items()
    }
    return Document(source, filled, lines_of(text), tuple(problems))


def decode(content: bytes, source: str) -> str:
    """`content` as text that is cheap enough to parse. Raises BadInputError."""
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
    """The values of a document that are no tables, by dotted key."""
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
    """The line of the first excess of characters, dots or brackets, and an error text; None where there is none."""
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
    """The line of the dotted key `place`, else of the nearest table around it; None where there is none."""
    while place:
        if place in lines:
            return lines[place]
        place = place[: max(place.rfind("."), place.rfind("["), 0)]
    return None


def lines_of(text: str) -> Mapping[str, int]:
    """The line of each table and key of `text`, which is valid TOML.

    Keys inside a list or an inline table have no line of their own: `line_of` gives them that of the key around them.
    """
    index = _LineIndex()
    parts: list[str] = []
    brackets = depth = 0
    in_value = False
    for token in tokens(f"{text}\n"):
        if token.kind == "newline" and depth == 0:
            if brackets:
                index.begin_table(parts, token.line, listed=brackets == 2)
            parts, brackets, in_value = [], 0, False
        elif in_value:
            depth += (token.text in {"[", "{"}) - (token.text in {"]", "}"})
        elif token.kind in {"bare", "string"}:
            parts.append(_plain(token))
        elif token.text == "[":
            brackets += 1
        elif token.text == "=":
            index.record(parts, token.line)
            in_value = True
    return index.lines


def _plain(key: Token) -> str:
    return key.text[1:-1] if key.kind == "string" else key.text


class _LineIndex:
    """The lines so far, and the table of the last header."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._table = ""

    def record(self, parts: Sequence[str], line: int) -> str:
        """The dotted key, with its line recorded and those of the tables around it. A list means its last table."""
        place = self._table
        for part in parts:
            place = f"{place}.{part}" if place else part
            self.lines.setdefault(place, line)
            if place in self._last:
                place = f"{place}[{self._last[place]}]"
        return place

    def begin_table(self, parts: Sequence[str], line: int, *, listed: bool) -> None:
        self._table = ""
        *outer, name = parts
        around = self.record(outer, line)
        place = f"{around}.{name}" if around else name
        if listed:
            self._last[place] = self._last.get(place, -1) + 1
        self._table = self.record(parts, line)
        self.lines.setdefault(self._table, line)
