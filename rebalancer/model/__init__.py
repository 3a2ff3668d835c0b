"""The domain's value types, all frozen.

Money, prices and quantities are `Decimal`, in the account's currency and in shares (or units of the instrument).
Weights are fractions of Investable: `float` up to `Targets`, `Decimal` from the plan outward. Investable is equity less
the cash reserve and what is not managed. Every `datetime` is aware and in UTC.
"""

from rebalancer.model.account import (
    NEW_YORK,
    US_DOLLARS,
    Account,
    Difference,
    Hours,
    Payment,
    PaymentKind,
    Position,
    Session,
)
from rebalancer.model.instrument import US_EQUITIES, Instrument, Instruments, instrument_of, us_equity
from rebalancer.model.market import Bar, Bars, Closes, CorporateAction, NoPrice, Price, Quote, Rename, Snapshot, Tick
from rebalancer.model.names import (
    CASH,
    NO_RUN,
    TICKER,
    BarField,
    BarsRead,
    Floats,
    Mode,
    OrderId,
    OrderKind,
    OrderStatus,
    PriceSource,
    RefusalKind,
    RunId,
    RunStatus,
    Side,
    Symbol,
    Weights,
    canonical,
    symbol,
)
from rebalancer.model.notices import URGENT, NoticeKind, QuietHours
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
from rebalancer.model.plan import (
    Allocation,
    BotFailure,
    Claims,
    Decision,
    Flip,
    Holdings,
    Netting,
    Plan,
    Share,
    Targets,
    Trade,
)
from rebalancer.model.settings import Investment, Limits, Reserve, Trading
from rebalancer.model.states import OrderPhase, RunStep
