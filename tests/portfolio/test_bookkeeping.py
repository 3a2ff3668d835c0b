"""The books follow the account: whatever happens there, they add up to it, and bots get only what their orders did."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from book_rules import require_broker
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.events import (
    Adopted,
    FillSeen,
    Holding,
    HoldingsRead,
    PlanMade,
    Restated,
    TargetsSet,
    WrittenOff,
)
from rebalancer.model import Account, Fill, OrderId, Plan, Price, RunId, Share, Symbol, Targets, Trade
from rebalancer.portfolio.attribution import UNASSIGNED
from rebalancer.portfolio.bookkeeping import Bookkeeper, Recorded
from rebalancer.portfolio.returns import bot_points, time_weighted

NOW = datetime(2026, 3, 2, 20, 50, tzinfo=UTC)
NONE, CENT = Decimal(0), Decimal("0.01")
SPY, TLT, NEW = Symbol("SPY"), Symbol("TLT"), Symbol("NEW")


@dataclass
class Street:
    """A broker whose account the events describe: each method returns what a run would journal."""

    cash: Decimal = Decimal(10_000)
    shares: dict[Symbol, Decimal] = field(default_factory=dict)
    prices: dict[Symbol, Decimal] = field(
        default_factory=lambda: {SPY: Decimal(50), TLT: Decimal(20), NEW: Decimal(25)}
    )
    run: int = 0
    fills: int = 0
    deposits: Decimal = NONE

    @property
    def equity(self) -> Decimal:
        return self.cash + sum(held * self.prices[symbol] for symbol, held in self.shares.items())

    def recorded(self, event, run=None) -> Recorded:
        return Recorded(RunId(run or self.run), date(2026, 3, 2) + timedelta(self.run), event)

    def read(self, phase="start", **counted) -> Recorded:
        if phase == "start":
            self.run += 1
        rows = [
            Holding(symbol, held, held, held * self.prices[symbol], counted=counted.get(symbol))
            for symbol, held in self.shares.items()
            if held
        ]
        account = Account("1", self.equity, self.cash, self.cash, NOW, deposits=self.deposits)
        if phase == "end":
            self.deposits = NONE
        return self.recorded(HoldingsRead(NOW, phase, account, tuple(rows), NONE, NONE, self.equity))

    def plan(self, claims, **orders) -> list[Recorded]:
        """Targets with these `claims` by symbol and bot, and the shares to buy (or sell, below 0) by symbol."""
        bots = dict.fromkeys(bot for parts in claims.values() for bot in parts)
        fractions = {bot: sum(parts.get(bot, 0.0) for parts in claims.values()) for bot in bots}
        shares = tuple(Share(bot, fraction, fraction) for bot, fraction in fractions.items())
        weights = {Symbol(symbol): sum(parts.values()) for symbol, parts in claims.items()}
        targets = Targets(shares, weights, (), weights, weights, claims=claims)
        trades = tuple(
            self._trade(Symbol(symbol), weights.get(Symbol(symbol), 0.0), Decimal(orders.get(symbol, 0)))
            for symbol in sorted({*weights, *orders, *self.shares})
        )
        events = TargetsSet(NOW, targets), PlanMade(NOW, Plan(self.equity, trades))
        return [self.recorded(event) for event in events]

    def _trade(self, symbol: Symbol, weight: float, change: Decimal) -> Trade:
        held, price = self.shares.get(symbol, NONE), self.prices[symbol]
        side = None if not change else "buy" if change > 0 else "sell"
        taken = Price(symbol, price, "quote", NOW, 0.0)
        wanted = int(held + change)
        return Trade(symbol, held, NONE, Decimal(str(weight)), wanted, taken, side, abs(change), NONE, "")

    def fill(self, symbol, change, price, fee="0", run=None) -> Recorded:
        self.fills += 1
        change, price, fee = Decimal(change), Decimal(price), Decimal(fee)
        self.shares[symbol] = self.shares.get(symbol, NONE) + change
        self.cash -= change * price + fee
        side = "buy" if change > 0 else "sell"
        fill = Fill(f"x{self.fills}", OrderId("o"), symbol, side, abs(change), price, fee, NOW)
        return self.recorded(FillSeen(NOW, fill), run)


def entered(*events) -> Bookkeeper:
    keeper = Bookkeeper()
    for recorded in events:
        enter(keeper, recorded)
    return keeper


def enter(keeper, recorded):
    entries = keeper.enter(recorded)
    if isinstance(recorded.event, HoldingsRead):
        require_broker(keeper, recorded.event)
    return entries


def reasons(entries):
    return [(entry.owner, entry.reason, entry.symbol or entry.cash) for entry in entries]


def test_the_first_reading_is_unassigned_and_bots_get_their_money_with_the_plan():
    street = Street()
    keeper = entered(street.read(), *street.plan({SPY: {"A": 0.6}, TLT: {"B": 0.3}}))
    assert {owner: book.cash for owner, book in keeper.books.items()} == {UNASSIGNED: 1000, "A": 6000, "B": 3000}


def test_each_evening_a_bot_is_brought_back_to_its_share():
    street = Street()
    keeper = entered(street.read(), *street.plan({SPY: {"A": 0.5}}, SPY=100), street.fill(SPY, 100, 50))
    street.prices[SPY] = Decimal(60)
    enter(keeper, street.read())
    for event in street.plan({SPY: {"A": 0.5}}):
        enter(keeper, event)
    book = keeper.books["A"]
    assert (book.cash, book.paid_in, book.paid_out) == (-500, 5000, 500)  # 6,000 less half of 11,000


def test_a_bot_without_a_share_sells_and_gives_its_money_back_in_the_same_evening():
    street = Street()
    keeper = entered(
        street.read(), *street.plan({SPY: {"A": 0.5}, TLT: {"B": 0.5}}, SPY=100), street.fill(SPY, 100, 50)
    )
    for event in (street.read(), *street.plan({TLT: {"B": 0.5}}, SPY=-100), street.fill(SPY, -100, 51)):
        enter(keeper, event)
    assert keeper.books["A"].cash == 5100
    enter(keeper, street.read("end"))
    assert (keeper.books["A"].cash, keeper.books["A"].paid_out) == (0, 5100)
    assert keeper.valuations[-1].given_back["A"] == 5100
    assert time_weighted(bot_points(keeper.valuations, "A")) == pytest.approx(0.02)


def test_a_late_fill_is_shared_by_the_claims_of_its_own_run():
    street = Street()
    keeper = entered(street.read(), *street.plan({SPY: {"A": 0.2, "B": 0.1}}, SPY=60), street.fill(SPY, 30, 50))
    for event in (street.read(), *street.plan({SPY: {"C": 0.3}})):
        enter(keeper, event)
    assert keeper.books["C"].shares == {SPY: 30}  # it took over what A and B no longer want
    enter(keeper, street.fill(SPY, 30, 52, run=1))
    assert {owner: book.shares for owner, book in keeper.books.items() if book.shares} == {
        "A": {SPY: 20},
        "B": {SPY: 10},
        "C": {SPY: 30},
    }
    enter(keeper, street.read())


def test_a_trade_by_hand_is_unassigned_and_the_bots_keep_theirs():
    street = Street()
    keeper = entered(street.read(), *street.plan({SPY: {"A": 0.5}}, SPY=100), street.fill(SPY, 100, 50))
    street.shares[TLT], street.cash = Decimal(10), street.cash - 200
    entries = enter(keeper, street.read())
    assert reasons(entries) == [(UNASSIGNED, "trade by hand", TLT), (UNASSIGNED, "trade by hand", -200)]
    assert keeper.books[UNASSIGNED].costs == {TLT: 200}


def test_bots_sell_to_the_owner_what_the_owner_sold_of_theirs():
    street = Street()
    keeper = entered(street.read(), *street.plan({SPY: {"A": 0.5}}, SPY=100), street.fill(SPY, 100, 50))
    street.shares[SPY], street.cash = Decimal(70), street.cash + 1500
    enter(keeper, street.read())
    assert keeper.books["A"].shares == {SPY: 100}
    assert keeper.books[UNASSIGNED].shares == {SPY: -30}
    for event in street.plan({SPY: {"A": 0.5}}):
        enter(keeper, event)
    assert keeper.books["A"].shares == {SPY: 70}
    assert keeper.books[UNASSIGNED].shares == {}


def test_deposits_are_told_from_cash_that_nothing_explains():
    street = Street()
    keeper = entered(street.read())
    street.cash, street.deposits = street.cash + 1003, Decimal(1000)
    entries = enter(keeper, street.read())
    assert reasons(entries) == [(UNASSIGNED, "deposit", 1000), (UNASSIGNED, "cash that no fill explains", 3)]
    assert keeper.valuations[-1].paid_in == 1000
    assert enter(keeper, street.read("end")) == ()


def test_what_an_unsettled_order_may_have_done_belongs_to_nobody_until_it_is_known():
    street = Street()
    keeper = entered(street.read(), *street.plan({SPY: {"A": 0.5}}, SPY=100))
    fill = street.fill(SPY, 100, 50)
    enter(keeper, street.read("end", SPY=NONE))
    assert (keeper.open_shares, keeper.open_cash) == ({SPY: 100}, -5000)
    for event in (fill, street.read()):
        enter(keeper, event)
    assert (keeper.open_shares, keeper.open_cash) == ({}, 0)
    assert keeper.books["A"].shares == {SPY: 100}


def test_a_split_and_a_rename_keep_the_cost_and_change_no_money():
    street = Street()
    keeper = entered(street.read(), *street.plan({SPY: {"A": 0.3, "B": 0.2}}, SPY=99), street.fill(SPY, 99, 50))
    cost = {owner: dict(book.costs) for owner, book in keeper.books.items()}
    enter(keeper, street.recorded(Restated(NOW, "demo", SPY, Decimal(198), Decimal(198), "2 for 1")))
    assert keeper.books["A"].shares == {SPY: 118}
    gone = Restated(NOW, "demo", SPY, NONE, NONE, "renamed")
    come = Restated(NOW, "demo", NEW, Decimal(198), Decimal(198), "was SPY", SPY, date(2026, 3, 4))
    for event in (gone, come):
        enter(keeper, street.recorded(event))
    assert {owner: {SPY: book.costs.get(NEW)} for owner, book in keeper.books.items() if owner} == {
        owner: costs for owner, costs in cost.items() if owner
    }
    street.shares = {NEW: Decimal(198)}
    assert enter(keeper, street.read()) == ()


def test_shares_written_off_count_as_taken_out():
    street = Street()
    keeper = entered(street.read(), *street.plan({SPY: {"A": 0.3, "B": 0.2}}, SPY=100), street.fill(SPY, 100, 50))
    enter(keeper, street.read("end"))
    enter(keeper, street.recorded(WrittenOff(NOW, "demo", SPY, Decimal(100), Decimal(5000), "ann", "delisted"), run=0))
    street.shares, street.deposits = {}, Decimal(-5000)
    assert enter(keeper, street.read()) == ()
    assert keeper.books["A"].paid_out == 3000
    assert keeper.valuations[-1].paid_in == -5000


@pytest.mark.parametrize(
    ("expected", "cost", "kept"), [(None, None, 480), (None, 333, 333), (10, None, 500), (10, 333, 333)]
)
def test_adopted_shares_cost_the_brokers_average_else_its_value_until_bots_take_them(expected, cost, kept):
    """Where a difference is settled with them, the value is that of the last reading."""
    street = Street(shares={SPY: Decimal(10)})
    shown = street.read(SPY=Decimal(0)) if expected else street.read()
    adopted = Adopted(
        NOW, "demo", SPY, Decimal(10), Decimal(480), expected and Decimal(expected), cost and Decimal(cost)
    )
    keeper = entered(shown, street.recorded(adopted, run=0))
    assert keeper.books[UNASSIGNED].costs == {SPY: kept}
    for event in street.plan({SPY: {"A": 0.05}}):
        enter(keeper, event)
    assert keeper.books["A"].costs == {SPY: 500}


# ------------------------------------------------------------------------------------------------ whatever happens

steps = st.sampled_from(["evening", "partial", "hand", "deposit", "split", "prices", "late", "cash"])
weights = st.integers(0, 3)


@st.composite
def stories(draw) -> list[Recorded]:
    """The events of up to eight evenings of three bots, with everything that may come between."""
    street = Street()
    events, late = [street.read()], []
    for step in draw(st.lists(steps, min_size=1, max_size=16)):
        events += _happens(draw, street, step, late)
        events.append(street.read())
    return events


def _happens(draw, street, step, late):
    match step:
        case "evening" | "partial":
            return _evening(draw, street, late, all_filled=step == "evening")
        case "hand":
            symbol, change = draw(st.sampled_from([SPY, TLT])), Decimal(draw(st.integers(-5, 5)))
            change = max(change, -street.shares.get(symbol, NONE))
            street.shares[symbol] = street.shares.get(symbol, NONE) + change
            street.cash -= change * street.prices[symbol]
        case "deposit":
            street.deposits += (paid := Decimal(draw(st.integers(1, 900))))
            street.cash += paid
        case "cash":
            street.cash += draw(st.decimals(-3, 3, places=2))
        case "prices":
            street.prices |= {symbol: draw(st.decimals("1", "99", places=3)) for symbol in (SPY, TLT)}
        case "late" if late:
            run, symbol, change = late.pop()
            return [street.fill(symbol, change, street.prices[symbol], "0.03", run)]
        case "split" if street.shares.get(SPY):
            street.shares[SPY] *= 2
            street.prices[SPY] = (street.prices[SPY] / 2).quantize(Decimal("0.001"))
            held = street.shares[SPY]
            return [street.recorded(Restated(NOW, "demo", SPY, held, held, "2 for 1"))]
    return []


def _evening(draw, street, late, *, all_filled):
    claims = {
        symbol: {bot: draw(weights) / 30 for bot in draw(st.sets(st.sampled_from("ABC")))} for symbol in (SPY, TLT)
    }
    claims = {symbol: {bot: part for bot, part in sorted(parts.items()) if part} for symbol, parts in claims.items()}
    orders = {symbol: draw(st.integers(-int(street.shares.get(symbol, 0)), 20)) for symbol in (SPY, TLT)}
    events = street.plan({symbol: parts for symbol, parts in claims.items() if parts}, **orders)
    run = street.run
    for symbol, change in orders.items():
        filled = change if all_filled else int(change * draw(st.floats(0, 1)))
        if filled:
            price = street.prices[symbol] + draw(st.decimals("-0.5", "0.5", places=4))
            events.append(street.fill(symbol, filled, price, draw(st.sampled_from(["0", "0.01", "1"]))))
        if change != filled and draw(st.booleans()):
            late.append((run, symbol, change - filled))
    return [*events, street.read("end")]


@given(stories())
def test_books_add_up_to_the_broker_after_every_reading(events):
    entered(*events)


@given(stories())
def test_only_causes_of_the_account_are_unassigned(events):
    """A bot's book changes by its capital, its orders, crossings and splits alone."""
    keeper = Bookkeeper()
    found = {entry.reason for recorded in events for entry in keeper.enter(recorded) if entry.owner != UNASSIGNED}
    assert found <= {"capital", "trade", "crossing", "split"}


@given(stories(), st.data())
def test_the_same_events_give_the_same_books_however_far_they_are_read(events, data):
    cut = data.draw(st.integers(0, len(events)))
    first, again = entered(*events[:cut]), entered(*events[:cut])
    assert (first.books, first.valuations) == (again.books, again.valuations)
    for recorded in events[cut:]:
        enter(first, recorded)
    whole = entered(*events)
    assert (first.books, first.valuations, first.marks) == (whole.books, whole.valuations, whole.marks)


@given(stories())
def test_what_bots_got_and_earned_is_what_they_have(events):
    """Value = capital in - capital out + every gain: of cash alone, capital and trades are all there is."""
    keeper = Bookkeeper()
    entries = [entry for recorded in events for entry in keeper.enter(recorded)]
    for owner, book in keeper.books.items():
        mine = [entry for entry in entries if entry.owner == owner]
        assert book.cash == sum(entry.cash for entry in mine)
        assert book.paid_in - book.paid_out == sum(entry.capital for entry in mine)
        assert book.fees == sum(entry.fee for entry in mine)
    crossed = [entry for entry in entries if entry.reason == "crossing"]
    assert sum(entry.cash for entry in crossed) == 0
    assert sum(entry.shares for entry in crossed) == 0
