"""One account's evening, on one page.

The algorithm of `rebalance`, whose blocks have these numbers:

 1. Check that the venue is open and agrees with our clock and calendar (`halts`).
 2. Recover: stop if halted or not armed; settle the orders of earlier runs; stop at unknown orders with our ids; cancel
    our open orders (`recovery`).
 3. Journal what the broker paid (`payments`). Read the account: positions, what of them is ours, Investable
    (`snapshot`), with splits and renames (`corporate_actions`).
 4. Collect what may not be traded tonight, and take prices for signals and for orders (`recovery`, `pricing`).
 5. Ask every bot for its allocation by the closes up to now (`pricing`).
    A bot's share comes from its investment, or from its book where its capital rolls over (`capital`).
 6. Merge the allocations by investment, net conflicting pairs, cap at 99 % (`portfolio.targets`).
 7. Plan the trades from holdings to targets, and check the plan (`portfolio.trades`, `portfolio.checks`). Where a
    person confirmed a plan, end here if this one is another (`portfolio.confirmed`).
 8. Sell: each order passes the gate and is tracked to its end (`gate`, `orders`, `tracking`).
 9. Buy only if every sell is over, sized to the cash that the account then shows (`buys`).
10. Reconcile journal and broker, and give the run its final status (`reconcile`).

Every step is journalled before the next one begins, so that an interrupted run can be resumed from step 8.
"""

from collections.abc import Mapping, Sequence

from rebalancer.events import PlanMade, TargetsSet
from rebalancer.model import Order, Outcome, Plan, RunStatus, Symbol
from rebalancer.portfolio.checks import check_plan
from rebalancer.portfolio.plan_inputs import PlanInputs, plan_of, sorted_prices
from rebalancer.portfolio.rounding import Caps
from rebalancer.portfolio.targets import set_targets, shares_of
from rebalancer.portfolio.trades import Prices, sell_orders
from rebalancer.trading.buys import buy, may_buy
from rebalancer.trading.capital import books_used
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.corporate_actions import follow_renames, warn_unbooked_splits, wrongly_valued
from rebalancer.trading.gate import Gate
from rebalancer.trading.halts import require_open
from rebalancer.trading.orders import execute
from rebalancer.trading.payments import book_payments
from rebalancer.trading.pretrade import require_confirmed, warn_good_faith_violations
from rebalancer.trading.pricing import (
    closes_until_now,
    decide,
    market_snapshots,
    note_uninvested,
    order_prices,
    quoted_now,
    recent_actions,
    signal_prices,
    untradable_fallback,
    warn_jumps,
)
from rebalancer.trading.reconcile import final_status, reconcile
from rebalancer.trading.recovery import (
    blocked_symbols,
    external_orders,
    orders_before_interruption,
    read_account_again,
    recover,
    symbols_in_doubt,
)
from rebalancer.trading.snapshot import read_account, require_investable


