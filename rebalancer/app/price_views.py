"""Results of the use cases about prices: frozen values for the terminal, a web page or `--json`. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from rebalancer.market.coverage import Coverage
from rebalancer.model import Symbol


@dataclass(frozen=True, slots=True)
class RequiredTicker:
    """A ticker that accounts need: for the `bots` of these names, and for these `settings`, such as fallback_ticker.

    `closes` is how many sessions its bots look back, the present one included.
    """

    symbol: Symbol
    bots: tuple[str, ...]
    settings: tuple[str, ...]
    closes: int


@dataclass(frozen=True, slots=True)
class PriceStatus:
    """`last_session` is the last day with a price, `due` the last session that should have one.

    `due` is None if no session has closed since the first price: all prices are dated in the future. `missing` are the
    needed tickers without a price, `short` those with fewer closes than their bots look back.
    """

    last_session: date
    due: date | None
    tickers: Sequence[Coverage]
    notes: Sequence[str]
    missing: Sequence[RequiredTicker]
    short: Sequence[RequiredTicker]
