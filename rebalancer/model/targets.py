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


Claims = Mapping[Symbol, Mapping[str, float]]
"""By symbol and bot: how much of a target weight belongs to the bot, as a fraction of Investable."""


@dataclass(frozen=True, slots=True)
class Targets:
    """The account's targets, with each intermediate step: merged, netted, and finally capped `weights`.

    Weights are absolute targets, never deltas. `notes` are sentences about what was scaled, freed or kept in cash;
    `whys` give the origin of each symbol's weight. `claims` split each of `weights` by the bot that it belongs to; they
    are empty in a journal of an earlier version.
    """

    shares: tuple[Share, ...]
    merged: Weights
    nettings: tuple[Netting, ...]
    netted: Weights
    weights: Weights
    notes: tuple[str, ...] = ()
    whys: Mapping[Symbol, str] = field(default_factory=dict)
    claims: Claims = field(default_factory=dict)

    def cash(self) -> Mapping[str, float]:
        """The fraction of Investable that each bot leaves in cash: its share less its claims, never below 0."""
        left = {share.bot: share.fraction for share in self.shares}
        for parts in self.claims.values():
            for bot, part in parts.items():
                left[bot] -= part
        return {bot: max(0.0, fraction) for bot, fraction in left.items()}
