"""Composer's score v2. Charts are written by hand from the description of the format; no real file was at hand."""

import json

import pytest
from charts import outline

from rebalancer.bots.flowchart.formats import name_of, read
from rebalancer.bots.flowchart.rule import Threshold

SPY, BIL = ({"type": "node_asset", "ticker": f"EQUITIES::{ticker}//USD", "meta": {}} for ticker in ("SPY", "BIL"))
ASSETS = (("Asset", "SPY"), ("Asset", "BIL"))
CLOSE = ["metric_close", "EQUITIES::QQQ//USD"]
RETURN = ["fn_rate_of_return", CLOSE]
EACH = ["metric_close", ["reference", "%"]]
RSI = ["fn_relative_strength_index", CLOSE, 10]


def above(left, value):
    return ["fn_gt", left, ["fn_constant", value]]


def weight(how, *children, **keys):
    return {"type": "node_weight", "weight": how, "children": list(children), "meta": {}, **keys}


def gate(condition, *, then=(SPY,), otherwise=(BIL,)):
    sides = {"then_children": list(then), "else_children": list(otherwise)}
    return {"type": "node_if", "meta": {}, "condition": condition, **sides}


def symphony(*children, **others):
    top = {"type": "node_root", "meta": {"name": "x", "description": ""}, "score_version": "v2", "rebalance": "daily"}
    whole = {**top, "asset_class": "EQUITIES", "rebalance_corridor_width": None, "children": list(children), **others}
    return json.dumps(whole).encode()


def root(*children):
    chart, problems = read(symphony(*children), "x.json")
    assert problems == ()
    assert chart.name == "x"
    return outline(chart.root)


def condition(written):
    return root(gate(written))[1]


def problems(*children, **others):
    chart, refused = read(symphony(*children, **others), "x.json")
    assert chart is None
    return [str(problem).removeprefix("x.json: ") for problem in refused]


IS_HOT = ("Compare", ("Indicator", "relative-strength-index", (10,), "QQQ"), "gt", ("Constant", 79.0), 1)


def test_the_format_is_recognised():
    assert name_of(symphony(SPY)) == "Composer v2"


@pytest.mark.parametrize(
    ("node", "read_as"),
    [
        (SPY, ("Asset", "SPY")),
        (weight(["weight_equal"], SPY, BIL), ("Equal", ASSETS)),
        (weight(["weight_equal"], SPY, BIL, meta={"name": "pair"}), ("Group", "pair", ("Equal", ASSETS))),
        (weight(["weight_constants", [0.75, 0.25]], SPY, BIL), ("Specified", (0.75, 0.25), ASSETS)),
        (weight(["weight_constants", [1, 0]], SPY, BIL), ("Specified", (1.0,), ASSETS[:1])),
        (
            weight(["weight_every_fn", ["fn_inverse_volatility", EACH, 20]], SPY, BIL),
            ("InverseVolatility", 20, ASSETS),
        ),
        (
            {"type": "node_filter", "sort_fn": ["fn_cumulative_return", EACH, 5], "take_count": 1, "direction": "asc"}
            | {"children": [SPY, BIL]},
            ("Filter", "cumulative-return", (5,), "bottom", 1, ASSETS),
        ),
        (gate(above(RSI, 79)), ("If", IS_HOT, *ASSETS)),
        (gate(above(RSI, 79), then=(SPY, BIL)), ("If", IS_HOT, ("Equal", ASSETS), ("Asset", "BIL"))),
    ],
)
def test_each_node_is_read(node, read_as):
    assert root(node) == read_as


@pytest.mark.parametrize(
    ("call", "function", "numbers"),
    [
        (CLOSE, "current-price", ()),
        (["fn_simple_moving_average", CLOSE, 5], "moving-average-price", (5,)),
        (["fn_simple_moving_average", RETURN, 5], "moving-average-return", (5,)),
        (["fn_exponential_moving_average", CLOSE, 5], "exponential-moving-average-price", (5,)),
        (["fn_standard_deviation", CLOSE, 5], "standard-deviation-price", (5,)),
        (["fn_standard_deviation", RETURN, 5], "standard-deviation-return", (5,)),
        (["fn_cumulative_return", CLOSE, 5], "cumulative-return", (5,)),
        (["fn_max_drawdown", CLOSE, 5], "max-drawdown", (5,)),
    ],
)
def test_each_call_is_read(call, function, numbers):
    assert condition(["fn_lte", call, CLOSE])[1] == ("Indicator", function, numbers, "QQQ")


