"""The paper trial over two sessions: buy a share in one session and sell it in a later one.

The next step follows from the journal, and each session sends at most one order, so a call after an interruption
continues the trial.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from rebalancer.app.paper_trial import (
    CASH_TOLERANCE,
    MAX_POLLS,
    buying_gate,
    choose_share,
    journalled,
    one_share,
    require_paper,
    sent_once,
    trial_id,
)
from rebalancer.errors import RunFailedError
from rebalancer.market.settlement import LONGEST_WAIT
from rebalancer.model import Account, Outcome, RunId, Session, Symbol
from rebalancer.model.checkup import Check, Figures
from rebalancer.model.text import money, shares
from rebalancer.portfolio.buys import limit_price
from rebalancer.ports import BalanceRecord, OrderRecord
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.gate import Gate
from rebalancer.trading.halts import require_open
from rebalancer.trading.pricing import market_snapshots, order_prices
from rebalancer.trading.recovery import settle_earlier_orders
from rebalancer.trading.snapshot import read_account, read_shares, require_investable
from rebalancer.trading.tracking import CANCEL_SECONDS, OrderTracker, polls

ADVICE = "Call the same again: it goes on from what the broker shows."
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: its orders (None if not journalled yet), and the balance records since it began."""

    buy: OrderRecord | None = None
    sell: OrderRecord | None = None
    readings: tuple[BalanceRecord, ...] = ()

    @property
    def unreported(self) -> bool:
        """Whether the share was sold, but the process died before it reported the result."""
        return self.sell is not None and self.sell.filled > 0 and not self._records_since(self.sell)

    def before(self, order: OrderRecord) -> BalanceRecord | None:
        return next((each for each in self.readings if each.run == order.run and each.phase == "start"), None)

    def after(self, order: OrderRecord) -> BalanceRecord | None:
        """The last record in the session of `order`; later sessions include settlements since then."""
        return next((each for each in reversed(self._records_since(order)) if each.session == order.session), None)

    def _records_since(self, order: OrderRecord) -> list[BalanceRecord]:
        return [each for each in self.readings if each.run >= order.run and each.phase == "end"]


def _trial(context: RunContext) -> Trial:
    """The last buy, and the last sell after it."""
    orders = context.journal.orders_since(context.account, date.min)
    begun = max((place for place, sent in enumerate(orders) if sent.order.side == "buy"), default=None)
    if begun is None:
        return Trial()
    sells = orders[begun + 1 :]
    return Trial(orders[begun], sells[-1] if sells else None, context.journal.balances(context.account, date.min))


def _figures(trial: Trial) -> Iterator[Figures]:
    """The recorded balances before and after each filled order."""
    for order in (trial.buy, trial.sell):
        if order is not None and order.filled:
            for word, reading in (("before", trial.before(order)), ("after", trial.after(order))):
                if reading is not None:
                    yield _shown(f"{word} the {order.order.side}", reading.account)


def _shown(moment: str, account: Account) -> Figures:
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


def _checks(context: RunContext, log: RunLog) -> Iterator[Check]:
    trial, last = _trial(context), log.session.day + LONGEST_WAIT
    buy, sell = trial.buy, trial.sell
    if buy is None:
        return
    following = next(iter(context.calendar.sessions(log.session.day + timedelta(days=1), last)), last)
    yield _done("bought", buy, following, context.currency)
    if not buy.filled:
        return
    if sell is None:
        found = f"1 {buy.order.symbol} is held by the trial, bought in the session of {buy.session}"
        yield Check("sold", "warn", found, f"Run the same command from {following} on: that sells it.")
        return
    yield _done("sold", sell, following, context.currency)
    if sell.filled:
        yield _proceeds(context, trial, sell)


def _done(verb: str, sent: OrderRecord, following: date, currency: str) -> Check:
    order = sent.order
    found = f"{verb} {sent.filled} of {order.quantity} {order.symbol} in the session of {sent.session} ({order.id})"
    if sent.filled == order.quantity:
        return Check(verb, "pass", f"{found} at {sent.average_price} {currency}")
    remedy = f"The order is {sent.phase}{f' ({sent.reason})' if sent.reason else ''}. Run it again from {following} on."
    return Check(verb, "fail", found, remedy)


def _proceeds(context: RunContext, trial: Trial, sell: OrderRecord) -> Check:
    """Whether the broker counts sale proceeds as spendable in the same session."""
    before, after = trial.before(sell), trial.after(sell)
    if before is None or after is None:
        found = "the account was not read after the sale, in the same session"
        return Check("sale proceeds", "warn", found, "Run the trial again: another one may show it.")
    brought = (sell.average_price or ZERO) * sell.filled
    rise = after.account.spendable - before.account.spendable
    moved, allowed = money(rise, context.currency, signed=True), CASH_TOLERANCE + context.broker.venue.fee_per_order
    found = f"the sale brought {money(brought, context.currency)} and moved non-marginable buying power by {moved}"
    if abs(rise - brought) <= allowed:
        return Check("sale proceeds", "pass", f"{found}: this venue counts sale proceeds as spendable the same evening")
    if abs(rise) <= allowed:
        return Check("sale proceeds", "pass", f"{found}: this venue counts sale proceeds only once they are settled")
    return Check("sale proceeds", "warn", f"{found}: that shows neither", "Did something else trade or move money?")


