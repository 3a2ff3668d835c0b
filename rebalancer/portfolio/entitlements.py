"""Whose is what the broker pays or charges later: by what the owners held, and what they traded, on past days."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from decimal import Decimal
from typing import Any

from rebalancer.model import Fill, Payment, RunId, Symbol, canonical
from rebalancer.portfolio.attribution import ZERO
from rebalancer.portfolio.books import Books, Entry, owners

NIGHTS = 130
"""Sessions that are remembered: half a year."""


class Entitlements:
    """What is remembered of the last sessions. Weights are by owner, in bot order; empty: unassigned."""

    def __init__(self) -> None:
        self._nights: dict[date, Books] = {}
        self._names: dict[Symbol, Symbol] = {}
        self._sessions: dict[RunId, date] = {}
        self._sold: dict[date, dict[str, Decimal]] = {}
        self._traded: dict[date, dict[str, Decimal]] = {}

    def keep_night(self, session: date, books: Books) -> None:
        """The books after a session."""
        self._nights.pop(session, None)
        self._nights[session] = books
        for kept in (self._nights, self._sold, self._traded, self._sessions):
            _forget(kept)

    def begin(self, run: RunId, session: date) -> None:
        """`session` is that of an event of `run`; of the first one if there are several."""
        self._sessions.setdefault(run, session)

    def rename(self, was: Symbol, symbol: Symbol) -> None:
        self._names[canonical(was)] = canonical(symbol)

    def trade(self, run: RunId, fill: Fill, entries: Iterable[Entry]) -> None:
        """What each owner traded in the market by `fill`, in money, on the session of its order."""
        session = self._sessions.get(run)
        if session is None:
            return
        for entry in entries:
            money = max(abs(entry.shares) - abs(entry.crossed), ZERO) * fill.price
            for kept in (self._traded, self._sold) if fill.side == "sell" else (self._traded,):
                of_day = kept.setdefault(session, {})
                of_day[entry.owner] = of_day.get(entry.owner, ZERO) + money

    def held_before(self, day: date) -> Books:
        """The books after the last session before `day`."""
        return next((books for night, books in reversed(self._nights.items()) if night < day), {})

    def of(self, payment: Payment, ex_date: date | None) -> Mapping[str, Decimal]:
        """By what was traded on its day for a fee on trades; by the shares before its ex-date, or before the day of a
        payment without one, for what is paid for shares.
        """
        if payment.charged_on is not None:
            kept = self._sold if payment.charged_on == "sales" else self._traded
            return {owner: money for owner, money in kept.get(payment.day, {}).items() if money > 0}
        if payment.symbol is None or payment.kind not in {"dividend", "cash in lieu"}:
            return {}
        return self._holders(self.held_before(ex_date or payment.day), canonical(payment.symbol))

    def _holders(self, books: Books, symbol: Symbol) -> Mapping[str, Decimal]:
        """Those with shares of `symbol`; where there are none, with shares under an earlier or a later name of it."""
        now = self._present(symbol)
        all_names = {now, *(name for name in self._names if self._present(name) == now)}
        return _with_shares(books, {symbol}) or _with_shares(books, all_names)

    def _present(self, symbol: Symbol) -> Symbol:
        """The last name; a ticker that came back to itself keeps the one before."""
        seen = {symbol}
        while (after := self._names.get(symbol, symbol)) not in seen:
            seen.add(after)
            symbol = after
        return symbol


def _with_shares(books: Books, names: AbstractSet[Symbol]) -> Mapping[str, Decimal]:
    held = (
        (owner, sum((shares for name, shares in books[owner].shares.items() if name in names), ZERO))
        for owner in owners(books)
        if owner in books
    )
    return {owner: shares for owner, shares in held if shares > 0}


def _forget(kept: dict[Any, Any]) -> None:
    while len(kept) > NIGHTS:
        del kept[next(iter(kept))]
