"""Keeps the books of an account: its events, in order, become entries. Deterministic: the same events, the same books.

Each evening, when the plan is made, every bot is brought back to its share of Investable (`capital`), unless its
capital rolls over, and its part of each symbol is the planned quantity by its claim on it. Fills are its part of the
orders that lead there. What a reading of the account shows beyond that is unassigned.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rebalancer.bookings import BookUsed, CapitalMoved, CashPaid, HandedOver, SpunOff
from rebalancer.events import (
    Adopted,
    BotDecided,
    BotFailed,
    Event,
    FillSeen,
    HoldingsRead,
    PlanMade,
    Restated,
    TargetsSet,
    WrittenOff,
)
from rebalancer.model import Account, Allocation, Decision, Fill, Plan, RunId, Symbol, Targets, canonical
from rebalancer.portfolio.attribution import (
    CENT,
    UNASSIGNED,
    ZERO,
    derived_claims,
)
from rebalancer.portfolio.book_events import (
    adopted_entries,
    paid_entries,
    restated_entries,
    spun_off_entries,
    unassigned_shares,
    written_off_entries,
)
from rebalancer.portfolio.books import (
    EXTERNAL,
    Book,
    Books,
    Entry,
    Mark,
    Reason,
    Valuation,
    owners,
    post,
    total,
    total_cash,
    value_of,
    values,
    worth,
)
from rebalancer.portfolio.capital import capital_of_the_plan, given_back, moved_by_a_person
from rebalancer.portfolio.entitlements import Entitlements
from rebalancer.portfolio.order_parts import OrderParts


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event of an account, not of a dry run. A fill has the run of its order, whichever run found it.

    Events outside a run have the session of the run before them.
    """

    run: RunId
    session: date
    event: Event


