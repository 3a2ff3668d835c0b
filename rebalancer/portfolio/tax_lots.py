"""Which lots of an account were sold, with what gain, and which losses may be wash sales. First in, first out.

A flag, no tax: 26 U.S.C. 1091 disallows a loss where the same security is bought from 30 days before to 30 days after
the sale (IRS Publication 550); shares bought replace sold ones once, in the order in which they were bought. The loss
that moves to the new lot is not followed further. A gain is short-term on what was held for a year or less.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from rebalancer.events import Adopted, Event, FillSeen, Restated, WrittenOff
from rebalancer.model import NEW_YORK, Side, Symbol, canonical
from rebalancer.portfolio.attribution import ZERO

WINDOW_DAYS = 30


@dataclass(frozen=True, slots=True)
class Dealt:
    """Shares bought or sold on `day`, at a `price` a share, for a `fee` (>= 0)."""

    day: date
    symbol: Symbol
    side: Side
    shares: Decimal
    price: Decimal
    fee: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Received:
    """Adopted shares, which were bought before: what they cost is known, when they were bought is not."""

    symbol: Symbol
    shares: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Rescaled:
    """A split or a rename: the lots of `was` are now `shares` of `symbol` in all. 0 shares: they are gone."""

    symbol: Symbol
    was: Symbol
    shares: Decimal


Change = Dealt | Received | Rescaled


@dataclass(frozen=True, slots=True)
class WashSale:
    """`shares` of `symbol`, sold on `sold` with so much `loss` (> 0), that were bought again on `bought`."""

    symbol: Symbol
    sold: date
    shares: Decimal
    loss: Decimal
    bought: date


@dataclass(frozen=True, slots=True)
class Sale:
    """`shares` of a lot sold on `day`; `bought` is None where it is not known. `gain` is after fees."""

    symbol: Symbol
    day: date
    bought: date | None
    shares: Decimal
    gain: Decimal

    @property
    def short_term(self) -> bool | None:
        """None where it is not known when the lot was bought."""
        return None if self.bought is None else self.day <= _a_year_after(self.bought)


@dataclass(slots=True)
class _Lot:
    """`free` are its shares that have not replaced a sold one yet."""

    bought: date | None
    shares: Decimal
    unit_cost: Decimal
    free: Decimal = ZERO


@dataclass(slots=True)
class _Loss:
    """Shares sold at a loss that nothing has replaced yet."""

    day: date
    shares: Decimal
    a_share: Decimal


@dataclass(slots=True)
class TaxLots:
    """Takes what changed an account, in order."""

    sales: list[Sale] = field(default_factory=list)
    wash_sales: list[WashSale] = field(default_factory=list)
    lots: dict[Symbol, list[_Lot]] = field(default_factory=lambda: defaultdict(list))
    losses: dict[Symbol, list[_Loss]] = field(default_factory=lambda: defaultdict(list))

    def take(self, change: Change) -> None:
        match change:
            case Dealt(side="buy"):
                self._buy(change)
            case Dealt():
                self._sell(change)
            case Received(symbol=symbol, shares=shares, cost=cost):
                self.lots[symbol].append(_Lot(None, shares, cost / shares if shares else ZERO))
            case Rescaled():
                self._rescale(change)

    def _buy(self, dealt: Dealt) -> None:
        """The shares replace those sold at a loss up to 30 days before."""
        cost = dealt.shares * dealt.price + dealt.fee
        lot = _Lot(dealt.day, dealt.shares, cost / dealt.shares, dealt.shares)
        for loss in self.losses[dealt.symbol]:
            if (dealt.day - loss.day).days <= WINDOW_DAYS:
                self._replace(dealt.symbol, loss, lot, dealt.day)
        self.losses[dealt.symbol] = [loss for loss in self.losses[dealt.symbol] if loss.shares > 0]
        self.lots[dealt.symbol].append(lot)

    def _sell(self, dealt: Dealt) -> None:
        """Shares beyond all lots, which somebody else bought, have no gain that could be known."""
        left, lots, sold = dealt.shares, self.lots[dealt.symbol], set[date | None]()
        proceeds = dealt.price - dealt.fee / dealt.shares
        lost: list[_Loss] = []
        while left > 0 and lots:
            lot = lots[0]
            shares = min(left, lot.shares)
            gain = shares * (proceeds - lot.unit_cost)
            self.sales.append(Sale(dealt.symbol, dealt.day, lot.bought, shares, gain))
            sold.add(lot.bought)
            if gain < 0:
                lost.append(_Loss(dealt.day, shares, -gain / shares))
            left, lot.shares, lot.free = left - shares, lot.shares - shares, min(lot.free, lot.shares - shares)
            if not lot.shares:
                lots.pop(0)
        for loss in lost:
            self._replaced_before(dealt, loss, sold)
        self.losses[dealt.symbol] += (loss for loss in lost if loss.shares > 0)

    def _replaced_before(self, dealt: Dealt, loss: _Loss, sold: AbstractSet[date | None]) -> None:
        """By what was bought up to 30 days before and is still held; what is left of a purchase that was sold in part
        replaces nothing (Revenue Ruling 56-602).
        """
        for lot in self.lots[dealt.symbol]:
            if lot.bought is None or lot.bought in sold:
                continue
            if (dealt.day - lot.bought).days <= WINDOW_DAYS:
                self._replace(dealt.symbol, loss, lot, lot.bought)

    def _replace(self, symbol: Symbol, loss: _Loss, lot: _Lot, bought: date) -> None:
        if shares := min(loss.shares, lot.free):
            self.wash_sales.append(WashSale(symbol, loss.day, shares, shares * loss.a_share, bought))
            loss.shares, lot.free = loss.shares - shares, lot.free - shares

    def _rescale(self, change: Rescaled) -> None:
        lots, held = self.lots.pop(change.was, []), ZERO
        held = sum((lot.shares for lot in lots), ZERO)
        ratio = change.shares / held if held else ZERO
        for lot in lots if ratio else ():
            lot.shares, lot.free, lot.unit_cost = lot.shares * ratio, lot.free * ratio, lot.unit_cost / ratio
        for loss in (losses := self.losses.pop(change.was, [])) if ratio else ():
            loss.shares, loss.a_share = loss.shares * ratio, loss.a_share / ratio
        self.lots[change.symbol] += lots if ratio else []
        self.losses[change.symbol] += losses if ratio else []


def changes_of(event: Event) -> Iterator[Change]:
    """What an event changes; days are those of New York, as the rules are of the United States."""
    match event:
        case FillSeen(fill=fill):
            day = fill.at.astimezone(NEW_YORK).date()
            yield Dealt(day, canonical(fill.symbol), fill.side, fill.quantity, fill.price, fill.fee)
        case Adopted(symbol=symbol, quantity=quantity, value=value, cost=cost) if quantity:
            yield Received(canonical(symbol), quantity, value if cost is None else cost)
        case Restated(was=None, expected=expected) if not expected:
            return  # the first of the two events of a rename: the second one moves the shares
        case Restated(symbol=symbol, ours=ours, was=was):
            yield Rescaled(canonical(symbol), canonical(was or symbol), ours)
        case WrittenOff(symbol=symbol):
            yield Rescaled(canonical(symbol), canonical(symbol), ZERO)


def _a_year_after(day: date) -> date:
    """The same day of the next year; of a 29th of February the 28th."""
    return day.replace(year=day.year + 1, day=min(day.day, 28) if day.month == 2 else day.day)


def merged(found: Iterable[WashSale]) -> tuple[WashSale, ...]:
    """One for each symbol, day of sale and day of purchase, in that order."""
    sums: dict[tuple[date, Symbol, date], WashSale] = {}
    for each in found:
        key = (each.sold, each.symbol, each.bought)
        before = sums.get(key)
        shares, loss = (before.shares, before.loss) if before else (ZERO, ZERO)
        sums[key] = WashSale(each.symbol, each.sold, shares + each.shares, loss + each.loss, each.bought)
    return tuple(sums[key] for key in sorted(sums))
