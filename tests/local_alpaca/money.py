"""The account's cash figures and buying power, as shown and as checked for an order. Sources: see terms.py."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from local_alpaca.book import Book, Prices
from local_alpaca.sessions import NEW_YORK, Sessions
from local_alpaca.terms import Terms

NONE = Decimal(0)
MAINTENANCE = Decimal("0.3")
LOW_PRICE, LOW_COLLAR, COLLAR = Decimal(50), Decimal("0.04"), Decimal("0.025")
SHORT_COLLAR = Decimal("0.03")


@dataclass(frozen=True, slots=True)
class Money:
    """Dollars. `long` and `short` are market values, the short one below 0; `start_...` are as the day began."""

    cash: Decimal
    long: Decimal
    short: Decimal
    unsettled: Decimal
    reserved: Decimal
    start_equity: Decimal
    start_gross: Decimal
    bought: Decimal

    @property
    def equity(self) -> Decimal:
        return self.cash + self.long + self.short

    def own(self) -> Decimal:
        """Cash without the proceeds of short sales, less what is reserved for open buys."""
        return max(NONE, min(self.cash, self.equity - self.long) - self.reserved)

    def settled(self, terms: Terms) -> Decimal:
        """non_marginable_buying_power. Open buys are subtracted: recorded 18000.50 beside a cash of 100000."""
        unsettled = NONE if terms.proceeds_count else self.unsettled
        return max(NONE, self.cash - unsettled - self.reserved)

    def power(self, terms: Terms) -> Decimal:
        """buying_power. Docs: open buys reduce it, and sells increase it only once they are executed."""
        if terms.power is not None:
            return terms.power
        if terms.multiplier == 1:
            return self.own()
        if terms.power_moves:
            return max(NONE, terms.multiplier * self.equity - self.long + self.short - self.reserved)
        start = terms.multiplier * (self.start_equity - self.start_gross * _start_margin(terms))
        return max(NONE, start - self.bought - self.reserved)

    def limit(self, terms: Terms) -> Decimal:
        """The most that a buy may cost."""
        if terms.limit == "buying power":
            return self.power(terms)
        return self.own() if terms.limit == "own cash" else self.settled(terms)


def counted(book: Book, prices: Prices, sessions: Sessions, now: datetime) -> Money:
    """The day starts with the holdings before today's trades (New York time), valued at current prices."""
    today = now.astimezone(NEW_YORK).date()
    trades = [trade for trade in book.trades if trade.at.astimezone(NEW_YORK).date() == today]
    at_start = {symbol: holding.shares for symbol, holding in book.holdings.items()}
    values = [shares * prices(symbol) for symbol, shares in at_start.items()]
    for trade in trades:
        at_start[trade.symbol] = at_start.get(trade.symbol, NONE) - trade.shares
    start_values = [shares * prices(symbol) for symbol, shares in at_start.items()]
    return Money(
        cash=book.cash,
        long=sum((value for value in values if value > 0), NONE),
        short=sum((value for value in values if value < 0), NONE),
        unsettled=book.withheld + _unsettled(book, sessions, now),
        reserved=book.reserved(),
        start_equity=book.cash + sum((trade.dollars for trade in trades), NONE) + sum(start_values, NONE),
        start_gross=sum((abs(value) for value in start_values), NONE),
        bought=sum((trade.dollars for trade in trades if trade.shares > 0), NONE),
    )


def cost(price: Decimal, *, collared: bool, short: bool = False) -> Decimal:
    """Dollars a share in the buying-power check.

    Docs: a market order becomes a limit order 2.5 to 4 % away from the market; a short sale counts at 3 % above the
    ask, or at its limit if that is more.
    """
    if short:
        return price * (1 + SHORT_COLLAR)
    if not collared:
        return price
    return price * (1 + (LOW_COLLAR if price < LOW_PRICE else COLLAR))


def _unsettled(book: Book, sessions: Sessions, now: datetime) -> Decimal:
    """Securities settle on the next settlement day (T+1, SEC rule 15c6-1)."""
    today = now.astimezone(NEW_YORK).date()
    sales = (trade for trade in book.trades if trade.shares < 0)
    waiting = (t for t in sales if sessions.settlement_of(t.at.astimezone(NEW_YORK).date()) > today)
    return sum((-trade.dollars for trade in waiting), NONE)


def _start_margin(terms: Terms) -> Decimal:
    """Docs: a multiplier of 4 counts the maintenance margin of the day before, one of 2 the initial margin."""
    return MAINTENANCE if terms.multiplier == 4 else Decimal("0.5")
