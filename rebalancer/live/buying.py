"""The second leg: only after every sell is terminal, and only with cash that the broker shows after that."""

from collections.abc import Sequence
from decimal import Decimal

from rebalancer.live.desk import Desk, Diary
from rebalancer.live.execute import execute
from rebalancer.live.gate import Gate
from rebalancer.live.survey import Prices, order_prices, read_holdings, take_snapshots
from rebalancer.model import OrderState, Outcome, Plan, Price
from rebalancer.portfolio.buys import Purse, budget, room, size_buys
from rebalancer.portfolio.trades import ORDER_PREFIX


def may_buy(diary: Diary, sold: Sequence[Outcome]) -> bool:
    """Accept only if every sell is known to be over; one that may still fill holds back every buy."""
    open_sells = [outcome.order.symbol for outcome in sold if not outcome.certain]
    if open_sells:
        diary.note(f"no buys tonight: the sell of {', '.join(open_sells)} is not known to be over", "warning")
    return not open_sells


def buy(desk: Desk, diary: Diary, plan: Plan) -> tuple[Outcome, ...]:
    """Read cash and prices again, size the buys to them, largest shortfall first, and send them."""
    if not plan.buys:
        return ()
    survey = read_holdings(desk, diary, "after_sells")
    symbols = {trade.symbol for trade in plan.buys}
    prices = order_prices(desk, diary, take_snapshots(desk, symbols), symbols, "buys")
    cash = budget(survey.account, survey.reserve, others_open_buys(desk, prices, survey.account.cash))
    purse = Purse(cash, room(survey.account.equity, survey.long_value), desk.broker.caps.fee_per_order)
    orders, notes = size_buys(
        plan,
        survey.holdings.managed,
        prices,
        purse,
        desk.trading,
        desk.account,
        diary.session.day,
        diary.number,
    )
    for note in notes:
        diary.note(note, "warning")
    gate = Gate(desk, diary, survey, prices, cash)
    return execute(desk, diary, orders, gate, desk.trading.buy_timeout_seconds)


def others_open_buys(desk: Desk, prices: Prices, cash: Decimal) -> Decimal:
    """Dollars that open buys of other hands may still take. One that can't be valued may take all of `cash`."""
    orders = desk.broker.open_orders()
    others = [state for state in orders if state.side == "buy" and not state.id.startswith(ORDER_PREFIX)]
    return sum((_still_to_pay(state, prices, cash) for state in others), Decimal(0))


def _still_to_pay(state: OrderState, prices: Prices, cash: Decimal) -> Decimal:
    price = prices.get(state.symbol)
    per_share = state.limit or (price.value if isinstance(price, Price) else None)
    return cash if per_share is None else (state.quantity - state.filled) * per_share
