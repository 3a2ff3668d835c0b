"""A bot from one evening to the next: what it wanted, what it was granted, what its book held, and what that gained."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from rebalancer.events import HoldingsRead, PlanMade, Restated, TargetsSet
from rebalancer.model import Plan, RunId, Symbol, Targets, Weights, canonical
from rebalancer.portfolio.attribution import ZERO
from rebalancer.portfolio.bookkeeping import Bookkeeper, Recorded
from rebalancer.portfolio.books import Book, Entry, Marks, worth

Money = Mapping[Symbol, Decimal]
TRADES, DIVIDENDS = frozenset({"trade", "crossing"}), frozenset({"dividend", "cash in lieu"})
"""Reasons of entries."""


@dataclass(frozen=True, slots=True)
class Evening:
    """From the end of the run of session `begun` to the end of the next one, of `session`; the first one of a bot has
    the trades of its first run alone.

    money       what the bot was given to invest
    wanted      its weights, fractions of `money`; None where it could not decide
    granted     money in each symbol by its claims, after netting and caps; as `planned` in journals without claims
    planned     money in the whole lots of its plan
    held        money in what its book then had; all three at the broker's prices at the end of the run
    moves       how each price changed since, as a fraction, splits undone; a symbol without a price is absent
    price_gains what the shares of `held` gained in price, exactly
    slippage    what was bought or sold in the second run, and late fills, at the broker's prices at its end, less what
                was paid
    gain        all that the book gained
    """

    begun: date
    session: date
    money: Decimal = ZERO
    wanted: Weights | None = field(default_factory=dict)
    granted: Money = field(default_factory=dict)
    planned: Money = field(default_factory=dict)
    held: Money = field(default_factory=dict)
    prices: Money = field(default_factory=dict)
    moves: Money = field(default_factory=dict)
    price_gains: Money = field(default_factory=dict)
    slippage: Decimal = ZERO
    fees: Decimal = ZERO
    dividends: Decimal = ZERO
    gain: Decimal = ZERO


@dataclass(slots=True)
class _Planned:
    """A plan whose run has not been read to its end."""

    run: RunId
    targets: Targets
    plan: Plan
    shares: dict[Symbol, Decimal]


@dataclass(slots=True)
class _Open:
    """An evening up to now. `shares` are those at its beginning, as splits and renames changed them."""

    begun: Evening
    value: Decimal
    prices: dict[Symbol, Decimal]
    shares: dict[Symbol, Decimal]
    traded: Decimal = ZERO
    fees: Decimal = ZERO
    dividends: Decimal = ZERO
    flows: Decimal = ZERO
    taken: dict[Symbol, Decimal] = field(default_factory=lambda: defaultdict(Decimal))


class Evenings:
    """Those of one `bot`, in order. `see` takes every event of its account, after the bookkeeper entered it.

    `decisions` are the bot's weights by run, None where it could not decide.
    """

    def __init__(self, bot: str, decisions: Mapping[RunId, Weights | None] | None = None) -> None:
        self.found: list[Evening] = []
        self.decisions = decisions or {}
        self._bot = bot
        self._targets: Targets | None = None
        self._planned: _Planned | None = None
        self._open: _Open | None = None
        self._quoted: set[Symbol] = set()

    def see(self, recorded: Recorded, keeper: Bookkeeper, entries: Iterable[Entry]) -> None:
        event, mine = recorded.event, [entry for entry in entries if entry.owner == self._bot]
        if isinstance(event, TargetsSet):
            self._targets = event.targets
        if isinstance(event, PlanMade) and self._targets is not None:
            self._plan(recorded, event.plan, keeper, mine)
        if isinstance(event, Restated) and self._open:
            _restate(self._open, event)
        if self._open:
            for entry in mine:
                _count(self._open, entry)
        if isinstance(event, HoldingsRead) and event.phase in {"start", "end"}:
            self._quoted |= {canonical(row.symbol) for row in event.holdings}
            if self._planned and (event.phase == "end" or recorded.run != self._planned.run):
                self._roll(recorded.session, keeper, self._planned)

    def _plan(self, recorded: Recorded, plan: Plan, keeper: Bookkeeper, mine: list[Entry]) -> None:
        """The bot's shares by the plan: those that its book had before anything was crossed, and its needs."""
        targets = self._targets
        if targets is None or not (mine or self._open or any(share.bot == self._bot for share in targets.shares)):
            return
        crossed = {entry.symbol: entry.shares for entry in mine if entry.reason == "crossing"}
        book = keeper.books.get(self._bot, Book())
        symbols = {*book.shares, *crossed, *(canonical(trade.symbol) for trade in plan.trades)}
        shares = {
            symbol: book.shares.get(symbol, ZERO)
            - crossed.get(symbol, ZERO)
            + keeper.needs_of(recorded.run, symbol).get(self._bot, ZERO)
            for symbol in symbols
            if symbol is not None
        }
        self._planned = _Planned(recorded.run, targets, plan, {symbol: some for symbol, some in shares.items() if some})
        if self._open is None:
            self._open = _Open(Evening(recorded.session, recorded.session), ZERO, {}, {})

    def _roll(self, session: date, keeper: Bookkeeper, planned: _Planned) -> None:
        """The open evening ends, and the one of `planned` begins."""
        if self._open is None:
            return
        prices = self._prices(planned.plan, keeper.marks)
        value = keeper.valuations[-1].values.get(self._bot, ZERO)
        book = keeper.books.get(self._bot, Book())
        self.found.append(_ended(self._open, session, book, keeper.marks, prices, value))
        evening = _begun(self._bot, session, planned, book, keeper.marks, prices, self.decisions.get(planned.run, {}))
        self._open = _Open(evening, value, dict(prices), dict(book.shares))
        self._planned, self._quoted = None, set()

    def _prices(self, plan: Plan, marks: Marks) -> dict[Symbol, Decimal]:
        """The broker's of what the account held in this run, else those of the plan."""
        found = {canonical(trade.symbol): trade.price.value for trade in plan.trades if trade.price}
        quoted = {symbol: marks[symbol] for symbol in sorted(self._quoted & marks.keys())}
        return {**found, **{symbol: mark.value / mark.quantity for symbol, mark in quoted.items() if mark.value}}


