"""The formulas of QuantNexus' custom indicators: a text such as "(sma - close) / sma" as a calculation.

Read are numbers, + - * /, parentheses, abs, min, max and its names of metrics. Its other functions are refused by name.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats.elements import Element, quoted
from rebalancer.bots.flowchart.place import Place

MAX_LENGTH = 1_000
MAX_DEPTH = 50

VARIABLES: Mapping[str, str] = {
    "close": "Current Price",
    "sma": "Simple Moving Average",
    "ema": "Exponential Moving Average",
    "rsi": "Relative Strength Index",
    "cumret": "Cumulative Return",
    "sma_ret": "SMA of Returns",
    "hma": "Hull Moving Average",
    "kama": "KAMA",
    "adx": "ADX",
    "atr": "ATR",
    "aroon_up": "Aroon Up",
    "aroon_down": "Aroon Down",
    "aroon_osc": "Aroon Oscillator",
    "mfi": "Money Flow Index",
    "macd_hist": "MACD Histogram",
}
"""Metrics by their names in formulas: those that its engine knows there and whose unit is known."""

_TOKEN = re.compile(r"\s*([0-9]+\.?[0-9]*|\.[0-9]+|[A-Za-z_][A-Za-z0-9_]*|[-+*/(),])", re.ASCII)
_SUMS: Mapping[str, tree.Operation] = {"+": "add", "-": "subtract"}
_PRODUCTS: Mapping[str, tree.Operation] = {"*": "multiply", "/": "divide"}
_CALLS: Mapping[str, tree.Operation] = {"abs": "abs", "min": "min", "max": "max"}
_END = ""


class _UnreadableError(ValueError):
    """What is wrong with a formula, as a sentence."""


def formula(text: Element, variable: Callable[[str], tree.Operand | None]) -> tree.Operand | None:
    """The calculation; `variable` returns the value of a name, None where it refuses it. None where it was refused."""
    if not isinstance(text.value, str) or len(text.value) > MAX_LENGTH:
        text.must_be(f"a formula of up to {MAX_LENGTH:,} characters")
        return None
    before = len(text.refusals)
    try:
        found = _Parser(_tokens(text.value), text.here, variable).whole()
    except _UnreadableError as wrong:
        text.refuse(f"the formula {quoted(text.value)} {wrong}")
        return None
    return found if len(text.refusals) == before else None


def _tokens(text: str) -> list[str]:
    """The tokens in reverse order, so that the next one is the last."""
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if not found:
            raise _UnreadableError(f"has {quoted(text[position:].lstrip()[0])}, which is not read")
        tokens.append(found[1])
        position = found.end()
    return [_END, *reversed(tokens)]


@dataclass(slots=True)
class _Parser:
    """Recursive descent: a sum of products of factors."""

    tokens: list[str]
    place: Place
    variable: Callable[[str], tree.Operand | None]
    depth: int = 0

    def whole(self) -> tree.Operand:
        value = self._sum()
        if self.tokens[-1] != _END:
            raise _UnreadableError(f"goes on with {quoted(self.tokens[-1])} where it should end")
        return value

    def _sum(self) -> tree.Operand:
        return self._chain(_SUMS, lambda: self._chain(_PRODUCTS, self._factor))

    def _chain(self, operations: Mapping[str, tree.Operation], part: Callable[[], tree.Operand]) -> tree.Operand:
        """Parts with operations of one rank between them, from left to right."""
        value = part()
        while self.tokens[-1] in operations:
            operation = operations[self.tokens.pop()]
            value = tree.Arithmetic(operation, (value, part()), self.place)
        return value

    def _factor(self) -> tree.Operand:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _UnreadableError(f"is nested more than {MAX_DEPTH} deep")
        value = self._nested(self.tokens.pop())
        self.depth -= 1
        return value

    def _nested(self, first: str) -> tree.Operand:
        if first == "-":
            return tree.Arithmetic("multiply", (tree.Constant(-1, self.place), self._factor()), self.place)
        if first == "(":
            return self._closed(self._sum())
        if first[:1].isdigit() or first[:1] == ".":
            return tree.Constant(float(first), self.place)
        if not first.isidentifier():
            raise _UnreadableError(
                "ends too early" if first == _END else f"has {quoted(first)} where a value should be"
            )
        if self.tokens[-1] == "(":
            return self._call(first.lower())
        return self.variable(first.lower()) or tree.Constant(0, self.place)  # refused, so that nothing is built of it

    def _call(self, name: str) -> tree.Operand:
        self.tokens.pop()
        if name not in _CALLS:
            raise _UnreadableError(f"uses {quoted(name)}, which is not read; what is read: {', '.join(_CALLS)}")
        operands = [self._sum()]
        while self.tokens[-1] == ",":
            self.tokens.pop()
            operands.append(self._sum())
        if len(operands) != (1 if name == "abs" else 2):
            raise _UnreadableError(f"gives {quoted(name)} {len(operands)} values; abs takes one, min and max take two")
        return self._closed(tree.Arithmetic(_CALLS[name], tuple(operands), self.place))

    def _closed(self, value: tree.Operand) -> tree.Operand:
        if self.tokens[-1] != ")":
            raise _UnreadableError("lacks a closing parenthesis")
        self.tokens.pop()
        return value
