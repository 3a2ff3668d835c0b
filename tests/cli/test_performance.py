"""`rebalance performance`: what account and bots earned, from the command line."""

import csv
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from own_prices import DAYS, write_account, write_bot

from rebalancer.app.account_back_test import account_back_test
from rebalancer.app.performance import performance
from rebalancer.config import load
from rebalancer.journal.kept_books import keep_up, replayed
from rebalancer.journal.seal import is_sound
from rebalancer.ports import unwatched
from rebalancer.report.drawing import drawing
from rebalancer.report.performance import curves
from rebalancer.report.performance_sheet import sheet_of

CLOSES = {"SPY": ["400", "400", "404", "400", "410"], "TLT": ["100"] * 5}


@pytest.fixture
def traded(rebalance, tmp_path):
    """247 SPY for 98,800 USD, a day at 404 and one at 400 again; the rest is cash."""
    write_account(tmp_path, CLOSES, {"asset": "SPY"})
    for day in DAYS[1:4]:
        assert rebalance("run", "--as-of", day).code == 0


def earned(rebalance, *words):
    answer = json.loads(rebalance("performance", *words, "--json").out)
    (account,) = answer["accounts"]
    return account


def test_the_account_and_its_bot_are_shown_with_gains_and_the_benchmark(traded, rebalance):
    account, bot = earned(rebalance)["earned"]
    assert (account["bot"], bot["bot"]) == (None, "b")
    assert account["days"][1]["gain"] == "988.00"  # 247 x 4 USD
    assert (account["days"][0]["value"], account["days"][0]["flow"]) == ("100000.00", "100000.00")
    assert account["benchmark_return"] == 0
    assert account["capital"] == "100000.00"
    assert {period["period"]: period["gain"] for period in bot["periods"]}["all"] == bot["periods"][-1]["gain"]


def test_the_gains_of_all_days_are_the_gain_since_the_beginning(traded, rebalance):
    for book in earned(rebalance)["earned"]:
        sums = sum(float(day["gain"]) for day in book["days"])
        assert sums == pytest.approx(float(book["value"]) - float(book["capital"]))
        assert book["days"][-1]["growth"] == pytest.approx(book["time_weighted"] + 1)


def test_one_bot_is_shown_alone(traded, rebalance):
    (bot,) = earned(rebalance, "b")["earned"]
    assert bot["bot"] == "b"
    screen = rebalance("performance", "b").out
    assert "time-weighted return" in screen
    assert "In no bot's book" not in screen
    assert "account " not in screen.split("Earned")[1].splitlines()[1]


def test_what_is_true_of_the_account_and_its_bot_is_said_once(rebalance, tmp_path):
    write_account(tmp_path, CLOSES, {"asset": "SPY"})
    assert rebalance("run", "--as-of", DAYS[1]).code == 0
    screen = rebalance("performance").out
    assert screen.count("a money-weighted return needs more than one day") == 1
    assert "a, b: a money-weighted return needs more than one day." in screen


def test_a_span_counts_from_the_value_before_it(traded, rebalance):
    account, _ = earned(rebalance, "--from", DAYS[2], "--to", DAYS[3])["earned"]
    assert (account["first"], account["last"]) == (str(DAYS[2]), str(DAYS[3]))
    assert [day["gain"] for day in account["days"]] == ["988.00", "-988.00"]
    assert account["time_weighted"] == pytest.approx(0)


def test_a_benchmark_of_choice_and_one_without_prices(traded, rebalance):
    assert earned(rebalance, "--benchmark", "TLT")["earned"][0]["benchmark_return"] == 0
    output = rebalance("performance", "--benchmark", "GLD")
    assert output.code == 2
    assert "there are no prices of GLD" in output.err


