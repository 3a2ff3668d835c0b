import copy
import json

import pytest
from charts import documents, outline
from hypothesis import given

from rebalancer.bots.flowchart.formats import read
from rebalancer.bots.flowchart.rule import Threshold
from rebalancer.bots.flowchart.tree import Group, If

SPY, BIL = {"asset": "SPY"}, {"asset": "BIL"}
ABOVE = {
    "left": {"current-price": {"of": "SPY"}},
    "is": "gt",
    "right": {"moving-average-price": {"of": "SPY", "window": 50}},
}


def document(chart, **others):
    return {"format": "rebalancer/bot", "version": 1, "name": "a bot", "chart": chart, **others}


def content(chart, **others):
    return json.dumps(document(chart, **others)).encode()


def root(chart):
    found, problems = read(content(chart), "bot.json")
    assert problems == ()
    return outline(found.root)


def problems(chart, **others):
    """Every problem as a person reads it, without the name of the file."""
    found, refused = read(content(chart, **others), "bot.json")
    assert found is None
    return [str(problem).removeprefix("bot.json: ") for problem in refused]


def gate(condition):
    return {"if": condition, "then": SPY, "else": BIL}


# What each node means.


def test_the_bot_has_the_name_in_its_file():
    assert read(content(SPY, name="Trend gate", description="holds SPY"), "x.json")[0].name == "Trend gate"


def test_an_asset_is_its_ticker():
    assert root({"asset": "SPY"}) == ("Asset", "SPY")


@pytest.mark.parametrize("written", ["BRK.B", "BRK/B", "BRK-B", "BRK B"])
def test_a_class_share_is_one_symbol_however_it_is_written(written):
    assert root({"asset": written}) == ("Asset", "BRK.B")


def test_cash_is_cash():
    assert root({"cash": True}) == ("Cash",)


def test_a_group_names_its_chart():
    assert root({"group": {"name": "safe", "chart": BIL}}) == ("Group", "safe", ("Asset", "BIL"))


def test_equal_keeps_its_children_in_their_order():
    assert root({"equal": [SPY, BIL, SPY]}) == ("Equal", (("Asset", "SPY"), ("Asset", "BIL"), ("Asset", "SPY")))


def test_percents_become_fractions_that_sum_to_one():
    thirds = [{"percent": percent, "chart": SPY} for percent in (33.3333333, 33.3333333, 33.3333333)]
    kind, weights, children = root({"specified": thirds})
    assert (kind, len(children)) == ("Specified", 3)
    assert weights == pytest.approx([1 / 3] * 3, abs=1e-15)


def test_inverse_volatility_has_its_window():
    chart = {"inverse_volatility": {"window": 20, "of": [SPY, BIL]}}
    assert root(chart) == ("InverseVolatility", 20, (("Asset", "SPY"), ("Asset", "BIL")))


def test_caps_are_fractions_and_need_not_sum_to_one():
    of = [{"percent": 60, "chart": SPY}, {"percent": 60, "chart": BIL}]
    assets = (("Asset", "SPY"), ("Asset", "BIL"))
    assert root({"capped": {"of": of, "fallback": "SGOV"}}) == ("Capped", (0.6, 0.6), assets, "SGOV")
    assert root({"capped": {"of": of}}) == ("Capped", (0.6, 0.6), assets, None)


def test_a_filter_has_its_score_its_end_and_its_count():
    by = {"function": "cumulative-return", "window": 60}
    chart = {"filter": {"by": by, "take": "bottom", "count": 1, "of": [SPY, BIL]}}
    assert root(chart) == ("Filter", "cumulative-return", (60,), "bottom", 1, (("Asset", "SPY"), ("Asset", "BIL")))


def test_an_if_compares_two_values():
    price = ("Indicator", "current-price", (), "SPY")
    mean = ("Indicator", "moving-average-price", (50,), "SPY")
    assert root(gate(ABOVE)) == ("If", ("Compare", price, "gt", mean, 1), ("Asset", "SPY"), ("Asset", "BIL"))


def test_a_comparison_may_have_to_hold_for_days_and_against_a_number():
    condition = {"left": 3, "is": "lte", "right": {"max-drawdown": {"of": "SPY", "window": 9}}, "for_days": 4}
    drawdown = ("Indicator", "max-drawdown", (9,), "SPY")
    assert root(gate(condition))[1] == ("Compare", ("Constant", 3.0), "lte", drawdown, 4)


def test_conditions_nest_in_all_and_any():
    compare = root(gate(ABOVE))[1]
    assert root(gate({"all": [ABOVE, {"any": [ABOVE]}]}))[1] == ("AllOf", (compare, ("AnyOf", (compare,))))


def test_a_part_of_the_chart_can_be_the_subject_of_a_function():
    mix = {"group": {"name": "mix", "chart": {"equal": [SPY, BIL]}}}
    condition = {"left": {"relative-strength-index": {"of": mix, "window": 10}}, "is": "gt", "right": 80}
    _, _, _, subject = root(gate(condition))[1][1]
    assert subject == ("Group", "mix", ("Equal", (("Asset", "SPY"), ("Asset", "BIL"))))


