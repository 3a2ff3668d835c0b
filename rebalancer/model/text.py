"""Money, shares and fractions as a person reads them, the same on every screen and in every journalled sentence."""

from collections.abc import Sequence
from decimal import Decimal

LISTED = 10
"""A list names so many tickers and counts the rest."""


def money(amount: Decimal, currency: str = "USD") -> str:
    return f"{amount:,.2f} {currency}"


def per_share(price: Decimal, currency: str = "USD") -> str:
    """Four decimals below 1, where the tick is 0.0001."""
    return f"{price:,.4f} {currency}" if price < 1 else money(price, currency)


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