def test_without_prices_of_the_default_benchmark_there_is_none_and_a_note(rebalance, tmp_path):
    write_account(tmp_path, {"TLT": ["100"] * 5}, {"asset": "TLT"})
    assert rebalance("run", "--as-of", DAYS[1]).code == 0
    output = rebalance("performance")
    assert output.code == 0
    assert "No benchmark: there are no prices of SPY" in output.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody",), "there is no bot 'nobody' in the journal; there are: b"),
        (("--account", "nobody"), "there is no account 'nobody'"),
        (
            ("--from", DAYS[4] + timedelta(9)),
            "there is no session from 2022-06-19 to the end: the journal has them from",
        ),
        (("--benchmark", "a b c"), "is not a ticker"),
        (("--from", "2016-13-01"), "'2016-13-01' is no day: write year, month and day, such as 2016-07-01"),
        (("--to", "20160701"), "'20160701' is no day"),
        (("--csv", "--html"), "--csv: --html is an option, and no file: name another file"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(traded, rebalance, words, said):
    output = rebalance("performance", *words)
    assert output.code == 2
    assert said in output.err


def test_before_the_first_run_nothing_was_earned(rebalance, tmp_path):
    write_account(tmp_path, CLOSES, {"asset": "SPY"})
    assert "nothing was earned yet. `rebalance run` starts its first run." in rebalance("performance").out
    assert "b has no money yet: `rebalance run` gives it some" in rebalance("performance", "b").err


def test_an_account_asked_for_by_name_is_beside_the_back_test_of_its_bots(traded, rebalance):
    """On paper all of 100,000 USD but 1 % is in SPY, at 400 on the first and on the last day."""
    assert "back-test" not in rebalance("performance").out
    back_test = earned(rebalance, "--account", "a")["back_test"]
    assert back_test["model_growth"] == {
        str(DAYS[1]): 1,
        str(DAYS[2]): pytest.approx(1.0099),
        str(DAYS[3]): pytest.approx(1),
    }
    screen = rebalance("performance", "--account", "a").out
    assert "back-test, same days" in screen
    assert f"The back-test of a has the bots and amounts of now since {DAYS[1]}" in screen


def test_the_back_test_of_a_span_begins_with_the_value_before_it(traded, rebalance):
    back_test = earned(rebalance, "--account", "a", "--from", DAYS[3])["back_test"]
    assert back_test["model_growth"] == {str(DAYS[2]): 1, str(DAYS[3]): pytest.approx(1 - 0.99 * 4 / 404)}


def back_test_of(folder, *equity):
    write_account(folder, CLOSES, {"asset": "SPY"})
    config = load(folder / "config.toml")
    return account_back_test(config, config.accounts[0], dict(zip(DAYS, map(Decimal, equity), strict=False)), unwatched)


def test_the_back_test_of_an_account_begins_with_its_first_money(tmp_path):
    found = back_test_of(tmp_path, 0, 1000, 1000, 1000)
    assert found.model_growth == {DAYS[1]: 1, DAYS[2]: pytest.approx(1.0099), DAYS[3]: pytest.approx(1)}
    assert f"the bots and amounts of now since {DAYS[1]}" in found.notes[0]


def test_an_account_that_has_had_no_money_has_no_back_test(tmp_path):
    found = back_test_of(tmp_path, 0, 0)
    assert found.model_growth == {}
    assert found.notes == ("There is no back-test of a: it has had no money yet.",)


def test_why_an_account_has_no_back_test_is_said(traded, rebalance, tmp_path):
    (tmp_path / "b.json").write_text("no bot")
    found = rebalance("performance", "--account", "a")
    assert found.code == 0
    assert "There is no back-test of a: " in found.out


def test_cash_that_no_bot_caused_has_its_reason_in_plain_words(traded, rebalance):
    assert (
        "Cash in or out that no bot caused: in the account before its first run +100,000.00 USD."
        in rebalance("performance").out
    )


def test_a_dry_run_earns_nothing(rebalance, tmp_path):
    write_account(tmp_path, CLOSES, {"asset": "SPY"})
    assert rebalance("run", "--dry-run", "--as-of", DAYS[1]).code == 0
    assert earned(rebalance)["earned"] == []


def test_csv_has_a_row_for_each_session_of_account_and_bot_and_replaces_only_its_own_kind(traded, rebalance, tmp_path):
    file = tmp_path / "earned.csv"
    for _ in range(2):
        assert rebalance("performance", "--csv", file).code == 0
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert [(row["date"], row["bot"]) for row in rows] == [(str(day), bot) for bot in ("", "b") for day in DAYS[1:4]]
    assert rows[1]["gain"] == "988.00"
    file.write_text("dear bank")
    assert "is no output of --csv" in rebalance("performance", "--csv", file).err
    assert file.read_text() == "dear bank"


def test_a_bot_named_as_a_formula_is_no_formula_in_a_spreadsheet(rebalance, tmp_path):
    write_account(tmp_path, CLOSES, {"asset": "SPY"})
    write_bot(tmp_path, {"asset": "SPY"})
    (tmp_path / "=1+1.json").write_bytes((tmp_path / "b.json").read_bytes())
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("b.json", "=1+1.json"))
    assert rebalance("run", "--as-of", DAYS[1]).code == 0
    assert rebalance("performance", "--csv", tmp_path / "earned.csv").code == 0
    assert "'=1+1" in (tmp_path / "earned.csv").read_text()


