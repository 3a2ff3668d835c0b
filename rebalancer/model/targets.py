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


Claims = Mapping[Symbol, Mapping[str, float]]
"""By symbol and bot: how much of a target weight belongs to the bot, as a fraction of Investable."""


@dataclass(frozen=True, slots=True)
class Targets:
    """The waterfall, one dict a step; `weights` is its end: the absolute targets of the account, never deltas.

    `notes` are sentences about what was scaled, freed or kept in cash; `whys` say where each symbol's weight came from.
    `claims` split each of `weights` by the bot that it belongs to; empty in a journal from before there were claims.
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