def rebalance(context: RunContext, log: RunLog) -> tuple[RunStatus, str]:
    """Rebalance the account to its bots' targets; the final status, and the sentence that explains it."""
    # 1, 2
    require_open(context, log)
    recover(context, log)

    # 3
    book_payments(context, log)
    snapshot = require_investable(context, read_account(context, log, "start"))
    context = follow_renames(context, log, snapshot.ledger)
    symbols = {*context.symbols(), *snapshot.holdings.managed}
    actions = recent_actions(context, symbols)

    # 4
    unbooked = warn_unbooked_splits(log, snapshot.ledger, snapshot.holdings, actions)
    untradable = untradable_symbols(context, log, symbols, unbooked)
    snapshots = market_snapshots(context, symbols, actions)
    signals = signal_prices(context, log, snapshots, context.symbols())
    quoted = quoted_now(context, snapshots, symbols)
    prices = order_prices(context, log, snapshots, symbols, now=quoted.at)

    # 5
    books = books_used(context, log, snapshot.investable)
    shares, notes = shares_of(context.investments, snapshot.investable, context.trading.commit, context.currency, books)
    closes = closes_until_now(context, log, signals, snapshots)
    decisions = decide(context, log, shares, closes)

    # 6
    no_fallback = untradable_fallback(context, log, prices, {**untradable, **snapshot.holdings.untouchable})
    fallback = None if no_fallback else context.trading.fallback_ticker
    targets = set_targets(shares, decisions, context.trading, fallback, notes)
    log.write(TargetsSet(at=log.now(), targets=targets))
    note_uninvested(log, no_fallback, targets, snapshot.investable)

    # 7
    suspects = {**warn_jumps(context, log, closes, actions), **wrongly_valued(symbols, unbooked)}
    instruments = context.instruments(sorted({*symbols, *snapshot.holdings.changed}))
    accepted, missing = sorted_prices(prices)
    inputs = PlanInputs(
        session=log.session.day,
        shares=shares,
        notes=notes,
        since=dict(log.since),
        renames=context.renames,
        trading=context.trading,
        fallback=fallback,
        holdings=snapshot.holdings,
        investable=snapshot.investable,
        prices=accepted,
        missing=missing,
        untradable={**untradable, **no_fallback},
        suspects=suspects,
        instruments=instruments,
        caps=Caps(context.limits, snapshot.account.equity, snapshot.shares),
        quoted=quoted,
    )
    plan = plan_of(inputs, targets)
    check_plan(plan, snapshot.holdings, targets, context.trading, instruments)
    warn_good_faith_violations(context, log, plan, snapshot.account)
    context.journal.check_disk_space()
    log.write(PlanMade(at=log.now(), plan=plan))
    context.keep(inputs, closes)
    require_confirmed(context, log, plan)

    # 8 to 10
    require_open(context, log)
    sells = sell_orders(plan, context.account, log.session.day, log.number)
    sold = sell(context, log, sells, prices)
    bought = buy(context, log, plan, actions) if may_buy(context, log, plan, sold) else ()
    end = reconcile(context, log, (*sold, *bought))
    return final_status(context, log, plan, (*sold, *bought), snapshot, end)


def resume_run(context: RunContext, log: RunLog, plan: Plan) -> tuple[RunStatus, str]:
    """Steps 8 to 10 of an interrupted run by its own `plan`: track the orders it sent, then send the others."""
    recover(context, log)
    require_open(context, log)
    snapshot = require_investable(context, read_account(context, log, "again"))
    context = follow_renames(context, log, snapshot.ledger)
    symbols = {trade.symbol for trade in plan.trades}
    actions = recent_actions(context, symbols)
    prices = order_prices(context, log, market_snapshots(context, symbols, actions), symbols)

    planned = sell_orders(plan, context.account, log.session.day, log.number)
    unsent = (order for order in planned if order.id not in log.earlier)
    sold = sell(context, log, [*orders_before_interruption(log, "sell"), *unsent], prices)
    bought = buy(context, log, plan, actions) if may_buy(context, log, plan, sold) else ()
    end = reconcile(context, log, (*sold, *bought))
    return final_status(context, log, plan, (*sold, *bought), None, end)


def untradable_symbols(
    context: RunContext, log: RunLog, symbols: set[Symbol], unbooked: Mapping[Symbol, str]
) -> Mapping[Symbol, str]:
    """Symbols that are neither bought nor sold tonight, with the reason."""
    not_traded = {
        **log.warn_each(blocked_symbols(external_orders(context), log.currency)),
        **log.warn_each(symbols_in_doubt(context, log)),
        **unbooked,
        **context.ambiguous,
    }
    return {**context.broker.untradable(sorted(symbols)), **not_traded}


def sell(context: RunContext, log: RunLog, orders: Sequence[Order], prices: Prices) -> tuple[Outcome, ...]:
    """Uses a fresh reading of the account: another sender may have sold since the plan was made."""
    if not orders:
        return ()

    def gate() -> Gate:
        return Gate(context, log, read_account_again(context, log, "again"), prices)

    return execute(orders, gate(), context.trading.sell_timeout_seconds, reopen_gate=gate)
