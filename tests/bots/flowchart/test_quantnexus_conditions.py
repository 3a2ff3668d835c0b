"""QuantNexus' lines of conditions and its custom indicators. Written by hand from the description of the format."""

import json

import pytest
from charts import outline
from test_quantnexus import HOT, IS_HOT, RSI, gate, problems, root

from rebalancer.bots.flowchart.formats import name_of, read
from rebalancer.bots.flowchart.formats.elements import Element
from rebalancer.bots.flowchart.formats.quantnexus_conditions import ConditionReader

DATE = {"id": "d", "type": "if", "metric": "Date", "ticker": "SPY", "window": 14, "comparator": "gt", "threshold": 30}
PRICE = ("Indicator", "current-price", (), "QQQ")


def condition(*lines):
    return root(gate(*lines))[1]


def test_and_binds_tighter_than_or():
    other, alternative = {**HOT, "type": "and"}, {**HOT, "type": "or"}
    assert condition(HOT, other, alternative) == ("AnyOf", (("AllOf", (IS_HOT, IS_HOT)), IS_HOT))


def test_the_older_comparison_and_days_are_read():
    older = {key: value for key, value in HOT.items() if key not in ("type", "comparator")}
    assert condition({**older, "comparison": "Less Than", "forDays": 3}) == (*IS_HOT[:2], "lt", IS_HOT[3], 3)


def test_an_expanded_line_compares_two_metrics_and_takes_from_the_left_what_the_right_leaves_out():
    right = {"expanded": True, "rightTicker": "SPY", "rightWindow": 20}
    assert condition({**HOT, **right})[3] == ("Indicator", "relative-strength-index", (20,), "SPY")
    price = {**right, "rightMetric": "Current Price"}
    assert condition({**HOT, **price})[3] == ("Indicator", "current-price", (), "SPY")


def test_a_return_is_a_fraction_whose_window_counts_its_first_day():
    line = {**HOT, "metric": "Cumulative Return", "threshold": 0.05}
    assert condition(line)[1:4] == (
        ("Indicator", "cumulative-return", (9,), "QQQ"),
        "gt",
        ("Constant", 5.0),
    )


def test_a_metric_of_unknown_unit_is_read_against_zero_or_its_like():
    line = {**HOT, "metric": "Standard Deviation", "threshold": 0}
    assert condition(line)[1] == ("Indicator", "standard-deviation-return", (10,), "QQQ")
    assert condition({**line, "expanded": True, "rightTicker": "SPY"})[3][3] == "SPY"
    assert "the unit of this metric is not known" in problems(gate({**line, "threshold": 2}))[0]
    longer = {**line, "expanded": True, "rightWindow": 20}
    assert "their units differ or are not known" in problems(gate(longer))[0]


@pytest.mark.parametrize(("written", "read_as"), [("crossAbove", "crosses-above"), ("crossBelow", "crosses-below")])
def test_a_line_may_be_a_crossing(written, read_as):
    assert condition({**HOT, "comparator": written}) == (*IS_HOT[:2], read_as, *IS_HOT[3:])


@pytest.mark.parametrize(
    ("keys", "first", "last"),
    [
        ({"dateMonth": 3, "dateDay": 15}, (3, 15), (3, 15)),
        ({}, (1, 1), (1, 1)),
        ({"dateMonth": 2, "dateDay": 3, "expanded": True}, (2, 3), (2, 29)),
        ({"dateMonth": 11, "expanded": True, "dateTo": {"month": 2, "day": 28}}, (11, 1), (2, 28)),
    ],
)
def test_a_line_may_ask_for_the_date(keys, first, last):
    assert condition({**DATE, **keys}) == ("Dates", first, last, 1)


def test_a_date_takes_no_heed_of_for_days():
    assert condition({**DATE, "forDays": 3}) == ("Dates", (1, 1), (1, 1), 1)


def test_a_metric_may_be_of_a_ratio():
    assert condition({**HOT, "ticker": "SPY/TLT"})[1][3] == ("Ratio", "SPY", "TLT")
    expanded = {**HOT, "expanded": True, "rightTicker": "SPY/TLT"}
    assert condition(expanded)[3][3] == ("Ratio", "SPY", "TLT")


@pytest.mark.parametrize(
    ("quantifier", "read_as"),
    [
        ("any", ("AnyOf",)),
        ("all", ("AllOf",)),
        ("none", ("CountOf", "exactly", 0)),
        ("exactly", ("CountOf", "exactly", 1)),
        ("atLeast", ("CountOf", "at_least", 1)),
        ("atMost", ("CountOf", "at_most", 1)),
    ],
)
def test_items_are_counted(quantifier, read_as):
    pair = {"id": "x", "conditions": [HOT, {**HOT, "type": "and"}], "groupLogic": "and"}
    body = {"quantifier": quantifier, "n": 1, "items": [{"id": "i", "conditions": [HOT]}, pair]}
    counted = ConditionReader({}).numbered(Element(body, None, []))
    assert outline(counted) == (*read_as, (IS_HOT, ("AllOf", (IS_HOT, IS_HOT))))


