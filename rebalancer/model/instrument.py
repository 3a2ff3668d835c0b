"""What can be traded at a venue: lot size, tick size and minimum order."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from types import MappingProxyType

from rebalancer.model.account import US_DOLLARS
from rebalancer.model.names import Symbol


@dataclass(frozen=True, slots=True)
class Instrument:
    """Quantities are multiples of `lot`, limit prices of `tick`, or of `tick_below_one` where they are below 1.

    Prices, and `least_order`, the smallest value an order may have, are in `currency`.
    """

    symbol: Symbol
    asset_class: str
    currency: str
    lot: Decimal
    tick: Decimal
    least_order: Decimal = Decimal(0)
    tick_below_one: Decimal | None = None

    @property
    def smallest_tick(self) -> Decimal:
        return self.tick_below_one or self.tick

    def tick_at(self, price: Decimal) -> Decimal:
        return self.tick if price >= 1 else self.smallest_tick

    def round_down(self, quantity: Decimal) -> Decimal:
        """The largest multiple of the lot that is not above `quantity`; 0 for a negative one."""
        return max(0, int(quantity // self.lot)) * self.lot

    def quantity_for(self, amount: Decimal, price: Decimal) -> Decimal:
        """The most that `amount` of money buys at `price` (> 0), in whole lots; 0 for a negative amount."""
        return max(0, int(amount // (price * self.lot))) * self.lot

    def is_multiple_of_lot(self, quantity: Decimal) -> bool:
        return quantity.is_finite() and quantity % self.lot == 0

    def to_tick(self, price: Decimal, rounding: str = ROUND_DOWN) -> Decimal:
        """`price` rounded to the tick, with as many decimals as the tick has."""
        tick = self.tick_at(price)
        return ((price / tick).to_integral_value(rounding) * tick).quantize(tick)

    def is_on_tick(self, price: Decimal) -> bool:
        return price.is_finite() and price % self.tick_at(price) == 0


Instruments = Mapping[Symbol, Instrument]
US_EQUITIES: Instruments = MappingProxyType({})
"""For `instrument_of`: names none, so that each symbol is a US equity."""


def us_equity(symbol: Symbol) -> Instrument:
    """Whole shares. The tick is 0.01 USD from 1 USD and 0.0001 USD below (Regulation NMS, rule 612)."""
    return Instrument(symbol, "us_equity", US_DOLLARS, Decimal(1), Decimal("0.01"), tick_below_one=Decimal("0.0001"))


def instrument_of(symbol: Symbol, instruments: Instruments) -> Instrument:
    """The instrument of `symbol` in `instruments`; a US equity where it is absent."""
    return instruments.get(symbol) or us_equity(symbol)
