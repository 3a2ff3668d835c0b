"""The second leg: only after every sell is terminal, and only with cash that the broker shows after that."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from types import MappingProxyType

from rebalancer.live.desk import Desk, Diary
from rebalancer.live.execute import execute
from rebalancer.live.gate import Gate
from rebalancer.live.hours import closed, latest, new_york
from rebalancer.live.loss import only_sells
from rebalancer.live.pricing import Prices, order_prices, take_snapshots
from rebalancer.live.recover import earlier_orders, in_the_way, look_again, others_orders, untold
from rebalancer.live.survey import Survey
from rebalancer.model import CorporateAction, Order, OrderPhase, OrderState, Outcome, Plan, Price, Symbol, Trading
from rebalancer.portfolio.buys import AUCTION_CUTOFF, Purse, Sized, budget, room, size_buys, told_budget
from rebalancer.portfolio.wording import usd

AUCTION_MARGIN = timedelta(seconds=30)
AUCTION_FILLS = timedelta(minutes=3)
NONE_REFUSED: Mapping[Symbol, Outcome] = MappingProxyType({})
STANDING: frozenset[OrderPhase] = frozenset({"accepted", "open"})


def may_buy(desk: Desk, diary: Diary, plan: Plan, sold: Sequence[Outcome]) -> bool:
    """Accept only if every sell is known to be over, and the broker takes orders of this account now."""
    reason = _obstacle(desk, diary, sold)
    if reason is not None:
        diary.note(f"no buys tonight: {reason}", "warning")
        diary.remarks |= {trade.symbol: f"not bought, {reason}" for trade in plan.buys}
    if only_sells(desk, diary) is not None:
        diary.held_back |= {trade.symbol for trade in plan.buys}
    return reason is None


def _obstacle(desk: Desk, diary: Diary, sold: Sequence[Outcome]) -> str | None:
    open_sells = [outcome.order.symbol for outcome in sold if not outcome.certain]
    if open_sells:
        return f"the sell of {', '.join(open_sells)} is not known to be over"
    barred = next((outcome for outcome in sold if outcome.refusal == "account"), None)
    return barred.reason if barred else closed(desk, diary) or only_sells(desk, diary)


def buy_on(desk: Desk, diary: Diary, plan: Plan, actions: Sequence[CorporateAction]) -> tuple[Outcome, ...]:
    """Follow the buys that left before the run was cut off, then buy what had not left."""
    left = earlier_orders(diary, "buy")
    if not left:
        return buy(desk, diary, plan, actions)
    symbols = {order.symbol for order in left}
    prices = order_prices(desk, diary, take_snapshots(desk, symbols, actions), symbols, "buys")
    gate = partial(_gate, desk, diary, prices)
    followed = execute(desk, diary, left, gate(), desk.trading.buy_timeout_seconds, again=gate)
    rest = replace(plan, trades=tuple(trade for trade in plan.trades if trade.symbol not in symbols))
    return followed + buy(desk, diary, rest, actions)


def buy(desk: Desk, diary: Diary, plan: Plan, actions: Sequence[CorporateAction]) -> tuple[Outcome, ...]:
    """Read cash and prices again, size the buys to them, largest shortfall first, and send them.

    Once more for what the money did not reach for: limits hold back more than the fills cost, and a venue may have less
    to spend than its account said.
    """
    if not plan.buys:
        return ()
    first = _round_of_buys(desk, diary, plan, actions)
    refused = {outcome.order.symbol: outcome for outcome in first.outcomes if outcome.refusal == "funds"}
    barred = any(outcome.refusal == "account" for outcome in first.outcomes)
    if barred or not (again := refused.keys() | first.short_of_cash):
        return first.outcomes
    if refused:
        diary.note(f"{', '.join(sorted(refused))}: reading the account again, for fewer shares", "warning")
    left = replace(plan, trades=tuple(trade for trade in plan.trades if trade.symbol in again))
    second = _round_of_buys(desk, diary, left, actions, refused)
    retried = {outcome.order.symbol for outcome in second.outcomes} & refused.keys()
    return tuple(outcome for outcome in first.outcomes if outcome.order.symbol not in retried) + second.outcomes


@dataclass(frozen=True, slots=True)
class Round:
    """What came of one round of buys, and which symbols more cash would have bought more of."""

    outcomes: tuple[Outcome, ...]
    short_of_cash: frozenset[Symbol]


def _round_of_buys(
    desk: Desk,
    diary: Diary,
    plan: Plan,
    actions: Sequence[CorporateAction],
    refused: Mapping[Symbol, Outcome] = NONE_REFUSED,
) -> Round:
    """Of what was `refused` for want of money only fewer shares are sent, within the money that the venue named."""
    others = others_orders(desk)
    survey = look_again(desk, diary, "after_sells")
    blocked = in_the_way(others)
    plan = _without(diary, plan, {**blocked, **survey.holdings.untouchable})
    symbols = {trade.symbol for trade in plan.buys} | counted_by_price(desk, diary)
    prices = order_prices(desk, diary, take_snapshots(desk, symbols, actions), symbols, "buys")
    way = buying_way(desk, diary)
    purse = _within_what_was_named(_purse(desk, diary, survey, prices, others), refused, way)
    sized = _sized(desk, diary, plan, survey, prices, purse, way)
    diary.shrunk |= sized.short_of_cash | sized.short_of_room
    for symbol, note in sized.notes.items():
        if symbol not in diary.remarks or symbol in refused:
            diary.remark(symbol, note)
    orders = [order for order in sized.orders if _is_less(order, refused.get(order.symbol))]
    gate = Gate(desk, diary, survey, prices, purse.cash, open_buys(others, prices, survey.account.cash), blocked)
    again = partial(_gate, desk, diary, prices)
    outcomes = execute(desk, diary, orders, gate, way.timeout, way.poll, again=again)
    return Round(outcomes, _worth_another_round(sized, outcomes, way))


def _gate(desk: Desk, diary: Diary, prices: Prices) -> Gate:
    """By a fresh reading of the account and of everybody's open orders."""
    others = others_orders(desk)
    survey = look_again(desk, diary, "after_sells")
    cash = _purse(desk, diary, survey, prices, others).cash
    return Gate(desk, diary, survey, prices, cash, open_buys(others, prices, survey.account.cash), in_the_way(others))


