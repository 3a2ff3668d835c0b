"""Whose are a run's orders: what each owner needs by the plan, and its part of every fill."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from rebalancer.model import Fill, RunId, Symbol, Trade, canonical
from rebalancer.portfolio.attribution import UNASSIGNED, WHOLE, ZERO, Filled, Needs, Part, apportion, attribute, lot_of
from rebalancer.portfolio.books import Book, Books, Entry, Mark, Reason, unit_cost

RunSymbol = tuple[RunId, Symbol]
"""All that a run trades in a symbol."""


class ForgottenRunError(LookupError):
    """A fill of a run whose needs were forgotten: so that its owners are unknown."""


class OrderParts:
    """The needs and the fills of every run so far.

    `books` are those before the entries that a call returns, and `everyone` are their owners, in the order of ties.
    """

    def __init__(self) -> None:
        self._needs: dict[RunSymbol, Needs] = {}
        self._unit_costs: dict[RunSymbol, Mapping[str, Decimal]] = {}
        self._filled: dict[RunSymbol, Filled] = {}
        self._executions: set[str] = set()
        self._forgotten = RunId(0)

    def forget_before(self, run: int) -> None:
        """Leaves out what is known of earlier runs, of which no fill is expected any more."""
        self._forgotten = RunId(max(run, self._forgotten))
        for known in (self._needs, self._unit_costs, self._filled):
            for traded in [traded for traded in known if traded[0] < self._forgotten]:
                del known[traded]

    def needs_of(self, run: RunId, symbol: Symbol) -> Mapping[str, Decimal]:
        """What each owner was to buy (> 0) or to sell (< 0) by the plan of `run`, crossing included; empty: nothing."""
        needs = self._needs.get((run, symbol))
        return needs.shares if needs else {}

    def planned(
        self, books: Books, run: RunId, trade: Trade, claims: Mapping[str, float], everyone: tuple[str, ...]
    ) -> Iterator[Entry]:
        """The bots together want what they hold and the plan's order; each its part by its claim.

        Where nobody has a claim, each keeps its part of what is left.
        """
        if trade.price is None and trade.side is None:
            return
        change = {"buy": trade.quantity, "sell": -trade.quantity, None: ZERO}[trade.side]
        price = trade.price.value if trade.price else None
        weights = {owner: Decimal(claims[owner]) for owner in everyone if claims.get(owner, 0) > 0}
        symbol = canonical(trade.symbol)
        yield from self._needed(
            books, (run, symbol), trade.held, change, weights, price, lot_of(trade.target_shares), everyone
        )

    def sold_by_others(
        self, books: Books, mark: Mark | None, run: RunId, symbol: Symbol, everyone: tuple[str, ...]
    ) -> Iterator[Entry]:
        """Shares that bots own by the books and that are gone, at the last known price: somebody else has the money."""
        if books[UNASSIGNED].shares.get(symbol, ZERO) < 0 and mark is not None:
            price = mark.value / mark.quantity
            yield from self._needed(books, (run, symbol), ZERO, ZERO, {}, price, WHOLE, everyone)

    def _needed(
        self,
        books: Books,
        traded: RunSymbol,
        managed: Decimal,
        change: Decimal,
        claims: Mapping[str, Decimal],
        price: Decimal | None,
        lot: Decimal,
        everyone: tuple[str, ...],
    ) -> Iterator[Entry]:
        symbol = traded[1]
        held = {owner: books.get(owner, Book()).shares.get(symbol, ZERO) for owner in everyone}
        whole = sum(held.values(), ZERO)
        theirs = whole - held[UNASSIGNED]
        wanted = max(max(min(theirs, whole), managed) + change, ZERO)
        weights = claims or {owner: shares for owner, shares in held.items() if owner != UNASSIGNED and shares > 0}
        parts = apportion(wanted, weights, lot) if wanted and weights else {}
        needs = {owner: parts.get(owner, ZERO) - shares for owner, shares in held.items() if owner != UNASSIGNED}
        needs[UNASSIGNED] = change - sum(needs.values(), ZERO)
        if any(needs.values()):
            self._needs[traded] = Needs(needs, price, lot)
            self._unit_costs[traded] = {owner: unit_cost(books.get(owner, Book()), symbol) for owner in everyone}
            yield from self._attributed(books, traded, {}, attribute(self._needs[traded], Filled()), "crossing")

    def filled(self, books: Books, run: RunId, fill: Fill) -> Iterator[Entry]:
        """What `fill`, of an order of `run`, adds to the parts of its owners; nothing where it was counted before.

        Raises ForgottenRunError for a run that was forgotten.
        """
        if run < self._forgotten:
            raise ForgottenRunError(f"run {run} was forgotten")
        if fill.execution_id in self._executions:
            return
        self._executions.add(fill.execution_id)
        traded = (run, canonical(fill.symbol))
        needs = self._needs.get(traded, Needs({}, None, WHOLE))
        before, shares = self._filled.get(traded, Filled()), fill.quantity if fill.side == "buy" else -fill.quantity
        after = Filled(before.shares + shares, before.paid + shares * fill.price, before.fee + fill.fee)
        self._filled[traded] = after
        yield from self._attributed(books, traded, attribute(needs, before), attribute(needs, after), "trade")

    def _attributed(
        self, books: Books, traded: RunSymbol, before: Mapping[str, Part], after: Mapping[str, Part], reason: Reason
    ) -> Iterator[Entry]:
        """The difference of two attributions. Sold shares take their cost at the time of the plan along."""
        nothing, needs = Part(), self._needs.get(traded)
        for owner in dict.fromkeys((*before, *after)):
            old, new = before.get(owner, nothing), after.get(owner, nothing)
            if old == new:
                continue
            shares, cash = new.shares - old.shares, new.cash - old.cash
            selling = needs.shares.get(owner, ZERO) < 0 if needs else shares < 0
            cost = shares * self._cost_then(books, traded, owner) if selling else -cash
            fee, crossed = new.fee - old.fee, new.crossed - old.crossed
            yield Entry(owner, reason, cash, traded[1], shares, cost, fee=fee, crossed=crossed)

    def _cost_then(self, books: Books, traded: RunSymbol, owner: str) -> Decimal:
        if traded in self._unit_costs:
            return self._unit_costs[traded].get(owner, ZERO)
        return unit_cost(books.get(owner, Book()), traded[1])