def saved(formula, **changes):
    """A saved bot with one custom indicator, which its only line compares with 1."""
    line = {**HOT, "metric": "custom:ci_1", "threshold": 1, **changes}
    custom = {"id": "ci_1", "name": "Mine", "formula": formula, "createdAt": 1}
    return {"id": "s", "name": "A saved bot", "payload": gate(line), "callChains": [], "customIndicators": [custom]}


def calculated(formula, **changes):
    chart, refused = read(json.dumps(saved(formula, **changes)).encode(), "x.json")
    assert refused == ()
    return outline(chart.root)[1]


def test_a_saved_bot_is_read_under_its_own_name():
    content = json.dumps(saved("rsi")).encode()
    assert name_of(content) == "QuantNexus"
    assert read(content, "x.json")[0].name == "A saved bot"


@pytest.mark.parametrize(
    ("formula", "calculation"),
    [
        ("rsi", RSI),
        ("RSI + 2", ("add", RSI, 2.0)),
        ("2 * rsi - close / 4", ("subtract", ("multiply", 2.0, RSI), ("divide", PRICE, 4.0))),
        ("8 - 2 - 1", ("subtract", ("subtract", 8.0, 2.0), 1.0)),
        ("8 / (2 / .5)", ("divide", 8.0, ("divide", 2.0, 0.5))),
        ("-rsi * 3", ("multiply", ("multiply", -1.0, RSI), 3.0)),
        ("max(abs(rsi), min(1, 2.5))", ("max", ("abs", RSI), ("min", 1.0, 2.5))),
        ("cumret", ("divide", ("Indicator", "cumulative-return", (9,), "QQQ"), 100.0)),
        ("atr / close", ("divide", ("Indicator", "average-true-range", (10,), "QQQ"), PRICE)),
    ],
)
def test_a_custom_indicator_is_a_calculation_over_metrics_of_its_line(formula, calculation):
    assert calculated(formula)[1:4] == (tree_of(calculation), "gt", ("Constant", 1.0))


def tree_of(calculation):
    """An operation and its operands as the tree has them."""
    if isinstance(calculation, float):
        return ("Constant", calculation)
    kind, *operands = calculation
    return calculation if kind == "Indicator" else ("Arithmetic", kind, tuple(map(tree_of, operands)))


def test_a_custom_indicator_may_stand_on_the_right():
    compared = calculated("close * 2", metric="RSI", expanded=True, rightMetric="custom:ci_1", rightTicker="SPY")
    assert compared[1] == RSI
    assert compared[3] == tree_of(("multiply", ("Indicator", "current-price", (), "SPY"), 2.0))


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("rsi +", "ends too early"),
        ("(rsi", "lacks a closing parenthesis"),
        ("rsi rsi", 'goes on with "rsi" where it should end'),
        ("rsi ^ 2", 'has "^", which is not read'),
        ("rsi * * 2", 'has "*" where a value should be'),
        ("sqrt(rsi)", 'uses "sqrt", which is not read; what is read: abs, min, max'),
        ("min(rsi)", 'gives "min" 1 values; abs takes one, min and max take two'),
        ("vwap_ratio", '"vwap_ratio" is not read in a formula; what is read: close, sma'),
        ("(" * 60 + "rsi" + ")" * 60, "is nested more than 50 deep"),
        ("rsi + " * 400 + "rsi", "it must be a formula of up to 1,000 characters"),
        (5, '"formula" is 5; it must be a formula'),
        ("__import__('os')", 'has "\'", which is not read'),
    ],
)
def test_a_formula_that_is_not_understood_is_refused(formula, sentence):
    chart, refused = read(json.dumps(saved(formula)).encode(), "x.json")
    assert chart is None
    assert sentence in str(refused[0])
    assert refused[0].place == "customIndicators[0].formula"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ({**HOT, "metric": "Cumulative Return", "window": 1}, "1 is too short"),
        ({**HOT, "metric": "custom:ci_9"}, '"custom:ci_9" is no custom indicator of this file'),
        ({**HOT, "comparator": "crossAbove", "forDays": 2}, "never holds on 2 days in a row"),
        ({**HOT, "conditionMode": "match_indicator"}, '"conditionMode" "match_indicator" is not read yet'),
        ({**DATE, "dateMonth": 2, "dateDay": 30}, '"dateDay" is 30; it must be a whole number from 1 to 29'),
        ({**HOT, "ticker": "branch:from"}, '"branch:from" is not read: QuantNexus lets a branch earn'),
    ],
)
def test_a_line_that_is_not_read_is_refused_by_name(line, sentence):
    (refused,) = problems(gate(line))
    assert sentence in refused


def test_items_whose_lines_are_joined_in_two_ways_are_refused():
    item = {"id": "x", "conditions": [HOT, {**HOT, "type": "or"}], "groupLogic": "and"}
    refusals = []
    assert ConditionReader({}).numbered(Element({"quantifier": "any", "n": 1, "items": [item]}, None, refusals)) is None
    assert 'its lines are not all joined by "and"' in refusals[0][1]
