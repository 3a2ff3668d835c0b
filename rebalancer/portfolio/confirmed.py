"""Whether a plan is still the one that a person confirmed, within limits that docs/web.md states."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rebalancer.model import Plan, Price, Symbol, Trade
from rebalancer.model.text import digits, money, percent

MOST_OF_INVESTABLE = Decimal("0.01")
"""How far Investable may have moved, and what an order may trade more or less, as a fraction of Investable."""
MOST_OF_PRICE = Decimal("0.01")
"""How far a price may have moved, as a fraction of the confirmed one."""


@dataclass(frozen=True, slots=True)
class ConfirmedPlan:
    """The plan of a dry run for `session`; `note` says whose it is and who confirmed it, for the journal."""

    session: date
    plan: Plan
    note: str


def differences(confirmed: ConfirmedPlan, session: date, plan: Plan, currency: str) -> tuple[str, ...]:
    """A phrase for each way in which `plan` is beyond the limits of the `confirmed` one; none where it is within."""
    return tuple(_differences(confirmed, session, plan, currency))


def _differences(confirmed: ConfirmedPlan, session: date, plan: Plan, currency: str) -> Iterator[str]:
    if session != confirmed.session:
        yield f"it was for the session of {confirmed.session}, and this is that of {session}"
    before, now = confirmed.plan.investable, plan.investable
    most = before * MOST_OF_INVESTABLE
    if not _within(now, before, most):
        yield f"what may be invested is {money(now, currency)}, and was {money(before, currency)}"
    old, new = _orders(confirmed.plan), _orders(plan)
    for symbol in sorted({*old, *new}):
        yield from _moved(symbol, old.get(symbol), new.get(symbol), most)


def _orders(plan: Plan) -> dict[Symbol, Trade]:
    return {trade.symbol: trade for trade in plan.trades if trade.side is not None}


def _moved(symbol: Symbol, before: Trade | None, now: Trade | None, most: Decimal) -> Iterator[str]:
    """At most one phrase. An order that is new or gone is within the limits if it is a small one."""
    turned = before is not None and now is not None and before.side != now.side
    if turned or not _within(_signed(now), _signed(before), most):
        yield f"{symbol}: {_words(now)}, confirmed was {_words(before)}"
    elif before is not None and now is not None and not _same_price(before.price, now.price):
        yield f"{symbol} costs {_price(now.price)}, and cost {_price(before.price)}"


def _same_price(before: Price | None, now: Price | None) -> bool:
    """A full exit has no price, and needs none."""
    if before is None or now is None:
        return before is now
    return _within(now.value, before.value, before.value * MOST_OF_PRICE)


def _within(now: Decimal, before: Decimal, most: Decimal) -> bool:
    """Accepts only finite numbers: NaN is within no limit."""
    return now.is_finite() and before.is_finite() and most.is_finite() and abs(now - before) <= most


def _signed(trade: Trade | None) -> Decimal:
    if trade is None:
        return Decimal(0)
    return trade.dollars if trade.side == "buy" else -trade.dollars


def _words(trade: Trade | None) -> str:
    return "no order" if trade is None else f"{trade.side} {digits(trade.quantity)}"


def _price(price: Price | None) -> str:
    return "an unknown price" if price is None else digits(price.value)


def limits_in_words() -> str:
    return (
        f"It is void in another session, where what may be invested or an order has moved by more than "
        f"{percent(MOST_OF_INVESTABLE)} of what may be invested, and where a price has moved by more than "
        f"{percent(MOST_OF_PRICE)}."
    )
