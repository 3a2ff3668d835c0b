"""What a run is called in the end, and the sentence that says why."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from rebalancer.model import Outcome, Plan, RunStatus, Symbol
from rebalancer.model.text import money
from rebalancer.portfolio.buys import MOST_INVESTED
from rebalancer.portfolio.checks import Miss, missed_targets
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.snapshot import AccountSnapshot

ZERO = Decimal(0)


def verdict(
    context: RunContext,
    log: RunLog,
    plan: Plan,
    outcomes: Sequence[Outcome],
    start: AccountSnapshot | None,
    end: AccountSnapshot,
) -> tuple[RunStatus, str]:
    """Success is every bot decided, every order done in full, and every target reached.

    What the owner's own settings hold back is said, and takes no success away. `start` is the account
    that the plan was made for, None where it was read before an interruption; `end` is the one after the last order.
    """
    held_back = {*context.trading.protected, *log.held_back, *_refused_by_settings(outcomes)}
    told = _told(context, log, plan, outcomes, start, end)
    failed = [f"bot {bot} failed: {reason}" for bot, reason in context.journal.failures(log.run).items()]
    undone = [text for symbol, text in told.items() if symbol not in held_back]
    problems = [*failed, *undone, *log.problems]
    unsent = _unsent(plan, outcomes)
    small = [f"{symbol}: {log.remarks[symbol]}" for symbol in unsent if symbol in log.remarks.keys() - told.keys()]
    settings = [text for symbol, text in told.items() if symbol in held_back]
    by_settings = [f"held back by your settings: {'; '.join(settings)}"] if settings else []
    done = sum(outcome.complete for outcome in outcomes)
    sentence = f"{done} of {len(outcomes) + len(unsent)} orders done"
    return ("partial" if problems else "success"), "; ".join([sentence, *problems, *small, *by_settings])


def _told(
    context: RunContext,
    log: RunLog,
    plan: Plan,
    outcomes: Sequence[Outcome],
    start: AccountSnapshot | None,
    end: AccountSnapshot,
) -> Mapping[Symbol, str]:
    """A sentence for each symbol whose orders were not done in full, else whose target was missed."""
    missed = {miss.trade.symbol: _missing(miss, log) for miss in _missed(context, log, plan, start, end)}
    enough = _bought_in_full(outcomes) - missed.keys()
    incomplete = [each for each in outcomes if not each.complete]
    undone = {each.order.symbol: describe(each) for each in incomplete if not _is_top_up(each, enough)}
    return {**undone, **{symbol: text for symbol, text in missed.items() if symbol not in undone}}


def _bought_in_full(outcomes: Iterable[Outcome]) -> set[Symbol]:
    return {outcome.order.symbol for outcome in outcomes if outcome.order.side == "buy" and outcome.complete}


def _is_top_up(outcome: Outcome, enough: Collection[Symbol]) -> bool:
    """Whether it was for a little more of what an earlier order had bought enough of, and is surely over."""
    return outcome.order.symbol in enough and outcome.certain and outcome.status != "lost"


def _refused_by_settings(outcomes: Iterable[Outcome]) -> set[Symbol]:
    return {outcome.order.symbol for outcome in outcomes if outcome.refusal == "setting"}


def _unsent(plan: Plan, outcomes: Iterable[Outcome]) -> list[Symbol]:
    """What a trade was planned in that no order was made for."""
    sent = {outcome.order.symbol for outcome in outcomes}
    return [trade.symbol for trade in plan.trades if trade.side is not None and trade.symbol not in sent]


def _missed(
    context: RunContext, log: RunLog, plan: Plan, start: AccountSnapshot | None, end: AccountSnapshot
) -> tuple[Miss, ...]:
    """By what is ours of the account after the run, at each price that was seen since the plan."""
    held = end.shares
    if context.trading.manage == "own":
        held = {symbol: min(end.ledger.ours.get(symbol, ZERO), there) for symbol, there in held.items()}
    shown = {each.symbol: each.market_value / each.quantity for each in end.positions if each.quantity}
    prices = {trade.symbol: _prices(trade.symbol, plan, log, shown) for trade in plan.trades}
    instruments = context.broker.instruments([trade.symbol for trade in plan.trades])
    return missed_targets(plan, held, prices, context.trading, log.shrunk, _beyond_cap(plan, start), instruments)


def _beyond_cap(plan: Plan, start: AccountSnapshot | None) -> Decimal:
    """Dollars by which the targets and what was not managed then exceed 99 % of equity together; 0 where unknown."""
    if start is None:
        return ZERO
    wanted = sum((trade.target for trade in plan.trades), ZERO) * plan.investable
    return wanted + start.holdings.others_value - MOST_INVESTED * start.account.equity


def _prices(symbol: Symbol, plan: Plan, log: RunLog, shown: Mapping[Symbol, Decimal]) -> list[Decimal]:
    """Of the plan and of the last look; the broker's own value of a share where there is none."""
    planned = [trade.price for trade in plan.trades if trade.symbol == symbol]
    seen = [price.value for price in (*planned, log.prices.get(symbol)) if price is not None]
    return seen or [value for value in [shown.get(symbol, ZERO)] if value > 0]


def _missing(miss: Miss, log: RunLog) -> str:
    side = "under" if miss.dollars > 0 else "over"
    reason = log.remarks.get(miss.trade.symbol) or miss.trade.why
    return f"{miss.trade.symbol}: {money(abs(miss.dollars), log.currency)} {side} its target ({reason})"


def describe(outcome: Outcome) -> str:
    verb = "sold" if outcome.order.side == "sell" else "bought"
    symbol = outcome.order.symbol
    reason = f" ({outcome.reason.removeprefix(f'{symbol}: ')})" if outcome.reason else ""
    return f"{symbol}: {verb} {outcome.filled} of {outcome.order.quantity}, {outcome.status}{reason}"
