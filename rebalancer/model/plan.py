"""The plan: holdings, targets, and the trades between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from rebalancer.model.market import Price
from rebalancer.model.names import Side, Symbol


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