def test_conditions_combine_and_are_negated():
    hot = above(RSI, 79)
    cold = (*IS_HOT[:2], "lte", *IS_HOT[3:])
    assert condition(["fn_and", hot, ["fn_or", hot, hot]]) == ("AllOf", (IS_HOT, ("AnyOf", (IS_HOT, IS_HOT))))
    assert condition(["fn_and", [hot, hot]]) == ("AllOf", (IS_HOT, IS_HOT))
    assert condition(["fn_not", ["fn_or", hot, ["fn_not", hot]]]) == ("AllOf", (cold, IS_HOT))


@pytest.mark.parametrize("value", [79, 0.79])
def test_an_rsi_tells_whether_constants_are_percents_or_fractions(value):
    assert condition(above(RSI, value)) == IS_HOT
    returns = above(["fn_cumulative_return", CLOSE, 5], value)
    assert condition(["fn_and", above(RSI, value), returns])[1][1][3] == ("Constant", 79.0)


def test_prices_and_zeros_need_no_unit():
    assert condition(above(CLOSE, 500))[3] == ("Constant", 500.0)
    assert condition(above(["fn_cumulative_return", CLOSE, 5], 0))[3] == ("Constant", 0.0)


def test_a_constant_whose_unit_no_rsi_tells_is_refused():
    returns = above(["fn_cumulative_return", CLOSE, 5], 0.05)
    assert "whether 0.05 is a fraction or a percent is not known" in problems(gate(returns))[0]
    undecided = ["fn_and", returns, above(RSI, 79), above(RSI, 0.79)]
    assert "is not known" in problems(gate(undecided))[0]


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ({"rebalance": "weekly"}, "weekly"),
        ({"rebalance": "threshold", "rebalance_corridor_width": 0.05}, Threshold(0.05)),
        ({"rebalance": "none", "rebalance_corridor_width": 0.05}, Threshold(0.05)),
    ],
)
def test_a_symphony_of_score_v2_rebalances_by_a_period_or_by_threshold(written, rule):
    chart, _ = read(symphony(SPY, **written), "x")
    assert chart.rebalance == rule


def test_a_threshold_without_a_corridor_is_refused():
    assert '"threshold" without a corridor does not say when to trade' in problems(SPY, rebalance="threshold")[0]


@pytest.mark.parametrize(
    ("node", "sentence"),
    [
        ({"type": "node_cash"}, '"type" is "node_cash"; it must be one of'),
        (weight(["weight_market_cap", ["SPY"]], SPY), '"weight_market_cap" is not read; what is read: weight_equal'),
        (weight(["weight_fn", []], SPY), '"weight_fn" is not read'),
        (weight(["weight_constants", [1]], SPY, BIL), "one weight of 0 or more for each of the 2 children"),
        (weight(["weight_constants", [0, 0]], SPY, BIL), "one weight of 0 or more for each of the 2 children"),
        (gate(["fn_approx_eq", CLOSE, CLOSE]), '"fn_approx_eq" is no condition that is read'),
        (gate([]), '"" is no condition that is read'),
        (gate(["fn_gt", ["fn_percentage_price_oscillator", CLOSE, 5], CLOSE]), "of this is not read"),
        (gate(["fn_gt", ["fn_max_drawdown", RETURN, 5], CLOSE]), '"fn_max_drawdown" of this is not read'),
        (gate(["fn_gt", ["fn_max_drawdown", CLOSE], CLOSE]), '"fn_max_drawdown" of this is not read'),
        (gate(["fn_gt", EACH, CLOSE]), 'is a list; it must be a ticker such as "SPY"'),
        ({**SPY, "leverage": 2}, 'the key "leverage" has no meaning here'),
    ],
)
def test_what_is_not_read_is_refused_by_name(node, sentence):
    assert sentence in problems(node)[0]


def test_a_chart_1000_deep_is_read():
    deep = json.dumps(weight(["weight_equal"], "HERE")).split('"HERE"')
    content = symphony("HERE").replace(b'"HERE"', (deep[0] * 1_000 + json.dumps(SPY) + deep[1] * 1_000).encode())
    assert read(content, "deep.json")[1] == ()
