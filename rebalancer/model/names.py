"""What things are called: tickers, ids, and the words an order or a run may carry."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NewType

if TYPE_CHECKING:  # loading numpy takes longer than all that the settings and the journal need
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
else:
    Floats = Any

Symbol = NewType("Symbol", str)
OrderId = NewType("OrderId", str)
RunId = NewType("RunId", int)
NO_RUN = RunId(0)

Weights = Mapping[Symbol, float]
"""Fractions of Investable by symbol; what is missing to 1 is cash. Only positive, finite values."""

Side = Literal["sell", "buy"]
Mode = Literal["paper", "live"]
"""Whether an account holds pretended or real money."""
OrderKind = Literal["market", "limit", "moc"]
"""`moc` is a market order for the closing auction."""
RefusalKind = Literal["funds", "held", "wash", "whole", "symbol", "account", "late", "setting", "other"]
"""What can be done about a refusal.

funds    it costs more than the account may spend: a smaller order may pass
held     open orders hold the shares: it may pass once they are gone
wash     an order of the other side is open: it may pass once that is gone
whole    the symbol is traded in whole shares only: those may pass
symbol   this symbol can't be traded here today
account  the account can't trade, or the key may not: no other order will pass either
late     the venue takes no such order at this hour
setting  the owner's own settings hold it back: a limit, or the daily loss
other    no order like this will pass
"""
Rung = Literal["quote", "trade", "bar"]
OrderStatus = Literal["open", "filled", "canceled", "expired", "rejected"]
RunStatus = Literal["running", "success", "partial", "failed", "skipped", "missed"]

CASH = "CASH"
TICKER = re.compile(r"[A-Z]{1,19} [A-Z]|[A-Z0-9][A-Z0-9.\-/]{0,20}", re.ASCII)
"""What a person may write for one. A blank stands in class shares alone."""
CLASS_SHARE = re.compile(r"([A-Z]+)[./\- ]([A-Z])", re.ASCII)


def canonical(text: str) -> Symbol:
    """The one spelling of a class share: BRK/B, BRK-B and BRK B are BRK.B. Anything else stays as it is written."""
    share = CLASS_SHARE.fullmatch(text)
    return Symbol(f"{share[1]}.{share[2]}" if share else text)


def symbol(text: str) -> Symbol:
    """`text` as a ticker, in its one spelling. Raises ValueError for anything but 1 to 21 ASCII capitals, digits, dots,
    dashes and slashes, or a class share with a blank.
    """
    if not TICKER.fullmatch(text) or text == CASH:
        raise ValueError(f"{text[:40]!r} is not a ticker: use 1 to 21 of A-Z, 0-9, dot, dash and slash, such as BRK.B")
    return canonical(text)
