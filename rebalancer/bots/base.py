"""The port `Bot`: the interface of every kind of bot. Imported by looks at the journal too, and so without numpy."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Protocol

from rebalancer.model import Allocation, BarField, BarsRead, Closes, Decision, Flip, Floats, Symbol, Weights

if TYPE_CHECKING:  # a decision needs none of what is shown of it
    from rebalancer.bots.findings import ChartPart, Findings, Parting

Answer = Mapping[str, float] | str
"""The unvalidated result of a Python bot's `weights` for one session, or the reason why there is none."""
Alike = Callable[[Weights, Weights], bool]
"""Whether two decisions are the same."""
OwnBars = Mapping[tuple[Symbol, BarField], Floats]
"""By ticker and field, (T,)."""
RunPython = Callable[[bytes, Closes, int], Sequence[Answer]]
"""Calls `weights` of a Python bot: (content of the file, closes, lookback) -> answers.

There is one call and one answer for each session from the `lookback`-th on; each call sees the `lookback` sessions up
to its own. Nothing is raised for what the file does.
"""


class Bot(Protocol):
    """A strategy: at each close, its target weights by symbol as fractions of its money; the rest is cash.

    A decision uses the prices of its session and of earlier ones only. `closes` must have a column for each of
    `symbols`, and the `bars` that the bot reads, else ValueError is raised; other columns are ignored.

    A bot that does not rebalance on every session holds what it bought earlier: its decisions are its holdings, as they
    drifted, simulated from the first day on which all of it can be computed.
    """

    @property
    def name(self) -> str:
        """Its name in settings and on screens."""

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Every symbol that it may hold or read, sorted."""

    @property
    def holdable(self) -> tuple[Symbol, ...]:
        """Those of `symbols` that it may hold, sorted."""

    @property
    def bars(self) -> BarsRead:
        """What it reads besides closes, by symbol; empty for most bots."""

    @property
    def lookback(self) -> int:
        """The least number of sessions for a decision, the current one included."""

    @property
    def closes_needed(self) -> Mapping[Symbol, int]:
        """How many closes it may need of each symbol, whichever way it decides; 1 of what it only holds."""

    @property
    def warm_up(self) -> int:
        """The number of sessions beyond which more history no longer changes a decision; at least `lookback`.

        Of a bot that does not rebalance on every session: no longer changes its targets.
        """

    def weights(self, closes: Closes) -> Floats:
        """Its decision at every close: fractions (T, N) over all of `closes.symbols`, each row >= 0 with a sum <= 1.

        A row is NaN throughout where the bot can't decide.
        """

    def decide(self, closes: Closes, since: date | None = None) -> Decision:
        """The decision for the last session of `closes`, or a BotFailure with the reason.

        `since` is that of its earlier allocations: a simulation, or what it remembers, begins on this day, however far
        back `closes` reach, and fails if they do not reach so far.
        """

    def flips(self, closes: Closes, decision: Allocation) -> tuple[Flip, ...]:
        """How near each gate on the path of `decision`, made on these closes, is to deciding otherwise."""

    def explain(self, closes: Closes, day: int) -> tuple[str, ...]:
        """Explains the decision on row `day` of `closes`, one line per step."""

    def parting(self, closes: Closes, day: int, other: Weights, alike: Alike) -> "Parting | None":
        """Where its decision on row `day` parts from `other`; None where it is undefined, or has no gate on its way."""

    def findings(self) -> "Findings": ...

    def outline(self, closes: Closes | None = None, since: date | None = None) -> tuple[str, ...]:
        """All rules, one per line; with `closes` also the values that led to the last session's decision."""

    def marked(self, closes: Closes, since: date | None = None) -> str:
        """What `outline`, `mermaid` and `parts` mark, if it is not simply the way of the last session; else ""."""

    def mermaid(self, closes: Closes, since: date | None = None) -> str:
        """Its rules and the path to the last decision as a Mermaid diagram. Raises ValueError where there is none."""

    def parts(self, closes: Closes, since: date | None = None) -> "tuple[ChartPart, ...]":
        """The parts of its chart, each before those it leads to. Raises ValueError where there is none."""
