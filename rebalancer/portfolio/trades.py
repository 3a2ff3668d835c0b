"""From targets to trades: the plan, and its sell orders.

Money, prices and quantities are Decimal from here outward; `to_decimal` is the one conversion from a float.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from types import MappingProxyType

from rebalancer.errors import RunFailedError
from rebalancer.model import (
    Holdings,
    Instrument,
    Instruments,
    NoPrice,
    Order,
    Plan,
    Price,
    Side,
    Symbol,
    Targets,
    Trade,
    Trading,
    instrument_of,
)
from rebalancer.model.text import digits, money, per_share, percent, shares
from rebalancer.portfolio.limits import Rules, first_refusal
from rebalancer.portfolio.order_ids import order_id
from rebalancer.portfolio.rounding import Caps, Wanted, closest_quantities

CENT = Decimal("0.01")
FRACTION = Decimal("1e-15")
MILLIONTH = Decimal("1e-6")
ZERO = Decimal(0)

Prices = Mapping[Symbol, Price | NoPrice]
NO_SUSPECTS: Mapping[Symbol, str] = MappingProxyType({})


def to_decimal(weight: float) -> Decimal:
    """`weight` to fifteen places, half to even, so that .58 of 75,000 is 43,500.00.

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
    caps: Caps | None = None,
    *,
    instruments: Instruments,
) -> Plan:
    """One trade for every symbol that is managed, changed by another sender, or wanted. `investable` (> 0) is money.

    Symbols in `untradable` are not traded, with the reason given there. Symbols in `suspects` have a doubtful price:
    only a full exit of them is planned.

    The target quantity is target money / price, rounded to whole lots by `trading.rounding`: down, or, within `caps`,
    so that all together come closest. The difference to it is traded in whole lots. A target of 0 sells everything
    managed, fractions of a lot included, at any value and without a price. A positive target never sells a fraction of
    a lot: where it is worth less than one lot, the whole lots are sold and the fraction stays.
    """
    left_alone = {**untradable, **holdings.untouchable}
    symbols = sorted({*holdings.managed, *targets.weights, *holdings.changed})
    known = {symbol: instrument_of(symbol, instruments) for symbol in symbols}
    lines = [_line(known[symbol], holdings, targets, investable, prices) for symbol in symbols]
    if trading.rounding == "closest" and caps is not None:
        lines = _closest(lines, {*left_alone, *suspects}, investable, caps, known)

    def trade(line: Trade) -> Trade:
        symbol, origin = line.symbol, targets.whys.get(line.symbol, "")
        if symbol in left_alone:
            return replace(line, why=left_alone[symbol])
        if line.target == 0 and line.held > 0:
            return _exit(line, origin, investable)
        if symbol in suspects:
            return replace(line, why=suspects[symbol])
        if line.price is None:
            return line
        return _moved(line, line.price, origin, investable, trading, known[symbol])

    return Plan(investable, tuple(trade(line) for line in lines))


def _line(instrument: Instrument, holdings: Holdings, targets: Targets, investable: Decimal, prices: Prices) -> Trade:
    """Held and target quantities; nothing is traded yet."""
    symbol, quantity = instrument.symbol, ZERO
    price = usable_price(instrument, prices)
    held = holdings.managed.get(symbol, ZERO)
    target = to_decimal(targets.weights.get(symbol, 0.0))
    if isinstance(price, NoPrice):
        value, why = holdings.values.get(symbol, ZERO), no_price(price)
    else:
        value, why = held * price.value, ""
        quantity = instrument.quantity_for(target_value(target, investable), price.value)
    value = holdings.changed.get(symbol, value)
    now = (value / investable).quantize(FRACTION)
    known = price if isinstance(price, Price) else None
    return Trade(symbol, held, now, target, _stored(quantity), known, None, ZERO, ZERO, why)


def _stored(quantity: Decimal) -> int | Decimal:
    """Whole quantities as int, the journal's stored format."""
    return int(quantity) if quantity == quantity.to_integral_value() else quantity


def _closest(
    lines: Sequence[Trade], fixed: Collection[Symbol], investable: Decimal, caps: Caps, instruments: Instruments
) -> list[Trade]:
    """`lines`; those with a target and a price, but for the `fixed`, with the quantities that come closest together."""
    wanted = [
        Wanted(instruments[line.symbol], target_value(line.target, investable), line.price.value, line.held)
        for line in lines
        if line.price is not None and line.target > 0 and line.symbol not in fixed
    ]
    found = closest_quantities(wanted, caps)
    return [replace(line, target_shares=_stored(found.get(line.symbol, Decimal(line.target_shares)))) for line in lines]


