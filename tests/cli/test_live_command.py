"""A live account: refused until armed, one order first, a review, whole runs; every edit disarms it."""

import io
import json
from collections.abc import Iterator

import pytest
from freezegun import freeze_time
from live_account import FRIDAY, NUMBER, evening_run, live_venue, write_bot, write_live_config
from local_alpaca import LocalAlpaca

DONE, WRONG_WORDS, PARTIAL, FAILED, NEEDS_ATTENTION = 0, 2, 3, 4, 6
ARM = ("live", "arm", "--account", "live1", "--max-dollars", 250000, "--until", "2026-12-31", "--yes")
WHOLE = (*ARM, "--whole-first-run")


@pytest.fixture
def venue(tmp_path, monkeypatch) -> Iterator[LocalAlpaca]:
    with live_venue() as venue:
        write_live_config(tmp_path, venue.url)
        monkeypatch.setenv("KEY_ID", venue.key_id)
        monkeypatch.setenv("SECRET", venue.secret)
        yield venue


@pytest.fixture
def run(tmp_path, venue):
    """A run of the evening; its result."""
    return lambda **how: evening_run(tmp_path, venue, **how)


def at_the_time(rebalance, *words):
    """With this machine's clock at the venue's time."""
    with freeze_time(FRIDAY):
        return rebalance(*words)


def sent(venue) -> int:
    return sum(request.method == "POST" for request in venue.requests)


def asked_of_orders(venue) -> list[str]:
    return [request.method for request in venue.requests if "/orders" in request.path]


def standing(rebalance) -> dict[str, object]:
    (account,) = json.loads(at_the_time(rebalance, "live", "status", "--json").out)["accounts"]
    return account


# --------------------------------------------------------------------------------------------- before it is armed


def test_an_account_that_is_not_armed_is_refused_before_any_order_is_touched(rebalance, venue, run):
    done = run()
    assert done.exit_code == FAILED
    assert "is not armed" in done.message
    assert "rebalance live arm --account live1" in done.message
    assert asked_of_orders(venue) == []


def test_a_dry_run_needs_no_arming_and_says_that_a_real_one_would_send_nothing(run, venue):
    done = run(dry_run=True)
    assert done.exit_code == DONE, done.sentence
    assert len(done.run.orders) == 3
    assert "A real run would send nothing: account live1 trades real money and is not armed" in str(done.run.notes)
    assert sent(venue) == 0


# --------------------------------------------------------------------------------------------- arming


def test_the_arming_is_shown_and_journalled(rebalance, venue):
    output = rebalance(*ARM)
    assert output.code == DONE, output.err
    for words in (
        NUMBER,
        "250,000.00 USD",
        "100,000.00 USD",
        "2027-01-01 00:00 EST",
        "config, settings, bot mix",
        "one order",
    ):
        assert words in output.out
    account = standing(rebalance)
    assert account["trouble"] == ""
    assert account["armed"]["until"] == "2027-01-01T00:00:00-05:00"
    assert (account["armed"]["account_number"], account["armed"]["max_dollars"]) == (NUMBER, "250000.00")
    assert "@" in account["armed"]["by"]


@pytest.mark.parametrize("answer", ["n", "y"])
def test_confirmation_is_asked_for(rebalance, venue, monkeypatch, answer):
    terminal = io.StringIO(f"{answer}\n")
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)
    output = rebalance(*ARM[:-1])
    assert f"Let the bots trade real money in account live1, {NUMBER}?" in output.err
    assert output.code == (DONE if answer == "y" else WRONG_WORDS)
    assert (standing(rebalance)["armed"] is not None) == (answer == "y")


def test_without_a_terminal_nothing_is_armed(rebalance, venue):
    assert rebalance(*ARM[:-1]).code == WRONG_WORDS
    assert standing(rebalance)["armed"] is None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--max-dollars", 0), "is not a valid amount"),
        (("--max-dollars", "nan"), "is not a valid amount"),
        (("--max-dollars", "1e6"), "is not a valid amount"),
        (("--until", "2026-11-19"), "use a day from 2026-11-20 to 2027-02-18"),
        (("--until", "2027-02-19"), "90 days ahead at most"),
        (("--until", "9999-12-31"), "90 days ahead at most"),
        (("--until", "tomorrow"), "is no day"),
        (("--account", "nobody"), "there is no account 'nobody'"),
    ],
)
def test_invalid_armings_are_refused(rebalance, venue, words, says):
    output = rebalance(*ARM, *words)
    assert (output.code, says in output.err) == (WRONG_WORDS, True)
    assert standing(rebalance)["armed"] is None


@pytest.mark.parametrize(
    ("number", "says"),
    [("987654321", "these keys are of account 987654321"), ("PA3LOCAL0001", "PA3LOCAL0001 is no live account")],
)
def test_keys_of_another_account_arm_nothing_and_trade_nothing(rebalance, venue, run, number, says):
    venue.account["account_number"] = number
    output = rebalance(*ARM)
    assert (output.code, says in output.err) == (FAILED, True)
    venue.account["account_number"] = NUMBER
    rebalance(*WHOLE)
    venue.account["account_number"] = number
    done = run()
    assert (done.exit_code, says in done.message) == (FAILED, True)
    assert asked_of_orders(venue) == []


def test_a_paper_account_has_nothing_to_arm(rebalance, venue, tmp_path):
    write_live_config(tmp_path, venue.url, mode="paper", number="PA3LOCAL0001")
    output = rebalance(*ARM)
    assert (output.code, "nothing has to be armed" in output.err) == (WRONG_WORDS, True)
    assert "no real money is traded" in rebalance("live", "status").out


