"""The end of a run: post-trade reconciliation of journal and broker, and the final status with its sentence."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial

from rebalancer.errors import StoppedError
from rebalancer.model import Account, Outcome, Plan, Position, RunStatus, Symbol, Trade
from rebalancer.model.text import digits, money, shares
from rebalancer.portfolio.breaks import differences
from rebalancer.portfolio.buys import MOST_INVESTED, own_cash
from rebalancer.portfolio.checks import Miss, missed_targets
from rebalancer.ports import Ledger
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.recovery import refuse_unknown_orders
from rebalancer.trading.snapshot import (
    POSITION_LAG_SECONDS,
    ZERO,
    AccountSnapshot,
    read_complete,
    record_account,
    tradable_positions,
)

SLIPPAGE = Decimal("0.01")
"""The fraction of equity by which market buys may overdraw own cash."""


def reconcile(context: RunContext, log: RunLog, outcomes: Sequence[Outcome]) -> AccountSnapshot:
    """Read the account for the last time, compare it with the journal, record it.

    Raises StoppedError where a traded symbol is not held as the journal expects (a fill was missed, or another sender
    traded it), where the broker has unknown orders with our ids, and where money was borrowed. Then nothing is
    recorded, so that the ledger stays as the fills made it. Trades of other senders in other symbols only make the run
    partial.
    """
    refuse_unknown_orders(context, log)
    filled = {outcome.order.symbol for outcome in outcomes if outcome.filled}
    settled = filled - {outcome.order.symbol for outcome in outcomes if not outcome.certain}
    breaks_in = partial(_breaks, context.journal.ledger(context.account), settled)
    account, positions = read_complete(context, POSITION_LAG_SECONDS, breaks_in)
    if breaks := breaks_in(positions):
        raise StoppedError(
            f"the journal and the broker are apart: {'; '.join(breaks)}. Look at the account's orders, then lift "
            "the halt: `rebalance resume`."
        )
    require_no_borrowing(account, outcomes)
    _note_problems(log, account, tradable_positions(context, positions), outcomes)
    return record_account(context, log, "end", account, positions)


def _breaks(ledger: Ledger, symbols: Collection[Symbol], positions: Sequence[Position]) -> list[str]:
    """Each of `symbols` whose position is not the expected one, as a sentence."""
    if ledger.expected is None:  # a dry run before the first run has no record to compare with
        return []
    expected = {**ledger.expected, **{symbol: difference.shown for symbol, difference in ledger.open.items()}}
    return [
        f"{symbol}: {shares(ours)} by the journal, {theirs} at the broker"
        for symbol, (theirs, ours) in differences(positions, expected).items()
        if symbol in symbols
    ]


def require_no_borrowing(account: Account, outcomes: Sequence[Outcome]) -> None:
    """Raises StoppedError where own cash is negative after buys, beyond what market orders may overdraw."""
    cash = own_cash(account)
    if not _any_buy_filled(outcomes) or (cash.is_finite() and cash >= -SLIPPAGE * account.equity):
        return
    raise StoppedError(
        f"the account has {money(cash, account.currency)} of own cash after tonight's buys: they cost more than they "
        "were sized at, or another program or person bought in it at the same time. Look at the account, then lift "
        "the halt: `rebalance resume`."
    )


def _note_problems(log: RunLog, account: Account, positions: Sequence[Position], outcomes: Sequence[Outcome]) -> None:
    if _any_buy_filled(outcomes) and own_cash(account) < 0:
        cash = money(own_cash(account), account.currency)
        over = f"{cash} of own cash after tonight's buys: they cost more than they were sized at"
        log.note(over, "warning")
    ordered = {outcome.order.symbol for outcome in outcomes}
    for symbol, (after, before) in differences(positions, log.shares_at_start or {}).items():
        if symbol not in ordered:
            change = f"{symbol}: {shares(before)} at its start, {digits(after)} at its end"
            log.problems.append(f"another hand traded during the run: {change}")
            log.note(log.problems[-1], "warning")


def _any_buy_filled(outcomes: Iterable[Outcome]) -> bool:
    return any(outcome.filled for outcome in outcomes if outcome.order.side == "buy")


# --------------------------------------------------------------------------------------------- the final status


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
    refused = {outcome.order.symbol for outcome in outcomes if outcome.refusal == "setting"}
    held_back = {*context.trading.protected, *log.held_back, *refused}
    shortfalls = _shortfalls(log, outcomes, _missed(context, log, plan, start, end))
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
    remarks = [*problems, *small, *by_settings]
    total = len(outcomes) + len(unsent)
    if total:
        sentence = f"{done} of {total} orders done"
    else:
        sentence = "no order was planned" if remarks else "no order was needed"
    return ("partial" if problems else "success"), "; ".join([sentence, *remarks])


def _shortfalls(log: RunLog, outcomes: Sequence[Outcome], misses: Sequence[Miss]) -> Mapping[Symbol, str]:
    """A sentence for each symbol with an incomplete order, or else with a missed target."""
    missed = {miss.trade.symbol: _miss_text(miss, log) for miss in misses}
    bought = {each.order.symbol for each in outcomes if each.order.side == "buy" and each.complete}
    enough = bought - missed.keys()
    incomplete = [each for each in outcomes if not each.complete]
    undone = {each.order.symbol: outcome_text(each) for each in incomplete if not _is_top_up(each, enough)}
    return {**undone, **{symbol: text for symbol, text in missed.items() if symbol not in undone}}


def _is_top_up(outcome: Outcome, enough: Collection[Symbol]) -> bool:
    """Whether the order is terminal and was for more of a symbol of which an earlier order had bought `enough`."""
    return outcome.order.symbol in enough and outcome.certain and outcome.status != "lost"


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
    prices = {trade.symbol: _prices(trade, log, shown) for trade in plan.trades}
    instruments = context.instruments([trade.symbol for trade in plan.trades])
    beyond_cap = _beyond_cap(plan, start)
    return missed_targets(plan, held, prices, context.trading, log.underfunded, beyond_cap, instruments=instruments)


def _beyond_cap(plan: Plan, start: AccountSnapshot | None) -> Decimal:
    """By how much targets and unmanaged holdings together exceed 99 % of equity at the start; 0 where unknown."""
    if start is None:
        return ZERO
    wanted = sum((trade.target for trade in plan.trades), ZERO) * plan.investable
    return wanted + start.holdings.others_value - MOST_INVESTED * start.account.equity


def _prices(trade: Trade, log: RunLog, shown: Mapping[Symbol, Decimal]) -> list[Decimal]:
    """The plan's and the last order price; without either, the broker's own value of a share."""
    seen = [price.value for price in (trade.price, log.last_prices.get(trade.symbol)) if price is not None]
    return seen or [value for value in [shown.get(trade.symbol, ZERO)] if value > 0]


def _miss_text(miss: Miss, log: RunLog) -> str:
    side = "under" if miss.value > 0 else "over"
    reason = log.warnings.get(miss.trade.symbol) or miss.trade.why
    return f"{miss.trade.symbol}: {money(abs(miss.value), log.currency)} {side} its target ({reason})"


def outcome_text(outcome: Outcome) -> str:
    verb = "sold" if outcome.order.side == "sell" else "bought"
    symbol = outcome.order.symbol
    reason = f" ({outcome.reason.removeprefix(f'{symbol}: ')})" if outcome.reason else ""
    return f"{symbol}: {verb} {outcome.filled} of {outcome.order.quantity}, {outcome.status}{reason}"