def test_a_subject_that_is_one_asset_behind_groups_and_weights_is_that_ticker():
    wrapped = {"group": {"name": "x", "chart": {"equal": [{"specified": [{"percent": 100, "chart": SPY}]}]}}}
    condition = {"left": {"current-price": {"of": wrapped}}, "is": "gt", "right": 80}
    assert root(gate(condition))[1][1] == ("Indicator", "current-price", (), "SPY")


# What is refused, and how it is said.


@pytest.mark.parametrize(
    "function", ["moving-average-price", "exponential-moving-average-price", "standard-deviation-price"]
)
def test_a_function_of_prices_is_refused_on_anything_but_a_ticker(function):
    mix = {"equal": [SPY, BIL]}
    chart = gate({"left": {function: {"of": mix, "window": 9}}, "is": "gt", "right": 1})
    sentence = f'"{function}" is known of tickers only, and chart.if.left.{function}.of is not a single one'
    assert problems(chart) == [f'chart.if.left: {sentence}; take a function of returns, such as "cumulative-return"']

    by = {"function": function, "window": 9}
    chart = {"filter": {"by": by, "take": "top", "count": 1, "of": [SPY, mix, {"cash": True}]}}
    assert [line.split(";")[0] for line in problems(chart)] == [
        f'chart: "{function}" is known of tickers only, and chart.filter.of[1] is not a single one',
        f'chart: "{function}" is known of tickers only, and chart.filter.of[2] is not a single one',
    ]


REFUSED = [
    (
        {"asset": "spy"},
        "chart.asset: 'spy' is not a ticker: use 1 to 21 of A-Z, 0-9, dot, dash, slash, such as BRK.B; write SPY",
    ),
    ({"asset": 5}, 'chart.asset: "asset" is 5; it must be a ticker such as "SPY"'),
    ({"cash": False}, 'chart.cash: "cash" is false; it must be true'),
    ({"equal": []}, 'chart.equal: "equal" is an empty list; it must be a list of at least one'),
    ({"equal": SPY}, 'chart.equal: "equal" is an object; it must be a list of at least one'),
    ({"group": {"chart": SPY}}, 'chart.group.name: "name" is missing; it must be a text'),
    (
        {"inverse_volatility": {"window": 1, "of": [SPY]}},
        'chart.inverse_volatility.window: "window" is 1; it must be a whole number from 2 to 10,000',
    ),
    (
        {"inverse_volatility": {"window": True, "of": [SPY]}},
        'chart.inverse_volatility.window: "window" is true; it must be a whole number from 2 to 10,000',
    ),
    (
        {"specified": [{"percent": 60, "chart": SPY}, {"percent": 39, "chart": BIL}]},
        "chart.specified: the percents sum to 99; they must sum to 100",
    ),
    (
        {"specified": [{"percent": "60", "chart": SPY}, {"percent": 40, "chart": BIL}]},
        'chart.specified[0].percent: "percent" is "60"; it must be a number above 0 and up to 100',
    ),
    (
        {"capped": {"of": [{"percent": 100.5, "chart": SPY}]}},
        'chart.capped.of[0].percent: "percent" is 100.5; it must be a number above 0 and up to 100',
    ),
    (
        gate({**ABOVE, "is": "eq"}),
        'chart.if.is: "is" is "eq"; it must be one of "gt", "gte", "lt", "lte", "crosses-above", "crosses-below"',
    ),
    (gate({**ABOVE, "for_days": 0}), 'chart.if.for_days: "for_days" is 0; it must be a whole number from 1 to 10,000'),
    (
        gate({**ABOVE, "right": "79"}),
        'chart.if.right: "right" is "79"; it must be {VALUE}',
    ),
    (gate({"all": []}), 'chart.if.all: "all" is an empty list; it must be a list of at least one'),
    (
        gate({**ABOVE, "left": {"current-price": {"of": "SPY", "window": 9}}}),
        'chart.if.left.current-price: the key "window" has no meaning here; allowed are "of"',
    ),
    (
        gate({**ABOVE, "left": {"standard-deviation-price": {"of": "SPY", "window": 1}}}),
        'chart.if.left.standard-deviation-price.window: "window" is 1; it must be a whole number from 2 to 10,000',
    ),
    ({"if": ABOVE, "then": SPY}, 'chart.else: "else" is missing; it must be an object with exactly one of {KINDS}'),
    (
        {"asset": "SPY", "note": "hi"},
        'chart: "chart" has the keys "asset", "note"; it must have exactly one of {KINDS}',
    ),
]
KINDS = (
    '"asset", "cash", "group", "call", "equal", "specified", "shared", "inverse_volatility", "pro_volatility", '
    '"capped", "switch", "mixed", "filter", "if"'
)
VALUE = 'a number or an object with one function, such as {"current-price": {"of": "SPY"}}'


@pytest.mark.parametrize(("chart", "sentence"), REFUSED)
def test_invalid_elements_are_refused_by_name_and_place(chart, sentence):
    assert problems(chart) == [sentence.replace("{KINDS}", KINDS).replace("{VALUE}", VALUE)]


