"""Whole lots as close to the targets as their money allows: `rounding = "closest"`.

Minimises the sum of |price x quantity - target| over all symbols, while the quantities together cost no more than the
targets. Rounding down is improved by the lots that gain most, then by giving up lots of one symbol where the money
gains more in another. The result is never worse than rounding down, and almost always the optimum
(`benchmarks/rounding.py`); finding the optimum for certain is a knapsack problem.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rebalancer.model import Instrument, Limits, Symbol

ZERO = Decimal(0)
Lots = list[int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A symbol's target in money, its price, and the managed quantity that is `held`."""

    instrument: Instrument
    target: Decimal
    price: Decimal
    held: Decimal

    @property
    def lot_value(self) -> Decimal:
        return self.price * self.instrument.lot

    @property
    def floor(self) -> int:
        return int(self.target // self.lot_value)

    def error(self, lots: int) -> Decimal:
        return abs(self.lot_value * lots - self.target)

    def trade(self, lots: int) -> Decimal:
        """The money that is bought (above 0) or sold (below)."""
        return self.lot_value * lots - self.held * self.price


@dataclass(frozen=True, slots=True)
class Caps:
    """The owner's limits on one order, one symbol and the whole run; a quantity that they refuse is not chosen.

    `owned` are the account's whole positions, ours or not.
    """

    limits: Limits
    equity: Decimal
    owned: Mapping[Symbol, Decimal]

    def allow(self, wanted: Wanted, lots: int) -> bool:
        bought = wanted.trade(lots)
        owned = self.owned.get(wanted.instrument.symbol, ZERO)
        most = self.limits.max_symbol_percent / 100 * self.equity
        fits = bought <= 0 or owned * wanted.price + bought <= most
        return fits and abs(bought) <= self.limits.max_order_dollars

    def allow_all(self, wanted: Sequence[Wanted], lots: Lots) -> bool:
        traded = sum((abs(each.trade(count)) for each, count in zip(wanted, lots, strict=True)), ZERO)
        most = min(self.limits.max_run_dollars, self.limits.max_turnover_percent / 100 * self.equity)
        return traded <= most


def closest_quantities(wanted: Sequence[Wanted], caps: Caps) -> Mapping[Symbol, Decimal]:
    """The quantity of each symbol, in whole lots. Ties go by the order of `wanted`.

    Rounded down throughout where the other quantities would exceed a limit of the run.
    """
    floors = [each.floor for each in wanted]
    lots = _swapped(wanted, _topped_up(wanted, floors, caps), caps)
    if not caps.allow_all(wanted, lots):
        lots = floors
    return {each.instrument.symbol: count * each.instrument.lot for each, count in zip(wanted, lots, strict=True)}


def _topped_up(wanted: Sequence[Wanted], lots: Lots, caps: Caps) -> Lots:
    """One lot more of each symbol that comes closer by it, the largest gain first, while the money lasts."""
    left, more = _left(wanted, lots), list(lots)
    for _, place in sorted(_gains(wanted, lots, caps), key=lambda found: (-found[0], found[1])):
        if wanted[place].lot_value <= left:
            more[place] += 1
            left -= wanted[place].lot_value
    return more


def _swapped(wanted: Sequence[Wanted], lots: Lots, caps: Caps) -> Lots:
    """Give up lots of one symbol for a lot of another, and spend what is left, as long as that comes closer."""
    while swap := min(_swaps(wanted, lots, caps), default=None):
        _, fewer, count, more = swap
        lots = [held - count * (place == fewer) + (place == more) for place, held in enumerate(lots)]
        lots = _topped_up(wanted, lots, caps)
    return lots


def _swaps(wanted: Sequence[Wanted], lots: Lots, caps: Caps) -> Iterator[tuple[Decimal, int, int, int]]:
    """The change of the error (below 0), which symbol gives up how many lots, and which one has a lot more."""
    left = _left(wanted, lots)
    for gain, more in _gains(wanted, lots, caps):
        for fewer, (each, held) in enumerate(zip(wanted, lots, strict=True)):
            count = math.ceil((wanted[more].lot_value - left) / each.lot_value)
            change = each.error(held - count) - each.error(held) - gain
            if fewer != more and 0 < count <= held and change < 0 and caps.allow(each, held - count):
                yield change, fewer, count, more


def _gains(wanted: Sequence[Wanted], lots: Lots, caps: Caps) -> list[tuple[Decimal, int]]:
    """How much closer each symbol comes by a lot more, where it does and `caps` allow it; and its place."""
    found = ((each.error(count) - each.error(count + 1), place) for place, each, count in _numbered(wanted, lots))
    return [(gain, place) for gain, place in found if gain > 0 and caps.allow(wanted[place], lots[place] + 1)]


def _numbered(wanted: Sequence[Wanted], lots: Lots) -> Iterator[tuple[int, Wanted, int]]:
    return zip(range(len(lots)), wanted, lots, strict=True)


def _left(wanted: Sequence[Wanted], lots: Lots) -> Decimal:
    return sum((each.target - each.lot_value * count for each, count in zip(wanted, lots, strict=True)), ZERO)
