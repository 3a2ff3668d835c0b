"""The bots' allocations and the account's targets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from rebalancer.model.names import Symbol, Weights


@dataclass(frozen=True, slots=True)
class Allocation:
    """One bot's target weights for `session`; they sum to at most 1, the rest is cash.

    `path` explains the decision, one line per step; `warnings` are data gaps that did not affect it.
    """

    bot: str
    session: date
    weights: Weights
    path: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BotFailure:
    """A bot that could not decide, with the reason."""

    bot: str
    reason: str


Decision = Allocation | BotFailure


@dataclass(frozen=True, slots=True)
class Share:
    """A bot's share of Investable: `asked` for, and the `fraction` granted after scaling all shares to at most 1."""

    bot: str
    asked: float
    fraction: float


@dataclass(frozen=True, slots=True)
class Netting:
    """A netted pair: weights (stronger, weaker) before and after, and the weight freed for the fallback."""

    stronger: Symbol
    weaker: Symbol
    before: tuple[float, float]
    after: tuple[float, float]
    freed: float


@dataclass(frozen=True, slots=True)
class Targets:
    """The account's targets, with each intermediate step: merged, netted, and finally capped `weights`.

    Weights are absolute targets, never deltas. `notes` are sentences about what was scaled, freed or kept in cash;
    `whys` give the origin of each symbol's weight.
    """

    shares: tuple[Share, ...]
    merged: Weights
    nettings: tuple[Netting, ...]
    netted: Weights
    weights: Weights
    notes: tuple[str, ...] = ()
    whys: Mapping[Symbol, str] = field(default_factory=dict)
