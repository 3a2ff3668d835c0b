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
OrderKind = Literal["market", "limit", "moc"]
"""`moc` is a market order for the closing auction."""
RefusalKind = Literal["funds", "held", "wash", "whole", "symbol", "account", "late", "other"]
"""What can be done about a refusal.

funds    it costs more than the account may spend: a smaller order may pass
held     open orders hold the shares: it may pass once they are gone
wash     an order of the other side is open: it may pass once that is gone
whole    the symbol is traded in whole shares only: those may pass
symbol   this symbol can't be traded here today
account  the account can't trade, or the key may not: no other order will pass either
late     the venue takes no such order at this hour
other    no order like this will pass
"""
Rung = Literal["quote", "trade", "bar"]
OrderStatus = Literal["open", "filled", "canceled", "expired", "rejected"]
RunStatus = Literal["running", "success", "partial", "failed", "skipped", "missed"]

CASH = "CASH"
TICKER = re.compile(r"[A-Z0-9][A-Z0-9.\-/]{0,20}", re.ASCII)


def symbol(text: str) -> Symbol:
    """`text` as a ticker. Raises ValueError for anything but 1 to 21 ASCII capitals, digits, dots, dashes, slashes."""
    if not TICKER.fullmatch(text) or text == CASH:
        raise ValueError(f"{text[:40]!r} is not a ticker: use 1 to 21 of A-Z, 0-9, dot, dash and slash, such as BRK.B")
    return Symbol(text)
