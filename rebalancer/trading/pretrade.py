"""Pre-trade checks that need more than one order: by the journal, the positions as they are now, and settled money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial

from rebalancer.errors import RunFailedError, SourceError, StoppedError
from rebalancer.market.settlement import (
    LONGEST_WAIT,
    OwnTrade,
    bought_before_settlement,
    settlement_day,
    settles_by_us_rules,
)
from rebalancer.model import Account, Order, Plan, Symbol
from rebalancer.model.states import OVER
from rebalancer.model.text import digits, listed, shares
from rebalancer.portfolio.breaks import quantities
from rebalancer.portfolio.confirmed import differences
from rebalancer.ports import OrderRecord
from rebalancer.trading.context import RunContext, RunLog

DONE = frozenset({*OVER, "refused"})
POSITIONS_MAX_AGE_SECONDS = 1.0
"""Positions that are older are read again before a sell."""
ZERO = Decimal(0)


def require_confirmed(context: RunContext, log: RunLog, plan: Plan) -> None:
    """Raises RunFailedError where a person confirmed another plan than this one. Called before the first order."""
    if context.confirmed is None:
        return
    moved = differences(context.confirmed, log.session.day, plan, log.currency)
    if moved:
        raise RunFailedError(
            f"the plan has moved beyond what was confirmed: {listed(moved, '; ')}. Nothing was sent: look at tonight's "
            "plan again, and confirm it as it is now."
        )


def require_consistent(order: Order, sent: Sequence[OrderRecord]) -> None:
    """Raises StoppedError if `order` contradicts what its run has `sent`, by the journal: a bug in this program.

    No order may have filled beyond its quantity, no other order of the same symbol and side may be open, and a buy
    needs every sell to be over. A lost sell counts as over for buys, but as open for its own symbol.
    """
    for each in sent:
        if not each.filled <= each.order.quantity:
            raise _inconsistent(f"{_named(each.order)} has {each.filled} filled, of {each.order.quantity}", order)
    others = [each for each in sent if each.order.id != order.id and each.phase not in DONE]
    for each in others:
        if (each.order.symbol, each.order.side) == (order.symbol, order.side):
            raise _inconsistent(f"{_named(each.order)} is {each.phase}, and this would be a second one", order)
        if order.side == "buy" and each.order.side == "sell" and each.phase != "lost":
            raise _inconsistent(f"{_named(each.order)} is {each.phase}, and buys wait for the end of every sell", order)


def require_journalled(order: Order, sent: Sequence[OrderRecord]) -> None:
    """Raises StoppedError unless the journal has exactly this order, as intended."""
    found = [each for each in sent if each.order.id == order.id]
    if not [(each.order, each.phase) for each in found] == [(order, "intended")]:
        raise _inconsistent("the journal does not have it as it is", order)


def _inconsistent(what: str, order: Order) -> StoppedError:
    return StoppedError(
        f"{_named(order)} was about to leave, but {what}. This must never happen, and it was not sent: look at the "
        "account, and please report it with the journal of this run."
    )


def _named(order: Order) -> str:
    return f"the {order.side} of {order.quantity} {order.symbol} ({order.id})"


@dataclass(slots=True)
class PositionCheck:
    """Compares the broker's shares of a symbol with the journal's, right before an order of it is sent.

    `read_at` is when positions were last read, in elapsed seconds; `positions` are those, None until this reads them.
    """

    context: RunContext
    read_at: float
    positions: Mapping[Symbol, Decimal] | None = None

    def before_sell(self, order: Order) -> str | None:
        """`now` for a sell, by positions of the last second: another sender may have sold while this order waited."""
        if order.side == "buy":
            return None
        elapsed = self.context.clock.elapsed()
        if elapsed - self.read_at < POSITIONS_MAX_AGE_SECONDS:
            return None if self.positions is None else _mismatch(self.context, order, self.positions)
        self.read_at = elapsed
        return self.now(order)

    def now(self, order: Order) -> str | None:
        """Why `order` must not be sent: the broker shows other shares of its symbol than the journal expects."""
        try:
            self.positions = quantities(self.context.broker.positions())
        except SourceError as error:
            self.positions = {}
            return str(error)
        return _mismatch(self.context, order, self.positions)


def _mismatch(context: RunContext, order: Order, positions: Mapping[Symbol, Decimal]) -> str | None:
    expected, there = context.journal.ledger(context.account).expected, positions.get(order.symbol, ZERO)
    # A dry run before the first run has no record to compare with.
    due = there if expected is None else expected.get(order.symbol, ZERO)
    if there == due and (order.side == "buy" or order.quantity <= there):
        return None
    return f"the broker shows {shares(there)}, {digits(due)} were expected"


def warn_good_faith_violations(context: RunContext, log: RunLog, plan: Plan, account: Account) -> None:
    """Warn of each planned sell that may be a good-faith violation: bought with unsettled money, sold too early.

    Only a cash account (multiplier 1) on a US exchange can commit one; silent where the multiplier is not reported.
    """
    if account.multiplier != 1 or not settles_by_us_rules(context.calendar):
        return
    tonight = log.session.day
    orders = context.journal.orders_since(context.account, tonight - LONGEST_WAIT)
    trades = [OwnTrade(sent.session, sent.order.side, sent.order.symbol) for sent in orders if sent.filled]
    unsettled = bought_before_settlement(trades, tonight, partial(settlement_day, context.calendar))
    for trade in plan.sells:
        if due := unsettled.get(trade.symbol):
            log.note(f"{trade.symbol}: {_good_faith_violation(due)}", "warning")


def _good_faith_violation(due: date) -> str:
    return (
        f"it was bought after a sale whose money is settled on {due} only. Where this is a cash account (it lends "
        "nothing), selling it before that day may count as a good-faith violation, and after some of those a broker "
        "limits the account to settled money for 90 days. It is sold all the same. With one run a session this comes "
        "only around Columbus Day and Veterans Day."
    )