def _sized(desk: Desk, diary: Diary, plan: Plan, survey: Survey, prices: Prices, purse: Purse, way: "Way") -> Sized:
    attempts = {trade.symbol: diary.attempt(trade.symbol, "buy") for trade in plan.buys}
    held, session = survey.holdings.managed, diary.session.day
    return size_buys(plan, held, prices, purse, way.trading, desk.account, session, diary.number, attempts)


def _within_what_was_named(purse: Purse, refused: Mapping[Symbol, Outcome], way: "Way") -> Purse:
    """No more cash than the venue said there was when it refused buys."""
    named = [outcome.buying_power for outcome in refused.values() if outcome.buying_power is not None]
    return replace(purse, cash=told_budget(purse.cash, min(named, default=None), way.trading.order_type))


def _without(diary: Diary, plan: Plan, left_alone: Mapping[Symbol, str]) -> Plan:
    """The plan without buys in what another hand has changed, or has an order in, since it was made."""
    for trade in plan.buys:
        if trade.symbol in left_alone:
            diary.remark(trade.symbol, f"not bought, {left_alone[trade.symbol]}")
    return replace(plan, trades=tuple(trade for trade in plan.trades if trade.symbol not in left_alone))


def _is_less(order: Order, refused: Outcome | None) -> bool:
    return refused is None or order.quantity < refused.order.quantity