def test_a_bot_that_can_not_be_used_is_not_armed(rebalance, venue, tmp_path):
    (tmp_path / "mix.json").write_text("{}")
    assert rebalance(*ARM).code == WRONG_WORDS
    assert standing(rebalance)["armed"] is None


# --------------------------------------------------------------------------------------------- the first runs


def test_the_first_live_run_sends_one_order_and_halts_for_review(rebalance, venue, run):
    rebalance(*ARM)
    assert (run().exit_code, sent(venue)) == (PARTIAL, 1)
    assert "first live run: one order was sent, look at it" in at_the_time(rebalance, "status").out
    again = run(force=True)
    assert (again.exit_code, sent(venue)) == (FAILED, 1)
    assert "is halted since" in again.message


def test_after_that_review_runs_send_all_orders(rebalance, venue, run):
    rebalance(*ARM)
    run()
    output = rebalance("resume", "--account", "live1", "--reason", "one share of each looks right")
    assert output.code == DONE, output.err
    assert "was halted" in output.out
    assert "runs now send all orders" in output.out
    assert run(force=True).exit_code == DONE
    assert sent(venue) == 3
    assert standing(rebalance)["armed"]["first_order_only"] is False


def test_another_halt_does_not_count_as_that_review(rebalance, venue, run):
    rebalance(*ARM)
    rebalance("halt", "--account", "live1")
    rebalance("resume", "--account", "live1", "--reason", "a try")
    run()
    assert sent(venue) == 1


def test_whole_first_run_sends_all_orders(rebalance, venue, run):
    rebalance(*WHOLE)
    assert run().exit_code == DONE
    assert sent(venue) == 3


def test_a_run_sends_no_more_than_was_armed(rebalance, venue, run):
    few = [40000 if word == 250000 else word for word in WHOLE]
    rebalance(*few)
    assert run().exit_code == PARTIAL
    assert 0 < sent(venue) < 3


# --------------------------------------------------------------------------------------------- disarmed


def test_nothing_is_sent_after_live_disarm(rebalance, venue, run):
    rebalance(*WHOLE)
    assert "it sends no more orders" in rebalance("live", "disarm", "--account", "live1").out
    assert "was not armed" in rebalance("live", "disarm", "--account", "live1").out
    assert (run().exit_code, sent(venue)) == (FAILED, 0)


def test_arming_and_disarming_say_the_same_in_json(rebalance, venue):
    armed = json.loads(at_the_time(rebalance, *ARM, "--json").out)["armed"]
    assert (armed["account"], armed["max_dollars"]) == ("live1", "250000.00")
    assert json.loads(rebalance("live", "disarm", "--account", "live1", "--json").out)["was_armed"] == armed
    assert json.loads(rebalance("live", "disarm", "--account", "live1", "--json").out)["was_armed"] is None


def test_a_manual_edit_of_a_bot_is_reported_everywhere(rebalance, venue, run, tmp_path):
    rebalance(*WHOLE)
    write_bot(tmp_path, SPY=50, GLD=40)
    done = run()
    assert (done.exit_code, sent(venue)) == (FAILED, 0)
    assert "bot mix has changed since" in done.message
    assert "bot mix has changed since" in standing(rebalance)["trouble"]
    status = at_the_time(rebalance, "status")
    assert (status.code, "bot mix has changed since" in status.out) == (NEEDS_ATTENTION, True)


def test_an_edit_by_command_says_that_it_disarms(rebalance, venue, run):
    rebalance(*WHOLE)
    output = rebalance("invest", "set", "mix", 50)
    assert "account live1 was armed until the end of 2026-12-31 New York time: this disarms it" in " ".join(
        output.out.split()
    )
    assert "rebalance live arm --account live1 --max-dollars 250000" in output.out
    assert (run().exit_code, sent(venue)) == (FAILED, 0)
    assert json.loads(rebalance("invest", "set", "mix", 60, "--json").out)["disarmed"] == []


def test_manually_reverting_an_edit_by_command_does_not_rearm(rebalance, venue, run, tmp_path):
    rebalance(*WHOLE)
    before = (tmp_path / "config.toml").read_bytes()
    rebalance("invest", "set", "mix", 50)
    (tmp_path / "config.toml").write_bytes(before)
    assert (run().exit_code, sent(venue)) == (FAILED, 0)


def test_another_number_in_the_config_is_another_account(rebalance, venue, run, tmp_path):
    rebalance(*WHOLE)
    write_live_config(tmp_path, venue.url, number="987654321")
    venue.account["account_number"] = "987654321"
    done = run()
    assert (done.exit_code, sent(venue)) == (FAILED, 0)
    assert f"armed for the account number {NUMBER}" in done.message


# --------------------------------------------------------------------------------------------- who repeats it


def test_the_doctor_checks_the_arming_and_the_mode_of_the_account(rebalance, venue):
    def found() -> dict[str, tuple[str, str]]:
        answer = json.loads(at_the_time(rebalance, "doctor", "--json").out)
        checks = (check for checkup in answer["checkups"] for check in checkup["checks"])
        return {check["name"]: (check["verdict"], check["finding"]) for check in checks}

    assert found()["armed"][0] == "fail"
    rebalance(*ARM)
    after = found()
    assert after["armed"] == ("pass", after["armed"][1])
    assert "up to 250,000.00 USD a run" in after["armed"][1]
    assert after["live"] == ("pass", f"live: account {NUMBER} at {venue.url}")
    assert after["halt"] == ("pass", "nothing is halted")
    assert [method for method in asked_of_orders(venue) if method != "GET"] == []
