"""From which day on the closes count for a chart whose decision always depends on where its history begins.

What such a chart entered, or the highest price that it measures from, may lie years back. So that no evening depends on
how much was loaded, its history begins with the first close of its tickers, and later evenings keep that day. Other
charts read what they are given.
"""

from datetime import date

import numpy as np

from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.own_prices import own_closes
from rebalancer.model import Closes


def first_day(program: Program, closes: Closes) -> date | None:
    """The first session with a close of one of its tickers; None without one."""
    known = ~np.isnan(own_closes(program.name, program.symbols, closes).values).all(axis=1)
    return closes.day(int(known.argmax())) if known.any() else None


def counted(program: Program, closes: Closes, kept: date | None = None) -> Closes:
    """The closes that count. `kept` is the first day of an earlier decision, ignored where it is after the last."""
    if not program.path_dependent:
        return closes
    day = kept if kept and kept <= closes.day(-1) else first_day(program, closes)
    return closes.since(day) if day else closes


def why_lost(program: Program, closes: Closes, kept: date | None) -> str | None:
    """Why what a chart remembers of an earlier evening can't be followed any more, where it can't."""
    first = first_day(program, closes) if program.path_dependent else None
    if first is None or kept is None or not kept < first:
        return None
    return (
        f"what it remembers is followed since {kept}, and its closes begin on {first} only: restore the earlier "
        "prices, or invest in it by another name to begin anew"
    )
