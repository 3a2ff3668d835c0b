"""Composer's text export. Charts are written by hand; what they mean is what the JSON of the same chart means."""

import json

import pytest
from charts import outline

from rebalancer.bots.flowchart.formats import name_of, read
from rebalancer.bots.flowchart.rule import Threshold

DAILY = '{:asset-class "EQUITIES", :rebalance-frequency :daily}'
SPY, BIL = '(asset "SPY" "SPDR S&P 500")', '(asset "BIL")'
FILTER = "(filter (cumulative-return {:window 5}) (select-top 1) [%s])"


def symphony(tree, options=DAILY):
    return f'(defsymphony "x" {options} {tree})'.encode()


def root(tree):
    chart, problems = read(symphony(tree), "x.clj")
    assert problems == ()
    return outline(chart.root)


def problems(tree, options=DAILY):
    chart, refused = read(symphony(tree, options), "x.clj")
    assert chart is None
    return [str(problem).removeprefix("x.clj: ") for problem in refused]


def gate(condition, then=SPY, otherwise=BIL):
    return f"(if {condition} [{then}] [{otherwise}])"


ASSETS = (("Asset", "SPY"), ("Asset", "BIL"))
RSI = ("Indicator", "relative-strength-index", (10,), "TQQQ")


@pytest.mark.parametrize(
    ("tree", "read_as"),
    [
        (SPY, ("Asset", "SPY")),
        ('(asset "EQUITIES::BRK/B//USD" nil)', ("Asset", "BRK.B")),
        (f"(weight-equal [{SPY} {BIL}])", ("Equal", ASSETS)),
        (f"(weight-specified 0.25 {SPY} 0.75 {BIL})", ("Specified", (0.25, 0.75), ASSETS)),
        (f"(weight-specified 30 {SPY} 0 {SPY} 10 {BIL})", ("Specified", (0.75, 0.25), ASSETS)),
        (f"(weight-inverse-volatility 20 [{SPY} {BIL}])", ("InverseVolatility", 20, ASSETS)),
        (f"(weight-inverse-volatility {{:window 20}} [{SPY} {BIL}])", ("InverseVolatility", 20, ASSETS)),
        (f'(group "g" [{SPY} {BIL}])', ("Group", "g", ("Equal", ASSETS))),
        (FILTER % f"{SPY} {BIL}", ("Filter", "cumulative-return", (5,), "top", 1, ASSETS)),
        (
            f"(filter (rsi 10) (select-bottom 2) [{SPY} {BIL}])",
            ("Filter", "relative-strength-index", (10,), "bottom", 2, ASSETS),
        ),
        (
            gate('(> (rsi "TQQQ" {:window 10}) 79)'),
            ("If", ("Compare", RSI, "gt", ("Constant", 79.0), 1), *ASSETS),
        ),
        (
            gate('(<= (current-price "SPY") (stdev-price "SPY" 20))', f"{SPY} {BIL}"),
            (
                "If",
                (
                    "Compare",
                    ("Indicator", "current-price", (), "SPY"),
                    "lte",
                    ("Indicator", "standard-deviation-price", (20,), "SPY"),
                    1,
                ),
                ("Equal", ASSETS),
                ("Asset", "BIL"),
            ),
        ),
        (
            gate('(and (> (rsi "TQQQ" {:window 10}) 79) (or (< (rsi "TQQQ" {:window 10}) 9)))'),
            (
                "If",
                (
                    "AllOf",
                    (
                        ("Compare", RSI, "gt", ("Constant", 79.0), 1),
                        ("AnyOf", (("Compare", RSI, "lt", ("Constant", 9.0), 1),)),
                    ),
                ),
                *ASSETS,
            ),
        ),
    ],
)
def test_each_form_means_what_composers_json_means(tree, read_as):
    assert root(tree) == read_as


def test_json_lists_mean_what_the_text_means():
    lists = [
        "defsymphony",
        "x",
        {":rebalance-frequency": ":daily"},
        ["if", [">", ["rsi", "TQQQ", {":window": 10}], 79], [["asset", "SPY", "S&P"]], [["asset", "BIL"]]],
    ]
    chart, refused = read(json.dumps(lists).encode(), "x.json")
    assert refused == ()
    assert outline(chart.root) == root(gate('(> (rsi "TQQQ" {:window 10}) 79)'))
    assert name_of(json.dumps(lists).encode()) == "Composer Lisp"


