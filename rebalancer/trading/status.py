"""The final status of a run, and the sentence that explains it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from rebalancer.model import Outcome, Plan, RunStatus, Symbol
from rebalancer.model.text import money
from rebalancer.portfolio.buys import MOST_INVESTED
from rebalancer.portfolio.checks import Miss, missed_targets
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.snapshot import AccountSnapshot

ZERO = Decimal(0)


def final_status(
    context: RunContext,
    log: RunLog,
    plan: Plan,
    outcomes: Sequence[Outcome],
    start: AccountSnapshot | None,
    end: AccountSnapshot,
) -> tuple[RunStatus, str]:
    """Success: every bot decided, every order was filled completely, and every target was reached.

    What the owner's own settings held back is reported, but does not make the run partial. `start` is the account that
    the plan was made for, None after an interruption; `end` is the account after the last order.
    """
    held_back = {*context.trading.protected, *log.held_back, *_refused_by_settings(outcomes)}
    shortfalls = _shortfalls(context, log, plan, outcomes, start, end)
    failed = [f"bot {bot} failed: {reason}" for bot, reason in context.journal.failures(log.run).items()]
    undone = [text for symbol, text in shortfalls.items() if symbol not in held_back]
    problems = [*failed, *undone, *log.problems]
    unsent = _unsent(plan, outcomes)
    small = [
        f"{symbol}: {log.warnings[symbol]}" for symbol in unsent if symbol in log.warnings.keys() - shortfalls.keys()
    ]
    settings = [text for symbol, text in shortfalls.items() if symbol in held_back]
    by_settings = [f"held back by your settings: {'; '.join(settings)}"] if settings else []
    done = sum(outcome.complete for outcome in outcomes)
    sentence = f"{done} of {len(outcomes) + len(unsent)} orders done"
    return ("partial" if problems else "success"), "; ".join([sentence, *problems, *small, *by_settings])


def _shortfalls(
    context: RunContext,
    log: RunLog,
    plan: Plan,
    outcomes: Sequence[Outcome],
    start: AccountSnapshot | None,
    end: AccountSnapshot,
) -> Mapping[Symbol, str]:
    """A sentence for each symbol with an incomplete order, or else with a missed target."""
    missed = {miss.trade.symbol: _miss_text(miss, log) for miss in _missed(context, log, plan, start, end)}
    enough = _bought_in_full(outcomes) - missed.keys()
    incomplete = [each for each in outcomes if not each.complete]
    undone = {each.order.symbol: outcome_text(each) for each in incomplete if not _is_top_up(each, enough)}
    return {**undone, **{symbol: text for symbol, text in missed.items() if symbol not in undone}}


def _bought_in_full(outcomes: Iterable[Outcome]) -> set[Symbol]:
    return {outcome.order.symbol for outcome in outcomes if outcome.order.side == "buy" and outcome.complete}


def _is_top_up(outcome: Outcome, enough: Collection[Symbol]) -> bool:
    """Whether the order is terminal and was for more of a symbol of which an earlier order had bought `enough`."""
    return outcome.order.symbol in enough and outcome.certain and outcome.status != "lost"


def _refused_by_settings(outcomes: Iterable[Outcome]) -> set[Symbol]:
    return {outcome.order.symbol for outcome in outcomes if outcome.refusal == "setting"}


def _unsent(plan: Plan, outcomes: Iterable[Outcome]) -> list[Symbol]:
    """The symbols of planned trades that no order was sent for."""
    sent = {outcome.order.symbol for outcome in outcomes}
    return [trade.symbol for trade in plan.trades if trade.side is not None and trade.symbol not in sent]


def _missed(
    context: RunContext, log: RunLog, plan: Plan, start: AccountSnapshot | None, end: AccountSnapshot
) -> tuple[Miss, ...]:
    """The missed targets, by our shares after the run and at each price seen since the plan."""
    held = end.shares
    if context.trading.manage == "own":
        held = {symbol: min(end.ledger.ours.get(symbol, ZERO), there) for symbol, there in held.items()}
    shown = {each.symbol: each.market_value / each.quantity for each in end.positions if each.quantity}
    prices = {trade.symbol: _prices(trade.symbol, plan, log, shown) for trade in plan.trades}
    instruments = context.instruments([trade.symbol for trade in plan.trades])
    return missed_targets(plan, held, prices, context.trading, log.underfunded, _beyond_cap(plan, start), instruments)


def _beyond_cap(plan: Plan, start: AccountSnapshot | None) -> Decimal:
    """By how much targets and unmanaged holdings together exceed 99 % of equity at the start; 0 where unknown."""
    if start is None:
        return ZERO
    wanted = sum((trade.target for trade in plan.trades), ZERO) * plan.investable
    return wanted + start.holdings.others_value - MOST_INVESTED * start.account.equity


def _prices(symbol: Symbol, plan: Plan, log: RunLog, shown: Mapping[Symbol, Decimal]) -> list[Decimal]:
    """The plan's and the last order price; without either, the broker's own value of a share."""
    planned = [trade.price for trade in plan.trades if trade.symbol == symbol]
    seen = [price.value for price in (*planned, log.last_prices.get(symbol)) if price is not None]
    return seen or [value for value in [shown.get(symbol, ZERO)] if value > 0]


def _miss_text(miss: Miss, log: RunLog) -> str:
    side = "under" if miss.value > 0 else "over"
    reason = log.warnings.get(miss.trade.symbol) or miss.trade.why
    return f"{miss.trade.symbol}: {money(abs(miss.value), log.currency)} {side} its target ({reason})"


def outcome_text(outcome: Outcome) -> str:
    verb = "sold" if outcome.order.side == "sell" else "bought"
    symbol = outcome.order.symbol
    reason = f" ({outcome.reason.removeprefix(f'{symbol}: ')})" if outcome.reason else ""
    return f"{symbol}: {verb} {outcome.filled} of {outcome.order.quantity}, {outcome.status}{reason}"
