"""`rebalance audit-close`: what runs decided, beside what the official closes would have decided."""

import json

import pytest
from own_prices import DAYS, write_account, write_bot

ABOVE = {"left": {"current-price": {"of": "SPY"}}, "is": "gt", "right": 100}
CHART = {"if": ABOVE, "then": {"asset": "SPY"}, "else": {"asset": "TLT"}}
OFFICIAL = {"SPY": ["101", "99", "99", "103", "104"], "TLT": ["50", "50", "51", "51", "52"]}
EVENING = {**OFFICIAL, "SPY": ["101", "101", "99", "103", "104"]}
"""On the second day SPY stood above the threshold before the close."""


@pytest.fixture
def evenings(rebalance, tmp_path):
    """Runs of these days on the prices of the evening; the official closes stand in the folder afterwards."""

    def run(*days, official=OFFICIAL):
        write_account(tmp_path, EVENING, CHART)
        for day in days:
            assert rebalance("run", "--as-of", day).code == 0
        write_account(tmp_path, official, CHART)

    return run


@pytest.fixture
def audited(rebalance):
    def command(*words):
        output = rebalance("audit-close", *words, "--json")
        return output.code, json.loads(output.out)

    return command


def test_a_decision_that_the_close_turns_is_shown_with_what_it_lost(evenings, audited, rebalance):
    evenings(DAYS[1])
    code, answer = audited()
    (row,) = answer["audited"]
    assert (code, row["run"], row["session"], row["same"]) == (3, 1, "2022-06-07", False)
    assert (row["decided_weights"], row["weights_by_closes"]) == ({"SPY": 1.0}, {"TLT": 1.0})
    # TLT rose from 50 to 51, which is 200 basis points, and SPY stayed at 99.
    assert row["lost_bps"] == pytest.approx(200)

    shown = rebalance("audit-close").out
    assert "SPY 100.00 %" in shown
    assert "TLT 100.00 %" in shown
    assert "Price(SPY) = 99, not > 100 (by 1) -> TLT 100 %" in shown
    assert "1 run, 1 decision: 1 would have been another" in shown
    assert "+200.0 bps in all" in shown


def test_an_evening_that_earned_more_than_the_closes_would_have_lost_less_than_nothing(evenings, audited):
    evenings(DAYS[1], official={**OFFICIAL, "SPY": ["101", "99", "108.9", "103", "104"]})
    _, answer = audited()
    assert answer["audited"][0]["lost_bps"] == pytest.approx(200 - 1000)


def test_a_decision_that_the_close_confirms_lost_nothing(evenings, audited, rebalance):
    evenings(DAYS[2])
    code, answer = audited(1)
    (row,) = answer["audited"]
    assert (code, row["same"], row["lost_bps"], row["note"]) == (0, True, 0, "")
    assert row["decided_weights"] == row["weights_by_closes"] == {"TLT": 1.0}
    assert "1 decision: 0 would have been another" in rebalance("audit-close", 1).out


def test_until_the_next_close_what_was_lost_is_not_known(evenings, audited, rebalance):
    evenings(DAYS[4], official={**OFFICIAL, "SPY": ["101", "99", "99", "103", "98"]})
    code, answer = audited()
    (row,) = answer["audited"]
    assert (code, row["same"], row["lost_bps"]) == (3, False, None)
    assert (answer["lost_bps_sum"], answer["lost_bps_mean"]) == (None, None)
    assert "not known until the next close" in rebalance("audit-close").out


def test_all_runs_stand_in_one_table_oldest_first_with_their_sums(evenings, audited, rebalance):
    evenings(*DAYS[1:])
    code, answer = audited("--all")
    assert code == 3
    assert [(row["run"], row["session"], row["same"]) for row in answer["audited"]] == [
        (number + 1, str(day), number != 0) for number, day in enumerate(DAYS[1:])
    ]
    assert (answer["run_count"], answer["other_count"], answer["unaudited_count"]) == (4, 1, 0)
    assert answer["lost_bps_sum"] == pytest.approx(200)
    assert answer["lost_bps_mean"] == pytest.approx(200 / 3)  # the last evening has no close after it yet
    assert "4 runs, 4 decisions: 1 would have been another" in rebalance("audit-close", "--all").out


def test_a_session_without_its_official_close_is_refused_with_the_remedy(evenings, rebalance, tmp_path):
    evenings(DAYS[4])
    drop_last_days(tmp_path, 1)
    output = rebalance("audit-close")
    assert output.code == 2
    assert "there is no official close of 2022-06-10 yet: the prices in [data] end on 2022-06-09" in output.err
    assert "Bring them up to date" in output.err


