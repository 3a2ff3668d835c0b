"""The evening of one account, on one page."""

from collections.abc import Sequence

from rebalancer.events import PlanMade, TargetsSet
from rebalancer.live.armed import require_armed
from rebalancer.live.buying import buy, buy_on, may_buy
from rebalancer.live.closing import close_books
from rebalancer.live.decide import decide, fallback_obstacle, say_what_stays_cash
from rebalancer.live.desk import Desk, Diary
from rebalancer.live.execute import execute
from rebalancer.live.gate import Gate
from rebalancer.live.halt import require_not_halted
from rebalancer.live.hours import require_open
from rebalancer.live.pricing import (
    Prices,
    closes_until_now,
    jumps,
    order_prices,
    recent_actions,
    signal_prices,
    take_snapshots,
)
from rebalancer.live.recover import (
    blocked_symbols,
    cancel_open_orders,
    earlier_orders,
    look_again,
    refuse_strangers,
    settle_earlier_orders,
    untold_orders,
)
from rebalancer.live.renames import follow_renames
from rebalancer.live.restate import misjudged, unbooked
from rebalancer.live.survey import read_holdings, require_investable
from rebalancer.live.unsettled import warn_of_unsettled_money
from rebalancer.live.verdict import verdict
from rebalancer.model import Order, Outcome, Plan, RunStatus
from rebalancer.portfolio.checks import check_plan
from rebalancer.portfolio.targets import set_targets, shares_of
from rebalancer.portfolio.trades import make_plan, sell_orders


def rebalance(desk: Desk, diary: Diary) -> tuple[RunStatus, str]:
    """The page. Every sell is over and the account is read again before the first buy is even sized."""
    require_open(desk, diary)
    get_ready(desk, diary)
    survey = require_investable(read_holdings(desk, diary, "start"), desk.pinned)
    desk = follow_renames(desk, diary, survey.book)
    symbols = {*desk.symbols(), *survey.holdings.managed}
    actions = recent_actions(desk, symbols)
    pending = unbooked(diary, survey.book, survey.holdings, actions)
    left_alone = {**blocked_symbols(desk, diary), **untold_orders(desk, diary), **pending, **desk.ambiguous}
    untradable = {**desk.broker.untradable(sorted(symbols)), **left_alone}
    snapshots = take_snapshots(desk, symbols, actions)
    signals = signal_prices(desk, diary, snapshots, desk.symbols())
    prices = order_prices(desk, diary, snapshots, symbols)

    shares, notes = shares_of(desk.investments, survey.investable, desk.trading.commit)
    closes = closes_until_now(desk, diary, signals)
    decisions = decide(desk, diary, shares, closes)
    obstacle = fallback_obstacle(desk, diary, prices, {**untradable, **survey.holdings.untouchable})
    targets = set_targets(shares, decisions, desk.trading, None if obstacle else desk.trading.fallback_ticker, notes)
    diary.write(TargetsSet, targets=targets)
    say_what_stays_cash(diary, obstacle, targets, survey.investable)

    left_alone = {**untradable, **obstacle}
    suspects = {**jumps(desk, diary, closes, actions), **misjudged(symbols, pending)}
    plan = make_plan(survey.holdings, targets, survey.investable, prices, left_alone, desk.trading, suspects)
    check_plan(plan, survey.holdings, targets, desk.trading)
    warn_of_unsettled_money(desk, diary, plan, survey.account)
    desk.journal.prove_space()
    diary.write(PlanMade, plan=plan)

    require_open(desk, diary)
    sells = sell_orders(plan, desk.account, diary.session.day, diary.number)
    sold = sell(desk, diary, sells, prices)
    bought = buy(desk, diary, plan, actions) if may_buy(desk, diary, plan, sold) else ()
    end = close_books(desk, diary, (*sold, *bought))
    return verdict(desk, diary, plan, (*sold, *bought), survey, end)


def carry_on(desk: Desk, diary: Diary, plan: Plan) -> tuple[RunStatus, str]:
    """The rest of the page, for a run that was cut off: its own plan, and what of it has not left yet."""
    get_ready(desk, diary)
    require_open(desk, diary)
    survey = require_investable(read_holdings(desk, diary, "again"), desk.pinned)
    desk = follow_renames(desk, diary, survey.book)
    symbols = {trade.symbol for trade in plan.trades}
    actions = recent_actions(desk, symbols)
    prices = order_prices(desk, diary, take_snapshots(desk, symbols, actions), symbols)

    planned = sell_orders(plan, desk.account, diary.session.day, diary.number)
    sells = [*earlier_orders(diary, "sell"), *(order for order in planned if order.id not in diary.earlier)]
    sold = sell(desk, diary, sells, prices)
    bought = buy_on(desk, diary, plan, actions) if may_buy(desk, diary, plan, sold) else ()
    end = close_books(desk, diary, (*sold, *bought))
    return verdict(desk, diary, plan, (*sold, *bought), None, end)


def sell(desk: Desk, diary: Diary, orders: Sequence[Order], prices: Prices) -> tuple[Outcome, ...]:
    """By a fresh reading of what is held: nothing is sold that another hand has sold meanwhile."""
    if not orders:
        return ()

    def gate() -> Gate:
        return Gate(desk, diary, look_again(desk, diary, "again"), prices)

    return execute(desk, diary, orders, gate(), desk.trading.sell_timeout_seconds, again=gate)


def get_ready(desk: Desk, diary: Diary) -> None:
    """Start-up is recovery: what earlier runs left is settled, and no order of ours is open that is not followed."""
    require_not_halted(desk)
    require_armed(desk)
    settle_earlier_orders(desk, diary)
    diary.recall()
    refuse_strangers(desk, diary)
    cancel_open_orders(desk, diary)
