"""A bot whose capital rolls over: its money is what its book has. It is never filled up, and never skimmed."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from book_rules import replayed
from stage import DAYS, GLD, SPY, Stage, dollars, mix, percent

from rebalancer.bookings import CapitalMoved
from rebalancer.errors import SourceError
from rebalancer.events import BotDecided
from rebalancer.journal.books import books
from rebalancer.journal.connection import reading
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import NO_RUN, Investment, Trading
from rebalancer.model.settings import CapitalMode
from rebalancer.portfolio.attribution import UNASSIGNED
from rebalancer.portfolio.bookkeeping import Bookkeeper


def rolling(bot: str, amount: int) -> Investment:
    return replace(dollars(bot, amount), capital="rollover")


def one(folder: Path, capital: CapitalMode = "rollover") -> Stage:
    """A bot with 20,000 dollars that wants SPY at 500 alone."""
    return Stage(folder, {"A": (mix(SPY=100), replace(dollars("A", 20_000), capital=capital))})


def run_on(stage: Stage, day: int, spy: str | None = None) -> Bookkeeper:
    """One evening; the books after it, which add up to the broker after every reading so far."""
    stage.on(DAYS[day])
    if spy:
        stage.market.prices[SPY] = Decimal(spy)
    stage.run()
    with reading(stage.journal_file) as journal:
        return replayed(journal, "demo")[0]


def move(stage: Stage, amount: str, bot: str = "A") -> None:
    with SqliteJournal.open(stage.journal_file) as journal:
        journal.record(NO_RUN, CapitalMoved(stage.clock.now(), "demo", bot, Decimal(amount), "ann@desk"))


def said(stage: Stage) -> str:
    return " ".join(note.text for note in stage.record().remarks)


def test_the_first_evening_trades_as_with_fixed_capital(tmp_path: Path) -> None:
    for capital in ("fixed", "rollover"):
        (tmp_path / capital).mkdir()
    fixed, rollover = one(tmp_path / "fixed", "fixed"), one(tmp_path / "rollover")
    run_on(fixed, 0), run_on(rollover, 0)
    assert fixed.record().orders == rollover.record().orders
    assert "A begins with 20,000.00 USD" in said(rollover)
    assert fixed.shares() == {SPY: 40}


@pytest.mark.parametrize(("capital", "left"), [("fixed", 36), ("rollover", 40)])
def test_what_a_bot_earns_is_taken_out_or_stays_in_its_book(tmp_path: Path, capital: CapitalMode, left: int) -> None:
    stage = one(tmp_path, capital)
    run_on(stage, 0)
    keeper = run_on(stage, 1, spy="550")
    assert stage.shares() == {SPY: left}
    assert keeper.has("A") == (22_000 if capital == "rollover" else 20_000)


def test_what_a_bot_loses_is_not_filled_up(tmp_path: Path) -> None:
    stage = one(tmp_path)
    run_on(stage, 0)
    keeper = run_on(stage, 1, spy="400")
    assert (keeper.has("A"), stage.shares()) == (16_000, {SPY: 40})
    assert keeper.books["A"].paid_in == 20_000
    assert "A has 16,000.00 USD by its book" in said(stage)


def test_a_deposit_is_invested_by_the_next_run_and_a_withdrawal_sold_for(tmp_path: Path) -> None:
    stage = one(tmp_path)
    run_on(stage, 0)
    move(stage, "5000")
    keeper = run_on(stage, 1)
    assert (stage.shares(), keeper.has("A")) == ({SPY: 50}, 25_000)
    move(stage, "-15000")
    keeper = run_on(stage, 2)
    assert (stage.shares(), keeper.has("A")) == ({SPY: 20}, 10_000)
    assert (keeper.books["A"].paid_in, keeper.books["A"].paid_out) == (25_000, 15_000)


def test_a_book_with_nothing_left_gets_nothing_and_is_not_begun_again(tmp_path: Path) -> None:
    stage = one(tmp_path)
    run_on(stage, 0)
    move(stage, "-20000")
    run_on(stage, 1)
    keeper = run_on(stage, 2)
    assert (stage.shares(), keeper.has("A")) == ({}, 0)
    assert 'A has 0.00 USD by its book, and gets nothing: `rebalance invest deposit "A" AMOUNT`' in said(stage)


def test_books_that_have_more_than_can_be_invested_are_scaled_down_and_stay_as_they_are(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"A": (mix(SPY=100), rolling("A", 60_000)), "B": (mix(TLT=100), rolling("B", 30_000))})
    run_on(stage, 0)
    broker = stage.broker()
    broker.deposit(Decimal(-10_000))
    broker.close()
    stage.reserve = replace(stage.reserve, amount=Decimal(45_000))
    keeper = run_on(stage, 1)
    assert "the books of A, B have 90,000.00 USD together, and 45,000.00 USD can be invested" in said(stage)
    assert (keeper.has("A"), keeper.has("B")) == (60_000, 30_000)
    assert stage.shares()[SPY] == 59  # half of 60,000, and of that 99 %, at 500
    assert keeper.books[UNASSIGNED].cash == 0


def test_bots_of_every_kind_of_capital_share_an_account(tmp_path: Path) -> None:
    stage = Stage(
        tmp_path,
        {
            "rolls": (mix(SPY=100), rolling("rolls", 20_000)),
            "fixed": (mix(SPY=100), dollars("fixed", 20_000)),
            "tenth": (mix(GLD=100), percent("tenth", 10)),
        },
    )
    run_on(stage, 0)
    keeper = run_on(stage, 1, spy="550")
    assert {bot: keeper.has(bot) for bot in stage.bots} == {"rolls": 22_000, "fixed": 20_000, "tenth": 10_400}
    assert stage.shares()[SPY] == 40 + 36


def test_a_bot_that_was_removed_and_comes_back_begins_with_its_amount(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"A": (mix(SPY=100), rolling("A", 20_000)), "B": (mix(TLT=100), rolling("B", 10_000))})
    both = stage.bots
    run_on(stage, 0)
    stage.bots = {"B": both["B"]}
    assert run_on(stage, 1, spy="550").has("A") is None
    stage.bots = both
    assert run_on(stage, 2).has("A") == 20_000


def test_capital_that_is_fixed_again_brings_the_bot_back_to_its_amount(tmp_path: Path) -> None:
    stage = one(tmp_path)
    run_on(stage, 0)
    stage.bots = one(tmp_path, "fixed").bots
    assert run_on(stage, 1, spy="550").has("A") == 20_000


def test_a_split_that_is_not_announced_leaves_the_money_of_the_bot_as_it_was(tmp_path: Path) -> None:
    """The broker shows twice the shares at half the price: neither a gain nor a loss until it is explained."""
    stage = Stage(tmp_path, {"A": (mix(GLD=100), rolling("A", 20_100))}, Trading(fallback_ticker=None))
    run_on(stage, 0)
    broker = stage.broker()
    broker.change_position(GLD, Decimal(100))
    broker.close()
    stage.market.prices[GLD] = Decimal("100.50")
    keeper = run_on(stage, 1)
    assert keeper.has("A") == 20_100
    assert stage.shares()[GLD] == 200


def test_a_run_that_fails_before_its_plan_leaves_the_book_alone(tmp_path: Path) -> None:
    stage = one(tmp_path)
    run_on(stage, 0)
    stage.market.unreadable_history = True
    with pytest.raises(SourceError):
        run_on(stage, 1)
    stage.market.unreadable_history = False
    assert run_on(stage, 2, spy="550").has("A") == 22_000


def test_the_journal_says_what_each_share_was_taken_from(tmp_path: Path) -> None:
    stage = one(tmp_path)
    run_on(stage, 0)
    run_on(stage, 1, spy="550")
    (decided,) = stage.record().decisions
    assert isinstance(decided, BotDecided)
    assert decided.share == pytest.approx(22_000 / 102_000)
    assert books(stage.journal_file, "demo").has("nobody") is None
