"""The evening of one account, on one page."""

from collections.abc import Mapping, Sequence

from rebalancer.errors import RebalancerError, RunFailedError
from rebalancer.events import Claim, PlanMade, RunEnded, TargetsSet
from rebalancer.live.buying import buy, may_buy
from rebalancer.live.decide import decide, fallback_obstacle
from rebalancer.live.desk import Desk, Diary
from rebalancer.live.execute import execute
from rebalancer.live.gate import Gate
from rebalancer.live.hours import require_open
from rebalancer.live.recover import cancel_open_orders, others_orders, settle_earlier_orders
from rebalancer.live.restate import misjudged, unbooked
from rebalancer.live.survey import (
    closes_until_now,
    jumps,
    order_prices,
    read_holdings,
    recent_actions,
    require_investable,
    signal_prices,
    take_snapshots,
)
from rebalancer.model import BotFailure, Decision, Outcome, Plan, RunId, RunStatus, Session
from rebalancer.portfolio.checks import check_plan
from rebalancer.portfolio.targets import set_targets, shares_of
from rebalancer.portfolio.trades import make_plan, sell_orders
from rebalancer.ports import AlreadyRun


def rebalance(desk: Desk, diary: Diary) -> tuple[RunStatus, str]:
    """The page. Every sell is over and the account is read again before the first buy is even sized."""
    require_open(desk, diary.session)
    settle_earlier_orders(desk, diary)
    cancel_open_orders(desk, diary)
    survey = require_investable(read_holdings(desk, diary, "start"), desk.pinned)
    symbols = {*desk.symbols(), *survey.holdings.managed}
    actions = recent_actions(desk, symbols)
    pending = unbooked(diary, survey.book, survey.holdings, actions)
    untradable = {**desk.broker.untradable(sorted(symbols)), **others_orders(desk, diary), **pending}
    snapshots = take_snapshots(desk, symbols, actions)
    signals = signal_prices(desk, diary, snapshots, desk.symbols())
    prices = order_prices(desk, diary, snapshots, symbols)

    shares, notes = shares_of(desk.investments, survey.investable, desk.trading.commit)
    closes = closes_until_now(desk, diary, signals)
    decisions = decide(desk, diary, shares, closes)
    obstacle = fallback_obstacle(desk, diary, prices, {**untradable, **survey.holdings.untouchable})
    targets = set_targets(shares, decisions, desk.trading, None if obstacle else desk.trading.fallback_ticker, notes)
    diary.write(TargetsSet, targets=targets)

    left_alone = {**untradable, **obstacle}
    suspects = {**jumps(desk, diary, closes, actions), **misjudged(symbols, pending)}
    plan = make_plan(survey.holdings, targets, survey.investable, prices, left_alone, desk.trading, suspects)
    check_plan(plan, survey.holdings, targets, desk.trading)
    diary.write(PlanMade, plan=plan)

    require_open(desk, diary.session)
    sells = sell_orders(plan, desk.account, diary.session.day, diary.number)
    sold = execute(desk, diary, sells, Gate(desk, diary, survey, prices), desk.trading.sell_timeout_seconds)
    bought = buy(desk, diary, plan, actions) if may_buy(desk, diary, sold) else ()
    read_holdings(desk, diary, "end")
    return verdict(plan, (*sold, *bought), decisions)


def claim_session(desk: Desk, claim: Claim, session: Session) -> RunId | AlreadyRun:
    """Raises RunFailedError, and journals nothing, while the session is not open."""
    if not session.opens <= claim.at <= session.closes:
        raise RunFailedError(
            f"the session of {session.day} is open from {session.opens:%H:%M} to {session.closes:%H:%M} UTC, "
            f"now it is {claim.at:%Y-%m-%d %H:%M} UTC. Nothing was sent."
        )
    return desk.journal.claim(claim)


def run_evening(desk: Desk, run: RunId, session: Session) -> None:
    """Walk the page and journal how the run ended.

    What the page raises is raised again after that: the run is "failed" while nothing had left, else "partial".
    """
    diary = Diary(desk, run, session)
    try:
        status, reason = rebalance(desk, diary)
    except RebalancerError as error:
        diary.write(RunEnded, status="partial" if diary.sent else "failed", reason=str(error))
        raise
    diary.write(RunEnded, status=status, reason=reason)


def verdict(plan: Plan, outcomes: Sequence[Outcome], decisions: Mapping[str, Decision]) -> tuple[RunStatus, str]:
    """Success is every bot decided and every planned trade done in full; the sentence says what was not."""
    done = sum(outcome.complete for outcome in outcomes)
    reached = {outcome.order.symbol for outcome in outcomes}
    missing = [
        f"{trade.symbol}: the {trade.side} was not sent"
        for trade in plan.trades
        if trade.side and trade.symbol not in reached
    ]
    short = [describe(outcome) for outcome in outcomes if not outcome.complete]
    failed = [f"bot {bot} failed: {made.reason}" for bot, made in decisions.items() if isinstance(made, BotFailure)]
    sentence = f"{done} of {len(plan.sells) + len(plan.buys)} orders done"
    problems = [*failed, *short, *missing]
    return ("partial" if problems else "success"), "; ".join([sentence, *problems])


def describe(outcome: Outcome) -> str:
    verb = "sold" if outcome.order.side == "sell" else "bought"
    reason = f" ({outcome.reason})" if outcome.reason else ""
    return f"{outcome.order.symbol}: {verb} {outcome.filled} of {outcome.order.quantity}, {outcome.status}{reason}"
