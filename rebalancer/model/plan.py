"""From targets to trades."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from rebalancer.model.market import Price
from rebalancer.model.names import Side, Symbol


@dataclass(frozen=True, slots=True)
class Holdings:
    """The account sorted into what is ours to manage and what is not.

    `managed` are shares we may sell, by symbol (> 0). `untouchable` are symbols that are neither bought nor sold
    tonight, with the reason. `others_value` is the absolute value in dollars of everything that is not managed.
    `values` are the managed shares in dollars by the broker's own figures; a plan needs them where it has no price.
    `held` says of which symbols open orders hold shares that would be managed without them, and `on_hold` how many:
    a sale of them is refused until those orders are gone. `changed` are the dollars
    of our shares in symbols that another hand changed: they are left alone tonight, and count in Investable.
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
    """One line of the plan. `side` None: nothing is traded, and `why` says why not.

    `now` and `target` are fractions of Investable. `quantity` and `dollars` are what changes hands (>= 0).
    `price` is None only for a full exit or a skipped symbol.
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
    """Every symbol that is held or wanted, sorted by symbol."""

    investable: Decimal
    trades: tuple[Trade, ...]

    @property
    def sells(self) -> tuple[Trade, ...]:
        return tuple(trade for trade in self.trades if trade.side == "sell")

    @property
    def buys(self) -> tuple[Trade, ...]:
        return tuple(trade for trade in self.trades if trade.side == "buy")