# ------------------------------------------------------------------------------------- one evening's step


def run_two_evenings(
    context: RunContext, run: RunId, session: Session, named: Symbol | None
) -> tuple[tuple[Check, ...], tuple[Figures, ...]]:
    """Today's step of the trial, and all results so far. `named` is the symbol to buy, None to choose one.

    Raises what `run_trial` raises.
    """
    log = RunLog(context, run, session)
    found = journalled(log, ADVICE, lambda: _evening(context, log, named))
    return found, tuple(_figures(_trial(context)))


def _evening(context: RunContext, log: RunLog, named: Symbol | None) -> tuple[Check, ...]:
    require_paper(context, context.broker.account())
    require_open(context, log)
    settle_earlier_orders(context, log)
    _follow_open_orders(context, log)
    outcome = None if _nothing_to_send(context, log) else _send(context, log, named)
    _read_after(context, log)
    return (*_refused_by_gate(outcome, _trial(context)), *_checks(context, log))


def _follow_open_orders(context: RunContext, log: RunLog) -> None:
    """Track an order of an earlier call to its end."""
    unsettled = [sent.order for sent in context.journal.unsettled(context.account) if sent.phase != "lost"]
    tracker = OrderTracker(context, log, {order.id: order for order in unsettled})
    if not tracker.until_terminal(context.trading.sell_timeout_seconds):
        tracker.cancel_open()
        tracker.until_terminal(CANCEL_SECONDS)


def _nothing_to_send(context: RunContext, log: RunLog) -> bool:
    """At most one order per session, whatever its outcome; a sale is reported before the next trial starts."""
    tonight = context.journal.orders_since(context.account, log.session.day)
    return bool(tonight) or _trial(context).unreported


def _send(context: RunContext, log: RunLog, named: Symbol | None) -> Outcome:
    ours = context.journal.ledger(context.account).ours
    if not ours:
        return _buy(context, log, named)
    ((symbol, count),) = ours.items()
    _require_untouched(context, log, symbol, count, named)
    return _sell(context, log, symbol)


def _buy(context: RunContext, log: RunLog, named: Symbol | None) -> Outcome:
    if context.trading.manage != "own":
        raise RunFailedError(
            'manage = "account" gives every share of the account to the bots, and they would sell the trial\'s before '
            'its second evening: set manage = "own" until it is over. Nothing was sent.'
        )
    snapshot = require_investable(context, read_account(context, log, "start"))
    price = choose_share(context, log, named)
    limit = limit_price(price, context.trading.limit_percent, context.instrument(price.symbol))
    # Without the run number, so that the broker rejects a second order of a session even if the journal is lost.
    name = trial_id(context.account, log.session.day, "buy")
    order = one_share(name, price.symbol, "buy", limit)
    return sent_once(order, buying_gate(context, log, snapshot, {price.symbol: price}))


def _require_untouched(context: RunContext, log: RunLog, symbol: Symbol, count: Decimal, named: Symbol | None) -> None:
    """Raises RunFailedError unless exactly the trial's `count` of `symbol` is held, and `named` is None or `symbol`."""
    if named not in {None, symbol}:
        raise RunFailedError(
            f"the trial holds {count} {symbol}, and sells that before it buys {named}: leave --symbol out. Nothing was "
            "sent."
        )
    shown = read_shares(context).get(symbol, ZERO)
    if shown == count:
        return
    if not shown:
        # Recording the holdings removes the share from the ledger, so the next call starts a new trial.
        read_account(context, log, "start")
        raise RunFailedError(
            f"the account holds no {symbol} any more, of which the trial bought {count}: another hand sold it, and "
            "this trial is over. The next call begins another. Nothing was sent."
        )
    raise RunFailedError(
        f"the account holds {shares(shown)} of {symbol}, and the trial bought {count}: what is not its own it never "
        f"sells. Bring the account to exactly {count} and call again; or sell all {symbol} by hand, then this trial is "
        "over. Nothing was sent."
    )


def _sell(context: RunContext, log: RunLog, symbol: Symbol) -> Outcome:
    snapshot = require_investable(context, read_account(context, log, "start"))
    prices = order_prices(context, log, market_snapshots(context, [symbol], ()), [symbol])
    order = one_share(trial_id(context.account, log.session.day, "sell"), symbol, "sell", None)
    return sent_once(order, Gate(context, log, snapshot, prices))


def _read_after(context: RunContext, log: RunLog) -> None:
    """Record the account once it reflects the trial's orders; otherwise not at all."""
    buy = _trial(context).buy
    if buy is None:
        return
    symbol = buy.order.symbol
    due = context.journal.ledger(context.account).ours.get(symbol, ZERO)
    for _ in polls(context, MAX_POLLS):
        if read_shares(context).get(symbol, ZERO) == due:
            read_account(context, log, "end")
            return


def _refused_by_gate(outcome: Outcome | None, trial: Trial) -> tuple[Check, ...]:
    """A failed check for an order that the gate refused, which is not journalled."""
    written = {sent.order.id for sent in (trial.buy, trial.sell) if sent}
    if outcome is None or outcome.order.id in written:
        return ()
    remedy = "No order was sent. Fix the cause, and repeat the command."
    return (Check("sent", "fail", outcome.reason, remedy),)
