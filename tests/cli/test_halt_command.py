"""`rebalance halt`, `resume` and `kill` work at any hour and during any run."""

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from accounts import new_york_summer, write_config
from freezegun import freeze_time
from live_account import FRIDAY, NUMBER, evening_run, live_venue, write_live_config
from local_alpaca import LocalAlpaca
from local_alpaca.order_scripts import NEW, OrderScript, ScriptStep
from schedule_loops import schedule_loop

from rebalancer.app.views import KilledAccount
from rebalancer.cli.schedule import print_poll
from rebalancer.journal.lease import run_lock
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import OrderId, OrderState, Symbol
from rebalancer.report.console import show
from rebalancer.report.controls import killed_screen

DONE, WRONG_WORDS, FAILED, STILL_OPEN, NEEDS_ATTENTION = 0, 2, 4, 5, 6
EVENING = new_york_summer(28, 15, 50)
OURS, ALSO_OURS = "rb" + "A" * 18, "rb" + "B" * 18


@pytest.fixture
def main(rebalance, tmp_path):
    """The command line, with a simulated account called main, in the evening of 2016-06-28."""
    write_config(tmp_path)

    def command(*words):
        with freeze_time(EVENING):
            return rebalance(*words)

    return command


@pytest.fixture
def venue(tmp_path, monkeypatch) -> Iterator[LocalAlpaca]:
    with live_venue() as venue:
        write_live_config(tmp_path, venue.url)
        monkeypatch.setenv("KEY_ID", venue.key_id)
        monkeypatch.setenv("SECRET", venue.secret)
        yield venue


# --------------------------------------------------------------------------------------------- halt and resume


def test_a_halted_account_is_refused_by_every_run_and_shown_on_every_screen(main):
    assert "Every account is halted: off for a week." in main("halt", "--reason", "off for a week").out
    run, coming = main("run", "--yes"), main("schedule", "--next", 2)
    assert run.code == FAILED
    for output in (run, main("run", "--dry-run"), main("status"), main("doctor"), coming):
        assert "off for a week" in output.out
    assert coming.out.count("every account is halted") == 1
    (first, _) = json.loads(main("schedule", "--next", 2, "--json").out)["coming_runs"]
    assert "off for a week" in first["blocked"][0]
    assert main("status").code == NEEDS_ATTENTION
    assert main("doctor").code == FAILED


@pytest.mark.parametrize("form", [[], ["--two-evenings"]])
def test_a_halt_stops_the_paper_trial_before_it_sends_anything(main, form):
    main("halt", "--reason", "off for a week")
    trial = main("doctor", "--paper-trial", "--symbol", "SPY", "--yes", *form)
    assert trial.code == FAILED
    assert "off for a week" in trial.err
    main("resume", "--reason", "back again")
    assert main("doctor", "--paper-trial", "--symbol", "SPY", "--yes").code == DONE


def test_a_halt_does_not_stop_a_dry_run(main):
    main("halt")
    output = main("run", "--dry-run")
    assert output.code == DONE
    assert "A real run would send nothing: every account is halted" in output.out
    assert "would have bought" in output.out


def test_resume_shows_who_halted_when_and_why_and_allows_runs_again(main):
    main("halt", "--account", "main", "--reason", "odd prices")
    main("halt", "--reason", "off for a week")
    output = main("resume", "--reason", "back again")
    assert output.code == DONE
    answer = output.out.splitlines()
    assert answer[0].startswith("Account main was halted 2016-06-28 15:50:00 New York time by ")
    assert answer[0].endswith(": odd prices")
    assert answer[1].startswith("Every account was halted 2016-06-28 15:50:00 New York time by ")
    assert answer[1].endswith(": off for a week")
    assert main("run", "--yes").code == DONE


def test_resume_without_a_halt_is_not_an_error(main):
    output = main("resume", "--reason", "to be sure")
    assert (output.code, output.out) == (DONE, "There is no halt to lift.\n")


@pytest.mark.parametrize(
    ("reason", "said"),
    [(" ", "reason: is empty: say why"), ("x" * 501, "reason: has 501 characters: use at most 500")],
)
def test_a_reason_that_says_nothing_or_is_too_long_to_repeat_lifts_no_halt(main, reason, said):
    main("halt")
    refused = main("resume", "--reason", reason)
    assert refused.code == WRONG_WORDS
    assert said in refused.err
    assert main("status").code == NEEDS_ATTENTION


@pytest.mark.parametrize(
    ("reason", "kept"),
    [(" ", "no reason given"), ("x" * 500, "x" * 500), ("x" * 2000, f"{'x' * 500} (and 1,500 characters more)")],
)
def test_a_halt_is_never_refused_for_its_reason(main, reason, kept):
    assert main("halt", "--reason", reason).code == DONE
    assert f": {kept}Halt lifted." in main("resume", "--reason", "back").out.replace("\n", "")


def test_no_halt_is_lifted_without_a_reason(main):
    main("halt")
    assert main("resume").code == WRONG_WORDS
    assert main("status").code == NEEDS_ATTENTION


