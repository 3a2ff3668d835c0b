"""Identifiers (tickers, order ids, run ids) and the literal values of orders and runs."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NewType

from rebalancer.errors import echoed

if TYPE_CHECKING:  # importing numpy takes longer than everything that the settings and the journal import
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
"""Fractions of Investable by symbol, positive and finite; the rest to 1 is cash."""

Side = Literal["sell", "buy"]
Mode = Literal["paper", "live"]
"""Whether an account trades simulated or real money."""
OrderKind = Literal["market", "limit", "moc"]
"""`moc` is a market order for the closing auction."""
RefusalKind = Literal["funds", "held", "wash", "whole", "symbol", "account", "late", "setting", "other"]
"""The kind of a refusal, which decides what happens next.

funds    insufficient funds: retry with a smaller quantity
held     open orders reserve the shares: retry once they are closed
wash     an open order of the other side: retry once it is closed (wash trade rule)
whole    fractional quantity: retry with whole lots
symbol   the symbol can't be traded today: no retry
account  the account or its API key can't trade: no further order of any symbol
late     the venue no longer accepts this order type today
setting  the owner's own limits or the daily loss limit: no retry
other    anything else: no retry
"""
PriceSource = Literal["quote", "trade", "bar"]
BarField = Literal["open", "high", "low", "volume"]
"""What a daily bar has besides its close."""
BarsRead = Mapping[Symbol, tuple[BarField, ...]]
"""The fields that are read of each ticker's bars, besides closes. Empty for most bots."""
OrderStatus = Literal["open", "filled", "canceled", "expired", "rejected"]
RunStatus = Literal["running", "success", "partial", "failed", "skipped", "missed"]

CASH = "CASH"
TICKER = re.compile(r"[A-Z]{1,19} [A-Z]|[A-Z0-9][A-Z0-9.\-/]{0,20}", re.ASCII)
"""Accepted spellings of a ticker. A blank is allowed in class shares only, as in BRK B."""
CLASS_SHARE = re.compile(r"([A-Z]+)[./\- ]([A-Z])", re.ASCII)


def canonical(text: str) -> Symbol:
    """The canonical spelling of a class share: BRK/B, BRK-B and BRK B are BRK.B. Other text is returned unchanged."""
    share = CLASS_SHARE.fullmatch(text)
    return Symbol(f"{share[1]}.{share[2]}" if share else text)


def symbol(text: str) -> Symbol:
    """`text` as a ticker in its canonical spelling.

    Raises ValueError unless it is 1 to 21 ASCII capitals, digits, dots, dashes and slashes, or a class share with a
    blank.
    """
    if not TICKER.fullmatch(text) or text == CASH:
        raise ValueError(f"{echoed(text)} is not a ticker: use 1 to 21 of A-Z, 0-9, dot, dash, slash, such as BRK.B")
    return canonical(text)