def test_a_bot_that_was_replaced_keeps_its_past(traded, rebalance, tmp_path):
    (tmp_path / "c.json").write_bytes((tmp_path / "b.json").read_bytes())
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("b.json", "c.json"))
    assert rebalance("run", "--as-of", DAYS[4]).code == 0
    _, old, new = earned(rebalance)["earned"]
    assert (old["bot"], old["value"], new["bot"], new["first"]) == ("b", "0.00", "c", str(DAYS[4]))
    assert json.loads(rebalance("history", "--json").out)["runs"][0]["order_count"] <= 1  # most passed without an order


def test_one_bot_is_compared_with_its_model_by_cause(traded, rebalance):
    """On paper all of 100,000 USD is in SPY; 1 % stays in cash, and what is left is no whole share."""
    found = earned(rebalance, "b")["against_model"]
    assert (found["live"], found["model"], found["unexplained_bps"]) == ("0.00", "0.12", 0)
    up = found["days"][1]
    assert (up["live"], up["model"], up["money"]) == ("988.00", "1000.00", "100000.00")
    assert {cause: amount for cause, amount in up["by_cause"].items() if float(amount)} == {
        "netting": "-10.00",
        "whole_shares": "-2.00",
    }
    assert found["model_return"] == pytest.approx(0)
    screen = rebalance("performance", "b").out
    assert "b gained 0.00 USD, its model +0.12 USD. Most of the difference: whole shares -0.12 USD" in screen
    assert "Live against model, b, USD" in screen


def test_a_bot_whose_file_changed_or_is_gone_is_compared_with_what_it_decided(traded, rebalance, tmp_path):
    write_bot(tmp_path, {"asset": "TLT"})
    (note,) = earned(rebalance, "b")["against_model"]["notes"]
    assert "its back-test is of the file as it is now" in note
    (tmp_path / "b.json").write_text("{}")
    found = earned(rebalance, "b")["against_model"]
    assert "There is no back-test of b" in found["notes"][0]
    assert found["model_return"] is None
    assert found["days"][1]["model"] == "1000.00"
    (tmp_path / "b.json").unlink()
    assert "can't be read" in earned(rebalance, "b")["against_model"]["notes"][0]


def test_without_a_close_of_the_day_the_evenings_own_prices_stand_in(traded, rebalance, tmp_path):
    prices = tmp_path / "prices" / "closes.csv"
    prices.write_text("".join(line + "\n" for line in prices.read_text().splitlines()[:4]))
    found = earned(rebalance, "b")["against_model"]
    assert f"There is no close of {DAYS[3]} yet" in found["notes"][-1]
    assert found["days"][-1]["by_cause"]["timing"] == "0.00"
    prices.write_text("date,SPY\nno date,1\n")
    assert any("closes can't be read" in note for note in earned(rebalance, "b")["against_model"]["notes"])


def test_a_bot_is_drawn_beside_the_benchmark_and_its_back_test_also_on_a_day_without_a_close(rebalance, tmp_path):
    """As on every evening, before the close of the session is known."""
    write_account(tmp_path, CLOSES, {"asset": "SPY"})
    for day in DAYS[1:4]:
        assert rebalance("run", "--as-of", day).code == 0
    prices = tmp_path / "prices" / "closes.csv"
    prices.write_text("".join(line + "\n" for line in prices.read_text().splitlines()[:4]))
    (found,) = performance(load(tmp_path / "config.toml"), "b")
    live, benchmark, back_test = curves(found)
    assert [each.name for each in (live, benchmark, back_test)] == ["b", "SPY", "back-test"]
    assert live.known == [True, True, True]
    assert benchmark.known == back_test.known == [True, True, False]
    assert back_test.values[:2].tolist() == benchmark.values[:2].tolist() == [100, 101]
    drawn = drawing("Time-weighted", "of 100", [*DAYS[1:4]], [live, benchmark, back_test]).plain
    assert "back-test" in drawn
    assert ("(day)" in drawn, f"{DAYS[1]:%d %b}" in drawn, f"{DAYS[1]:%Y-%m}" in drawn) == (True, True, False)


def test_a_tearsheet_of_the_account_and_of_a_bot_with_its_back_test(traded, rebalance, tmp_path):
    for words, shown in (((), "Performance of account a"), (("b",), "Performance of b")):
        output = rebalance("performance", *words, "--html", "page.html")
        assert (output.code, "--html: written to page.html" in output.err) == (0, True)
        page = (tmp_path / "page.html").read_text("utf-8")
        assert shown in page
        assert "<script" not in page
    assert "its back-test" in page
    assert "Live against model" in page
    assert "Days that differ most from the model" in page


