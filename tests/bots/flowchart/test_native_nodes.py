"""The native nodes beyond assets, weights and filters: gates with a memory or of many ways, shares, calls."""

import json

import pytest
from charts import outline

from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.formats import read

SPY, BIL = {"asset": "SPY"}, {"asset": "BIL"}
ASSETS = (("Asset", "SPY"), ("Asset", "BIL"))
RSI = {"relative-strength-index": {"of": "QQQ", "window": 10}}
HOT, COLD = {"left": RSI, "is": "gt", "right": 79}, {"left": RSI, "is": "lt", "right": 30}
OF_QQQ = ("Indicator", "relative-strength-index", (10,), "QQQ")
IS_HOT, IS_COLD = (("Compare", OF_QQQ, sign, ("Constant", value), 1) for sign, value in (("gt", 79.0), ("lt", 30.0)))


def content(chart, **others):
    return json.dumps({"format": "rebalancer/bot", "version": 1, "name": "x", "chart": chart, **others}).encode()


def root(chart, **others):
    found, problems = read(content(chart, **others), "x.json")
    assert problems == ()
    return outline(found.root)


def problems(chart, **others):
    found, refused = read(content(chart, **others), "x.json")
    assert found is None
    return [str(problem).removeprefix("x.json: ") for problem in refused]


def best(**options):
    by = {"function": "cumulative-return", "window": 60}
    return {"filter": {"by": by, "take": "top", "count": 2, "of": [SPY, BIL], **options}}


BEST = ("Filter", "cumulative-return", (60,), "top", 2, ASSETS)


@pytest.mark.parametrize(
    ("chart", "read_as"),
    [
        ({"pro_volatility": {"window": 20, "of": [SPY, BIL]}}, ("ProVolatility", 20, ASSETS)),
        (
            {"shared": [{"part": 1, "if": HOT, "chart": SPY}, {"part": 2.5, "chart": BIL}]},
            ("Shared", (1.0, 2.5), (IS_HOT, None), ASSETS),
        ),
        (
            {"if": {"entered": {"if": COLD, "left_if": HOT}}, "then": SPY, "else": BIL},
            ("If", ("Entered", IS_COLD, IS_HOT), *ASSETS),
        ),
        (
            {"switch": {"conditions": [HOT, COLD], "by_count": [SPY, BIL, {"cash": True}]}},
            ("Switch", (IS_HOT, IS_COLD), (*ASSETS, ("Cash",))),
        ),
        (
            {"mixed": {"by": RSI, "from": {"at": 30, "chart": SPY}, "to": {"at": 70, "chart": BIL}}},
            ("Mixed", OF_QQQ, 30.0, 70.0, *ASSETS),
        ),
        (best(weights={"by_rank": {"percent": [75, 25]}}), (*BEST, ("ByRank", (0.75, 0.25)))),
        (best(weights={"by_rank": {"fraction": [0.6, 0.4]}}), (*BEST, ("ByRank", (0.6, 0.4)))),
        (best(weights={"inverse_volatility": {"window": 9}}), (*BEST, ("ByVolatility", 9, True))),
        (best(weights={"pro_volatility": {"window": 9}}), (*BEST, ("ByVolatility", 9, False))),
        (best(score_of="tickers"), (*BEST, "tickers")),
        (best(score_of="history"), BEST),
    ],
)
def test_each_of_these_nodes_is_read(chart, read_as):
    assert root(chart) == read_as


def test_a_call_is_the_named_chart_under_its_name():
    charts = {"safe": {"equal": [SPY, BIL]}, "safer": {"call": "safe"}}
    safe = ("Group", "safe", ("Equal", ASSETS))
    assert root({"equal": [{"call": "safe"}, {"call": "safer"}]}, charts=charts) == (
        "Equal",
        (safe, ("Group", "safer", safe)),
    )


def test_a_chart_called_at_many_places_is_computed_once():
    charts = {"safe": best()}
    once = read(content({"call": "safe"}, charts=charts), "x.json")[0]
    twice = read(content({"equal": [{"call": "safe"}, {"call": "safe"}]}, charts=charts), "x.json")[0]
    assert len(compile_chart(twice).table) == len(compile_chart(once).table) + 1


def test_calls_in_a_circle_are_refused_by_name():
    charts = {"a": {"call": "b"}, "b": {"equal": [SPY, {"call": "c"}]}, "c": {"call": "a"}}
    assert problems({"call": "a"}, charts=charts) == [
        'charts.c.call: calls in a circle: "a" -> "b" -> "c" -> "a"',
    ]


def test_a_circle_that_nothing_calls_is_refused_too():
    (line,) = problems(SPY, charts={"a": {"call": "a"}})
    assert line == 'charts.a.call: calls in a circle: "a" -> "a"'


def test_calls_that_multiply_are_refused_at_the_limit_of_a_chart():
    charts = {f"c{n}": {"equal": [{"call": f"c{n + 1}"}] * 2} for n in range(60)} | {"c60": SPY}
    assert problems({"call": "c0"}, charts=charts) == ["the chart has more than 25,000 elements, which is not read"]


@pytest.mark.parametrize(
    ("chart", "sentence"),
    [
        ({"call": "nowhere"}, 'there is no chart "nowhere" to call; there are: none'),
        ({"switch": {"conditions": [HOT], "by_count": [SPY]}}, "it has 1 for 1 conditions; there must be one more"),
        (
            {"mixed": {"by": RSI, "from": {"at": 30, "chart": SPY}, "to": {"at": 30, "chart": BIL}}},
            "30 is where it comes from too; the two values must differ",
        ),
        ({"shared": [{"part": 0, "chart": SPY}]}, '"part" is 0; it must be a number above 0'),
        (
            best(weights={"by_rank": {"percent": [75, 20, 5]}}),
            "these are 3; there must be one for each of the 2 that it takes",
        ),
        (best(weights={"by_rank": {"percent": [75, 20]}}), "the percents sum to 95; they must sum to 100"),
        (best(score_of="tickers", of=[SPY, {"cash": True}]), "holds no ticker, so that it has no mean score"),
        ({"if": {"entered": {"if": HOT}}, "then": SPY, "else": BIL}, '"left_if" is missing'),
    ],
)
def test_what_makes_no_sense_is_refused(chart, sentence):
    assert sentence in problems(chart)[0]
