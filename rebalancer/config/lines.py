"""On which line a dotted key stands. TOML's own parser forgets it."""

from collections.abc import Mapping, Sequence

from rebalancer.config.scan import Token, tokens


def line_of(place: str, lines: Mapping[str, int]) -> int | None:
    """The line of the dotted key `place`, else of the nearest table around it; None where there is none."""
    while place:
        if place in lines:
            return lines[place]
        place = place[: max(place.rfind("."), place.rfind("["), 0)]
    return None


def lines_of(text: str) -> Mapping[str, int]:
    """The line of each table and key of `text`, which is valid TOML.

    What stands inside a list or an inline table has no line of its own: it has that of the key before its "=".
    """
    headed = _Headed()
    parts: list[str] = []
    brackets = depth = 0
    in_value = False
    for token in tokens(f"{text}\n"):
        if token.kind == "newline" and depth == 0:
            if brackets:
                headed.begin(parts, token.line, listed=brackets == 2)
            parts, brackets, in_value = [], 0, False
        elif in_value:
            depth += (token.text in {"[", "{"}) - (token.text in {"]", "}"})
        elif token.kind in {"bare", "string"}:
            parts.append(_plain(token))
        elif token.text == "[":
            brackets += 1
        elif token.text == "=":
            headed.note(parts, token.line)
            in_value = True
    return headed.lines


def _plain(key: Token) -> str:
    return key.text[1:-1] if key.kind == "string" else key.text


class _Headed:
    """The lines so far, and the table that the last header began."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._table = ""

    def note(self, parts: Sequence[str], line: int) -> str:
        """Note every step of the way to `parts`, and return their dotted key. In a list, its last table is meant."""
        place = self._table
        for part in parts:
            place = f"{place}.{part}" if place else part
            self.lines.setdefault(place, line)
            if place in self._last:
                place = f"{place}[{self._last[place]}]"
        return place

    def begin(self, parts: Sequence[str], line: int, *, listed: bool) -> None:
        self._table = ""
        *outer, name = parts
        around = self.note(outer, line)
        place = f"{around}.{name}" if around else name
        if listed:
            self._last[place] = self._last.get(place, -1) + 1
        self._table = self.note(parts, line)
        self.lines.setdefault(self._table, line)
