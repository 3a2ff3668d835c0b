"""The evening of one account, on one page."""

from collections.abc import Sequence

from rebalancer.events import PlanMade, TargetsSet
from rebalancer.model import Order, Outcome, Plan, RunStatus
from rebalancer.portfolio.checks import check_plan
from rebalancer.portfolio.targets import set_targets, shares_of
from rebalancer.portfolio.trades import make_plan, sell_orders
from rebalancer.trading.buys import buy, buy_on, may_buy
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.decide import decide, fallback_obstacle, say_what_stays_cash
from rebalancer.trading.gate import Gate
from rebalancer.trading.halts import require_armed, require_not_halted, require_open
from rebalancer.trading.orders import execute
from rebalancer.trading.pricing import (
    Prices,
    closes_until_now,
    jumps,
    order_prices,
    recent_actions,
    signal_prices,
    take_snapshots,
)
from rebalancer.trading.reconcile import reconcile
from rebalancer.trading.recovery import (
    blocked_symbols,
    cancel_open_orders,
    earlier_orders,
    look_again,
    refuse_strangers,
    settle_earlier_orders,
    untold_orders,
)
from rebalancer.trading.renames import follow_renames
from rebalancer.trading.restate import misjudged, unbooked
from rebalancer.trading.snapshot import read_holdings, require_investable
from rebalancer.trading.status import verdict
from rebalancer.trading.unsettled import warn_of_unsettled_money


def rebalance(context: RunContext, log: RunLog) -> tuple[RunStatus, str]:
    """The page. Every sell is over and the account is read again before the first buy is even sized."""
    require_open(context, log)
    get_ready(context, log)
    snapshot = require_investable(read_holdings(context, log, "start"), context.pinned)
    context = follow_renames(context, log, snapshot.ledger)
    symbols = {*context.symbols(), *snapshot.holdings.managed}
    actions = recent_actions(context, symbols)
    pending = unbooked(log, snapshot.ledger, snapshot.holdings, actions)
    left_alone = {**blocked_symbols(context, log), **untold_orders(context, log), **pending, **context.ambiguous}
    untradable = {**context.broker.untradable(sorted(symbols)), **left_alone}
    snapshots = take_snapshots(context, symbols, actions)
    signals = signal_prices(context, log, snapshots, context.symbols())
    prices = order_prices(context, log, snapshots, symbols)

    shares, notes = shares_of(context.investments, snapshot.investable, context.trading.commit, context.currency)
    closes = closes_until_now(context, log, signals)
    decisions = decide(context, log, shares, closes)
    obstacle = fallback_obstacle(context, log, prices, {**untradable, **snapshot.holdings.untouchable})
    targets = set_targets(
        shares, decisions, context.trading, None if obstacle else context.trading.fallback_ticker, notes
    )
    log.write(TargetsSet(at=log.now(), targets=targets))
    say_what_stays_cash(log, obstacle, targets, snapshot.investable)

    left_alone = {**untradable, **obstacle}
    suspects = {**jumps(context, log, closes, actions), **misjudged(symbols, pending)}
    instruments = context.broker.instruments(sorted({*symbols, *snapshot.holdings.changed}))
    plan = make_plan(
        snapshot.holdings, targets, snapshot.investable, prices, left_alone, context.trading, suspects, instruments
    )
    check_plan(plan, snapshot.holdings, targets, context.trading, instruments)
    warn_of_unsettled_money(context, log, plan, snapshot.account)
    context.journal.check_disk_space()
    log.write(PlanMade(at=log.now(), plan=plan))

    require_open(context, log)
    sells = sell_orders(plan, context.account, log.session.day, log.number)
    sold = sell(context, log, sells, prices)
    bought = buy(context, log, plan, actions) if may_buy(context, log, plan, sold) else ()
    end = reconcile(context, log, (*sold, *bought))
    return verdict(context, log, plan, (*sold, *bought), snapshot, end)


def resume_run(context: RunContext, log: RunLog, plan: Plan) -> tuple[RunStatus, str]:
    """The rest of the page, for a run that was cut off: its own plan, and what of it has not left yet."""
    get_ready(context, log)
    require_open(context, log)
    snapshot = require_investable(read_holdings(context, log, "again"), context.pinned)
    context = follow_renames(context, log, snapshot.ledger)
    symbols = {trade.symbol for trade in plan.trades}
    actions = recent_actions(context, symbols)
    prices = order_prices(context, log, take_snapshots(context, symbols, actions), symbols)

    planned = sell_orders(plan, context.account, log.session.day, log.number)
    sells = [*earlier_orders(log, "sell"), *(order for order in planned if order.id not in log.earlier)]
    sold = sell(context, log, sells, prices)
    bought = buy_on(context, log, plan, actions) if may_buy(context, log, plan, sold) else ()
    end = reconcile(context, log, (*sold, *bought))
    return verdict(context, log, plan, (*sold, *bought), None, end)


def sell(context: RunContext, log: RunLog, orders: Sequence[Order], prices: Prices) -> tuple[Outcome, ...]:
    """By a fresh reading of what is held: nothing is sold that another hand has sold meanwhile."""
    if not orders:
        return ()

    def gate() -> Gate:
        return Gate(context, log, look_again(context, log, "again"), prices)

    return execute(context, log, orders, gate(), context.trading.sell_timeout_seconds, again=gate)


def get_ready(context: RunContext, log: RunLog) -> None:
    """Start-up is recovery: what earlier runs left is settled, and no order of ours is open that is not followed."""
    require_not_halted(context)
    require_armed(context)
    settle_earlier_orders(context, log)
    log.recall()
    refuse_strangers(context, log)
    cancel_open_orders(context, log)
