"""Good faith: in a cash account, what unsettled money bought should be held until that money is settled."""

from datetime import date
from functools import partial

from rebalancer.market.settlement import LONGEST_WAIT, Traded, bought_before_settlement, settlement_day
from rebalancer.model import Account, Plan
from rebalancer.trading.context import RunContext, RunLog


def warn_of_unsettled_money(context: RunContext, log: RunLog, plan: Plan, account: Account) -> None:
    """Warn of each planned sell that may be a good-faith violation. Only an account that lends nothing can commit one,
    so that nothing is said where the broker does not say how much it lends.
    """
    if account.multiplier != 1:
        return
    tonight = log.session.day
    orders = context.journal.orders_since(context.account, tonight - LONGEST_WAIT)
    trades = [Traded(sent.session, sent.order.side, sent.order.symbol) for sent in orders if sent.filled]
    waiting = bought_before_settlement(trades, tonight, partial(settlement_day, context.calendar))
    for trade in plan.sells:
        if due := waiting.get(trade.symbol):
            log.note(f"{trade.symbol}: {_violation(due)}", "warning")


def _violation(due: date) -> str:
    return (
        f"it was bought after a sale whose money is settled on {due} only. Where this is a cash account (it lends "
        "nothing), selling it before that day may count as a good-faith violation, and after some of those a broker "
        "limits the account to settled money for 90 days. It is sold all the same. With one run a session this comes "
        "only around Columbus Day and Veterans Day."
    )
