"""A Python file as a bot: `def weights(closes)` that returns {symbol: fraction}, beside SYMBOLS and LOOKBACK.

The two constants are read from the syntax tree; the file is never imported here. `RunPython` calls `weights`.
"""

import ast
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from rebalancer.bots.base import Alike, Answer, RunPython
from rebalancer.bots.file_size import PYTHON_BYTES
from rebalancer.bots.findings import ChartPart, Findings, Parting
from rebalancer.bots.own_prices import missing_closes, own_closes
from rebalancer.errors import Problem
from rebalancer.model import Allocation, BarsRead, BotFailure, Closes, Decision, Flip, Floats, Symbol, Weights, symbol
from rebalancer.model.text import counted, percent

MAX_LOOKBACK = 10_000
MAX_SYMBOLS = 1_000
MAX_REASON = 500
"""The maximum length of a message from the bot's process, in characters."""
ROUNDING = 1e-9
"""How far above 1 a sum of weights may be."""


@dataclass(frozen=True, slots=True, eq=False)
class PythonBot:
    """`code` is the file's content; `columns` are its SYMBOLS in the order of the file."""

    name: str
    code: bytes
    columns: tuple[Symbol, ...]
    lookback: int
    run: RunPython

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        return tuple(sorted(self.columns))

    @property
    def holdable(self) -> tuple[Symbol, ...]:
        return self.symbols

    @property
    def closes_needed(self) -> Mapping[Symbol, int]:
        return dict.fromkeys(self.symbols, self.lookback)

    @property
    def bars(self) -> BarsRead:
        """None: `weights` is called with closes."""
        return {}

    @property
    def warm_up(self) -> int:
        """It never sees more sessions than that, so more history changes nothing."""
        return self.lookback

    def weights(self, closes: Closes) -> Floats:
        weights = np.full((len(closes.sessions), len(closes.symbols)), np.nan)
        own = own_closes(self.name, self.columns, closes)
        answers = self.run(self.code, own, self.lookback) if len(own.sessions) >= self.lookback else ()
        for day, answer in enumerate(answers, start=self.lookback - 1):
            made = checked(answer, self.columns)
            if not isinstance(made, str):
                weights[day] = [made.get(symbol, 0.0) for symbol in closes.symbols]
        return weights

    def decide(self, closes: Closes, since: date | None = None) -> Decision:  # noqa: ARG002 - a port
        have = len(closes.sessions)
        if have < self.lookback:
            needed = counted(self.lookback, "session")
            return BotFailure(self.name, f"its LOOKBACK is {needed}, and there are closes of {have}")
        own = own_closes(self.name, self.columns, closes)
        last = Closes(own.sessions[-self.lookback :], own.symbols, own.values[-self.lookback :])
        (answer,) = self.run(self.code, last, self.lookback)
        made = checked(answer, self.columns)
        if isinstance(made, str):
            return BotFailure(self.name, made)
        held = ", ".join(f"{symbol} {percent(weight)}" for symbol, weight in sorted(made.items()))
        return Allocation(
            bot=self.name,
            session=closes.day(-1),
            weights=made,
            path=(f"weights() returned {held or 'no symbol'}; the rest is cash",),
            warnings=tuple(missing_closes(dict(zip(last.symbols, last.values.T, strict=True)), last, self.lookback)),
        )

    def flips(self, closes: Closes, decision: Allocation) -> tuple[Flip, ...]:  # noqa: ARG002 - the port's
        """A Python file has no gates that are known."""
        return ()

    def parting(self, closes: Closes, day: int, other: Weights, alike: Alike) -> Parting | None:  # noqa: ARG002 - as above
        return None

    def explain(self, closes: Closes, day: int) -> tuple[str, ...]:
        decision = self.decide(closes.until(closes.day(day)))
        return (decision.reason,) if isinstance(decision, BotFailure) else decision.path

    def findings(self) -> Findings:
        return Findings(self.name, self.symbols, lookback=self.lookback)

    def outline(self, closes: Closes | None = None, since: date | None = None) -> tuple[str, ...]:  # noqa: ARG002
        """The lines of the file."""
        return (*self.code.decode().splitlines(), *(self.explain(closes, -1) if closes else ()))

    def marked(self, closes: Closes, since: date | None = None) -> str:  # noqa: ARG002 - the port's
        return ""

    def mermaid(self, closes: Closes, since: date | None = None) -> str:  # noqa: ARG002 - the port's
        raise ValueError("a Python file has no chart to draw")

    def parts(self, closes: Closes, since: date | None = None) -> tuple[ChartPart, ...]:  # noqa: ARG002 - the port's
        raise ValueError("a Python file has no chart to draw")


