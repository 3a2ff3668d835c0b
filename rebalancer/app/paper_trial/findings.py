"""The findings of a trial over two evenings, from its journal alone: a crash loses none of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rebalancer.model.checkup import Check, Figures
from rebalancer.model.text import money
from rebalancer.ports import BalanceRecord, OrderRecord

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: its orders, None where not journalled yet, and the balance records since its beginning."""

    buy: OrderRecord | None = None
    sell: OrderRecord | None = None
    readings: tuple[BalanceRecord, ...] = ()

    @property
    def unreported(self) -> bool:
        """Whether its share was sold by a call that was interrupted before it could report that."""
        return self.sell is not None and self.sell.filled > 0 and not self._records_since(self.sell)

    def before(self, order: OrderRecord) -> BalanceRecord | None:
        return next((each for each in self.readings if each.run == order.run and each.phase == "start"), None)

    def after(self, order: OrderRecord) -> BalanceRecord | None:
        """The last record in the session of `order`: one of a later evening includes what was settled since."""
        return next((each for each in reversed(self._records_since(order)) if each.session == order.session), None)

    def _records_since(self, order: OrderRecord) -> list[BalanceRecord]:
        return [each for each in self.readings if each.run >= order.run and each.phase == "end"]


def last_trial(orders: Sequence[OrderRecord], readings: tuple[BalanceRecord, ...]) -> Trial:
    """The trial of the last buy, and the last sell since."""
    begun = max((place for place, sent in enumerate(orders) if sent.order.side == "buy"), default=None)
    if begun is None:
        return Trial()
    sells = orders[begun + 1 :]
    return Trial(orders[begun], sells[-1] if sells else None, readings)


# --------------------------------------------------------------------------------------------- the table


def figures(trial: Trial) -> tuple[Figures, ...]:
    """The account before and after each order that filled, where it was recorded."""
    return tuple(_figures(trial))


def _figures(trial: Trial) -> Iterator[Figures]:
    for order in (trial.buy, trial.sell):
        if order is None or not order.filled:
            continue
        for word, reading in (("before", trial.before(order)), ("after", trial.after(order))):
            if reading is not None:
                yield _shown(f"{word} the {order.order.side}", reading)


def _shown(moment: str, reading: BalanceRecord) -> Figures:
    account = reading.account
    return Figures(
        moment=moment,
        at=account.at,
        cash=account.cash,
        equity=account.equity,
        long_value=account.long_value,
        non_marginable_buying_power=account.spendable,
        buying_power=account.buying_power,
        currency=account.currency,
    )


# --------------------------------------------------------------------------------------------- the checks


def checks(trial: Trial, following: date, allowed: Decimal, currency: str) -> Iterator[Check]:
    """`following` is the session after tonight's; `allowed` is the tolerance of a figure, in `currency`."""
    buy, sell = trial.buy, trial.sell
    if buy is None:
        return
    yield _done("bought", buy, following, currency)
    if not buy.filled:
        return
    if sell is None:
        found = f"1 {buy.order.symbol} is held by the trial, bought in the session of {buy.session}"
        yield Check("sold", "warn", found, f"Run the same command from {following} on: that sells it.")
        return
    yield _done("sold", sell, following, currency)
    if sell.filled:
        yield _proceeds(trial, sell, allowed, currency)


def _done(verb: str, sent: OrderRecord, following: date, currency: str) -> Check:
    order = sent.order
    found = f"{verb} {sent.filled} of {order.quantity} {order.symbol} in the session of {sent.session} ({order.id})"
    if sent.filled == order.quantity:
        return Check(verb, "pass", f"{found} at {sent.average_price} {currency}")
    remedy = f"The order is {sent.phase}{f' ({sent.reason})' if sent.reason else ''}. Run it again from {following} on."
    return Check(verb, "fail", found, remedy)


def _proceeds(trial: Trial, sell: OrderRecord, allowed: Decimal, currency: str) -> Check:
    """Whether the broker counts sale proceeds as settled cash on the same evening."""
    before, after = trial.before(sell), trial.after(sell)
    if before is None or after is None:
        found = "the account was not read after the sale, in the same session"
        return Check("sale proceeds", "warn", found, "Run the trial again: another one may show it.")
    brought = (sell.average_price or ZERO) * sell.filled
    rise = after.account.spendable - before.account.spendable
    moved = money(rise, currency, signed=True)
    found = f"the sale brought {money(brought, currency)} and moved non-marginable buying power by {moved}"
    if abs(rise - brought) <= allowed:
        return Check("sale proceeds", "pass", f"{found}: this venue counts sale proceeds as spendable the same evening")
    if abs(rise) <= allowed:
        return Check("sale proceeds", "pass", f"{found}: this venue counts sale proceeds only once they are settled")
    return Check("sale proceeds", "warn", f"{found}: that shows neither", "Did something else trade or move money?")
