"""A market that a test controls: clock, calendar and prices."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from rebalancer.errors import SourceError
from rebalancer.model import NEW_YORK, Bar, Order, OrderId, Quote, Session, Snapshot, Symbol, Tick

SPY, BIL, XYZ = Symbol("SPY"), Symbol("BIL"), Symbol("XYZ")
EVENING = datetime(2016, 6, 30, 19, 50, tzinfo=UTC)


class Street:
    """Clock, Quotes and Calendar in one. It opens on weekdays from 13:30 to 20:00 UTC; XYZ is unknown here."""

    def __init__(self) -> None:
        self.moment = EVENING
        self.shown: dict[Symbol, Snapshot] = {}
        self.trades_at(SPY, "100.00")
        self.trades_at(BIL, "50.00")

    def trades_at(self, symbol: Symbol, price: str) -> None:
        self.shown[symbol] = Snapshot(symbol, trade=Tick(Decimal(price), self.moment))

    def quotes_at(self, symbol: Symbol, bid: str, ask: str) -> None:
        self.shown[symbol] = Snapshot(symbol, quote=Quote(Decimal(bid), Decimal(ask), self.moment))

    def closes_at(self, symbol: Symbol, close: str) -> None:
        self.shown[symbol] = Snapshot(symbol, bar=Bar(self.moment.date(), Decimal(close), self.moment))

    def next_evening(self) -> None:
        self.moment += timedelta(days=1)

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def snapshots(self, symbols: Sequence[Symbol]) -> dict[Symbol, Snapshot]:
        return {symbol: self.shown[symbol] for symbol in symbols if symbol in self.shown}

    zone = NEW_YORK

    def session(self, day: date) -> Session | None:
        if day.weekday() >= 5:
            return None
        opens, closes = time(13, 30, tzinfo=UTC), time(20, 0, tzinfo=UTC)
        return Session(day, datetime.combine(day, opens), datetime.combine(day, closes))

    def sessions(self, first: date, last: date) -> tuple[date, ...]:
        days = (first + timedelta(days=count) for count in range((last - first).days + 1))
        return tuple(day for day in days if self.session(day))


def buy(order_id: str, symbol: Symbol, quantity: str, limit: str | None = None) -> Order:
    return _order(order_id, symbol, "buy", quantity, limit)


def sell(order_id: str, symbol: Symbol, quantity: str, limit: str | None = None) -> Order:
    return _order(order_id, symbol, "sell", quantity, limit)


def _order(order_id, symbol, side, quantity, limit) -> Order:
    kind = "market" if limit is None else "limit"
    price = None if limit is None else Decimal(limit)
    return Order(OrderId(order_id), symbol, side, Decimal(quantity), kind, price, why="a test wants it")


class BrokenQuotes:
    def snapshots(self, symbols: Sequence[Symbol]) -> dict[Symbol, Snapshot]:
        raise SourceError("the quotes did not answer")
