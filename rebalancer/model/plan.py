"""From the bots' allocations to the account's targets, and the plan of trades that leads there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from rebalancer.model.market import Price
from rebalancer.model.names import Side, Symbol, Weights


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


@dataclass(frozen=True, slots=True)
class Holdings:
    """The account, split into what is managed and what is not. All mappings are by symbol.

    managed       quantities that may be sold (> 0)
    untouchable   symbols not traded tonight, with the reason
    others_value  absolute value of everything that is not managed
    values        value of the managed quantities by the broker's figures, for a plan without a price
    held          a sentence for each symbol of which open orders reserve quantities that would be managed
    on_hold       those reserved quantities: a sale of them is refused until the orders are closed
    changed       value of our part of positions that somebody else changed: not traded, but counted in Investable
    """

    managed: Mapping[Symbol, Decimal]
    untouchable: Mapping[Symbol, str]
    others_value: Decimal
    values: Mapping[Symbol, Decimal] = field(default_factory=dict)
    held: Mapping[Symbol, str] = field(default_factory=dict)
    changed: Mapping[Symbol, Decimal] = field(default_factory=dict)
    on_hold: Mapping[Symbol, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trade:
    """One symbol of the plan. Where `side` is None nothing is traded, and `why` gives the reason.

    `now` and `target` are fractions of Investable; `target_shares` is the target in whole lots, an int if it is whole.
    `quantity` and its value `dollars` are what is traded (>= 0). `price` is None only for a full exit or a skipped
    symbol.
    """

    symbol: Symbol
    held: Decimal
    now: Decimal
    target: Decimal
    target_shares: int | Decimal
    price: Price | None
    side: Side | None
    quantity: Decimal
    dollars: Decimal
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """One trade for each symbol that is held or wanted, sorted by symbol. `investable` is money."""

    investable: Decimal
    trades: tuple[Trade, ...]

    @property
    def sells(self) -> tuple[Trade, ...]:
        return tuple(trade for trade in self.trades if trade.side == "sell")

    @property
    def buys(self) -> tuple[Trade, ...]:
        return tuple(trade for trade in self.trades if trade.side == "buy")
