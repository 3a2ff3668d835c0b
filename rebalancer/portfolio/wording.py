"""Numbers as a person reads them."""

from collections.abc import Sequence
from decimal import Decimal

SHOWN = 10
"""So many tickers are named; the rest are counted."""


def usd(amount: Decimal) -> str:
    return f"{amount:,.2f} USD"


def per_share(price: Decimal) -> str:
    """Four decimals below one dollar, where the tick is 0.0001 USD."""
    return f"{price:,.4f} USD" if price < 1 else usd(price)


def percent(fraction: float | Decimal) -> str:
    """0.4 as "40 %", with up to two decimals."""
    return f"{fraction * 100:.2f}".rstrip("0").rstrip(".") + " %"


def plain(number: Decimal | int) -> str:
    """Without trailing zeros or an exponent."""
    return f"{Decimal(number).normalize():f}"


def shares(quantity: Decimal | int) -> str:
    return f"{plain(quantity)} share{'' if quantity == 1 else 's'}"


def some(words: Sequence[str], between: str = ", ") -> str:
    more = len(words) - SHOWN
    return between.join(words[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")
