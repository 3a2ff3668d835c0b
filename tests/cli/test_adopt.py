"""`rebalance adopt`: shares bought outside the program are managed by the bots after a confirmation."""

import io
import json
import shutil
from decimal import Decimal

import pytest
from scripted_sim import ScriptedSimBroker

from rebalancer import config
from rebalancer.app.evening import evening
from rebalancer.model import Symbol

DAY = "2016-06-29"


@pytest.fixture
def held(rebalance, tmp_path):
    """An account that holds SPY which no bot bought: the journal of the run that bought it is deleted."""
    assert rebalance("init").code == 0
    assert rebalance("run", "--as-of", DAY).code == 0
    (order,) = json.loads(rebalance("orders", "--json").out)["orders"]
    for file in (tmp_path / "state").glob("journal.sqlite*"):
        shutil.move(file, tmp_path / f"elsewhere-{file.name}")
    assert rebalance("recover", "--account-for", order["order_id"], "--reason", "I moved the journal").code == 0
    assert ours(rebalance) == {}
    return tmp_path / "config.toml"


def ours(rebalance):
    return {
        line["symbol"]: line["ours"]
        for line in json.loads(rebalance("positions", "--json").out)["accounts"][0]["positions"]
    }


def answering(monkeypatch, answer):
    """A person at a terminal."""
    terminal = io.StringIO(f"{answer}\n")
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)


def test_adopted_shares_are_shown_with_their_value_and_managed_from_then_on(rebalance, held):
    output = rebalance("adopt", "SPY", "--yes")
    assert output.code == 0, output.err
    (row,) = [line for line in output.out.splitlines() if line.startswith("SPY ")]
    shares, value = row.split()[1:]
    assert shares == "29"
    assert f"Total: {value} USD" in output.out
    assert ours(rebalance) == {"SPY": "29"}


def test_the_bots_trade_adopted_shares_as_their_own(rebalance, held):
    rebalance("adopt", "--all", "--yes")
    record = json.loads(rebalance("run", "--json").out)["accounts"][0]["record"]
    (trade,) = record["plan"]["trades"]
    assert (trade["symbol"], trade["held"]) == ("SPY", "29")
    (start, *_) = record["readings"]
    assert (start["holdings"][0]["ours"], start["holdings"][0]["untouchable"]) == ("29", "")


def test_without_an_adoption_the_bots_leave_those_shares_alone(rebalance, held):
    record = json.loads(rebalance("run", "--json").out)["accounts"][0]["record"]
    assert record["plan"]["trades"][0]["held"] == "0"


def test_confirmation_is_asked_for(rebalance, held, monkeypatch):
    answering(monkeypatch, "n")
    output = rebalance("adopt", "SPY")
    assert output.code == 2
    assert "which may then sell them" in output.err
    assert "nothing was handed over" in output.err
    assert ours(rebalance) == {}
    answering(monkeypatch, "y")
    assert rebalance("adopt", "SPY").code == 0
    assert ours(rebalance) == {"SPY": "29"}


def test_without_a_terminal_yes_is_required(rebalance, held, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    output = rebalance("adopt", "SPY")
    assert output.code == 2
    assert "There is no terminal to answer on, so nothing was handed over: use --yes to confirm" in output.err
    assert ours(rebalance) == {}


def test_shares_are_adopted_once(rebalance, held):
    rebalance("adopt", "SPY", "--yes")
    again = rebalance("adopt", "SPY", "--yes")
    assert again.code == 2
    assert "all 29 shares are the bots' already" in again.err
    everything = rebalance("adopt", "--all", "--yes")
    assert everything.code == 0
    assert "Nothing to hand over" in everything.out
    assert ours(rebalance) == {"SPY": "29"}


def test_protected_shares_are_refused_by_name_and_left_out_of_all(rebalance, held):
    held.write_text(held.read_text().replace("protected = []", 'protected = ["SPY"]'))
    output = rebalance("adopt", "SPY", "--yes")
    assert output.code == 2
    assert "SPY: protected in the config" in output.err
    answer = json.loads(rebalance("adopt", "--all", "--yes", "--json").out)
    assert answer["adopted"] == []
    assert "protected" in answer["refused"]["SPY"]
    assert ours(rebalance) == {}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "name the tickers to hand over"),
        (["SPY", "--all"], "name the tickers to hand over"),
        (["QQQ", "GLD"], "QQQ: not held in this account\nadopt: GLD: not held"),
        (["SPY", "QQQ"], "QQQ: not held in this account"),
    ],
)
def test_one_symbol_that_can_not_be_adopted_refuses_the_whole_adoption(rebalance, held, words, says):
    output = rebalance("adopt", *words, "--yes")
    assert output.code == 2
    assert says in output.err
    assert ours(rebalance) == {}


def test_a_fully_managed_account_has_nothing_to_adopt(rebalance, held):
    held.write_text(held.read_text().replace('manage = "own"', 'manage = "account"'))
    output = rebalance("adopt", "SPY", "--yes")
    assert output.code == 2
    assert "to manage already" in output.err


def test_without_a_difference_to_the_journal_there_is_no_manual_trade_to_settle(rebalance, held):
    rebalance("run")
    output = rebalance("adopt", "SPY", "--by-hand", "--yes")
    assert output.code == 2
    assert "there is no trade by hand to settle" in output.err


def test_settling_a_manual_trade_adopts_nothing(rebalance, held):
    rebalance("adopt", "SPY", "--yes")
    rebalance("run", "--as-of", DAY, "--force")
    settings = config.load(held)
    with evening(settings, settings.accounts[0]) as tonight:
        here = tonight.context
        file = settings.state_dir / f"sim-{settings.accounts[0].name}.sqlite"
        broker = ScriptedSimBroker(file, here.clock, here.quotes, here.calendar, starting_cash=Decimal(0))
        broker.change_position(Symbol("SPY"), Decimal(29))
        broker.close()
    output = rebalance("adopt", "SPY", "--by-hand", "--yes")
    assert output.code == 0, output.err
    assert "SPY: resolved; the journal now expects 58 shares" in output.out
    assert ours(rebalance) == {"SPY": "29"}
    assert "handed over" not in rebalance("adopt", "SPY", "--by-hand", "--yes").out
