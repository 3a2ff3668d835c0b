"""Checks of every order, of the plan, and of whether the targets were reached."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from rebalancer.errors import StoppedError
from rebalancer.model import (
    Holdings,
    Instrument,
    Instruments,
    Order,
    Plan,
    Session,
    Symbol,
    Targets,
    Trade,
    Trading,
    instrument_of,
)
from rebalancer.model.text import date_and_time, digits, money, per_share, percent, shares, time_to_the_second
from rebalancer.portfolio.buys import MOST_INVESTED, worst_price
from rebalancer.portfolio.limits import Rules, first_refusal
from rebalancer.portfolio.trades import ZERO, beyond_floor, target_value

ROUNDING = 1e-9
TOLERANCE = Decimal("0.0025")
"""The fraction of Investable by which a target may be missed; one lot is always tolerated."""


@first_refusal
def check_order(
    order: Order,
    *,
    managed: Decimal,
    equity: Decimal,
    invested: Decimal,
    price: Decimal | None,
    cash_left: Decimal,
    now: datetime,
    session: Session,
    trading: Trading,
    instrument: Instrument,
    auction_cutoff: timedelta,
) -> Rules:
    """Why `order` may not be sent, with the number and its limit.

    `managed` is our quantity of the symbol that is not sold yet. Money: `equity`; `invested`, all long positions and
    the buys sent so far; `cash_left`, what may still be spent. A sell needs only `managed`. "moc" orders are sent until
    `auction_cutoff` before the close.
    """
    before_close = auction_cutoff if order.kind == "moc" else timedelta(seconds=trading.cutoff_seconds)
    cutoff = session.closes - before_close
    when = f"from {date_and_time(session.opens, session.zone)} to {time_to_the_second(cutoff, session.zone)}"
    yield session.opens <= now <= cutoff, f"it is {date_and_time(now, session.zone)}, orders leave {when}"
    quantity = order.quantity
    yield quantity.is_finite() and quantity > 0, f"its quantity is {quantity}, which is not above 0"
    if order.side == "sell":
        ours = managed.is_finite() and quantity <= managed
        yield ours, f"{shares(quantity)} is more than the {digits(managed)} that are ours to sell"
        return
    yield instrument.is_multiple_of_lot(quantity), f"{shares(quantity)} is not {_lots(instrument)}"
    if price is None or not all(value.is_finite() for value in (price, equity, invested, cash_left)):
        yield False, f"price {price}, equity {equity}, invested {invested} and cash {cash_left} must all be numbers"
        return
    most, currency = worst_price(order, price, trading, instrument), instrument.currency
    priced = price > 0 and most.is_finite() and most > 0
    yield priced, f"its price of {price} {currency} and the {most} {currency} it may cost must be above 0"
    on_tick = order.limit is None or instrument.is_on_tick(order.limit)
    yield on_tick, f"its limit of {order.limit} is not a multiple of the tick, {instrument.tick_at(most)}"
    after, limit = invested + quantity * price, MOST_INVESTED * equity
    share = f"{percent(MOST_INVESTED)} of equity, {money(limit, currency)}"
    yield after <= limit, f"{money(after, currency)} would be invested, more than {share}"
    cost = f"{shares(quantity)} at up to {per_share(most, instrument)}"
    yield quantity * most <= cash_left, f"{cost} cost more than the {money(cash_left, currency)} left for buys"


def check_plan(plan: Plan, holdings: Holdings, targets: Targets, trading: Trading, instruments: Instruments) -> None:
    """Raises StoppedError for a plan that only a bug of this program can have made."""
    if wrong := _check_plan(plan, holdings, targets, trading, instruments):
        raise StoppedError(
            f"The plan is wrong: {wrong}. Nothing was sent; please report it with the journal of this run."
        )


@first_refusal
def _check_plan(plan: Plan, holdings: Holdings, targets: Targets, trading: Trading, instruments: Instruments) -> Rules:
    for trade in plan.trades:
        yield from _trade_rules(trade, holdings, instrument_of(trade.symbol, instruments))
    total, limit = math.fsum(targets.weights.values()), float(trading.max_allocation_percent / 100)
    yield total <= limit + ROUNDING, f"the targets add up to {percent(total)}, more than {percent(limit)}"
    wanted = {trade.symbol for trade in plan.trades if trade.target > 0}
    for pair in trading.paired_tickers:
        yield not wanted.issuperset(pair), f"it wants both sides of the pair {' / '.join(pair)}"


def _trade_rules(trade: Trade, holdings: Holdings, instrument: Instrument) -> Rules:
    symbol, side, quantity = trade.symbol, trade.side, trade.quantity
    numbers = (trade.held, trade.now, trade.target, quantity, trade.dollars)
    known = all(number.is_finite() and number >= 0 for number in numbers)
    yield known, f"{symbol} has a number that is none: {', '.join(map(str, numbers))}"
    left_alone = holdings.untouchable.get(symbol)
    yield side is None or left_alone is None, f"it trades {symbol}, which is {left_alone}"
    ours = holdings.managed.get(symbol, ZERO)
    yield side != "sell" or quantity <= ours, f"it sells {shares(quantity)} of {symbol}, {digits(ours)} are ours"
    whole = side != "buy" or instrument.is_multiple_of_lot(quantity)
    yield whole, f"it buys {shares(quantity)} of {symbol}, not {_lots(instrument)}"


def _lots(instrument: Instrument) -> str:
    return "a whole number" if instrument.lot == 1 else f"a multiple of the lot, {digits(instrument.lot)}"


@dataclass(frozen=True, slots=True)
class Miss:
    """`value`: what is still to buy, or below 0 still to sell, to reach the target of `trade`."""

    trade: Trade
    value: Decimal


def missed_targets(
    plan: Plan,
    held: Mapping[Symbol, Decimal],
    prices: Mapping[Symbol, Sequence[Decimal]],
    trading: Trading,
    shrunk: Collection[Symbol] = (),
    beyond_cap: Decimal = ZERO,
    *,
    instruments: Instruments,
) -> tuple[Miss, ...]:
    """Targets missed by more than one lot and `TOLERANCE`, in the order of the plan.

    `held` are the quantities after the run. `prices` are all since the plan: a target reached at any of them counts as
    reached. Without a price the whole target counts as missed. Differences below `min_trade_dollars`, the
    venue's least order or `drift_percent` are tolerated. A buy in `shrunk` (limited by cash or room) is excused by the
    money that `drift_percent` left in other symbols above their targets, plus `beyond_cap`: the money by which the
    targets and unmanaged positions together exceed 99 % of equity.
    """
    known = {trade.symbol: instrument_of(trade.symbol, instruments) for trade in plan.trades}
    gaps = [
        _gap(trade, plan.investable, held.get(symbol, ZERO), prices.get(symbol, ()), known[symbol])
        for trade in plan.trades
        for symbol in [trade.symbol]
    ]
    drift = trading.drift_percent / 100 * plan.investable
    kept = sum((-gap.value for gap in gaps if -drift < gap.value < 0), ZERO)
    no_room = dict.fromkeys(shrunk, kept + max(ZERO, beyond_cap))
    return tuple(
        gap
        for gap in gaps
        if not _is_reached(gap, no_room.get(gap.trade.symbol, ZERO), plan, trading, known[gap.trade.symbol])
    )


def _gap(trade: Trade, investable: Decimal, held: Decimal, prices: Sequence[Decimal], instrument: Instrument) -> Miss:
    """The smallest gap at any of `prices`. Only whole lots are bought: less than one lot missing is no gap."""
    target, beyond = target_value(trade.target, investable), beyond_floor(trade, investable, instrument)
    gaps = [(instrument.quantity_for(target, price) + beyond - held) * price for price in prices]
    return Miss(trade, min(gaps, key=abs, default=target))


def _is_reached(gap: Miss, no_room: Decimal, plan: Plan, trading: Trading, instrument: Instrument) -> bool:
    lot = instrument.lot * gap.trade.price.value if gap.trade.price else ZERO
    least = max(lot, TOLERANCE * plan.investable, trading.drift_percent / 100 * plan.investable)
    missing = abs(gap.value) - (no_room if gap.value > 0 else ZERO)
    return missing <= least or missing < max(trading.min_trade_dollars, instrument.least_order)
