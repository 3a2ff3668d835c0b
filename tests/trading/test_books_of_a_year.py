"""Three bots for a year, with what may happen to an account: each session the books are the broker's to the cent."""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from beancount.core.data import Balance, Open
from book_rules import replayed
from model_days import evenings
from scripted_sim import Script, ScriptedFault
from stage import GLD, SPY, TLT, Stage, Weekdays, dollars, mix, percent

from rebalancer.app.account_ledger import account_ledger
from rebalancer.bookings import CapitalMoved
from rebalancer.journal import read
from rebalancer.journal.books import books
from rebalancer.journal.connection import reading
from rebalancer.journal.crossed import crossed
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import NO_RUN, CorporateAction, Investment, Payment, RunId, Symbol
from rebalancer.portfolio.attribution import UNASSIGNED
from rebalancer.portfolio.shortfall import ModelDay, shortfall
from rebalancer.report.beancount import to_beancount
from rebalancer.report.crossings import crossings_screen

FIRST = date(2024, 3, 4)
SESSIONS = 260 if os.environ.get("WHOLE_YEAR") else 26
"""`WHOLE_YEAR=1` runs all of them."""
CENT, ONE = Decimal("0.01"), Decimal(1)


def rolling(bot: str, amount: int) -> Investment:
    return replace(dollars(bot, amount), capital="rollover")


BOTS = {
    "steady": (mix(SPY=60, TLT=40), rolling("steady", 30_000)),
    "switch": (mix(SPY=100), rolling("switch", 25_000)),
    "gold": (mix(GLD=90), percent("gold", 20)),
}


def year(folder: Path, each_day: Callable[[Stage, int], None]) -> Stage:
    stage = Stage(folder, BOTS, commission=Decimal("0.35"))
    days = Weekdays().sessions(FIRST, FIRST + timedelta(days=2 * SESSIONS))[:SESSIONS]
    for number, day in enumerate(days):
        stage.on(day)
        _prices(stage, number)
        pay_what_is_due(stage)
        each_day(stage, number)
        stage.run()
    return stage


def _prices(stage: Stage, number: int) -> None:
    """Steps of up to 1 %, the same in every run of the test."""
    for place, symbol in enumerate((SPY, TLT, GLD)):
        step = Decimal((number * 7 + place * 5) % 11 - 5) / 500
        stage.market.prices[symbol] = (stage.market.prices[symbol] * (ONE + step)).quantize(CENT)


def at(numbers: dict[int, Callable[[Stage], None]]) -> Callable[[Stage, int], None]:
    return lambda stage, number: numbers[number](stage) if number in numbers else None


def wants(bot: str, **wanted: int) -> Callable[[Stage], None]:
    def change(stage: Stage) -> None:
        stage.bots = {**stage.bots, bot: (mix(**wanted), BOTS[bot][1])}

    return change


def switch(**wanted: int) -> Callable[[Stage], None]:
    return wants("switch", **wanted)


def change_places(stage: Stage) -> None:
    """`switch` gives up the TLT that `gold` takes."""
    switch(SPY=100)(stage)
    wants("gold", TLT=90)(stage)


def split(stage: Stage) -> None:
    broker = stage.broker()
    held = next(position.quantity for position in broker.positions() if position.symbol == GLD)
    broker.change_position(GLD, held)
    broker.close()
    stage.market.prices[GLD] = (stage.market.prices[GLD] / 2).quantize(CENT)
    today = stage.clock.now().date()
    action = CorporateAction(GLD, today, "split", Decimal(2), words="2 for 1 split")
    stage.market.announced = (*stage.market.announced, action)


def deposit(stage: Stage) -> None:
    broker = stage.broker()
    broker.deposit(Decimal("7500.00"))
    broker.close()


def give(bot: str, amount: int) -> Callable[[Stage], None]:
    """Below 0, take."""

    def move(stage: Stage) -> None:
        with SqliteJournal.open(stage.journal_file) as journal:
            journal.record(NO_RUN, CapitalMoved(stage.clock.now(), "demo", bot, Decimal(amount), "ann@desk"))

    return move


def pay(symbol: Symbol, per_share: str, after: int) -> Callable[[Stage], None]:
    """A dividend that goes ex today, and is paid so many sessions later for the shares of the last evening."""

    def announce(stage: Stage) -> None:
        today, rate = stage.clock.now().date(), Decimal(per_share)
        day = Weekdays().sessions(today, today + timedelta(days=2 * after + 2))[after]
        held = stage.shares()[symbol]
        action = CorporateAction(symbol, today, "dividend", dollars=rate, words=f"dividend of {per_share}")
        stage.market.announced = (*stage.market.announced, action)
        DUE.append(Payment(f"{symbol} {day}", "dividend", (held * rate).quantize(CENT), day, symbol, rate))

    return announce


DUE: list[Payment] = []
"""Dividends that the broker has not paid yet."""


def pay_what_is_due(stage: Stage) -> None:
    today = stage.clock.now().date()
    broker = stage.broker()
    for payment in [each for each in DUE if each.day == today]:
        broker.pay(payment)
        DUE.remove(payment)
    broker.close()


def fill_in_part(symbol: Symbol, shares: int) -> Callable[[Stage], None]:
    def script(stage: Stage) -> None:
        stage.script = Script({("buy", symbol): ScriptedFault(fills_at_most=Decimal(shares))})

    return script


def all_well(stage: Stage) -> None:
    stage.script = Script()


