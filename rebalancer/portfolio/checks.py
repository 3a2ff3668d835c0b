"""Checks of every order, of the plan, and of whether the targets were reached. Each accepts explicitly: NaN fails."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from rebalancer.errors import StoppedError
from rebalancer.model import (
    US_EQUITIES,
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
from rebalancer.model.text import digits, money, per_share, percent, shares
from rebalancer.portfolio.buys import MOST_INVESTED, worst_price
from rebalancer.portfolio.trades import ZERO, target_value

ROUNDING = 1e-9
TOLERANCE = Decimal("0.0025")
"""The fraction of Investable by which a target may be missed; one lot is always tolerated."""


# ------------------------------------------------------------------------------------------- every order


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
) -> str | None:
    """None where `order` may be sent, else why not, with the number and its limit.

    `managed` is our quantity of the symbol that is not sold yet. Money: `equity`; `invested`, all long positions and
    the buys sent so far; `cash_left`, what may still be spent. A sell needs only `managed`. "moc" orders are sent until
    `auction_cutoff` before the close.
    """
    if (refusal := _in_time(order, now, session, trading, auction_cutoff) or _is_amount(order)) is not None:
        return refusal
    if order.side == "sell":
        return _is_ours(order, managed)
    return _is_affordable(order, equity, invested, price, cash_left, trading, instrument)


def _in_time(order: Order, now: datetime, session: Session, trading: Trading, auction_cutoff: timedelta) -> str | None:
    before_close = auction_cutoff if order.kind == "moc" else timedelta(seconds=trading.cutoff_seconds)
    cutoff = session.closes - before_close
    if session.opens <= now <= cutoff:
        return None
    return (
        f"it is {now:%Y-%m-%d %H:%M:%S %Z}, orders leave from {session.opens:%Y-%m-%d %H:%M:%S %Z} "
        f"to {cutoff:%H:%M:%S %Z}"
    )


def _is_amount(order: Order) -> str | None:
    if order.quantity.is_finite() and order.quantity > 0:
        return None
    return f"its quantity is {order.quantity}, which is not above 0"


def _is_ours(order: Order, managed: Decimal) -> str | None:
    if managed.is_finite() and order.quantity <= managed:
        return None
    return f"{shares(order.quantity)} is more than the {digits(managed)} that are ours to sell"


def _is_affordable(
    order: Order,
    equity: Decimal,
    invested: Decimal,
    price: Decimal | None,
    cash_left: Decimal,
    trading: Trading,
    instrument: Instrument,
) -> str | None:
    if not instrument.is_multiple_of_lot(order.quantity):
        return f"{shares(order.quantity)} is not {_lots(instrument)}"
    if price is None or not all(value.is_finite() for value in (price, equity, invested, cash_left)):
        return f"price {price}, equity {equity}, invested {invested} and cash {cash_left} must all be numbers"
    most, currency = worst_price(order, price, trading, instrument), instrument.currency
    if not (price > 0 and most.is_finite() and most > 0):
        return f"its price of {price} {currency} and the {most} {currency} it may cost must be above 0"
    if not (order.limit is None or instrument.is_on_tick(order.limit)):
        return f"its limit of {order.limit} is not a multiple of the tick, {instrument.tick_at(order.limit)}"
    after, limit = invested + order.quantity * price, MOST_INVESTED * equity
    if not after <= limit:
        share = f"{percent(MOST_INVESTED)} of equity, {money(limit, currency)}"
        return f"{money(after, currency)} would be invested, more than {share}"
    if not order.quantity * most <= cash_left:
        cost = f"{shares(order.quantity)} at up to {per_share(most, instrument)}"
        return f"{cost} cost more than the {money(cash_left, currency)} left for buys"
    return None


# ------------------------------------------------------------------------------------------ the whole plan


def check_plan(
    plan: Plan, holdings: Holdings, targets: Targets, trading: Trading, instruments: Instruments = US_EQUITIES
) -> None:
    """Raises StoppedError for a plan that only a bug of this program can have made."""
    for trade in plan.trades:
        _check_trade(trade, holdings, instrument_of(trade.symbol, instruments))
    total, limit = math.fsum(targets.weights.values()), float(trading.max_allocation_percent / 100)
    if not total <= limit + ROUNDING:
        raise _bug(f"the targets add up to {percent(total)}, more than {percent(limit)}")
    wanted = {trade.symbol for trade in plan.trades if trade.target > 0}
    for pair in trading.paired_tickers:
        if wanted.issuperset(pair):
            raise _bug(f"it wants both sides of the pair {' / '.join(pair)}")


def _check_trade(trade: Trade, holdings: Holdings, instrument: Instrument) -> None:
    numbers = (trade.held, trade.now, trade.target, trade.quantity, trade.dollars)
    if not all(number.is_finite() and number >= 0 for number in numbers):
        raise _bug(f"{trade.symbol} has a number that is none: {', '.join(map(str, numbers))}")
    if trade.side is not None and trade.symbol in holdings.untouchable:
        raise _bug(f"it trades {trade.symbol}, which is {holdings.untouchable[trade.symbol]}")
    if trade.side == "sell" and not trade.quantity <= (ours := _managed(trade.symbol, holdings)):
        raise _bug(f"it sells {shares(trade.quantity)} of {trade.symbol}, {digits(ours)} are ours")
    if trade.side == "buy" and not instrument.is_multiple_of_lot(trade.quantity):
        raise _bug(f"it buys {shares(trade.quantity)} of {trade.symbol}, not {_lots(instrument)}")


def _lots(instrument: Instrument) -> str:
    return "a whole number" if instrument.lot == 1 else f"a multiple of the lot, {digits(instrument.lot)}"


def _managed(symbol: Symbol, holdings: Holdings) -> Decimal:
    return holdings.managed.get(symbol, Decimal(0))


def _bug(what: str) -> StoppedError:
    return StoppedError(f"The plan is wrong: {what}. Nothing was sent; please report it with the journal of this run.")


# -------------------------------------------------------------------------------------- after the run


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
    instruments: Instruments = US_EQUITIES,
) -> tuple[Miss, ...]:
    """Targets missed by more than one lot and `TOLERANCE`, in the order of the plan.

    `held` are the quantities after the run. `prices` are all since the plan: a target reached at any of them counts as
    reached. Without a price the whole target counts as missed. Differences below `min_trade_dollars`, the
    venue's least order or `drift_percent` are tolerated. A buy in `shrunk` (limited by cash or room) is excused by the
    money that `drift_percent` left in other symbols above their targets, plus `beyond_cap`: the money by which the
    targets and unmanaged positions together exceed 99 % of equity.
    """
    gaps = []
    for trade in plan.trades:
        symbol, instrument = trade.symbol, instrument_of(trade.symbol, instruments)
        gaps.append(_gap(trade, plan.investable, held.get(symbol, ZERO), prices.get(symbol, ()), instrument))
    drift = trading.drift_percent / 100 * plan.investable
    kept = sum((-gap.value for gap in gaps if -drift < gap.value < 0), ZERO)
    no_room = dict.fromkeys(shrunk, kept + max(ZERO, beyond_cap))
    return tuple(
        gap
        for gap in gaps
        for symbol in [gap.trade.symbol]
        if not _is_reached(gap, no_room.get(symbol, ZERO), plan, trading, instrument_of(symbol, instruments))
    )


def _gap(trade: Trade, investable: Decimal, held: Decimal, prices: Sequence[Decimal], instrument: Instrument) -> Miss:
    """The smallest gap at any of `prices`. Only whole lots are bought: less than one lot missing is no gap."""
    target = target_value(trade.target, investable)
    gaps = [(instrument.quantity_for(target, price) - held) * price for price in prices]
    return Miss(trade, min(gaps, key=abs, default=target))


def _is_reached(gap: Miss, no_room: Decimal, plan: Plan, trading: Trading, instrument: Instrument) -> bool:
    lot = instrument.lot * gap.trade.price.value if gap.trade.price else ZERO
    least = max(lot, TOLERANCE * plan.investable, trading.drift_percent / 100 * plan.investable)
    missing = abs(gap.value) - (no_room if gap.value > 0 else ZERO)
    return missing <= least or missing < max(trading.min_trade_dollars, instrument.least_order)
