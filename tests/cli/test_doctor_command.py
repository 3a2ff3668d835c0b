"""`rebalance doctor`: the checks before a run, and the paper trials."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from accounts import new_york_summer, write_config
from freezegun import freeze_time
from local_alpaca import LocalAlpaca, Tape

from rebalancer import config
from rebalancer.app.evening import Evening, evening
from rebalancer.app.paper_trial import run_trial, trial_of
from rebalancer.app.two_evenings import run_two_evenings
from rebalancer.errors import RunFailedError
from rebalancer.events import HoldingsRead, OrderIntended, PlanMade, TargetsSet
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import Order, OrderId, Plan, Symbol, Targets

SPY = Symbol("SPY")
FINE, WRONG_WORDS, SOMETHING_FAILED = 0, 2, 4
NEW_YORK = ZoneInfo("America/New_York")
INSIDE = ("positions", "open orders", "short sales", "symbol limit")
OUTSIDE = ("clock", "calendar", "tickers", "quotes", "history", "bot hold", "next run")
TABLES = ("account", "may trade", "paper", *INSIDE, *OUTSIDE)


def healthy(rebalance, *words: object):
    """In the evening of 2016-06-28, ten minutes before the close."""
    with freeze_time(new_york_summer(28, 15, 50)):
        return rebalance("doctor", *words)


# --------------------------------------------------------------------------------------------- the screen


def test_a_healthy_account_is_fine_and_every_check_is_on_the_screen(rebalance, tmp_path):
    write_config(tmp_path)
    output = healthy(rebalance)
    assert output.code == FINE, output.out
    for words in (*TABLES, "This machine", "Account main", "config", "state folder", "disk", "journal", "bots"):
        assert words in output.out
    assert "0 failed, 0 with warnings." in output.out


def test_the_demo_is_fine_but_for_its_schedule(rebalance):
    output = rebalance("doctor")
    assert output.code == FINE
    assert "0 failed, 1 with warnings." in output.out
    assert "Set enabled = true in [accounts.demo]" in output.out


def test_prices_that_end_before_today_fail(rebalance, tmp_path):
    write_config(tmp_path)
    with freeze_time(new_york_summer(28, 15, 50).replace(month=8, day=2)):
        output = rebalance("doctor", "--json")
    assert output.code == SOMETHING_FAILED
    assert "the session of 2016-08-01 is missing" in output.out


def test_json_says_the_same_as_the_screen(rebalance, tmp_path):
    write_config(tmp_path)
    answer = json.loads(healthy(rebalance, "--json").out)
    assert answer["exit_code"] == FINE
    machine, account = answer["checkups"]
    assert [check["name"] for check in machine["checks"]] == [
        *("config", "state folder", "disk", "state size", "journal", "machine clock"),
    ]
    assert [check["name"] for check in account["checks"]] == ["bots", "halt", *TABLES]
    assert {check["verdict"] for checkup in answer["checkups"] for check in checkup["checks"]} == {"pass"}


def test_one_account_can_be_chosen_and_an_unknown_one_is_refused(rebalance, tmp_path):
    write_config(tmp_path)
    assert "Account main" in healthy(rebalance, "--account", "main").out
    assert healthy(rebalance, "--account", "nobody").code == WRONG_WORDS


def test_invalid_settings_are_a_failed_check_and_nothing_else_is_checked(rebalance, tmp_path):
    write_config(tmp_path, top="nonsense = 1")
    output = healthy(rebalance, "--json")
    answer = json.loads(output.out)
    assert (output.code, answer["exit_code"]) == (SOMETHING_FAILED, SOMETHING_FAILED)
    ((check,),) = (checkup["checks"] for checkup in answer["checkups"])
    assert (check["name"], check["verdict"]) == ("config", "fail")
    assert "nonsense" in check["finding"]
    assert "rebalance config check" in check["remedy"]


def test_an_invalid_bot_fails_and_the_rest_is_still_checked(rebalance, tmp_path):
    write_config(tmp_path, bot={"format": "rebalancer/bot", "version": 99})
    output = healthy(rebalance, "--json")
    (_, account) = json.loads(output.out)["checkups"]
    found = {check["name"]: check["verdict"] for check in account["checks"]}
    assert output.code == SOMETHING_FAILED
    assert (found["bots"], found["account"], found["next run"]) == ("fail", "pass", "pass")


def test_what_failed_is_named_again_at_the_end_and_each_remedy_stands_below_what_was_found(rebalance, tmp_path):
    write_config(tmp_path)
    with freeze_time(new_york_summer(28, 12)):
        rebalance("halt", "--reason", "odd prices")
    output = healthy(rebalance).out
    assert output.endswith("22 checks: 1 failed, 0 with warnings.\nFailed: halt of account main.\n")
    lines = [line.split() for line in output.splitlines()]
    (place,) = (at for at, words in enumerate(lines) if words[:2] == ["halt", "fail"])
    assert " ".join(lines[place + 1]) == "No orders are sent until it is lifted."


def test_the_doctor_leaves_the_journal_of_a_run_unchanged(rebalance, tmp_path):
    write_config(tmp_path)
    with freeze_time(new_york_summer(28, 15, 50)):
        rebalance("run", "--when-due")
    before = events(tmp_path)
    assert "its hash chain is intact" in healthy(rebalance).out
    assert events(tmp_path) == before


def events(folder) -> int:
    with closing(sqlite3.connect(folder / "state" / "journal.sqlite")) as journal:
        ((count,),) = journal.execute("SELECT COUNT(*) FROM events")
    return count


# --------------------------------------------------------------------------------------------- at Alpaca


FRIDAY = datetime(2026, 11, 20, 15, 30, tzinfo=NEW_YORK)
ALPACA = """
state_dir = "state"
[data]
source = "alpaca"
[accounts.paper]
broker = "alpaca"
enabled = true
base_url = "{url}"
data_url = "{url}"
key_id = "${{KEY_ID}}"
secret = "${{SECRET}}"
[[accounts.paper.investments]]
bot = "hold.json"
amount = 100
weight_mode = "percent"
"""


@pytest.fixture
def venue(tmp_path, monkeypatch) -> Iterator[LocalAlpaca]:
    with LocalAlpaca(now=FRIDAY, market=Tape.sample()) as venue:
        write_config(tmp_path)
        (tmp_path / "config.toml").write_text(ALPACA.format(url=venue.url))
        monkeypatch.setenv("KEY_ID", venue.key_id)
        monkeypatch.setenv("SECRET", venue.secret)
        yield venue


def checks(rebalance, *words: object) -> dict[str, dict[str, str]]:
    answer = json.loads(rebalance("doctor", "--json", *words).out)
    return {check["name"]: check for checkup in answer["checkups"] for check in checkup["checks"]}


def test_a_paper_account_passes_everything_and_no_order_is_touched(rebalance, venue):
    venue.terms.no_shorting = True
    found = checks(rebalance)
    assert {name: check["finding"] for name, check in found.items() if check["verdict"] != "pass"} == {}
    assert "from Alpaca, feed iex" in found["quotes"]["finding"]
    assert "paper: account PA" in found["paper"]["finding"]
    assert found["next run"]["finding"] == "2026-11-20 15:50:00 New York time, for the session of 2026-11-20"
    assert {request.method for request in venue.requests} == {"GET"}


def test_existing_positions_are_reported(rebalance, venue):
    venue.hold("TLT", -5)
    venue.order_from_elsewhere("buy", "GLD", 3, client_id="by-hand", limit_price="1")
    found = checks(rebalance)
    assert found["positions"]["finding"] == "TLT is held short (5 shares)"
    assert found["open orders"]["finding"] == "1 not ours: GLD: a buy of 3 shares (by-hand)"
    assert found["short sales"]["verdict"] == "warn"


def test_a_key_that_is_not_accepted_fails_and_says_so_without_showing_it(rebalance, venue, monkeypatch):
    monkeypatch.setenv("SECRET", "quite-another-secret")
    output = rebalance("doctor", "--json")
    assert output.code == SOMETHING_FAILED
    assert "quite-another-secret" not in output.out + output.err
    found = [check for checkup in json.loads(output.out)["checkups"] for check in checkup["checks"]]
    assert any(check["verdict"] == "fail" and "key" in check["finding"] for check in found)


def test_a_blocked_account_and_a_ticker_that_is_not_active_fail(rebalance, venue):
    venue.account["trading_blocked"] = True
    venue.assets["SGOV"] = {"status": "inactive", "tradable": False}
    write = checks(rebalance)
    assert [write[name]["verdict"] for name in ("may trade", "tickers")] == ["fail", "fail"]


def test_a_closure_at_short_notice_fails_the_calendar(rebalance, venue):
    venue.closed(date(2026, 11, 20))
    assert checks(rebalance)["calendar"]["verdict"] == "fail"


# --------------------------------------------------------------------------------------------- the trial


SIMULATED = ["--paper-trial", "--yes", "--symbol", "SPY"]
STEPS = ["bought", "fills, bought", "same id again", "sold", "fills, sold", "cash"]


def test_the_trial_buys_and_sells_one_share_and_leaves_the_runs_alone(rebalance, tmp_path):
    write_config(tmp_path, enabled=False)
    found = checks(rebalance, *SIMULATED)
    assert {name: check["verdict"] for name, check in found.items()} == dict.fromkeys(STEPS, "pass")
    assert json.loads(rebalance("history", "--json").out)["runs"] == []
    assert "6 checks: 0 failed, 0 with warnings." in rebalance("doctor", *SIMULATED).out


def test_on_a_paper_account_the_trial_sees_the_order_through_all_its_states(tmp_path, venue):
    settings = config.load(tmp_path / "config.toml")
    with trial_of(settings, settings.accounts[0], venue.clock) as (context, run, session):
        found = {check.name: check for check in run_trial(context, run, session, Symbol("SGOV"))}
    assert {name: check.verdict for name, check in found.items()} == dict.fromkeys(STEPS, "pass")
    assert venue.shares("SGOV") == 0
    assert [request.status for request in venue.requests if request.method == "POST"] == [200, 422, 200]


def test_on_a_paper_account_a_share_is_bought_on_friday_and_sold_on_monday(tmp_path, venue):
    settings = config.load(tmp_path / "config.toml")

    def call():
        with trial_of(settings, settings.accounts[0], venue.clock, "two-evenings") as (context, run, session):
            checks, figures = run_two_evenings(context, run, session, None)
        return {check.name: check.verdict for check in checks}, figures

    assert call()[0] == {"bought": "pass", "sold": "warn"}
    assert venue.shares("BIL") == 1
    venue.at(FRIDAY + timedelta(days=3))
    verdicts, figures = call()
    assert verdicts.keys() == {"bought", "sold", "sale proceeds"}
    assert {verdicts["bought"], verdicts["sold"]} == {"pass"}
    assert venue.shares("BIL") == 0
    assert [(shown.moment, shown.at.date()) for shown in figures] == [
        ("before the buy", FRIDAY.date()),
        ("after the buy", FRIDAY.date()),
        ("before the sell", FRIDAY.date() + timedelta(days=3)),
        ("after the sell", FRIDAY.date() + timedelta(days=3)),
    ]
    assert all(shown.long_value is not None and shown.buying_power is not None for shown in figures)


def test_the_figures_around_each_order_are_on_the_screen_and_in_json(rebalance, tmp_path):
    write_config(tmp_path, enabled=False)
    words = ("doctor", "--paper-trial", "--two-evenings", "--yes", "--symbol", "TLT")
    output = rebalance(*words).out
    assert re.search(r"figure +before the buy +after the buy +change", output)
    assert re.search(r"cash +100,000\.00 +99,\d+\.\d\d +-\d+\.\d\d", output)
    assert "non marginable buying power" in output
    answer = json.loads(rebalance(*words, "--json").out)
    (checkup,) = answer["checkups"]
    assert [check["verdict"] for check in checkup["checks"]] == ["pass", "warn"]
    assert [shown["moment"] for shown in checkup["figures"]] == ["before the buy", "after the buy"]
    assert {"cash", "equity", "long_value", "non_marginable_buying_power", "buying_power"} <= set(checkup["figures"][0])


def test_two_evenings_are_a_form_of_the_trial(rebalance, tmp_path):
    write_config(tmp_path)
    output = rebalance("doctor", "--two-evenings")
    assert (output.code, "needs --paper-trial" in output.err) == (WRONG_WORDS, True)


def test_a_session_whose_run_was_cut_off_has_no_trial(tmp_path):
    write_config(tmp_path)
    settings = config.load(tmp_path / "config.toml")
    (account,) = settings.accounts
    clock = SimulatedClock(new_york_summer(28, 15, 50))
    with evening(settings, account, clock=clock) as tonight:
        interrupt(tonight)
    with (
        pytest.raises(RunFailedError, match="run 1 of this session was interrupted: let `rebalance run` resume it"),
        trial_of(settings, account, clock, "two-evenings"),
    ):
        pass


def interrupt(tonight: Evening) -> None:
    """A run that is interrupted at its first order."""
    now, zero, journal = tonight.context.clock.now(), Decimal(0), tonight.context.journal
    run = journal.start_run(tonight.request)
    assert isinstance(run, int)
    journal.record(run, HoldingsRead(now, "start", tonight.context.broker.account(), (), zero, zero, zero))
    journal.record(run, TargetsSet(now, Targets((), {}, (), {}, {})), PlanMade(now, Plan(zero, ())))
    journal.record(run, OrderIntended(now, Order(OrderId("rb1"), SPY, "sell", Decimal(1), "market", None, "")))


def test_the_trial_asks_before_it_trades(rebalance, venue):
    output = rebalance("doctor", "--paper-trial")
    assert output.code == WRONG_WORDS
    assert "Buy one share of SGOV in account paper" in output.err
    assert not [request for request in venue.requests if request.method == "POST"]


@pytest.mark.parametrize(("words", "sentence"), [(["--symbol", "?"], "is not a ticker"), (["--account", "x"], "'x'")])
def test_a_trial_of_an_unknown_ticker_or_account_is_refused(rebalance, venue, words, sentence):
    output = rebalance("doctor", "--paper-trial", "--yes", *words)
    assert (output.code, sentence in output.err) == (WRONG_WORDS, True)


def test_after_the_close_there_is_no_trial(rebalance, venue):
    venue.at(FRIDAY.replace(hour=17))
    output = rebalance("doctor", "--paper-trial", "--yes")
    assert output.code == SOMETHING_FAILED
    assert "Nothing was sent" in output.err
    assert not [request for request in venue.requests if request.method == "POST"]