class Bookkeeper:
    """Takes every event of one account in journal order.

    `open_shares` and `open_cash` are what the broker shows beyond the books while an order is unsettled, or while a
    split or rename may still be announced: they belong to nobody yet. After each reading at the start or the end of a
    run the books and they add up to the broker's shares and cash exactly.
    """

    def __init__(self) -> None:
        self.books: Books = {UNASSIGNED: Book()}
        self.marks: dict[Symbol, Mark] = {}
        self.open_shares: Mapping[Symbol, Decimal] = {}
        self.open_cash = ZERO
        self.valuations: list[Valuation] = []
        self._decisions: dict[str, Decision] = {}
        self._targets: Targets | None = None
        self._parts = OrderParts()
        self._entitlements = Entitlements()
        self._fills_since = 0
        self._deposits: tuple[date, Decimal] = (date.min, ZERO)
        self._written_off = ZERO
        self._used: dict[str, Decimal | None] = {}
        self._invested: frozenset[str] = frozenset()
        self._closing: tuple[str, ...] = ()
        self._flows: dict[str, Decimal] = defaultdict(Decimal)
        self._given_back: dict[str, Decimal] = {}
        self._paid_in = ZERO

    def has(self, bot: str) -> Decimal | None:
        """What `bot` has by its book, at the last reading; None before its first evening and after it was removed."""
        return value_of(self.books[bot], self.marks) if bot in self._invested else None

    def enter(self, recorded: Recorded) -> tuple[Entry, ...]:
        """The entries of an event, posted."""
        event = recorded.event
        entries = tuple(self._entries(recorded.run, recorded.session, event))
        self.books = post(self.books, entries)
        for entry in entries:
            if isinstance(event, HoldingsRead) and entry.reason == "capital":
                self._given_back[entry.owner] = -entry.capital
            else:
                self._flows[entry.owner] += entry.capital
            if entry.reason in EXTERNAL:
                self._paid_in += entry.capital
        if isinstance(event, HoldingsRead) and _counts(event):
            self._value(recorded.run, recorded.session, event)
            self._entitlements.keep_night(recorded.session, self.books)
        return entries

    def forget_before(self, run: int) -> None:
        """As `OrderParts.forget_before`."""
        self._parts.forget_before(run)

    def needs_of(self, run: RunId, symbol: Symbol) -> Mapping[str, Decimal]:
        """As `OrderParts.needs_of`."""
        return self._parts.needs_of(run, symbol)

    def _entries(self, run: RunId, session: date, event: Event) -> Iterable[Entry]:
        self._entitlements.begin(run, session)
        match event:
            case HoldingsRead() if _counts(event):
                return self._read(event, session)
            case BotDecided(bot=bot, weights=weights):
                self._decisions[bot] = Allocation(bot, session, weights)
            case BotFailed(failure=failure):
                self._decisions[failure.bot] = failure
            case TargetsSet(targets=targets):
                self._targets = targets
            case BookUsed(bot=bot, value=value):
                self._used[bot] = value
            case CashPaid() | SpunOff() | CapitalMoved() | HandedOver():
                return tuple(self._moved(event))
            case PlanMade(plan=plan):
                return self._planned(run, plan)
            case FillSeen(fill=fill):
                return self._filled(run, fill)
            case Restated() | Adopted() | WrittenOff():
                return tuple(self._without_order(event))
        return ()

    def _moved(self, event: CashPaid | SpunOff | CapitalMoved | HandedOver) -> Iterable[Entry]:
        if isinstance(event, CashPaid):
            return paid_entries(self._entitlements.of(event.payment, event.ex_date), event.payment)
        if isinstance(event, SpunOff):
            return spun_off_entries(self._entitlements.held_before(event.ex_date), event)
        return moved_by_a_person(self.books, self.marks, event)

    def _filled(self, run: RunId, fill: Fill) -> Iterable[Entry]:
        entries = tuple(self._parts.filled(self.books, run, fill))
        self._entitlements.trade(run, fill, entries)
        self._fills_since += bool(entries)
        return entries

    def _without_order(self, event: Restated | Adopted | WrittenOff) -> Iterable[Entry]:
        """What was open in the symbol is explained by the event; the books are those before it."""
        if not isinstance(event, Adopted) or event.expected is not None:
            explained = {canonical(event.symbol), canonical(getattr(event, "was", None) or event.symbol)}
            self.open_shares = {symbol: left for symbol, left in self.open_shares.items() if symbol not in explained}
        match event:
            case Restated():
                if event.was is not None:
                    self._entitlements.rename(event.was, event.symbol)
                mark = self.marks.get(canonical(event.was or event.symbol))
                if mark and event.expected:
                    self.marks[canonical(event.symbol)] = Mark(event.expected, mark.value)
                return restated_entries(self.books, event)
            case Adopted():
                return adopted_entries(self.books, self.marks, event)
            case WrittenOff():
                self._written_off += event.value
                return written_off_entries(self.books, event)

    # ------------------------------------------------------------------------------------------------------- readings

    def _read(self, event: HoldingsRead, session: date) -> Iterator[Entry]:
        """What the broker shows beyond the books goes to UNASSIGNED, or stays open while an order is unsettled."""
        opening = not self.valuations
        if event.phase == "start":
            self._used = {}
        shown = self._mark(event)
        counted = {canonical(row.symbol) for row in event.holdings if row.counted is not None}
        known = {symbol for book in self.books.values() for symbol in book.shares}
        beyond = {symbol: shown.get(symbol, ZERO) - total(self.books, symbol) for symbol in sorted({*shown, *known})}
        self.open_shares = {symbol: shares for symbol, shares in beyond.items() if shares and symbol in counted}
        moved = {symbol: shares for symbol, shares in beyond.items() if shares and symbol not in counted}
        paid_in = self._new_deposits(session, event.account)
        cash = event.account.cash - total_cash(self.books) - paid_in
        unsettled = any(row.counted is not None and row.opened is None for row in event.holdings)
        self.open_cash, cash = (cash, ZERO) if unsettled and not opening else (ZERO, cash)
        traded = sum((worth(self.marks, symbol, shares) for symbol, shares in moved.items()), ZERO) * cash < 0
        for symbol, shares in moved.items():
            reason: Reason = "trade by hand" if traded else "shares that no fill explains"
            yield unassigned_shares(self.books, self.marks, "opening" if opening else reason, symbol, shares)
        if paid_in:
            yield Entry(UNASSIGNED, "deposit" if paid_in > 0 else "withdrawal", paid_in, capital=paid_in)
        if cash:
            yield Entry(UNASSIGNED, "opening" if opening else self._cash_reason(cash, by_hand=traded), cash)
        if event.phase == "end":
            yield from given_back(self.books, self._closing)
            self._closing = ()
        self._fills_since = 0

    def _mark(self, event: HoldingsRead) -> dict[Symbol, Decimal]:
        """The broker's quantities. Keeps its values: where a difference is open, those of before."""
        shown: dict[Symbol, Decimal] = {}
        worth: dict[Symbol, Decimal] = {}
        for row in event.holdings:
            symbol = canonical(row.symbol)
            shown[symbol] = shown.get(symbol, ZERO) + row.quantity
            worth[symbol] = worth.get(symbol, ZERO) + row.value
            if row.counted and row.counted_value is not None:
                self.marks[symbol] = Mark(row.counted, row.counted_value)
        kept = {canonical(row.symbol) for row in event.holdings if row.counted_value is not None}
        self.marks |= {
            symbol: Mark(shown[symbol], worth[symbol]) for symbol in shown if shown[symbol] and symbol not in kept
        }
        return shown

    def _new_deposits(self, session: date, account: Account) -> Decimal:
        """Cash paid in, less what was paid out, as far as the broker reports it and no earlier reading showed it.

        A simulated account reports the value of shares written off as paid out, though no cash left it.
        """
        if account.deposits is None:
            return ZERO
        before = self._deposits[1] if self._deposits[0] == session else ZERO
        self._deposits = (session, account.deposits)
        written, self._written_off = self._written_off, ZERO
        return account.deposits - before + written

    def _cash_reason(self, cash: Decimal, *, by_hand: bool) -> Reason:
        if by_hand:
            return "trade by hand"
        return "rounding" if abs(cash) <= self._fills_since * CENT else "cash that no fill explains"

    def _value(self, run: RunId, session: date, event: HoldingsRead) -> None:
        equity = event.account.equity
        found = values(self.books, self.marks, equity)
        flows, given_back = dict(self._flows), self._given_back
        self.valuations.append(Valuation(run, session, event.at, equity, self._paid_in, found, flows, given_back))
        self._flows.clear()
        self._given_back = {}
        self._paid_in = ZERO

    # ------------------------------------------------------------------------------------------------ plans

    def _planned(self, run: RunId, plan: Plan) -> Iterator[Entry]:
        targets, decisions = self._targets, self._decisions
        self._targets, self._decisions = None, {}
        if targets is None:
            return
        order = owners(self.books, (share.bot for share in targets.shares))
        yield from capital_of_the_plan(self.books, self.marks, targets, plan.investable, self._used, order)
        self._invested = frozenset(share.bot for share in targets.shares)
        self._closing = tuple(owner for owner in self.books if owner not in {UNASSIGNED, *self._invested})
        claims = targets.claims or derived_claims(targets, decisions)
        for trade in plan.trades:
            yield from self._parts.planned(self.books, run, trade, claims.get(trade.symbol, {}), order)
        planned = {canonical(trade.symbol) for trade in plan.trades}
        for symbol in sorted({symbol for book in self.books.values() for symbol in book.shares} - planned):
            yield from self._parts.sold_by_others(self.books, self.marks.get(symbol), run, symbol, order)


def _counts(event: HoldingsRead) -> bool:
    """Between sells and buys the broker's positions may lag behind the latest fills."""
    return event.phase in {"start", "end"}
