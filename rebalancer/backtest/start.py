"""Where a back-test starts: when everything that its bots may need exists, as at Composer, and every bot decides."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from rebalancer.bots.decisions import Decisions
from rebalancer.errors import BadInputError, Problem
from rebalancer.model import Closes, Floats, Symbol
from rebalancer.model.text import counted, listed


@dataclass(frozen=True, slots=True)
class Beginning:
    """`symbol` has its first close on row `first` and all closes that a bot may need of it on row `complete`.

    A symbol without any close has None for both.
    """

    symbol: Symbol
    closes_needed: int
    first: int | None
    complete: int | None


def beginnings(closes_needed: Mapping[Symbol, int], closes: Closes) -> tuple[Beginning, ...]:
    """Of each symbol, the one that is complete first before the others; those without any close at the end."""
    columns = {symbol: column for column, symbol in enumerate(closes.symbols)}
    found = [_beginning(symbol, needed, closes.values[:, columns[symbol]]) for symbol, needed in closes_needed.items()]
    return tuple(sorted(found, key=lambda one: (one.complete is None, one.complete, one.symbol)))


def _beginning(symbol: Symbol, needed: int, column: Floats) -> Beginning:
    rows = np.flatnonzero((column > 0) & (column < np.inf))
    if not rows.size:
        return Beginning(symbol, needed, None, None)
    return Beginning(symbol, needed, int(rows[0]), int(rows[0]) + needed - 1)


def first_session(
    decided: Mapping[str, Decisions], closes: Closes, first: date | None, closes_needed: Mapping[Symbol, int]
) -> int:
    """The row of the first session, from `first` on, on which all `closes_needed` exist and every bot decides.

    Raises BadInputError where there is none, and for a `first` on which not all of them exist.
    """
    if not len(closes.sessions):
        raise BadInputError([Problem("--to", "", "there are no closes up to this day: use a later one")])
    end = closes.day(-1)
    asked = closes.sessions >= np.datetime64(first or closes.day(0), "D")
    if not asked.any():
        raise BadInputError([Problem("--from", "", f"there are no closes from {first} on: they end on {end}")])
    asked[: _complete_row(closes_needed, closes, first)] = False
    return _first_decided(decided, asked, end)


def _complete_row(closes_needed: Mapping[Symbol, int], closes: Closes, first: date | None) -> int:
    if not closes_needed:
        return 0
    last = beginnings(closes_needed, closes)[-1]
    if last.complete is None or last.complete >= len(closes.sessions):
        text = f"up to {closes.day(-1)} not everything that the bots may need exists: {_begins(last, closes)}"
        raise BadInputError([Problem("backtest", "", f"{text}. Use --allow-undecided to start without it")])
    start = closes.day(last.complete)
    if first is not None and first < start and closes.day(0) < start:
        text = f"{first} is too early: everything that the bots may need exists from {start} on, since "
        remedy = f"Use --from {start}, or --allow-undecided to start without it"
        raise BadInputError([Problem("--from", "", f"{text}{_begins(last, closes)}. {remedy}")])
    return last.complete


def _begins(one: Beginning, closes: Closes) -> str:
    if one.first is None:
        return f"{one.symbol} has no close"
    needed = f", and {one.closes_needed:,} of its closes are needed" if one.closes_needed > 1 else ""
    return f"{one.symbol} begins on {closes.day(one.first)}{needed}"


def _first_decided(decided: Mapping[str, Decisions], asked: NDArray[np.bool_], end: date) -> int:
    able = {bot: asked & decisions.decided for bot, decisions in decided.items()}
    together = np.all(list(able.values()), axis=0)
    if together.any():
        return int(together.argmax())
    stuck = " and ".join([bot for bot, days in able.items() if not days.any()] or able)
    text = f"there is no session up to {end} on which {stuck} can decide; `rebalance explain` says what is missing"
    raise BadInputError([Problem("backtest", "", text)])


def started_without(closes_needed: Mapping[Symbol, int], closes: Closes, start: int) -> Iterator[str]:
    """A note on what does not exist yet on row `start`, where a back-test may start all the same."""
    late = [one for one in beginnings(closes_needed, closes) if one.complete is None or one.complete > start]
    if late:
        names = listed([f"{one.symbol} ({_from(one, closes)})" for one in late])
        yield (
            f"Starts before all exists that the bots may need: {counted(len(late), 'ticker')} too young, {names}. "
            "Until then a filter leaves them out, what needs them is undecided, and what is held of them stays in cash."
        )


def _from(one: Beginning, closes: Closes) -> str:
    if one.complete is None:
        return "never"
    return f"from {closes.day(one.complete)} on" if one.complete < len(closes.sessions) else f"not by {closes.day(-1)}"
