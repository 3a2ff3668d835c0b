"""A bot that remembers: its evenings, explanations, back-tests and the doctor go by the first evening's first day."""

import json

import pytest
from own_prices import DAYS, write_account

SPY = {"current-price": {"of": "SPY"}}
OVER, UNDER = ({"left": SPY, "is": sign, "right": number} for sign, number in (("gt", 100), ("lt", 90)))
ENTERED = {"entered": {"if": OVER, "left_if": UNDER}}
CHART = {"if": ENTERED, "then": {"asset": "SPY"}, "else": {"asset": "TLT"}}
ALL = {"SPY": ["101", "95", "96", "95", "97"], "TLT": ["50", "50", "51", "51", "52"]}
"""On the first day it is entered, and stays so."""
LATER = {ticker: ["", *closes[1:]] for ticker, closes in ALL.items()}


@pytest.fixture
def first_evening(rebalance, tmp_path):
    """Of the third day, with closes from the second on."""
    write_account(tmp_path, LATER, CHART)
    assert rebalance("run", "--as-of", DAYS[2]).code == 0


def weights_and_day(rebalance, *words):
    decision = json.loads(rebalance("explain", "b", *words, "--json").out)["decision"]
    return decision["weights"], decision["simulated_since"]


def test_an_explanation_goes_by_the_first_evening_however_much_is_loaded(first_evening, rebalance, tmp_path):
    write_account(tmp_path, ALL, CHART)
    assert weights_and_day(rebalance) == ({"TLT": 1.0}, str(DAYS[1]))
    assert "*   else: TLT 100 %" in rebalance("explain", "b", "--tree").out


def test_the_next_evening_decides_the_same_with_more_loaded(first_evening, rebalance, tmp_path):
    write_account(tmp_path, ALL, CHART)
    assert rebalance("run", "--as-of", DAYS[3]).code == 0
    (made,) = json.loads(rebalance("history", 2, "--json").out)["record"]["decisions"]
    assert (made["weights"], made["simulated_since"]) == ({"TLT": 1.0}, str(DAYS[1]))


def test_without_an_evening_all_that_is_loaded_counts(rebalance, tmp_path):
    write_account(tmp_path, ALL, CHART)
    assert weights_and_day(rebalance) == ({"SPY": 1.0}, str(DAYS[0]))


def test_a_back_test_begins_with_all_that_is_loaded_and_says_so(first_evening, rebalance, tmp_path):
    note = "b begins on 2022-06-06 here, and its evenings go on from 2022-06-07, their first day"
    assert note not in " ".join(rebalance("backtest", "b").out.split())
    write_account(tmp_path, ALL, CHART)
    assert note in " ".join(rebalance("backtest", "b").out.split())


def test_the_doctor_says_where_the_closes_no_longer_reach_back(first_evening, rebalance, tmp_path):
    write_account(tmp_path, {ticker: ["", "", *closes[2:]] for ticker, closes in ALL.items()}, CHART)
    answer = json.loads(rebalance("doctor", "--json").out)
    (check,) = [each for part in answer["checkups"] for each in part["checks"] if each["name"] == "bot b"]
    assert check["verdict"] == "fail"
    assert check["finding"].startswith(
        "what it remembers is followed since 2022-06-07, and its closes begin on 2022-06-08 only"
    )