def beyond_floor(trade: Trade, investable: Decimal, instrument: Instrument) -> Decimal:
    """How much the target quantity is above (or below 0, under) the target rounded down; 0 without a price."""
    if trade.price is None:
        return ZERO
    return trade.target_shares - instrument.quantity_for(target_value(trade.target, investable), trade.price.value)


def _exit(line: Trade, origin: str, investable: Decimal) -> Trade:
    value = (line.now * investable).quantize(CENT)
    return replace(line, side="sell", quantity=line.held, dollars=value, why=origin or "no bot wants it tonight")


def _moved(
    line: Trade, price: Price, origin: str, investable: Decimal, trading: Trading, instrument: Instrument
) -> Trade:
    """`line` traded towards its positive target, or the reason why the difference is too small for an order."""
    difference = line.target_shares - line.held
    quantity = instrument.round_down(abs(difference))
    value = quantity * price.value
    if too_small := _too_small(line, price, quantity, value, trading, instrument):
        return replace(line, why=too_small)
    currency = instrument.currency
    goal = f"target {percent(line.target)} of {money(investable, currency)} = {shares(line.target_shares)}"
    if beyond := beyond_floor(line, investable, instrument):
        goal += ", rounded up" if beyond > 0 else ", rounded down further, which brings others closer"
    side: Side = "buy" if difference > 0 else "sell"
    return replace(line, side=side, quantity=quantity, dollars=value, why="; ".join(filter(None, (goal, origin))))


@first_refusal
def _too_small(
    line: Trade, price: Price, quantity: Decimal, value: Decimal, trading: Trading, instrument: Instrument
) -> Rules:
    goal = shares(line.target_shares)
    lot = "one share" if instrument.lot == 1 else f"the lot of {digits(instrument.lot)}"
    yield not line.held == line.target_shares > 0, f"already at its target of {goal}"
    priced = f"target {percent(line.target)} = {goal} at {per_share(price.value, instrument)}"
    yield quantity >= instrument.lot, f"{priced}, {digits(line.held)} held: under {lot} apart"
    drift, least = abs(line.now - line.target), trading.drift_percent
    far = drift * 100 >= least
    yield far, f"{percent(drift)} of Investable away from its target, under drift_percent {digits(least)}"
    enough = value >= max(trading.min_trade_dollars, instrument.least_order)
    yield enough, f"{money(value, instrument.currency)} to trade, under {least_order(value, trading, instrument)}"


def least_order(value: Decimal, trading: Trading, instrument: Instrument) -> str:
    """The minimum that an order of `value` does not reach: the owner's or the venue's."""
    if not value >= trading.min_trade_dollars:
        return f"min_trade_dollars {money(trading.min_trade_dollars, instrument.currency)}"
    return f"the venue's least order of {money(instrument.least_order, instrument.currency)}"


def target_value(target: Decimal, investable: Decimal) -> Decimal:
    """Floored to the cent, once what a float can't hold is rounded off: 50,000 of 112,500 stay 50,000.00."""
    return (target * investable).quantize(MILLIONTH, ROUND_HALF_EVEN).quantize(CENT, ROUND_DOWN)


def usable_price(instrument: Instrument, prices: Prices) -> Price | NoPrice:
    """The price, accepted only if it and its ask are numbers of at least the smallest tick."""
    symbol = instrument.symbol
    price = prices.get(symbol, NoPrice(symbol, ("none was asked for",)))
    if isinstance(price, NoPrice):
        return price
    for value in (price.value, price.value if price.ask is None else price.ask):
        if not (value.is_finite() and value >= instrument.smallest_tick):
            return NoPrice(symbol, (f"the {price.rung} shows {value} {instrument.currency}",))
    return price


def no_price(price: NoPrice) -> str:
    return f"no price: {'; '.join(price.reasons)}"


def sell_orders(plan: Plan, account: str, session: date, run_number: int) -> tuple[Order, ...]:
    named = [(order_id(account, session, run_number, "sells", trade.symbol, "sell"), trade) for trade in plan.sells]
    return tuple(Order(name, trade.symbol, "sell", trade.quantity, "market", None, trade.why) for name, trade in named)
