"""What already is in the account, and what the evening will make of it. Nothing is sent and nothing is cancelled."""

from collections.abc import Collection, Sequence

from rebalancer.model import Account, Limits, OrderState, Position, Symbol
from rebalancer.model.checkup import Check
from rebalancer.model.text import listed, money, shares
from rebalancer.portfolio.limits import used_up
from rebalancer.portfolio.order_ids import is_ours
from rebalancer.ports import Broker
from rebalancer.trading.recovery import for_how_much


def held(positions: Sequence[Position], currency: str) -> Check:
    short = [f"{each.symbol} is held short ({shares(-each.quantity)})" for each in positions if each.quantity < 0]
    odd = short + [
        f"{each.symbol} shows no value, and counts at {money(each.market_value, currency)}"
        for each in positions
        if not each.valued
    ]
    if not odd:
        return Check("positions", "pass", f"{len(positions):,} held, each with a value, none short")
    remedy = "Shorts are never traded, and keep money from being spent. What shows no value is sold only as a whole."
    return Check("positions", "warn", listed(odd, "; "), remedy)


def waiting(orders: Sequence[OrderState], cancel_scope: str) -> Check:
    """Open orders, those of other hands by name."""
    others = [
        f"{each.symbol}: a {each.side} of {for_how_much(each)} ({each.id})" for each in orders if not is_ours(each.id)
    ]
    if not others:
        return Check("open orders", "pass", f"none of other hands; {len(orders):,} of ours")
    found = f"{len(others):,} not ours: {listed(others, '; ')}"
    if cancel_scope == "all":
        return Check("open orders", "warn", found, 'The evening cancels them, as cancel_scope = "all" asks for.')
    remedy = "The evening leaves these symbols alone, and what buys may cost is not spent. Cancel what is in the way."
    return Check("open orders", "warn", found, remedy)


def limits_used_up(
    account: Account, positions: Sequence[Position], wanted: Collection[Symbol], limits: Limits
) -> Check:
    """Whether what is held of a `wanted` symbol, ours or not, leaves room for more of it."""
    values = {each.symbol: each.market_value for each in positions if each.symbol in wanted}
    full = used_up(values, account.equity, limits, account.currency)
    if not full:
        return Check("symbol limit", "pass", "no holding uses up limits.max_symbol_percent")
    found = "; ".join(f"{symbol}: {why}" for symbol, why in full.items())
    return Check("symbol limit", "warn", found, "Raise the limit, or sell some of it, if a bot is to buy it.")


def short_sales(broker: Broker) -> Check:
    if not broker.may_short():
        return Check("short sales", "pass", "a sale of more than is held is refused")
    found = "a sale of more than is held would leave the account short, as after a sale by hand in mid-run"
    return Check("short sales", "warn", found, "Set no_shorting at the broker; this program never changes the account.")
