"""`rebalance bots verify`: a bot beside a back-test downloaded from Composer."""

import json
from datetime import date

import pytest
from own_prices import DAYS, write_account, write_bot

ABOVE = {"left": {"current-price": {"of": "SPY"}}, "is": "gt", "right": 100}
CHART = {"if": ABOVE, "then": {"asset": "SPY"}, "else": {"asset": "TLT"}}
CLOSES = {"SPY": ["101", "102", "99", "103", "104"], "TLT": ["50", "50", "51", "51", "52"], "BIL": ["1"] * 5}


def epoch(day: date) -> str:
    return str((day - date(1970, 1, 1)).days)


@pytest.fixture
def verify(rebalance, tmp_path):
    """Runs the command on a recording of these holdings, one a day."""
    write_account(tmp_path, CLOSES, CHART)

    def command(*held: str, days=DAYS):
        weights = {ticker: {} for ticker in held}
        for day, ticker in zip(days, held, strict=True):
            weights[ticker][epoch(day)] = 0.99
        whole = {
            "legend": {"abc": {"name": "At Composer"}},
            "dvm_capital": {"abc": {epoch(day): 100.0 for day in days}},
            "tdvm_weights": weights,
            "stats": {"sharpe_ratio": 1.25},
        }
        (tmp_path / "recorded.json").write_text(json.dumps(whole))
        output = rebalance("bots", "verify", "b", "recorded.json", "--json")
        return output.code, json.loads(output.out)

    return command


def test_days_that_agree_are_counted_and_nothing_else_is_said(verify, rebalance):
    code, answer = verify("SPY", "SPY", "TLT", "SPY", "SPY")
    assert code == 0
    found = answer["agreement"]
    assert tuple(found[f"{name}_sessions"] for name in ("recorded", "compared", "agreed", "undecided")) == (5, 5, 5, 0)
    assert found["first_difference"] is None
    shown = rebalance("bots", "verify", "b", "recorded.json").out
    assert "b and the recorded At Composer agree on 5 of 5 sessions from 2022-06-06 to 2022-06-10 (100.00 %)" in shown


def test_the_first_day_that_differs_is_shown_with_the_values_that_decided_it(verify, rebalance):
    code, answer = verify("SPY", "SPY", "SPY", "TLT", "SPY")
    assert code == 3
    assert answer["agreement"]["agreed_sessions"] == 3
    difference = answer["agreement"]["first_difference"]
    assert difference == {"day": "2022-06-08", "decided_weights": {"TLT": 1.0}, "recorded_weights": {"SPY": 0.99}}
    assert answer["parting"] == {
        "day": "2022-06-08",
        "lines": ["if Price(SPY) = 99, not > 100 (by 1)"],
        "compared": [{"left": "Price(SPY)", "left_value": 99.0, "right": "100", "right_value": 100.0}],
        "flip": {"step": 0, "symbol": "SPY", "price": "99.0", "flips_at": "100.01", "why": ""},
        "otherwise": {"SPY": 1.0},
        "gives_it": True,
    }
    shown = [line.rstrip() for line in rebalance("bots", "verify", "b", "recorded.json").out.splitlines()]
    first = shown.index("The first difference is on 2022-06-08:")
    assert shown[first + 1 : first + 7] == [
        "  recorded: SPY 99.00 %",
        "  here:     TLT 100.00 %",
        "  They part at this gate:",
        "    if Price(SPY) = 99, not > 100 (by 1)",
        "      flips if SPY rises 1.02 % to 100.01",
        "  The recorded weights, had it gone the other way: SPY 100.00 %",
    ]


def test_where_the_other_way_gives_something_else_it_says_so(verify, rebalance):
    verify("SPY", "SPY", "BIL", "SPY", "SPY")
    assert "  Had it gone the other way: SPY 100.00 %" in rebalance("bots", "verify", "b", "recorded.json").out


def test_a_day_on_which_nothing_is_decided_here_says_why_instead(verify, rebalance, tmp_path):
    mean = {"moving-average-price": {"of": "SPY", "window": 2}}
    chart = {"if": {"left": mean, "is": "gt", "right": 1}, "then": {"asset": "SPY"}, "else": {"asset": "TLT"}}
    write_bot(tmp_path, chart)
    _, answer = verify("SPY", "SPY", "SPY", "SPY", "SPY")
    assert answer["parting"] is None
    assert answer["why"] == "undefined: SMA(SPY,2) needs 2 closes in a row, has 1 since 2022-06-06"
    assert answer["why"] in rebalance("bots", "verify", "b", "recorded.json").out


def test_statistics_stand_side_by_side(verify):
    _, answer = verify("SPY", "SPY", "TLT", "SPY", "SPY")
    sharpe = next(pair for pair in answer["agreement"]["statistic_pairs"] if pair["name"] == "sharpe")
    assert sharpe["recorded"] == 1.25
    assert sharpe["here"] != sharpe["recorded"]


def test_days_without_a_close_here_are_not_compared(verify, rebalance):
    _, answer = verify("SPY", "SPY", days=(DAYS[0], date(2022, 6, 13)))
    assert (answer["agreement"]["recorded_sessions"], answer["agreement"]["compared_sessions"]) == (2, 1)
    assert "1 recorded day not compared" in rebalance("bots", "verify", "b", "recorded.json").out


def test_days_of_another_time_are_refused_with_both_ends(verify):
    code, answer = verify("SPY", days=(date(2001, 6, 11),))
    assert code == 2
    assert "they end on 2022-06-10" in answer["error"]["message"]


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"dvm_capital": {}, "tdvm_weights": {}}'])
def test_what_is_no_recording_is_refused_with_its_name(rebalance, tmp_path, content):
    write_account(tmp_path, CLOSES, CHART)
    (tmp_path / "recorded.json").write_text(content)
    output = rebalance("bots", "verify", "b", "recorded.json")
    assert output.code == 2
    assert "recorded.json" in output.err


def test_a_folder_in_place_of_a_file_is_refused(rebalance, tmp_path):
    write_account(tmp_path, CLOSES, CHART)
    assert "can't be read: Is a directory" in rebalance("bots", "verify", "b", str(tmp_path)).err
