"""The domain's value types, all frozen.

Money, prices and quantities are `Decimal`, in the account's currency and in shares (or units of the instrument).
Weights are fractions of Investable: `float` up to `Targets`, `Decimal` from the plan outward. Investable is equity less
the cash reserve and what is not managed. Every `datetime` is aware and in UTC.

A name is looked up in the files of this folder when it is first asked for: to decide takes few of these classes, and
each takes a third of a millisecond to make.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    from rebalancer.model.allocation import Allocation, BotFailure, Decision, Flip
    from rebalancer.model.closes import Bars, Closes
    from rebalancer.model.instrument import US_EQUITIES, Instrument, Instruments, instrument_of, us_equity
    from rebalancer.model.market import Bar, CorporateAction, NoPrice, Price, Quote, Rename, Snapshot, Tick
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
        Claims,
        Holdings,
        Netting,
        Plan,
        Share,
        Targets,
        Trade,
    )
    from rebalancer.model.run_request import RunRequest
    from rebalancer.model.settings import Investment, Limits, Reserve, Trading
    from rebalancer.model.states import OrderPhase, RunStep
    from rebalancer.model.venue import Venue
else:
    _FILES = (
        *("names", "closes", "allocation", "market", "plan", "account"),
        *("orders", "instrument", "settings", "notices", "states", "venue", "run_request"),
    )

    def __getattr__(name):  # noqa: ANN001, ANN202 - the imports above say what there is
        for file in _FILES:
            module = import_module(f"{__name__}.{file}")
            if name in vars(module):
                return globals().setdefault(name, vars(module)[name])
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
