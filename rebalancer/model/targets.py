"""From the bots to the account's targets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from rebalancer.model.names import Symbol, Weights


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one bot wants on `session`: `weights` sum to at most 1, the rest is cash.

    `path` is the chart's way to it, a line a step; `warnings` are gaps that did not touch this decision.
    """

    bot: str
    session: date
    weights: Weights
    path: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BotFailure:
    """A bot whose decision needs a value that is undefined, and the sentence that says which."""

    bot: str
    reason: str


Decision = Allocation | BotFailure


@dataclass(frozen=True, slots=True)
class Share:
    """A bot's part of Investable: `asked` before, `fraction` after the shares were scaled down to 1 together."""

    bot: str
    asked: float
    fraction: float


@dataclass(frozen=True, slots=True)
class Netting:
    """One pair netted: both weights before, both after, and what was freed for the fallback."""

    stronger: Symbol
    weaker: Symbol
    before: tuple[float, float]
    after: tuple[float, float]
    freed: float


@dataclass(frozen=True, slots=True)
class Targets:
    """The waterfall, one dict a step; `weights` is its end: the absolute targets of the account, never deltas.

    `notes` are sentences about what was scaled, freed or kept in cash; `whys` say where each symbol's weight came from.
    """

    shares: tuple[Share, ...]
    merged: Weights
    nettings: tuple[Netting, ...]
    netted: Weights
    weights: Weights
    notes: tuple[str, ...] = ()
    whys: Mapping[Symbol, str] = field(default_factory=dict)