@pytest.mark.parametrize("words", [("halt",), ("resume", "--reason", "x"), ("kill",)])
def test_an_account_that_does_not_exist_is_refused(main, words):
    output = main(*words, "--account", "nobody")
    assert (output.code, "there is no account 'nobody'" in output.err) == (WRONG_WORDS, True)
    assert main("status").code == DONE


@pytest.mark.parametrize("words", [("halt",), ("kill",)])
def test_halt_and_kill_do_not_wait_for_a_run_to_end(main, tmp_path, words):
    main("run", "--yes")
    with run_lock(tmp_path / "state" / "journal.sqlite"):
        assert main(*words).code == DONE


def test_the_schedule_reports_a_halt_once_and_again_when_it_changes(main, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    loop = schedule_loop(SimulatedClock(new_york_summer(28, 9)))

    def polled() -> list[str]:
        print_poll(loop)
        return [line for line in capsys.readouterr().out.splitlines() if "halted" in line]

    assert polled() == []
    main("halt", "--reason", "odd prices")
    assert ["odd prices" in line for line in polled()] == [True]
    assert polled() == []
    main("halt", "--account", "main", "--reason", "a split")
    assert ["a split" in line for line in polled()] == [True]


def test_json_says_the_same_as_the_screen(main):
    halted = json.loads(main("halt", "--account", "main", "--reason", "odd prices", "--json").out)["halt"]
    assert (halted["account"], halted["reason"], "@" in halted["by"]) == ("main", "odd prices", True)
    assert json.loads(main("resume", "--reason", "x", "--json").out)["lifted"] == [halted]


# --------------------------------------------------------------------------------------------- kill


def rests(venue, *ids: str) -> None:
    """Open orders at the venue, ours and external ones; a cancel takes effect at once."""
    venue.script_orders("SPY", OrderScript((NEW,), (ScriptStep(0, "canceled"),)))
    for order_id in ids:
        order = {
            "symbol": "SPY",
            "qty": "2",
            "side": "buy",
            "type": "limit",
            "limit_price": "100",
            "time_in_force": "day",
        }
        venue.exchange.submit({**order, "client_order_id": order_id}, venue.account_body(), venue.clock.now())


def still_open(venue) -> set[str]:
    return {order.ticket.client_id for order in venue.book.orders if order.status != "canceled"}


def test_kill_cancels_our_orders_and_the_account_stays_halted(rebalance, venue, tmp_path):
    rests(venue, OURS, ALSO_OURS, "by-hand")
    output = rebalance("kill")
    assert output.code == DONE, output.out + output.err
    assert f"live1: buy 2 SPY ({OURS}): no longer open" in output.out
    assert "live1: no open orders. The account stays halted" in output.out
    assert "by-hand" not in output.out
    assert still_open(venue) == {"by-hand"}
    assert "every account is halted" in evening_run(tmp_path, venue).message


def test_kill_cancels_external_orders_on_request_also_while_the_exchange_is_closed(rebalance, venue):
    venue.at(FRIDAY.replace(hour=17))
    rests(venue, "by-hand")
    assert rebalance("kill", "--account", "live1", "--all").code == DONE
    assert still_open(venue) == set()


def test_kill_halts_and_exits_with_an_error_where_open_orders_are_unknown(rebalance, venue):
    venue.secret = "another one since"  # noqa: S105
    output = rebalance("kill", "--json")
    answer = json.loads(output.out)
    assert (output.code, answer["exit_code"], answer["halt"]["account"]) == (STILL_OPEN, STILL_OPEN, "")
    assert "did not accept the key" in answer["accounts"][0]["trouble"]
    lifted = json.loads(rebalance("resume", "--reason", "x", "--json").out)["lifted"]
    assert [halt["reason"] for halt in lifted] == ["rebalance kill: by hand"]


def test_kill_refuses_the_keys_of_another_account(rebalance, venue):
    rests(venue, OURS)
    venue.account["account_number"] = "987654321"
    output = rebalance("kill")
    assert (output.code, f"account_number is {NUMBER}" in output.out) == (STILL_OPEN, True)
    assert still_open(venue) == {OURS}


def test_a_simulated_account_is_killed_like_any_other(main):
    output = main("kill")
    assert (output.code, "main: no open orders." in output.out) == (DONE, True)


@pytest.mark.parametrize(
    ("reason", "kept"),
    [("keys stolen", "keys stolen"), (" ", "no reason given"), ("x" * 501, f"{'x' * 500} (and 1 characters more)")],
)
def test_a_kill_keeps_its_reason_and_is_never_refused_for_it(main, reason, kept):
    assert main("kill", "--reason", reason).code == DONE
    assert f": rebalance kill: {kept}Halt lifted." in main("resume", "--reason", "back").out.replace("\n", "")


def test_orders_still_open_are_reported_with_the_remedy(capsys):
    order = OrderState(OrderId("rb1"), Symbol("SPY"), "sell", Decimal(5), "market", None, "open", Decimal(2), None)
    show(killed_screen([KilledAccount("live1", (order,), (order,))]))
    output = capsys.readouterr().out
    assert "live1: sell 5 SPY (rb1), 2 of it filled: STILL OPEN" in output
    assert "1 of 1 still open. Repeat `rebalance kill`, or cancel them there." in output