def _worth_another_round(sized: Sized, outcomes: Sequence[Outcome], way: "Way") -> frozenset[Symbol]:
    """What cash was short for, where some was spent and all that was sent is over; an auction has no second round."""
    if way.trading.order_type == "moc" or not any(outcome.filled for outcome in outcomes):
        return frozenset()
    return sized.short_of_cash - {outcome.order.symbol for outcome in outcomes if not outcome.complete}


@dataclass(frozen=True, slots=True)
class Way:
    """How tonight's buys go out: the settings they are sized by, how long they are followed, and how often, in s."""

    trading: Trading
    timeout: int
    poll: float = 1.0


def buying_way(desk: Desk, diary: Diary) -> Way:
    """As configured; the closing auction only while it takes orders, and otherwise `moc_fallback`."""
    trading = desk.trading
    if trading.order_type != "moc":
        return Way(trading, trading.buy_timeout_seconds)
    now, closes = latest(desk, diary), diary.session.closes
    last = closes - AUCTION_CUTOFF - AUCTION_MARGIN
    if desk.broker.caps.moc and now <= last:
        diary.note(f"buys go to the closing auction: it is {new_york(now)}, and it takes orders until {new_york(last)}")
        return Way(trading, int((closes + AUCTION_FILLS - now).total_seconds()), poll=15.0)
    why = f"it takes orders until {new_york(last)}, and it is {new_york(now)}" if desk.broker.caps.moc else "none here"
    diary.note(f"no closing auction tonight ({why}): buys are {trading.moc_fallback} orders", "warning")
    return Way(replace(trading, order_type=trading.moc_fallback), trading.buy_timeout_seconds)


def counted_by_price(desk: Desk, diary: Diary) -> set[Symbol]:
    """The symbols of this run's orders that got no price of their own: the limits count them at the market's."""
    return {sent.order.symbol for sent in desk.journal.sent(diary.run) if sent.average_price is None}


def _purse(desk: Desk, diary: Diary, survey: Survey, prices: Prices, others: Sequence[OrderState]) -> Purse:
    """What open buys may still take, our own and those of `others`, counts as spent and as invested."""
    account = survey.account
    standing = own_buys(desk, diary, prices, account.cash) + open_buys(others, prices, account.cash)
    cash = budget(account, survey.reserve, standing, short=survey.short)
    if survey.short:
        diary.note(f"while something is held short, no more is spent than {usd(account.spendable)}, free of margin")
    return Purse(cash, room(account.equity, survey.long_value + standing), desk.broker.caps.fee_per_order)


def open_buys(orders: Sequence[OrderState], prices: Prices, cash: Decimal) -> Decimal:
    """Dollars that the buys among `orders` may still take. One that can't be valued may take all of `cash`."""
    return _dollars([(state, state.quantity - state.filled) for state in orders], prices, cash)


def own_buys(desk: Desk, diary: Diary, prices: Prices, cash: Decimal) -> Decimal:
    """Dollars that our own buys of tonight may still take: the rest of what is open, all of what nobody can tell of."""
    doubtful = [(sent.order, sent.order.quantity) for sent in untold(desk, diary).values()]
    left = desk.journal.unsettled(desk.account)
    standing = [(sent.order, sent.order.quantity - sent.filled) for sent in left if sent.phase in STANDING]
    return _dollars([*doubtful, *standing], prices, cash)


def _dollars(orders: Iterable[tuple[Order | OrderState, Decimal]], prices: Prices, cash: Decimal) -> Decimal:
    """Of the buys among `orders`, for so many shares each."""
    return sum((_cost(order, shares, prices, cash) for order, shares in orders if order.side == "buy"), Decimal(0))


def _cost(order: Order | OrderState, shares: Decimal, prices: Prices, cash: Decimal) -> Decimal:
    price = prices.get(order.symbol)
    per_share = order.limit or (price.value if isinstance(price, Price) else None)
    return cash if per_share is None else shares * per_share