def _begun(
    bot: str,
    session: date,
    planned: _Planned,
    book: Book,
    marks: Marks,
    prices: Mapping[Symbol, Decimal],
    wanted: Weights | None,
) -> Evening:
    investable = planned.plan.investable
    fraction = next((share.fraction for share in planned.targets.shares if share.bot == bot), 0.0)
    claims = {symbol: Decimal(parts[bot]) for symbol, parts in planned.targets.claims.items() if bot in parts}
    lots = {symbol: _worth(symbol, shares, marks, prices) for symbol, shares in planned.shares.items()}
    return Evening(
        session,
        session,
        money=Decimal(fraction) * investable,
        wanted=wanted,
        granted={canonical(name): part * investable for name, part in claims.items()} if claims else lots,
        planned=lots,
        held={symbol: worth(marks, symbol, shares) for symbol, shares in book.shares.items()},
        prices=prices,
    )


def _worth(symbol: Symbol, shares: Decimal, marks: Marks, prices: Mapping[Symbol, Decimal]) -> Decimal:
    return worth(marks, symbol, shares) if symbol in marks else shares * prices.get(symbol, ZERO)


def _ended(
    evening: _Open, session: date, book: Book, marks: Marks, prices: Mapping[Symbol, Decimal], value: Decimal
) -> Evening:
    begun, known = evening.begun, prices.keys() & evening.prices.keys()
    before = {symbol: worth(marks, symbol, shares) for symbol, shares in evening.shares.items()}
    after = {symbol: worth(marks, symbol, shares) for symbol, shares in book.shares.items()}
    symbols = dict.fromkeys((*begun.held, *before, *evening.taken))
    return Evening(
        begun.begun,
        session,
        *(begun.money, begun.wanted, begun.granted, begun.planned, begun.held, begun.prices),
        moves={symbol: prices[symbol] / evening.prices[symbol] - 1 for symbol in sorted(known)},
        price_gains={
            symbol: before.get(symbol, ZERO) - begun.held.get(symbol, ZERO) - evening.taken.get(symbol, ZERO)
            for symbol in symbols
        },
        slippage=evening.traded + sum(after.values(), ZERO) - sum(before.values(), ZERO),
        fees=-evening.fees,
        dividends=evening.dividends,
        gain=value - evening.value - evening.flows,
    )


def _count(evening: _Open, entry: Entry) -> None:
    evening.flows += entry.capital
    evening.fees += entry.fee
    if entry.reason in TRADES:
        evening.traded += entry.cash + entry.fee
    elif entry.symbol is not None and entry.shares:
        before = evening.shares.get(entry.symbol, ZERO)
        after = evening.shares[entry.symbol] = before + entry.shares
        evening.taken[entry.symbol] += entry.capital
        if entry.reason == "handed over":  # the bot ends here, and what it wanted with it
            evening.begun = replace(evening.begun, money=ZERO, wanted={}, granted={}, planned={})
        if entry.reason == "split" and before > 0 and after > 0 and entry.symbol in evening.prices:
            evening.prices[entry.symbol] *= before / after
    if entry.reason in DIVIDENDS:
        evening.dividends += entry.cash


def _restate(evening: _Open, event: Restated) -> None:
    """The price of what was renamed, under its new name; that of a split which the book does not have is left out."""
    symbol, old = canonical(event.symbol), canonical(event.was or event.symbol)
    if old != symbol and old in evening.prices:
        evening.prices[symbol] = evening.prices.pop(old)
    elif old == symbol and not evening.shares.get(symbol):
        evening.prices.pop(symbol, None)