def checked(answer: Answer, symbols: Sequence[Symbol]) -> Weights | str:
    """The positive weights of `answer`, or the reason why it is invalid."""
    if isinstance(answer, str):
        return "".join(character if character.isprintable() else " " for character in answer[:MAX_REASON])
    for name, weight in answer.items():
        if name not in symbols:
            return f"weights() returned {name[:40]!r}, which is not in SYMBOLS"
        if not 0 <= weight < math.inf:
            return f"weights() returned {weight:g} for {name}; a weight must be a number from 0 to 1"
    total = math.fsum(answer.values())
    if not total <= 1 + ROUNDING:
        return f"weights() returned weights that sum to {total:.10g}; they must sum to 1 or less, the rest is cash"
    scale = max(total, 1.0)  # a sum of 1 and some rounding
    return {Symbol(name): weight / scale for name, weight in answer.items() if weight > 0}


def read(content: bytes, name: str, source: str, run: RunPython) -> tuple[PythonBot | None, tuple[Problem, ...]]:
    """The bot in the Python file `content`, or None and every problem with its line."""
    if len(content) > PYTHON_BYTES:
        return None, (Problem(source, "", f"is {len(content):,} bytes long; up to {PYTHON_BYTES:,} are read"),)
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return None, (Problem(source, "", "is not UTF-8 text; save it as UTF-8"),)
    except SyntaxError as error:
        return None, (Problem(source, "", f"is not Python: {error.msg}", error.lineno),)
    except ValueError as error:
        return None, (Problem(source, "", f"is not Python: {error}"),)
    except (RecursionError, MemoryError):
        return None, (Problem(source, "", "is nested too deeply to be read"),)
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for constant, (example, wrong) in _CONSTANTS.items():
        values[constant], line, refusals = _constant(tree, constant, example)
        problems += [Problem(source, constant, text, line) for text in refusals or wrong(values[constant])]
    if not any(isinstance(node, ast.FunctionDef) and node.name == "weights" for node in tree.body):
        text = "is missing; write def weights(closes): at the top level of the file"
        problems.append(Problem(source, "weights", text))
    if problems:
        return None, tuple(problems)
    return PythonBot(name, content, tuple(map(Symbol, values["SYMBOLS"])), values["LOOKBACK"], run), ()


def _constant(tree: ast.Module, name: str, example: str) -> tuple[object, int | None, Sequence[str]]:
    """The literal that is assigned to `name` at the top level, its line, and why there is none."""
    found = [(value, node.lineno) for node in tree.body if (value := _assigned(node, name)) is not None]
    if not found:
        return None, None, [f"is missing; write {name} = {example} at the top level of the file"]
    if len(found) > 1:
        return None, found[1][1], ["is assigned more than once at the top level of the file"]
    ((value, line),) = found
    try:
        return ast.literal_eval(value), line, []
    except (ValueError, TypeError, RecursionError, MemoryError):
        return None, line, [f"must be written out, such as {example}: the file is not run to find it"]


def _assigned(node: ast.stmt, name: str) -> ast.expr | None:
    """The expression that `node` assigns to `name`."""
    match node:
        case ast.Assign([ast.Name(target)], value) | ast.AnnAssign(ast.Name(target), _, ast.expr() as value):
            return value if target == name else None
        case _:
            return None


def _wrong_symbols(written: object) -> Iterator[str]:
    if not isinstance(written, (list, tuple)) or not 1 <= len(written) <= MAX_SYMBOLS:
        yield f"must be a list of 1 to {MAX_SYMBOLS:,} tickers"
        return
    for text in written:
        try:
            spelled = symbol(text) if isinstance(text, str) else None
        except ValueError as error:
            yield str(error)
            continue
        if spelled is None:
            yield f"a value of the type {type(text).__name__} is not a ticker in quotes"
        elif spelled != text:
            yield f"{text} is spelled {spelled} here"
    names = [text for text in written if isinstance(text, str)]
    if len(set(names)) != len(names):
        yield "names a ticker twice"


def _wrong_lookback(written: object) -> Iterator[str]:
    if not (type(written) is int and 1 <= written <= MAX_LOOKBACK):
        yield f"must be a whole number of sessions from 1 to {MAX_LOOKBACK:,}"


_CONSTANTS = {"SYMBOLS": ('["SPY", "TLT"]', _wrong_symbols), "LOOKBACK": ("200", _wrong_lookback)}
"""An example, and why a value is refused."""
