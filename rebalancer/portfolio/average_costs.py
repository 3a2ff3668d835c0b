"""What our shares of each symbol cost on average, fees of purchases included.

A sale leaves the average as it is. Adopted shares count at the broker's average cost, or where it had none at their
value on that day; a split and a rename keep the cost. Shares that a spin-off brought have no cost of their own.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from rebalancer.bookings import HandedOver
from rebalancer.events import Event
from rebalancer.model import Symbol, canonical
from rebalancer.portfolio.attribution import CENT, ZERO
from rebalancer.portfolio.tax_lots import Dealt, Received, Rescaled, changes_of


@dataclass(frozen=True, slots=True)
class Paid:
    """`cost` of so many `shares`; `adopted`: some of them were not bought by us."""

    shares: Decimal = ZERO
    cost: Decimal = ZERO
    adopted: bool = False

    def plus(self, shares: Decimal, cost: Decimal, *, adopted: bool = False) -> "Paid":
        return Paid(self.shares + shares, self.cost + cost, self.adopted or adopted)

    def less(self, shares: Decimal) -> "Paid":
        left = self.shares - shares
        return Paid(left, self.cost * left / self.shares, self.adopted) if left > 0 else Paid()


@dataclass(slots=True)
class AverageCosts:
    """Takes every event of an account, in order."""

    paid: dict[Symbol, Paid] = field(default_factory=dict)

    def of(self, symbol: Symbol, shares: Decimal) -> Decimal | None:
        """What `shares` of it cost, to the cent; None where it is not known of all of them."""
        paid = self.paid.get(symbol, Paid())
        return (paid.cost * shares / paid.shares).quantize(CENT) if 0 < shares <= paid.shares else None

    def has_adopted(self, symbol: Symbol) -> bool:
        return self.paid.get(symbol, Paid()).adopted

    def take(self, event: Event) -> None:
        if isinstance(event, HandedOver):
            self._sell(canonical(event.symbol), event.quantity)
        for change in changes_of(event):
            match change:
                case Dealt(symbol=symbol, side="buy", shares=shares):
                    self._buy(symbol, shares, shares * change.price + change.fee)
                case Dealt(symbol=symbol, shares=shares):
                    self._sell(symbol, shares)
                case Received(symbol=symbol, shares=shares, cost=cost):
                    self._buy(symbol, shares, cost, adopted=True)
                case Rescaled(symbol=symbol, was=was, shares=shares):
                    self._rescale(symbol, was, shares)

    def _buy(self, symbol: Symbol, shares: Decimal, cost: Decimal, *, adopted: bool = False) -> None:
        self.paid[symbol] = self.paid.get(symbol, Paid()).plus(shares, cost, adopted=adopted)

    def _sell(self, symbol: Symbol, shares: Decimal) -> None:
        self.paid[symbol] = self.paid.get(symbol, Paid()).less(shares)

    def _rescale(self, symbol: Symbol, was: Symbol, shares: Decimal) -> None:
        """`shares` are those that are ours now: 0 where none was, and after a write-off."""
        before = self.paid.pop(was, Paid())
        if shares and before.shares:
            self.paid[symbol] = Paid(shares, before.cost, before.adopted)
