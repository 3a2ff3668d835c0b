"""What a TOML file is made of, and the refusal of files that would cost too much to parse.

The standard parser takes 6 GB for an 80 kB line of dots. So the dots, brackets and lines are counted before it starts.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_BYTES = 128 * 1024
MAX_LINE = 2_000
MAX_DOTS = 8
MAX_DEPTH = 16

# No repeat gives back what it took, so that the time grows with the length of the text and no faster.
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


def refusal(text: str) -> tuple[int, str] | None:
    """The line of the first thing in `text` that no config needs, and what it is; None where there is none."""
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