def test_among_all_runs_one_without_its_official_close_is_named_and_the_others_are_audited(evenings, audited, tmp_path):
    evenings(DAYS[1], DAYS[4])
    drop_last_days(tmp_path, 1)
    code, answer = audited("--all")
    other, newest = answer["audited"]
    assert (code, other["same"], newest["same"]) == (3, False, None)
    assert "no official close of 2022-06-10 yet" in newest["note"]


def test_a_bot_whose_file_has_changed_is_named_and_not_asked_again(evenings, audited, rebalance, tmp_path):
    evenings(DAYS[1])
    write_bot(tmp_path, {"asset": "TLT"})
    code, answer = audited()
    (row,) = answer["audited"]
    assert (code, row["same"], row["weights_by_closes"], answer["unaudited_count"]) == (0, None, None, 1)
    assert "b.json has changed since: its SHA-256 is" in row["note"]
    assert "1 could not be audited" in rebalance("audit-close").out


def test_a_bot_whose_file_is_gone_is_named(evenings, audited, tmp_path):
    evenings(DAYS[1])
    (tmp_path / "b.json").unlink()
    _, answer = audited()
    assert answer["audited"][0]["note"].endswith("b.json can't be read: No such file or directory")


def test_a_simulation_begins_on_the_day_that_the_run_journalled_however_far_the_closes_reach_back(
    audited, rebalance, tmp_path
):
    halves = {"equal": [{"asset": "SPY"}, {"asset": "TLT"}]}
    write_account(tmp_path, OFFICIAL, halves)
    yearly = {"format": "rebalancer/bot", "version": 1, "name": "b", "rebalance": "yearly", "chart": halves}
    (tmp_path / "b.json").write_text(json.dumps(yearly))
    assert rebalance("run", "--as-of", DAYS[3]).code == 0

    prices = tmp_path / "prices" / "closes.csv"
    prices.write_text(prices.read_text().replace("date,SPY,TLT\n", "date,SPY,TLT\n2022-06-03,10,50\n"))
    code, answer = audited()
    (row,) = answer["audited"]
    assert (code, row["same"]) == (0, True)
    assert row["decided_weights"] == row["weights_by_closes"] != {"SPY": 0.5, "TLT": 0.5}


def test_a_bot_that_failed_in_the_run_and_decides_by_the_closes_is_another_decision(rebalance, audited, tmp_path):
    write_account(tmp_path, {**EVENING, "SPY": ["101", "", "99", "103", "104"]}, CHART)
    rebalance("run", "--as-of", DAYS[1])
    write_account(tmp_path, OFFICIAL, CHART)
    code, answer = audited()
    (row,) = answer["audited"]
    assert (code, row["same"], row["decided_weights"], row["lost_bps"]) == (3, False, None, None)
    assert row["weights_by_closes"] == {"TLT": 1.0}
    assert row["note"].startswith("in the run it could not decide: ")


def test_a_bot_that_can_not_decide_by_the_closes_is_another_decision(evenings, audited):
    evenings(DAYS[1], official={**OFFICIAL, "SPY": ["101", "", "99", "103", "104"]})
    code, answer = audited()
    (row,) = answer["audited"]
    assert (code, row["same"], row["weights_by_closes"], row["lost_bps"]) == (3, False, None, None)
    assert row["note"].startswith("on the official closes it can't decide: ")
    assert "SPY" in row["note"]


def test_a_run_that_ended_before_a_decision_has_none_to_audit(rebalance, tmp_path):
    write_account(tmp_path, OFFICIAL, CHART)
    assert rebalance("run", "--as-of", DAYS[0]).code == 4  # there is no close before it
    output = rebalance("audit-close")
    assert output.code == 0
    assert "1 run without a decision: `rebalance history` says why" in output.out


def test_the_journal_stays_as_it_was(evenings, rebalance, tmp_path):
    evenings(DAYS[1], DAYS[2])
    before = rebalance("audit", "verify").out
    rebalance("audit-close", "--all")
    assert rebalance("audit", "verify").out == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((1, "--all"), "leave out the run's number, 1"),
        ((7,), "the journal has no run 7"),
        (("--account", "b"), "the journal has no run of account 'b' yet"),
        ((1, "--account", "b"), "run 1 is one of account 'a', not of 'b'"),
    ],
)
def test_what_names_no_run_is_refused(evenings, rebalance, words, sentence):
    evenings(DAYS[1])
    output = rebalance("audit-close", *words)
    assert output.code == 2
    assert sentence in output.err


def test_without_a_journal_there_is_nothing_to_audit(rebalance, tmp_path):
    write_account(tmp_path, OFFICIAL, CHART)
    output = rebalance("audit-close", "--all")
    assert output.code == 2
    assert "the journal has no run yet" in output.err


def drop_last_days(folder, count):
    file = folder / "prices" / "closes.csv"
    file.write_text("\n".join(file.read_text().splitlines()[:-count]) + "\n")