def remove(bot: str) -> Callable[[Stage], None]:
    def change(stage: Stage) -> None:
        stage.bots = {name: stage.bots[name] for name in stage.bots if name != bot}

    return change


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """`switch` gives up SPY for TLT while `steady` keeps both: what one sells the other may buy."""
    return year(
        tmp_path_factory.mktemp("year"),
        at(
            {
                3: deposit,
                4: give("steady", 4_000),
                5: pay(SPY, "1.7743", after=9),
                6: switch(TLT=100),
                7: split,
                10: fill_in_part(SPY, 5),
                11: switch(SPY=100),
                13: all_well,
                15: pay(TLT, "0.31", after=4),
                16: switch(SPY=50, TLT=50),
                18: give("switch", -1_500),
                20: remove("steady"),
                23: change_places,
            }
        ),
    )


def test_the_books_are_the_brokers_to_the_cent_on_every_session(stage: Stage) -> None:
    with reading(stage.journal_file) as journal:
        keeper, _ = replayed(journal, "demo")
    assert len({valuation.session for valuation in keeper.valuations}) == SESSIONS
    assert "partial" in {run.status for run in read.runs(stage.journal_file, limit=SESSIONS)}


def test_only_the_deposit_came_from_outside_and_nothing_is_unexplained(stage: Stage) -> None:
    with reading(stage.journal_file) as journal:
        _, entries = replayed(journal, "demo")
    found = Counter(entry.reason for entry in entries)
    assert found.keys() == {"opening", "capital", "trade", "crossing", "deposit", "split", "dividend"}
    (paid,) = (entry for entry in entries if entry.reason == "deposit")
    assert (paid.owner, paid.cash) == (UNASSIGNED, Decimal("7500.00"))


def test_both_dividends_went_to_the_bots_that_had_the_shares_to_the_cent(stage: Stage) -> None:
    """`switch` had given up its SPY before the first one was paid, and has its part."""
    with reading(stage.journal_file) as journal:
        _, entries = replayed(journal, "demo")
    parts = [(entry.symbol, entry.owner, entry.cash) for entry in entries if entry.reason == "dividend"]
    assert [(symbol, owner) for symbol, owner, _ in parts] == [
        *((SPY, owner) for owner in ("steady", "switch")),
        *((TLT, owner) for owner in ("steady",)),
    ]
    assert [sum(cash for symbol, _, cash in parts if symbol == name) for name in (SPY, TLT)] == [
        payment.amount for payment in stage.paid
    ]


def test_capital_that_rolls_over_is_what_its_owner_moved_and_nothing_else(stage: Stage) -> None:
    with reading(stage.journal_file) as journal:
        _, entries = replayed(journal, "demo")
    moved = [entry.capital for entry in entries if entry.owner == "switch" and entry.capital]
    assert moved == [25_000, -1_500]


def test_a_bot_that_was_removed_has_sold_everything_and_given_its_money_back(stage: Stage) -> None:
    book = books(stage.journal_file, "demo").books["steady"]
    assert (dict(book.shares), book.cash) == ({}, 0)
    assert book.paid_in == 34_000
    assert book.paid_out > 30_000


def test_what_bots_earned_and_what_was_paid_in_is_all_that_the_account_gained(stage: Stage) -> None:
    keeper = books(stage.journal_file, "demo")
    last = keeper.valuations[-1]
    gains = sum(last.values[bot] - book.paid_in + book.paid_out for bot, book in keeper.books.items() if bot)
    assert last.equity - Decimal(100_000) - Decimal(7_500) == gains


def test_what_one_bot_gives_up_and_another_takes_is_shown_with_the_rest_that_was_traded(stage: Stage) -> None:
    """Of the 24th run: its TLT crossed at the price at which the rest was bought."""
    (tlt,) = (each for each in crossed(stage.journal_file, "demo", RunId(24)) if each.symbol == TLT)
    assert tlt.gave.keys() == {"switch"}
    assert tlt.took.keys() == {"gold"}
    assert tlt.quantity > 100
    assert tlt.traded > 0
    (order,) = (order for order in read.run(stage.journal_file, RunId(24)).orders if order.symbol == TLT)
    assert (order.filled, order.average_price) == (tlt.traded, tlt.price)
    assert list(crossings_screen(read.run(stage.journal_file, RunId(24)), [tlt]))


def test_what_one_bot_sells_and_another_buys_never_reaches_the_market(stage: Stage) -> None:
    with reading(stage.journal_file) as journal:
        _, entries = replayed(journal, "demo")
    both = [entry for entry in entries if entry.crossed and entry.shares]
    assert sum(entry.shares for entry in both if entry.reason == "crossing") == 0
    assert {entry.owner for entry in both} >= {"steady", "switch"}


def test_what_a_bot_gained_differs_from_its_model_by_known_causes_alone(stage: Stage) -> None:
    for bot in BOTS:
        days = [shortfall(evening, ModelDay()) for evening in evenings(stage, bot)]
        book = books(stage.journal_file, "demo").books[bot]
        value = books(stage.journal_file, "demo").valuations[-1].values[bot]
        assert sum(day.live for day in days) == value - book.paid_in + book.paid_out
        for day in days:
            assert day.live == day.model + sum(day.causes.values())
            assert day.causes["unexplained"] == 0
        assert sum(day.causes["fees"] for day in days) == -book.fees


def test_beancount_reads_the_year_and_finds_every_balance_of_every_session_right(stage: Stage) -> None:
    text = to_beancount([account_ledger(stage.journal_file, "demo", "USD", "session")])
    entries, errors, _ = loader.load_string(text)
    assert errors == []
    broker = [each for each in entries if isinstance(each, Balance) and each.account == "Assets:Demo"]
    assert len(broker) == SESSIONS
    accounts = {each.account for each in entries if isinstance(each, Open)}
    assert accounts >= {"Income:Demo:Dividends", "Equity:Demo:Deposits", "Expenses:Demo:Fees"}
