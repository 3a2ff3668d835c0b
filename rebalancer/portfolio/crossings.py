"""What passed between the bots of an account in a run, and never reached the market."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from rebalancer.model import RunId, Symbol
from rebalancer.portfolio.attribution import UNASSIGNED, ZERO
from rebalancer.portfolio.books import Entry

NO_BOT = "unassigned"
TRADES = frozenset({"trade", "crossing"})
"""Reasons of entries."""
NeedsOf = Callable[[Symbol], Mapping[str, Decimal]]
"""Of a symbol, what each owner was to buy (> 0) or to sell (< 0)."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """`quantity` shares of `symbol` crossed at `price` a share, the average of the run's fills, else that of its plan.

    `gave` and `took` are each owner's part of them, which add up to it; "unassigned" stands for what no bot had.
    `traded` shares more were bought in the market, or sold where it is below 0.
    """

    symbol: Symbol
    quantity: Decimal
    price: Decimal
    gave: Mapping[str, Decimal]
    took: Mapping[str, Decimal]
    traded: Decimal


@dataclass(slots=True)
class CrossingsByRun:
    """What crossed in every run, as its trades are booked; of a run that may still have fills these trades, and what
    each owner needed.
    """

    over: dict[RunId, tuple[Crossing, ...]] = field(default_factory=dict)
    trades: dict[RunId, list[Entry]] = field(default_factory=dict)
    needs: dict[RunId, dict[Symbol, Mapping[str, Decimal]]] = field(default_factory=dict)

    def see(self, run: RunId, entries: Iterable[Entry], needs_of: NeedsOf) -> None:
        """Entries of an order's fill belong to the run of the order."""
        for entry in entries:
            if entry.symbol is not None and entry.reason in TRADES:
                self.trades.setdefault(run, []).append(entry)
                self.needs.setdefault(run, {})[entry.symbol] = needs_of(entry.symbol)

    def of(self, run: RunId) -> tuple[Crossing, ...]:
        needs = self.needs.get(run, {})
        found = crossings(self.trades.get(run, ()), lambda symbol: needs.get(symbol, {}))
        return self.over.get(run, ()) + tuple(found)

    def forget_before(self, run: int) -> None:
        """Keeps of earlier runs what crossed alone: no fill of theirs is expected any more."""
        for each in [each for each in self.trades if each < run]:
            if found := self.of(each):
                self.over[each] = found
            del self.trades[each], self.needs[each]


def crossings(entries: Iterable[Entry], needs_of: NeedsOf) -> Iterator[Crossing]:
    """Of all entries of a run, by symbol."""
    by_symbol: dict[Symbol, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.symbol is not None and entry.reason in TRADES:
            by_symbol[entry.symbol].append(entry)
    for symbol, found in sorted(by_symbol.items()):
        parts, needs = _crossed(found), needs_of(symbol)
        gave = {owner: part for owner, part in parts.items() if needs.get(_owner(owner), ZERO) < 0}
        took = {owner: part for owner, part in parts.items() if needs.get(_owner(owner), ZERO) > 0}
        if gave and took:
            traded = sum((entry.shares for entry in found), ZERO)
            yield Crossing(symbol, sum(gave.values(), ZERO), _price(found), gave, took, traded)


def _crossed(entries: Iterable[Entry]) -> Mapping[str, Decimal]:
    """By owner; a later fill may change what an earlier one was taken for."""
    parts: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for entry in entries:
        parts[entry.owner or NO_BOT] += entry.crossed
    return {owner: part for owner, part in parts.items() if part}


def _owner(shown: str) -> str:
    return UNASSIGNED if shown == NO_BOT else shown


def _price(entries: Iterable[Entry]) -> Decimal:
    """That of all owners: of the one with the most shares, whose cash is the least rounded."""
    shares: dict[str, Decimal] = defaultdict(lambda: ZERO)
    money: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for entry in entries:
        shares[entry.owner] += entry.shares
        money[entry.owner] -= entry.cash + entry.fee
    most = max(shares, key=lambda owner: abs(shares[owner]))
    return (money[most] / shares[most]).quantize(Decimal("0.0001"))
