"""From targets to trades: the plan, and its sells.

Dollars, prices and quantities are Decimal from here outward; `to_decimal` is the one way in for a float.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from types import MappingProxyType

from rebalancer.errors import RunFailedError
from rebalancer.model import (
    Holdings,
    NoPrice,
    Order,
    Plan,
    Price,
    Side,
    Symbol,
    Targets,
    Trade,
    Trading,
)
from rebalancer.model.text import digits, money, per_share, percent, shares
from rebalancer.portfolio.order_ids import order_id

CENT = Decimal("0.01")
SMALLEST_TICK = Decimal("0.0001")
FRACTION = Decimal("1e-15")
MILLIONTH = Decimal("1e-6")
ZERO = Decimal(0)

Prices = Mapping[Symbol, Price | NoPrice]
NO_SUSPECTS: Mapping[Symbol, str] = MappingProxyType({})


# --------------------------------------------------------------------------------------------- the plan


def to_decimal(weight: float) -> Decimal:
    """`weight` to fifteen places, half to even, so that .58 of 75,000 dollars is 43,500.00.

    Raises RunFailedError unless it is between 0 and 1.
    """
    if not 0 <= weight <= 1:
        raise RunFailedError(f"a target weight is {weight}, not a fraction between 0 and 1. Nothing was sent.")
    return Decimal(weight).quantize(FRACTION, ROUND_HALF_EVEN)


def make_plan(
    holdings: Holdings,
    targets: Targets,
    investable: Decimal,
    prices: Prices,
    untradable: Mapping[Symbol, str],
    trading: Trading,
    suspects: Mapping[Symbol, str] = NO_SUSPECTS,
) -> Plan:
    """One line for every symbol that is managed, changed by another hand, or wanted. `investable` (> 0) in dollars.

    What is `untradable` is left alone, with the reason; of `suspects`, whose price nobody can vouch for, only a full
    exit is planned.

    The whole-share difference to floor(target dollars / price) is traded. A target of 0 sells all that is managed, its
    fraction too, whatever it is worth, and needs no price. A positive target never sells a fraction: where it buys less
    than one share, the whole shares that are held are sold and the fraction stays.
    """
    left_alone = {**untradable, **holdings.untouchable}
    trades: list[Trade] = []
    for symbol in sorted({*holdings.managed, *targets.weights, *holdings.changed}):
        line = _line(symbol, holdings, targets, investable, prices)
        origin = targets.whys.get(symbol, "")
        if symbol in left_alone:
            trades.append(replace(line, why=left_alone[symbol]))
        elif line.target == 0 and line.held > 0:
            trades.append(_exit(line, origin, investable))
        elif symbol in suspects:
            trades.append(replace(line, why=suspects[symbol]))
        elif line.price is None:
            trades.append(line)
        else:
            trades.append(_moved(line, line.price, origin, investable, trading))
    return Plan(investable, tuple(trades))


def _line(symbol: Symbol, holdings: Holdings, targets: Targets, investable: Decimal, prices: Prices) -> Trade:
    """What is held and wanted; nothing is traded yet."""
    price = usable_price(symbol, prices)
    held = holdings.managed.get(symbol, ZERO)
    target = to_decimal(targets.weights.get(symbol, 0.0))
    if isinstance(price, NoPrice):
        value, wanted, why = holdings.values.get(symbol, ZERO), 0, no_price(price)
    else:
        value, wanted, why = held * price.value, shares_for(target_dollars(target, investable), price.value), ""
    value = holdings.changed.get(symbol, value)
    now = (value / investable).quantize(FRACTION)
    known = price if isinstance(price, Price) else None
    return Trade(symbol, held, now, target, wanted, known, None, ZERO, ZERO, why)


def _exit(line: Trade, origin: str, investable: Decimal) -> Trade:
    dollars = (line.now * investable).quantize(CENT)
    return replace(line, side="sell", quantity=line.held, dollars=dollars, why=origin or "no bot wants it tonight")


def _moved(line: Trade, price: Price, origin: str, investable: Decimal, trading: Trading) -> Trade:
    """`line` traded towards its positive target, or why that is not worth an order."""
    difference = line.target_shares - line.held
    quantity = Decimal(int(abs(difference)))
    dollars = quantity * price.value
    too_small = _too_small(line, price, quantity, dollars, trading)
    if too_small:
        return replace(line, why=too_small)
    goal = f"target {percent(line.target)} of {money(investable)} = {shares(line.target_shares)}"
    side: Side = "buy" if difference > 0 else "sell"
    return replace(line, side=side, quantity=quantity, dollars=dollars, why="; ".join(filter(None, (goal, origin))))


def _too_small(line: Trade, price: Price, quantity: Decimal, dollars: Decimal, trading: Trading) -> str | None:
    if line.held == line.target_shares > 0:
        return f"already at its target of {shares(line.target_shares)}"
    if not quantity >= 1:
        goal = f"target {percent(line.target)} = {shares(line.target_shares)} at {per_share(price.value)}"
        return f"{goal}, {digits(line.held)} held: under one share apart"
    drift = abs(line.now - line.target)
    if not drift * 100 >= trading.drift_percent:
        return (
            f"{percent(drift)} of Investable away from its target, under drift_percent {digits(trading.drift_percent)}"
        )
    if not dollars >= trading.min_trade_dollars:
        return f"{money(dollars)} to trade, under min_trade_dollars {money(trading.min_trade_dollars)}"
    return None


# --------------------------------------------------------------------------------------- dollars and shares


def target_dollars(target: Decimal, investable: Decimal) -> Decimal:
    """Floored to the cent, once what a float can't hold is rounded off: 50,000 of 112,500 dollars stay 50,000.00."""
    return (target * investable).quantize(MILLIONTH, ROUND_HALF_EVEN).quantize(CENT, ROUND_DOWN)


def shares_for(dollars: Decimal, price: Decimal) -> int:
    """Whole shares that `dollars` buy at `price` (> 0); none for a negative amount."""
    return max(0, int(dollars // price))


def usable_price(symbol: Symbol, prices: Prices) -> Price | NoPrice:
    """The price, accepted only if what a buy would pay is a number of at least the smallest tick."""
    price = prices.get(symbol, NoPrice(symbol, ("none was asked for",)))
    if isinstance(price, NoPrice):
        return price
    for value in (price.value, price.value if price.ask is None else price.ask):
        if not (value.is_finite() and value >= SMALLEST_TICK):
            return NoPrice(symbol, (f"the {price.rung} shows {value} USD",))
    return price


def no_price(price: NoPrice) -> str:
    return f"no price: {'; '.join(price.reasons)}"


# -------------------------------------------------------------------------------------------- the orders


def sell_orders(plan: Plan, account: str, session: date, run_number: int) -> tuple[Order, ...]:
    return tuple(
        Order(
            order_id(account, session, run_number, "sells", trade.symbol, "sell"),
            trade.symbol,
            "sell",
            trade.quantity,
            "market",
            None,
            trade.why,
        )
        for trade in plan.sells
    )
