"""A table of nodes that grows: what is equal stands in it once."""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from rebalancer.bots.flowchart import nodes
from rebalancer.model import BarField, BarsRead, Symbol


@dataclass(slots=True)
class Table:
    """`index` says where each node of `table` is, by its class and its fields; `held` where each symbol's Hold is."""

    table: list[nodes.Node] = field(default_factory=list)
    index: defaultdict[type[nodes.Node], dict[tuple[Any, ...], int]] = field(default_factory=lambda: defaultdict(dict))
    held: dict[Symbol, int] = field(default_factory=dict)
    bits: list[int] = field(default_factory=list)
    """What each node can hold, a bit for each of `bit_of`, since sets of symbols would take far more space."""
    bit_of: dict[Symbol, int] = field(default_factory=dict)

    def add(self, kind: type[nodes.Node], *fields: Any) -> int:  # noqa: ANN401  (of any kind)
        """The index of the node of this class, which is made and added only if the table has no equal one."""
        known = self.index[kind]
        index = known.get(fields)
        if index is None:
            node = kind(*fields)  # before anything changes: it may be too deep for one more call
            index = known[fields] = len(self.table)
            self.table.append(node)
        return index

    def hold(self, symbol: Symbol) -> int:
        index = self.held.get(symbol)
        if index is None:
            index = self.held[symbol] = self.add(nodes.Hold, symbol)
        return index

    def holdable(self, portfolio: int) -> list[Symbol]:
        """The symbols that the node `portfolio` can hold, sorted."""
        for node in self.table[len(self.bits) : portfolio + 1]:
            if isinstance(node, nodes.Hold):
                self.bits.append(1 << self.bit_of.setdefault(node.symbol, len(self.bit_of)))
            else:
                children = node.children if isinstance(node, nodes.Split) else ()
                self.bits.append(reduce(or_, (self.bits[child] for child in children), 0))
        return sorted(symbol for symbol, bit in self.bit_of.items() if self.bits[portfolio] >> bit & 1)

    def read(self) -> tuple[tuple[Symbol, ...], BarsRead]:
        """All symbols that the table holds or reads, sorted, and what it reads of them besides closes."""
        symbols = {symbol for kind in (nodes.Close, nodes.Bar, nodes.Hold) for symbol, *_ in self.index[kind]}
        bars: dict[Symbol, list[BarField]] = {}
        for symbol, each in sorted(self.index[nodes.Bar]):
            bars.setdefault(symbol, []).append(each)
        return tuple(sorted(symbols)), {symbol: tuple(fields) for symbol, fields in bars.items()}