@pytest.mark.parametrize(
    ("options", "rule"),
    [("{:rebalance-frequency :quarterly}", "quarterly"), ("{:rebalance-threshold 0.05}", Threshold(0.05))],
)
def test_a_text_rebalances_by_a_period_or_by_threshold(options, rule):
    chart, _ = read(symphony(SPY, options), "x.clj")
    assert chart.rebalance == rule


def test_a_text_without_options_is_read_as_daily():
    assert read(f'(defsymphony "x" {SPY})'.encode(), "x.clj")[1] == ()


def test_the_text_may_stand_in_a_json_text():
    chart, refused = read(json.dumps(symphony(SPY).decode()).encode(), "x.json")
    assert refused == ()
    assert outline(chart.root) == ("Asset", "SPY")


KNOWN = "what is read: asset, group, if, filter, weight-equal, weight-specified, weight-inverse-volatility"


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        ("(weight-marketcap [])", f'line 1: "(weight-marketcap …)" is no part of a chart that is read; {KNOWN}'),
        ("(weight-equal [5])", f"line 1[0]: this is no part of a chart that is read; {KNOWN}"),
        ("(weight-equal)", "line 1: must be (weight-equal [children])"),
        ("(weight-equal [])", "line 1: this is an empty list; it must be a list of at least one"),
        (f"(weight-specified 0.5 {SPY} 0.5)", "line 1: must be (weight-specified 0.25 child 0.75 child)"),
        (f"(weight-specified 0 {SPY})", "line 1: the weights must be 0 or more, and one at least above 0"),
        (f"(weight-specified -1 {SPY} 2 {BIL})", "line 1: the weights must be 0 or more, and one at least above 0"),
        (f"(group [{SPY}])", 'line 1: must be (group "name" [children])'),
        (f"(if true [{SPY}] [{BIL}])", "is no condition that is read; what is read: > >= < <= of two values"),
        (gate('(= (rsi "A" 10) 5)'), '"=" is no condition that is read'),
        (gate("(> (rsi {:window 10}) 5)"), 'line 1: must be an indicator such as (rsi "SPY" {:window 10})'),
        (gate('(> (rsi "SPY") 5)'), '"relative-strength-index" needs its window, such as {:window 10}'),
        (gate('(> (rsi "SPY" {:days 10}) 5)'), 'the key ":days" has no meaning here; allowed are ":window"'),
        (
            gate('(> ((unimplemented :percentage-price-oscillator) "SOXL" {:short-window 12}) 1)'),
            '":long-window" is missing; it must be a whole number from 1 to 10,000',
        ),
        ((FILTER % SPY).replace("select-top", "select-best"), "must be one of"),
        (FILTER.replace("(select-top 1) ", "") % SPY, "must be (filter (function"),
    ],
)
def test_what_is_not_read_is_refused_by_name_and_line(tree, sentence):
    assert sentence in problems(tree)[0]


def test_the_place_of_a_problem_is_its_line():
    assert problems(f"(weight-equal\n [{SPY}\n  (asset 5)])")[0].startswith("line 3[1]: this is 5; it must be a ticker")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("{:rebalance-threshold 5}", '":rebalance-threshold" is 5; it must be a number above 0 and up to 1'),
        ("{:rebalance-frequency :daily :rebalance-threshold 0.05}", "delete one of the two"),
        ("{:rebalance-frequency :hourly}", '":rebalance-frequency" is ":hourly"; it must be one of ":daily"'),
        ("{}", '":rebalance-frequency" is missing; it must be one of ":daily"'),
        ("{:rebalance-frequency :daily :leverage 2}", 'the key ":leverage" has no meaning here'),
    ],
)
def test_another_way_to_rebalance_is_refused_in_a_sentence(options, sentence):
    (line,) = problems(SPY, options)
    assert sentence in line


def test_a_chart_1000_deep_is_read():
    depth = 1_000
    assert read(symphony("(weight-equal [" * depth + SPY + "])" * depth), "x.clj")[1] == ()


def test_a_condition_1000_deep_is_read():
    depth = 1_000
    assert read(symphony(gate("(and " * depth + '(> (rsi "A" 2) 1)' + ")" * depth)), "x.clj")[1] == ()