def test_years_are_beside_the_benchmark_before_the_close_of_the_last_session_is_known(traded, rebalance, tmp_path):
    """The evening's own close is not among the prices yet: the one before it stands in."""
    (found,) = performance(load(tmp_path / "config.toml"))
    (year,) = sheet_of(found, DAYS[4]).benchmark_years
    assert (year.year, year.total) == (2022, 0)
    days = found.earned[0].days
    open_evening = replace(found.earned[0], days=(*days[:-1], replace(days[-1], benchmark_growth=None)))
    (year,) = sheet_of(replace(found, earned=(open_evening,)), DAYS[4]).benchmark_years
    assert (year.year, year.total) == (2022, pytest.approx(0.01))
    unknown = replace(found.earned[0], days=(replace(days[0], benchmark_growth=None), *days[1:]))
    assert sheet_of(replace(found, earned=(unknown,)), DAYS[4]).benchmark_years == ()


def test_a_tearsheet_is_of_one_account_that_earned_something(traded, rebalance, tmp_path):
    config = tmp_path / "config.toml"
    other = '[accounts.c]\nbroker = "sim"\n[[accounts.c.investments]]\nbot = "b.json"\namount = 1000\n'
    config.write_text(config.read_text() + other)
    output = rebalance("performance", "--html", "page.html")
    assert (output.code, "shows one account: name it by --account; there are a, c" in output.err) == (2, True)
    output = rebalance("performance", "--html", "page.html", "--account", "c")
    assert (output.code, "has earned nothing yet" in output.err) == (2, True)


def test_a_bot_that_is_no_longer_invested_is_compared_with_what_it_decided(traded, rebalance, tmp_path):
    config = tmp_path / "config.toml"
    (tmp_path / "other.json").write_text((tmp_path / "b.json").read_text().replace('"name": "b"', '"name": "other"'))
    config.write_text(config.read_text().replace("b.json", "other.json"))
    found = earned(rebalance, "b")["against_model"]
    assert "b is no longer invested" in found["notes"][0]
    assert found["days"][1]["model"] == "1000.00"


def test_an_account_without_a_run_has_earned_nothing_yet(rebalance, tmp_path):
    write_account(tmp_path, CLOSES, {"asset": "SPY"})
    assert "Account a: nothing was earned yet" in rebalance("performance").out


@pytest.fixture
def two_accounts(rebalance, tmp_path):
    """Both have a bot of one name: that of `a` holds SPY for 100,000 USD, that of `z` TLT for 20,000 USD."""
    write_account(tmp_path, {**CLOSES, "TLT": ["100", "100", "100", "102", "102"]}, {"asset": "SPY"})
    (tmp_path / "other").mkdir()
    write_bot(tmp_path / "other", {"asset": "TLT"})
    config = tmp_path / "config.toml"
    config.write_text(
        f'{config.read_text()}[accounts.z]\nbroker = "sim"\n[[accounts.z.investments]]\nbot = "other/b.json"\n'
        'amount = 20000\ncapital = "rollover"\n[accounts.z.trading]\nfallback_ticker = "CASH"\n'
    )
    for day in DAYS[1:4]:
        for account in ("a", "z"):
            assert rebalance("run", "--account", account, "--as-of", day).code == 0


def test_bots_of_one_name_in_two_accounts_are_never_mixed(two_accounts, rebalance, tmp_path):
    for _ in range(2):
        accounts = json.loads(rebalance("performance", "b", "--json").out)["accounts"]
        earned = {each["account"]: each["earned"][0] for each in accounts}
        assert [earned[name]["value"] for name in ("a", "z")] == ["100000.00", "20400.00"]
        assert [each["against_model"]["live"] for each in accounts] == ["0.00", "400.00"]
        journal = tmp_path / "journal.sqlite"
        for account in ("a", "z"):
            replayed(journal, account, "b", worth_keeping=1)  # the next look goes on from what is kept
            keep_up(journal, account, ["b"], is_sound, lines=1)
    held = json.loads(rebalance("positions", "--json").out)["accounts"]
    assert {each["account"]: [row["symbol"] for row in each["positions"]] for each in held} == {
        "a": ["SPY"],
        "z": ["TLT"],
    }
    assert rebalance("invest", "deposit", "b", 1000).err.endswith("is needed, since there are several accounts: a, z\n")
    assert rebalance("invest", "deposit", "b", 1000, "--account", "z").code == 0
    assert [reading.code for reading in (rebalance("run", "--account", name, "--as-of", DAYS[4]) for name in "az")] == [
        0,
        0,
    ]
    assert [
        each["earned"][1]["capital"] for each in json.loads(rebalance("performance", "--json").out)["accounts"]
    ] == [
        "100000.00",
        "21000.00",
    ]
