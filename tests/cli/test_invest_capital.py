"""`rebalance invest deposit`, `withdraw` and `remove`: the money of a bot, and what becomes of its shares."""

import io
import json
import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest

from rebalancer.config import load
from rebalancer.events import Armed
from rebalancer.journal.books import books
from rebalancer.journal.connection import reading
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import NO_RUN
from rebalancer.portfolio.attribution import UNASSIGNED

BOT, OTHER = "Ten-month average", "momentum"
FIRST, SECOND = "2016-06-29", "2016-06-30"


def begin(rebalance, folder):
    """Two bots, one whose capital rolls over as `init` writes it, and one with fixed capital."""
    assert rebalance("init").code == 0
    shutil.copy(Path(str(files("rebalancer.demo"))) / "bots/dual_momentum.json", folder / "bots/momentum.json")
    assert rebalance("invest", "add", "bots/momentum.json", "20000").code == 0


@pytest.fixture
def config(rebalance, tmp_path, request):
    """As it was begun; before the first evening where the test does not ask for one."""
    if "begun" not in request.fixturenames:
        begin(rebalance, tmp_path)
    return tmp_path / "config.toml"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The files of an account after its first evening, which the first test that needs them fills in."""
    return tmp_path_factory.mktemp("kept") / "account"


@pytest.fixture
def begun(rebalance, tmp_path, kept):
    """After the first evening; what the bot has by its book."""
    if not kept.exists():
        begin(rebalance, tmp_path)
        assert rebalance("run", "--as-of", FIRST).code == 0
        shutil.copytree(tmp_path, kept)
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    return books(journal_of(tmp_path / "config.toml"), "main").has(BOT)


def journal_of(config):
    return load(config).journal()


def answer(rebalance, *words):
    return json.loads(rebalance(*words, "--json").out)


def test_money_is_given_and_taken_and_the_next_run_trades_by_it(rebalance, config, begun):
    given = answer(rebalance, "invest", "deposit", BOT, "1500.50")
    assert (Decimal(given["value_before"]), Decimal(given["value"])) == (begun, begun + Decimal("1500.50"))
    assert (given["moved"], given["session"]) == ("in", FIRST)
    taken = rebalance("invest", "withdraw", BOT, "500")
    assert f"500.00 USD taken from {BOT}: its book has {begun + Decimal('1000.50'):,.2f} USD now" in taken.out
    then = "The next run trades by this; `rebalance performance` shows it after that run."
    assert f"Cash that no bot has: 72,999.50 USD. {then}" in taken.out
    assert (
        "a bot began with its amount; `rebalance performance` shows what it has now" in rebalance("invest", "list").out
    )
    notes = answer(rebalance, "run", "--dry-run", "--as-of", SECOND)["accounts"][0]["record"]["remarks"]
    said = [note["text"] for note in notes if note["text"].startswith(f"{BOT} has ")]
    assert len(said) == 1
    assert said[0].endswith(" USD by its book")
    assert rebalance("run", "--as-of", SECOND).code == 0
    assert books(journal_of(config), "main").books[BOT].paid_in == Decimal("7500.50")


def test_more_than_the_book_has_is_refused_with_the_numbers(rebalance, config, begun):
    refused = rebalance("invest", "withdraw", BOT, "6000.01")
    assert refused.code == 2
    assert f"its book has {begun:,.2f} USD by the run of {FIRST}, and 6,000.01 USD are more" in refused.err
    assert books(journal_of(config), "main").has(BOT) == begun


def test_more_than_the_account_has_is_given_with_a_warning(rebalance, config, begun):
    assert "more than the account had by that run" in rebalance("invest", "deposit", BOT, "90000").out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["deposit", BOT, "100"], "has no book before its first evening: it begins with 6,000.00 USD"),
        (["withdraw", OTHER, "100"], 'it has capital = "fixed": each evening it is brought back to its amount'),
        (["deposit", "nobody", "100"], "there is no bot 'nobody'"),
        (["deposit", BOT, "0.001"], "write 0.01 or more"),
        (["deposit", BOT, "12.345"], "write 0.01 or more"),
        (["deposit", BOT, "-5"], "No such option"),
        (["withdraw", BOT, "all"], "'all' is no amount"),
        (["set", BOT, "20", "--percent", "--rollover"], "a percent follows the account and stays fixed"),
        (["add", "bots/momentum.json", "5", "--percent", "--rollover", "--name", "X"], "stays fixed"),
    ],
)
def test_what_can_not_be_done_is_refused_with_the_way_to_do_it(rebalance, config, words, says):
    before = config.read_bytes()
    refused = rebalance("invest", *words)
    assert refused.code == 2
    assert says in " ".join(refused.err.split())
    assert config.read_bytes() == before


def test_rollover_is_refused_where_amounts_are_weights(rebalance, config):
    config.write_text(config.read_text().replace('commit = "amounts"', 'commit = "whole_account"'))
    refused = answer(rebalance, "config", "check")
    assert refused["exit_code"] == 2
    assert refused["problems"][0]["place"] == "accounts.main.investments[0].capital"


def test_the_amount_of_a_bot_counts_until_it_has_a_book(rebalance, config):
    assert rebalance("invest", "set", BOT, "7000").code == 0
    assert rebalance("run", "--as-of", FIRST).code == 0
    refused = rebalance("invest", "set", BOT, "8000")
    assert refused.code == 2
    assert "its money is what its book has" in refused.err
    assert rebalance("invest", "set", BOT, "8000", "--fixed").code == 0
    listed = answer(rebalance, "invest", "list")["accounts"][0]["investments"]
    assert [(bot["bot"], bot["amount"], bot["capital_mode"]) for bot in listed] == [
        (BOT, "8000.00", "fixed"),
        (OTHER, "20000.00", "fixed"),
    ]


def test_a_percent_makes_the_capital_of_a_bot_fixed(rebalance, config):
    assert rebalance("invest", "set", BOT, "20", "--percent").code == 0
    assert 'capital = "fixed"' in config.read_text()


def test_a_bot_is_added_with_capital_that_rolls_over(rebalance, config):
    assert rebalance("invest", "add", "bots/momentum.json", "5", "--rollover", "--name", "X").code == 0
    assert config.read_text().endswith('name = "X"\namount = 5\ncapital = "rollover"\n')


def test_money_that_is_moved_disarms_the_account(rebalance, config, begun):
    now = datetime.now(UTC)
    armed = Armed(now, "main", "SIM-1", Decimal(500), now + timedelta(days=3), {}, first_order_only=False, by="ann")
    with SqliteJournal.open(journal_of(config)) as journal:
        journal.record(NO_RUN, armed)
    (sentence,) = answer(rebalance, "invest", "deposit", BOT, "1")["disarmed"]
    assert sentence.startswith("account main was armed until")
    with reading(journal_of(config)) as journal:
        lines = journal.execute("SELECT kind FROM events ORDER BY seq DESC LIMIT 2").fetchall()
    assert [kind for (kind,) in lines] == ["CapitalMoved", "Disarmed"]  # a kill between them leaves it disarmed
    assert answer(rebalance, "invest", "withdraw", BOT, "1")["disarmed"] == []


# ------------------------------------------------------------------------------------------------------------ close-out


def answering(monkeypatch, words):
    """A person at a terminal."""
    terminal = io.StringIO(f"{words}\n")
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)


def shares(rebalance):
    held = answer(rebalance, "positions")["accounts"][0]["positions"]
    return {row["symbol"]: (row["quantity"], row["ours"]) for row in held}


def test_shares_of_a_removed_bot_are_sold_or_kept_as_its_owner_says(rebalance, config, begun, monkeypatch):
    before = config.read_bytes()
    nobody = rebalance("invest", "remove", BOT)
    assert nobody.code == 2
    assert f"{BOT} has 29 SPY. Use --sell, and the next run sells them, or --hand-over" in nobody.err
    answering(monkeypatch, "perhaps")
    assert rebalance("invest", "remove", BOT).code == 2
    assert config.read_bytes() == before
    answering(monkeypatch, "s")
    assert rebalance("invest", "remove", BOT).code == 0
    config.write_bytes(before)
    answering(monkeypatch, "h")
    assert rebalance("invest", "remove", BOT).code == 0
    assert BOT not in config.read_text()


def test_shares_that_are_handed_over_are_their_owners_and_no_run_trades_them(rebalance, config, begun):
    held = shares(rebalance)
    left = dict(books(journal_of(config), "main").books[BOT].shares)
    assert left == {"SPY": 29}
    said = rebalance("invest", "remove", BOT, "--hand-over").out
    assert f"29 SPY of {BOT} stay in the account and are yours: no run trades them." in said
    keeper = books(journal_of(config), "main")
    assert keeper.books[UNASSIGNED].shares == left
    assert keeper.books[UNASSIGNED].costs["SPY"] > 5_000
    assert rebalance("run", "--as-of", SECOND).code == 0
    there, ours = shares(rebalance)["SPY"]
    assert (int(there), int(there) - int(ours)) == (int(held["SPY"][0]) - 1, 29)  # one was the other bot's
    after = books(journal_of(config), "main").books
    assert after[UNASSIGNED].shares == left
    assert (after[BOT].cash, dict(after[BOT].shares)) == (0, {})


def test_the_model_of_a_bot_ends_where_its_shares_are_handed_over(rebalance, config, begun):
    assert rebalance("invest", "remove", BOT, "--hand-over").code == 0
    assert rebalance("run", "--as-of", SECOND).code == 0
    last = answer(rebalance, "performance", BOT)["accounts"][0]["against_model"]["days"][-1]
    assert {Decimal(each) for each in (last["live"], last["model"], *last["by_cause"].values())} == {0}


def test_shares_that_are_to_be_sold_are_gone_after_the_next_run(rebalance, config, begun):
    said = answer(rebalance, "invest", "remove", BOT, "--sell")["shares_left"]
    assert said == f"29 SPY of {BOT}: the next run sells what no other bot wants of it."
    assert rebalance("run", "--as-of", SECOND).code == 0
    keeper = books(journal_of(config), "main")
    assert (keeper.books[BOT].cash, dict(keeper.books[BOT].shares), keeper.has(BOT)) == (0, {}, None)
    assert dict(keeper.books[UNASSIGNED].shares) == {}


def test_shares_are_not_handed_over_where_the_next_run_would_sell_them(rebalance, config, begun):
    config.write_text(config.read_text().replace('manage = "own"', 'manage = "account"'))
    refused = rebalance("invest", "remove", BOT, "--hand-over")
    assert refused.code == 2
    assert "the next run would sell SPY: add them to `protected` first, or use --sell" in refused.err
    config.write_text(config.read_text().replace("protected = []", 'protected = ["SPY"]'))
    assert rebalance("invest", "remove", BOT, "--hand-over").code == 0


def test_a_bot_without_shares_is_removed_without_a_question(rebalance, config):
    assert rebalance("invest", "remove", BOT).code == 0


def test_a_back_test_of_several_bots_says_that_no_capital_rolls_over_in_it(rebalance, config):
    found = answer(rebalance, "backtest", BOT, OTHER, "--from", "2016-01-04", "--to", "2016-02-01")
    (note,) = [note for note in found["notes"] if note.startswith("Together:")]
    assert note.endswith(f"; {BOT} brought back to the amount each evening, though its capital rolls over.")
