"""The conditions and the values of our own format."""

import json

import pytest
from charts import outline

from rebalancer.bots.flowchart.formats import read

SPY = {"asset": "SPY"}
PRICE = {"current-price": {"of": "SPY"}}
IS_PRICE = ("Indicator", "current-price", (), "SPY")
HIGH = {"left": PRICE, "is": "gt", "right": 100}
IS_HIGH = ("Compare", IS_PRICE, "gt", ("Constant", 100.0), 1)


def gate(condition):
    chart = {"if": condition, "then": SPY, "else": {"cash": True}}
    return json.dumps({"format": "rebalancer/bot", "version": 1, "name": "a bot", "chart": chart}).encode()


def condition(written):
    found, problems = read(gate(written), "bot.json")
    assert problems == ()
    return outline(found.root)[1]


def value(written):
    return condition({**HIGH, "left": written})[1]


def problems(written):
    found, refused = read(gate(written), "bot.json")
    assert found is None
    return [str(problem).removeprefix("bot.json: chart.if") for problem in refused]


@pytest.mark.parametrize(
    ("written", "quantifier", "number"),
    [
        ({"none": [HIGH, HIGH, HIGH]}, "exactly", 0),
        ({"exactly": {"count": 2, "of": [HIGH, HIGH, HIGH]}}, "exactly", 2),
        ({"at_least": {"count": 2, "of": [HIGH, HIGH, HIGH]}}, "at_least", 2),
        ({"at_most": {"count": 2, "of": [HIGH, HIGH, HIGH]}}, "at_most", 2),
    ],
)
def test_conditions_can_be_counted(written, quantifier, number):
    assert condition(written) == ("CountOf", quantifier, number, (IS_HIGH,) * 3)


def test_a_count_may_be_of_conditions_of_any_kind():
    assert condition({"none": [{"any": [HIGH]}]}) == ("CountOf", "exactly", 0, (("AnyOf", (IS_HIGH,)),))


@pytest.mark.parametrize("way", ["crosses-above", "crosses-below"])
def test_a_value_may_cross_another(way):
    assert condition({**HIGH, "is": way}) == ("Compare", IS_PRICE, way, ("Constant", 100.0), 1)


def test_the_date_may_be_a_condition():
    winter = {"from": "11-15", "to": "02-29"}
    assert condition({"dates": winter}) == ("Dates", (11, 15), (2, 29), 1)
    assert condition({"dates": winter, "for_days": 3}) == ("Dates", (11, 15), (2, 29), 3)


@pytest.mark.parametrize(
    ("written", "parsed"),
    [
        ({"days_ago": {"days": 3, "of": PRICE}}, ("DaysAgo", 3, IS_PRICE)),
        ({"percentile": {"window": 100, "of": PRICE}}, ("Rank", "percentile", 100, IS_PRICE)),
        ({"stochastic": {"window": 9, "of": PRICE}}, ("Rank", "stochastic", 9, IS_PRICE)),
        ({"add": [PRICE, 2, PRICE]}, ("Arithmetic", "add", (IS_PRICE, ("Constant", 2.0), IS_PRICE))),
        ({"subtract": [PRICE, 2]}, ("Arithmetic", "subtract", (IS_PRICE, ("Constant", 2.0)))),
        ({"abs": {"max": [PRICE, 2]}}, ("Arithmetic", "abs", (("Arithmetic", "max", (IS_PRICE, ("Constant", 2.0))),))),
    ],
)
def test_values_can_be_made_of_others(written, parsed):
    assert value(written) == parsed


def test_an_indicator_may_be_of_a_ratio_of_two_tickers():
    ratio = ("Ratio", "SPY", "TLT")
    written = {"relative-strength-index": {"of": {"ratio": ["SPY", "TLT"]}, "window": 10}}
    assert value(written) == ("Indicator", "relative-strength-index", (10,), ratio)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (
            {"exactly": {"count": 3, "of": [HIGH, HIGH]}},
            ".exactly.count: 3 is more than the conditions, which are 2",
        ),
        (
            {"at_least": {"of": [HIGH]}},
            '.at_least.count: "count" is missing; it must be a whole number from 0 to 25,000',
        ),
        ({"none": [], "any": [HIGH]}, ': "if" has the keys "none", "any"; it must have exactly one of'),
        (
            {**HIGH, "is": "crosses-above", "for_days": 2},
            ': "crosses-above" never holds on 2 days in a row; ask for one day',
        ),
        (
            {"dates": {"from": "02-30", "to": "12-31"}},
            '.dates.from: "from" is "02-30"; it must be a month and a day, such as "11-30"',
        ),
        ({"dates": {"from": 11, "to": "12-31"}}, '.dates.from: "from" is 11; it must be a month and a day'),
        (
            {**HIGH, "left": {"divide": [PRICE, 2, 3]}},
            '.left.divide: "divide" is a list; it must be a list of two values',
        ),
        (
            {**HIGH, "left": {"add": [PRICE]}},
            '.left.add: "add" is a list; it must be a list of two or more values',
        ),
        (
            {**HIGH, "left": {"current-price": {"of": {"ratio": ["SPY"]}}}},
            '.left.current-price.of.ratio: "ratio" is a list; it must be a list of two tickers',
        ),
        (
            {**HIGH, "left": {"days_ago": {"days": 0, "of": PRICE}}},
            '.left.days_ago.days: "days" is 0; it must be a whole number from 1 to 10,000',
        ),
    ],
)
def test_what_makes_no_condition_is_refused_by_name_and_place(written, sentence):
    assert problems(written)[0].startswith(sentence)


def test_a_calculation_a_thousand_deep_is_read():
    deep = '{"add": [1, ' * 1_000 + json.dumps(PRICE) + "]}" * 1_000
    content = gate({**HIGH, "left": "DEEP"}).replace(b'"DEEP"', deep.encode())
    assert read(content, "deep.json")[1] == ()