KEYS = '"format", "version", "name", "description", "rebalance", "charts", "chart"'


def test_unknown_keys_at_the_top_and_other_versions_are_refused():
    assert problems(SPY, version=2, trade="weekly") == [
        f'the key "trade" has no meaning here; allowed are {KEYS}',
        'version: "version" is 2; it must be 1',
    ]


@pytest.mark.parametrize(("written", "rule"), [({}, "daily"), ({"rebalance": "weekly"}, "weekly")])
def test_a_bot_rebalances_daily_unless_it_says_otherwise(written, rule):
    chart, _ = read(content(SPY, **written), "x")
    assert chart.rebalance == rule


@pytest.mark.parametrize("width", [{"percent": 5}, {"fraction": 0.05}])
def test_a_threshold_is_written_in_percent_or_as_a_fraction_of_the_whole(width):
    chart, _ = read(content(SPY, rebalance={"threshold": width}), "x")
    assert chart.rebalance == Threshold(0.05)


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("hourly", 'rebalance: "rebalance" is "hourly"; it must be "daily", "weekly",'),
        ({}, 'rebalance.threshold: "threshold" is missing; it must be an object with "percent"'),
        ({"threshold": {"percent": 0}}, 'rebalance.threshold.percent: "percent" is 0; it must be a number above 0'),
        ({"threshold": {"percent": "5"}}, "it must be a number above 0 and up to 100"),
        ({"threshold": {"fraction": 5}}, "it must be a number above 0 and up to 1"),
        ({"threshold": {"percent": 5}, "period": "weekly"}, 'the key "period" has no meaning here'),
    ],
)
def test_another_rebalance_rule_is_refused_by_name_and_place(rule, sentence):
    assert sentence in problems(SPY, rebalance=rule)[0]


def test_every_problem_is_reported_at_once_in_the_order_of_the_document():
    chart = {"equal": [{"asset": "spy"}, {"group": {"name": 1, "chart": {"cash": "yes"}}}, {"bond": 5}]}
    places = [line.split(":")[0] for line in problems(chart)]
    assert places == [
        "chart.equal[0].asset",
        "chart.equal[1].group.name",
        "chart.equal[1].group.chart.cash",
        "chart.equal[2]",
    ]


def test_after_a_hundred_problems_the_rest_is_counted():
    lines = problems({"equal": [{"asset": f"spy{number}"} for number in range(120)]})
    assert len(lines) == 101
    assert lines[-1] == "and 20 more problems"


def test_control_characters_in_a_bot_file_do_not_reach_the_terminal():
    assert problems({"\x1b[2J" + "x" * 36: 1})[0].startswith(
        'chart: "chart" has the keys "\\u001b[2J' + "x" * 36 + '";'
    )
    assert problems({"\x1b[2J" + "x" * 1000: 1})[0].startswith(
        'chart: "chart" has the keys a text of 1,004 characters;'
    )


# Size.


def test_a_chart_1000_deep_is_read():
    depth = 1_000
    text = f'{{"if": {json.dumps(ABOVE)}, "then": {json.dumps(BIL)}, "else": ' * depth + '{"cash": true}' + "}" * depth
    found, refused = read(
        f'{{"format": "rebalancer/bot", "version": 1, "name": "deep", "chart": {text}}}'.encode(), "deep"
    )
    assert refused == ()
    node, seen = found.root, 0
    while isinstance(node, If):
        node, seen = node.otherwise, seen + 1
    assert seen == depth


def test_a_problem_1000_deep_is_named_with_a_short_place():
    text = '{"group": {"name": "g", "chart": ' * 1_000 + '{"asset": "spy"}' + "}}" * 1_000
    _, refused = read(f'{{"format": "rebalancer/bot", "version": 1, "name": "deep", "chart": {text}}}'.encode(), "deep")
    assert [problem.place for problem in refused] == [
        "chart.group.chart.group.….group.chart.group.chart.group.chart.asset"
    ]


def test_price_functions_look_through_1000_groups():
    text = '{"group": {"name": "g", "chart": ' * 1_000 + '{"asset": "SPY"}' + "}}" * 1_000
    by = '{"function": "current-price"}'
    text = f'{{"filter": {{"by": {by}, "take": "top", "count": 1, "of": [{text}]}}}}'
    found, refused = read(
        f'{{"format": "rebalancer/bot", "version": 1, "name": "deep", "chart": {text}}}'.encode(), "deep"
    )
    assert refused == ()
    assert isinstance(found.root.children[0], Group)


def test_more_than_25000_elements_are_refused_in_a_sentence():
    assert problems({"equal": [SPY] * 25_000}) == ["the chart has more than 25,000 elements, which is not read"]


@given(documents())
def test_the_order_of_keys_does_not_matter(made):
    def turned(value):
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return [turned(item) for item in value] if isinstance(value, list) else copy.copy(value)

    plain, _ = read(json.dumps(made).encode(), "bot.json")
    reversed_keys, _ = read(json.dumps(turned(made)).encode(), "bot.json")
    assert outline(plain) == outline(reversed_keys)
