"""The words of the house, as frozen values.

Money, prices and quantities are `Decimal` (dollars, dollars per share, shares). Weights are fractions of Investable as
`float` up to `Targets`, and `Decimal` from the plan outward. Every `datetime` is aware and in UTC.
"""

from rebalancer.model.account import Account, Hours, Position, Session
from rebalancer.model.market import Bar, Closes, CorporateAction, NoPrice, Price, Quote, Snapshot, Tick
from rebalancer.model.names import (
    CASH,
    NO_RUN,
    TICKER,
    Floats,
    OrderId,
    OrderKind,
    OrderStatus,
    RefusalKind,
    Rung,
    RunId,
    RunStatus,
    Side,
    Symbol,
    Weights,
    canonical,
    symbol,
)
from rebalancer.model.orders import (
    Absent,
    Accepted,
    Fill,
    Found,
    Order,
    OrderState,
    Outcome,
    Refused,
    Submitted,
    Unknown,
)
from rebalancer.model.plan import Holdings, Plan, Trade
from rebalancer.model.settings import Investment, Limits, Reserve, Trading
from rebalancer.model.states import OrderPhase, RunStep
from rebalancer.model.targets import Allocation, BotFailure, Decision, Netting, Share, Targets

__all__ = [
    "CASH",
    "NO_RUN",
    "TICKER",
    "Absent",
    "Accepted",
    "Account",
    "Allocation",
    "Bar",
    "BotFailure",
    "Closes",
    "CorporateAction",
    "Decision",
    "Fill",
    "Floats",
    "Found",
    "Holdings",
    "Hours",
    "Investment",
    "Limits",
    "Netting",
    "NoPrice",
    "Order",
    "OrderId",
    "OrderKind",
    "OrderPhase",
    "OrderState",
    "OrderStatus",
    "Outcome",
    "Plan",
    "Position",
    "Price",
    "Quote",
    "RefusalKind",
    "Refused",
    "Reserve",
    "RunId",
    "RunStatus",
    "RunStep",
    "Rung",
    "Session",
    "Share",
    "Side",
    "Snapshot",
    "Submitted",
    "Symbol",
    "Targets",
    "Tick",
    "Trade",
    "Trading",
    "Unknown",
    "Weights",
    "canonical",
    "symbol",
]
