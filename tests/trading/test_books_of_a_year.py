"""Three bots for a year, with what may happen to an account: each session the books are the broker's to the cent."""

import os
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from book_rules import replayed
from model_days import evenings
from scripted_sim import Script, ScriptedFault
from stage import GLD, SPY, TLT, Stage, Weekdays, dollars, mix, percent

from rebalancer.journal import read
from rebalancer.journal.books import books
from rebalancer.journal.connection import reading
from rebalancer.model import CorporateAction, Symbol
from rebalancer.portfolio.attribution import UNASSIGNED
from rebalancer.portfolio.shortfall import ModelDay, shortfall

FIRST = date(2024, 3, 4)
SESSIONS = 260 if os.environ.get("WHOLE_YEAR") else 26
"""`WHOLE_YEAR=1` runs all of them."""
CENT, ONE = Decimal("0.01"), Decimal(1)
BOTS = {
    "steady": (mix(SPY=60, TLT=40), dollars("steady", 30_000)),
    "switch": (mix(SPY=100), dollars("switch", 25_000)),
    "gold": (mix(GLD=90), percent("gold", 20)),
}


def year(folder: Path, each_day: Callable[[Stage, int], None]) -> Stage:
    stage = Stage(folder, BOTS, commission=Decimal("0.35"))
    days = Weekdays().sessions(FIRST, FIRST + timedelta(days=2 * SESSIONS))[:SESSIONS]
    for number, day in enumerate(days):
        stage.on(day)
        _prices(stage, number)
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


def switch(**wanted: int) -> Callable[[Stage], None]:
    def change(stage: Stage) -> None:
        stage.bots = {**stage.bots, "switch": (mix(**wanted), BOTS["switch"][1])}

    return change


def split(stage: Stage) -> None:
    broker = stage.broker()
    held = next(position.quantity for position in broker.positions() if position.symbol == GLD)
    broker.change_position(GLD, held)
    broker.close()
    stage.market.prices[GLD] = (stage.market.prices[GLD] / 2).quantize(CENT)
    today = stage.clock.now().date()
    stage.market.announced = (CorporateAction(GLD, today, "split", Decimal(2), words="2 for 1 split"),)


def deposit(stage: Stage) -> None:
    broker = stage.broker()
    broker.deposit(Decimal("7500.00"))
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
                6: switch(TLT=100),
                7: split,
                10: fill_in_part(SPY, 5),
                11: switch(SPY=100),
                13: all_well,
                16: switch(SPY=50, TLT=50),
                20: remove("steady"),
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
    assert found.keys() == {"opening", "capital", "trade", "crossing", "deposit", "split"}
    (paid,) = (entry for entry in entries if entry.reason == "deposit")
    assert (paid.owner, paid.cash) == (UNASSIGNED, Decimal("7500.00"))


def test_a_bot_that_was_removed_has_sold_everything_and_given_its_money_back(stage: Stage) -> None:
    book = books(stage.journal_file, "demo").books["steady"]
    assert (dict(book.shares), book.cash) == ({}, 0)
    assert book.paid_out > 29_000


def test_what_bots_earned_and_what_was_paid_in_is_all_that_the_account_gained(stage: Stage) -> None:
    keeper = books(stage.journal_file, "demo")
    last = keeper.valuations[-1]
    gains = sum(last.values[bot] - book.paid_in + book.paid_out for bot, book in keeper.books.items() if bot)
    assert last.equity - Decimal(100_000) - Decimal(7_500) == gains


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
