"""Whether the account came to its targets: what a run that is called a success must have done."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rebalancer.model import Plan, Symbol, Trade, Trading
from rebalancer.portfolio.trades import ZERO, shares_for, target_dollars

TOLERANCE = Decimal("0.0025")
"""The part of Investable by which a target may be missed; one share always may."""


@dataclass(frozen=True, slots=True)
class Miss:
    """Dollars still to buy, or below 0 still to sell, to reach the target of `trade`."""

    trade: Trade
    dollars: Decimal


def missed_targets(
    plan: Plan,
    held: Mapping[Symbol, Decimal],
    prices: Mapping[Symbol, Sequence[Decimal]],
    trading: Trading,
    shrunk: Collection[Symbol] = (),
    beyond_cap: Decimal = ZERO,
) -> tuple[Miss, ...]:
    """Targets that are missed by more than one share and `TOLERANCE`, in the order of the plan.

    `held` are the shares after the run. `prices` are those since the plan was made, in dollars: a target that is
    reached at any of them is reached, since prices move. Without a price the whole target counts as missed. What
    `min_trade_dollars` or `drift_percent` leave undone is no miss. Nor is one of `shrunk`, the buys that found no room
    or cash, as far as `drift_percent` kept money in other symbols above their targets, or the targets are dollars
    `beyond_cap`: 99 % of equity, which what is not managed uses up first.
    """
    gaps = [
        _gap(trade, plan.investable, held.get(trade.symbol, ZERO), prices.get(trade.symbol, ()))
        for trade in plan.trades
    ]
    drift = trading.drift_percent / 100 * plan.investable
    kept = sum((-gap.dollars for gap in gaps if -drift < gap.dollars < 0), ZERO)
    no_room = dict.fromkeys(shrunk, kept + max(ZERO, beyond_cap))
    return tuple(gap for gap in gaps if not _is_reached(gap, no_room.get(gap.trade.symbol, ZERO), plan, trading))


def _gap(trade: Trade, investable: Decimal, held: Decimal, prices: Sequence[Decimal]) -> Miss:
    """The smallest at any of `prices`. Only whole shares are bought, so a fraction that is missing is none."""
    target = target_dollars(trade.target, investable)
    gaps = [(shares_for(target, price) - held) * price for price in prices]
    return Miss(trade, min(gaps, key=abs, default=target))


def _is_reached(gap: Miss, no_room: Decimal, plan: Plan, trading: Trading) -> bool:
    share = gap.trade.price.value if gap.trade.price else ZERO
    least = max(share, TOLERANCE * plan.investable, trading.drift_percent / 100 * plan.investable)
    missing = abs(gap.dollars) - (no_room if gap.dollars > 0 else ZERO)
    return missing <= least or missing < trading.min_trade_dollars
