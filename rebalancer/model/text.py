"""Money, shares and fractions as a person reads them, the same on every screen and in every journalled sentence."""

from collections.abc import Sequence
from decimal import Decimal

from rebalancer.model.instrument import Instrument, us_equity
from rebalancer.model.names import Symbol

LISTED = 10
"""A list names so many tickers and counts the rest."""


def money(amount: Decimal, currency: str = "USD") -> str:
    return f"{amount:,.2f} {currency}"


def per_share(price: Decimal, instrument: Instrument | None = None) -> str:
    """With as many decimals as the tick has; as a US equity where no instrument is given."""
    instrument = instrument or us_equity(Symbol(""))
    exponent = instrument.tick_at(price).as_tuple().exponent
    return f"{price:,.{-int(exponent)}f} {instrument.currency}"


def percent(fraction: float | Decimal) -> str:
    """0.4 as "40 %", with up to two decimals."""
    return f"{fraction * 100:.2f}".rstrip("0").rstrip(".") + " %"


def digits(number: Decimal | int) -> str:
    """Without trailing zeros or an exponent."""
    return f"{Decimal(number).normalize():f}"


def shares(quantity: Decimal | int) -> str:
    return f"{digits(quantity)} share{'' if quantity == 1 else 's'}"


def listed(words: Sequence[str], between: str = ", ") -> str:
    more = len(words) - LISTED
    return between.join(words[:LISTED]) + (f" and {more:,} more" if more > 0 else "")
