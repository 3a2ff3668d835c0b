"""Composer's functions of several numbers: MACD, PPO and Bollinger's bands, in JSON and in text."""

import json

import pytest
from charts import outline

from rebalancer.bots.flowchart.formats import read

SPY, BIL = {"step": "asset", "ticker": "SPY"}, {"step": "asset", "ticker": "BIL"}
PPO = {"short-window": "12", "long-window": 26, "smooth-window": 9}


def parsed(function, params, **others):
    """The root of a symphony that ranks by `function`, and what was refused in it."""
    by = {"sort-by-fn": function, "sort-by-fn-params": params, "select-fn": "top", "select-n": 1}
    ranking = {"step": "filter", **by, "children": [SPY, BIL], **others}
    symphony = {"step": "root", "name": "x", "rebalance": "daily", "children": [ranking]}
    chart, problems = read(json.dumps(symphony).encode(), "x.json")
    return chart and outline(chart.root)[1:3], [problem.text for problem in problems]


def gate(indicator):
    return f'(defsymphony "x" (if (> ({indicator} "SPY" {{:short-window 12, :long-window 26}}) 1) [{HELD}] [{HELD}]))'


HELD = '(asset "SPY")'


@pytest.mark.parametrize(
    ("function", "params", "numbers"),
    [
        ("percentage-price-oscillator", {"short-window": 12, "long-window": 26}, (12, 26)),
        ("percentage-price-oscillator-signal", PPO, (12, 26, 9)),
        ("moving-average-convergence-divergence-signal", PPO, (12, 26, 9)),
        ("upper-bollinger", {"window": 20, "deviations": 2}, (20, 2)),
        ("lower-bollinger", {"window": 20, "whatever-its-name": "2.5"}, (20, 2.5)),
    ],
)
def test_each_number_is_read_by_its_name(function, params, numbers):
    assert parsed(function, params) == ((function, numbers), [])


def test_an_older_key_of_one_window_says_nothing_beside_several():
    assert parsed("percentage-price-oscillator-signal", PPO, **{"sort-by-window-days": "12"})[1] == []


@pytest.mark.parametrize(
    ("function", "params", "sentence"),
    [
        (
            "percentage-price-oscillator",
            PPO,
            'the key "smooth-window" has no meaning here; allowed are "short-window", "long-window"',
        ),
        (
            "percentage-price-oscillator",
            {"short-window": 12},
            '"long-window" is missing; it must be a whole number from 1 to 10,000',
        ),
        ("upper-bollinger", {"window": 20}, '"deviations" is missing; it must be a number from 0 to 100'),
        ("upper-bollinger", {"window": 20, "k": -1}, '"k" is -1; it must be a number from 0 to 100'),
    ],
)
def test_a_number_that_is_missing_or_has_no_meaning_is_refused(function, params, sentence):
    assert parsed(function, params)[1] == [sentence]


def test_the_mark_of_the_text_export_for_what_it_has_no_word_for_is_read():
    chart, problems = read(gate("(unimplemented :percentage-price-oscillator)").encode(), "x.clj")
    assert problems == ()
    assert outline(chart.root)[1][1] == ("Indicator", "percentage-price-oscillator", (12, 26), "SPY")
