"""Numbers as a person reads them."""

from decimal import Decimal


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
