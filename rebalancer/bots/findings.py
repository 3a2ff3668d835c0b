"""What a bot tells of itself and of its decisions, for screens: none of it is needed to decide."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from rebalancer.model import Flip, Symbol, Weights


@dataclass(frozen=True, slots=True)
class Findings:
    """The contents of a bot file, for review before money is committed to it. All sorted.

    `tickers` may be held or only read; `lookback` is the least number of sessions for a decision. The rest describes a
    flowchart and is empty for other kinds: `nodes` counts by kind, such as ("Asset", 3); `depth` is the number of nodes
    on the longest path; `functions` are the indicators, each with the windows it is used with: a number, or several
    where an indicator takes several; none for a price. `approximations` are sentences on what was read as something
    near it, or is unproven.
    """

    name: str
    tickers: tuple[Symbol, ...]
    nodes: tuple[tuple[str, int], ...] = ()
    depth: int = 0
    functions: tuple[tuple[str, tuple[float | tuple[float, ...], ...]], ...] = ()
    lookback: int = 1
    approximations: tuple[str, ...] = ()


class ChartBranch(NamedTuple):
    """A branch of a part of a chart: to the part number `part`, or where that is None to what `text` says.

    `label` is such as "then", a weight or a score. `taken`: the decision goes that way.
    """

    label: str
    text: str
    part: int | None
    taken: bool


class ChartPart(NamedTuple):
    """A condition, a filter or a weighting, in words, and where it leads. `taken`: the decision reaches it."""

    lines: tuple[str, ...]
    branches: tuple[ChartBranch, ...]
    taken: bool


@dataclass(frozen=True, slots=True)
class ComparedValues:
    """Two values that a gate compares, in words and as numbers; None where one is undefined."""

    left: str
    left_value: float | None
    right: str
    right_value: float | None


@dataclass(frozen=True, slots=True)
class Parting:
    """The gate on the way of a decision of `day` that best explains another decision for that day.

    `lines` are the gate in words; `compared` are the values that it compares, of a filter the scores of the last child
    that is taken and of the first that is not. `flip` is how near it is to going the other way. `otherwise` is what
    would then be decided, None where that is undefined, and `gives_it` says whether that is the other decision.
    """

    day: date
    lines: tuple[str, ...]
    compared: tuple[ComparedValues, ...]
    flip: Flip
    otherwise: Weights | None
    gives_it: bool
