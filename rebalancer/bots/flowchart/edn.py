"""EDN and Lisp text to a plain value, strictly, and without recursion however deep the text is nested.

Ours because the library is not bounded: `edn-format` 0.8 ends the process on a deeply nested set, takes seconds for a
megabyte of parentheses, keeps the last of two equal keys in silence, and knows no line numbers.
"""

import re

from rebalancer.bots.file_size import CHART_BYTES
from rebalancer.bots.flowchart.document import MAX_DEPTH, MAX_NUMBER, MAX_VALUES
from rebalancer.errors import Problem

MAX_TEXT = 100_000
# Possessive throughout, so that no text takes more than one pass. Compiled when there is such a text: few have it.
_PATTERN = r"""(?P<blank>(?:[\s,]++|;[^\n]*+)++)
    | (?P<open>[(\[{]) | (?P<close>[)\]}])
    | "(?P<text>(?:[^"\\]++|\\.)*+)"
    | (?P<number>[+-]?\d++(?:\.\d*+)?+(?:[eE][+-]?\d++)?+)[NM]?+(?=[\s,;()\[\]{}"]|\Z)
    | (?P<tag>\#(?:uuid|inst)\b)
    | (?P<word>[:A-Za-z.*+!?$%&=<>/_-][:\w.*+!?$%&=<>/'\#-]*+)
    | (?P<other>.)"""
_ESCAPE = r"(?s)\\(u[0-9a-fA-F]{4}|.)"
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "\\": "\\"}
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_WORDS = {"nil": None, "true": True, "false": False}


class Form(list[object]):
    """A list or a vector; `line` is the one on which it opens."""

    __slots__ = ("bracket", "line")

    def __init__(self, bracket: str, line: int) -> None:
        super().__init__()
        self.bracket, self.line = bracket, line


class _UnreadableError(ValueError):
    pass


def looks_like_edn(text: str) -> bool:
    """Whether `text` begins as JSON never does: with a parenthesis, a comment, or a map of keywords."""
    return re.match(r"\s*+(?:[(;]|\{[\s,]*+:)", text) is not None


def parse(text: str, source: str) -> tuple[object, tuple[Problem, ...]]:
    """The one list, vector or map in `text`, or None and the problem, with its line.

    Lists and vectors become Forms, maps dicts, symbols and keywords texts (keywords with their colon); #uuid and #inst
    are dropped. Refused are other tags, sets, characters, quotes, a key that stands twice, and what exceeds the limits
    of `document`.
    """
    reader = _Reader()
    try:
        return reader.whole(text), ()
    except _UnreadableError as fault:
        return None, (Problem(source, f"line {reader.line}", str(fault)),)


class _Reader:
    """`open` are the forms that are not closed yet, below one that holds the finished value."""

    def __init__(self) -> None:
        self.line = 1
        self.values = 0
        self.open = [Form("", 1)]

    def whole(self, text: str) -> object:
        if len(text) > CHART_BYTES:
            raise _UnreadableError(f"the text is {len(text):,} characters long; up to {CHART_BYTES:,} are read")
        for token in re.finditer(_PATTERN, text, re.VERBOSE | re.DOTALL | re.ASCII):
            self._take(token)
            self.line += token[0].count("\n")
        if len(self.open) > 1:
            raise _UnreadableError(f'the text ends here, and the "{self.open[-1].bracket}" of {self._opened} is open')
        if len(self.open[0]) != 1 or not isinstance(self.open[0][0], (Form, dict)):
            raise _UnreadableError(f"the text has {len(self.open[0])} values; a bot is a single list or map")
        return self.open[0][0]

    @property
    def _opened(self) -> str:
        return f"line {self.open[-1].line}"

    def _take(self, token: re.Match[str]) -> None:
        kind = token.lastgroup
        if kind in ("blank", "tag"):
            return
        self.values += 1
        if self.values > MAX_VALUES:
            raise _UnreadableError(f"more than {MAX_VALUES:,} values are not read")
        if kind == "open":
            self.open.append(Form(token[0], self.line))
            if len(self.open) > MAX_DEPTH:
                raise _UnreadableError(f"forms are nested more than {MAX_DEPTH:,} deep, which is not read")
        elif kind == "close":
            self._close(token[0])
        else:
            self.open[-1].append(_atom(token))

    def _close(self, bracket: str) -> None:
        form = self.open[-1]
        if _CLOSES.get(form.bracket) != bracket:
            against = f'closes the "{form.bracket}" of {self._opened}' if form.bracket else "closes nothing"
            raise _UnreadableError(f'"{bracket}" {against}')
        self.open.pop()
        self.open[-1].append(_map(form) if bracket == "}" else form)


def _map(form: Form) -> dict[str, object]:
    if len(form) % 2:
        raise _UnreadableError("a map ends with a key that has no value")
    found: dict[str, object] = {}
    for key, value in zip(form[::2], form[1::2], strict=True):
        if not isinstance(key, str):
            raise _UnreadableError("a map has a key that is neither a keyword nor a text")
        if key in found:
            raise _UnreadableError(f'the key "{key[:40]}" stands twice in a map; keep one of the two')
        found[key] = value
    return found


def _atom(token: re.Match[str]) -> object:
    match token.lastgroup:
        case "text":
            if len(token["text"]) > MAX_TEXT:
                raise _UnreadableError(f"this text has {len(token['text']):,} characters; up to {MAX_TEXT:,} are read")
            return _without_escapes(token["text"]) if "\\" in token["text"] else token["text"]
        case "number":
            number = float(token["number"])
            if not -MAX_NUMBER <= number <= MAX_NUMBER:
                raise _UnreadableError("this number is too large; numbers up to 1,000,000,000,000,000 are read")
            return int(number) if number.is_integer() else number
        case "word":
            return _WORDS.get(token[0], token[0])
        case _:
            raise _UnreadableError(f"{token[0]!a} begins nothing that is read here")


def _without_escapes(text: str) -> str:
    """A character beyond the first 65,536 is two escapes, as in Java; one of the two alone is refused."""
    try:
        return re.sub(_ESCAPE, _unescaped, text).encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise _UnreadableError("half a character is escaped in this text") from None


def _unescaped(escape: re.Match[str]) -> str:
    if len(escape[1]) == 5:
        return chr(int(escape[1][1:], 16))
    if escape[1] not in _ESCAPED:
        raise _UnreadableError(f"{escape[0]!a} is no escape in a text")
    return _ESCAPED[escape[1]]
