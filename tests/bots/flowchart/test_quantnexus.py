"""QuantNexus' flowcharts. Charts are written by hand from the description of the format."""

import json

import pytest
from charts import outline

from rebalancer.bots.flowchart.formats import name_of, read


def position(*tickers, **keys):
    return {"id": "p", "kind": "position", "title": "", "children": {}, "positions": list(tickers), **keys}


SPY, BIL, NOTHING = position("SPY"), position("BIL"), position("Empty")
ASSETS = (("Asset", "SPY"), ("Asset", "BIL"))
HOT = {"id": "c", "type": "if", "ticker": "QQQ", "metric": "RSI", "window": 10, "comparator": "gt", "threshold": 79}
RSI = ("Indicator", "relative-strength-index", (10,), "QQQ")
IS_HOT = ("Compare", RSI, "gt", ("Constant", 79.0), 1)


def basic(*children, **keys):
    return {"id": "b", "kind": "basic", "title": "x", "children": {"next": list(children)}, **keys}


def gate(*conditions, then=(SPY,), otherwise=(BIL,), **keys):
    slots = {"then": list(then), "else": list(otherwise), "next": [None]}
    return {"id": "i", "kind": "indicator", "title": "x", "conditions": list(conditions), "children": slots, **keys}


def ranking(*children, **keys):
    by = {"metric": "Rate of Change", "window": 20, "bottom": 1, "rank": "Top"}
    return basic(*children, kind="function", weighting="equal", **{**by, **keys})


def content(node):
    return json.dumps(node).encode()


def root(node):
    chart, problems = read(content(node), "x.json")
    assert problems == ()
    return outline(chart.root)


def problems(node):
    chart, refused = read(content(node), "x.json")
    assert chart is None
    return [str(problem).removeprefix("x.json: ") for problem in refused]


def test_the_format_is_recognised():
    assert name_of(content(SPY)) == "QuantNexus"


@pytest.mark.parametrize(
    ("node", "read_as"),
    [
        (SPY, ("Asset", "SPY")),
        (position("SPY", "Empty", "BIL"), ("Equal", ASSETS)),
        (NOTHING, ("Cash",)),
        (position(), ("Cash",)),
        (basic(), ("Cash",)),
        (basic(SPY), ("Asset", "SPY")),
        (basic(SPY, None, BIL), ("Equal", ASSETS)),
        (
            basic({**SPY, "window": 75}, {**BIL, "window": 25}, weighting="defined"),
            ("Specified", (0.75, 0.25), ASSETS),
        ),
        (basic(SPY, BIL, weighting="inverse"), ("InverseVolatility", 20, ASSETS)),
        (basic(SPY, BIL, weighting="inverse", volWindow=9), ("InverseVolatility", 9, ASSETS)),
        (ranking(SPY, BIL), ("Filter", "cumulative-return", (20,), "top", 1, ASSETS)),
        (ranking(SPY, BIL, rank="Bottom", bottom=2), ("Filter", "cumulative-return", (20,), "bottom", 2, ASSETS)),
        (gate(HOT), ("If", IS_HOT, *ASSETS)),
        (gate(HOT, otherwise=()), ("If", IS_HOT, ("Asset", "SPY"), ("Cash",))),
        (
            gate(HOT, then=(SPY, BIL), weighting="equal", weightingThen="inverse", volWindowThen=7),
            ("If", IS_HOT, ("InverseVolatility", 7, ASSETS), ("Asset", "BIL")),
        ),
    ],
)
def test_each_node_is_read(node, read_as):
    assert root(node) == read_as


@pytest.mark.parametrize(
    ("node", "sentence"),
    [
        (basic(SPY, kind="numbered"), '"kind" "numbered" is not read yet'),
        (basic(SPY, kind="rolling"), '"kind" "rolling" is not read yet'),
        (basic(SPY, BIL, weighting="pro"), '"weighting" "pro" is not read yet'),
        (basic(SPY, 5), 'is 5; it must be an object with a "kind"'),
        (basic(SPY, leverage=2), 'the key "leverage" has no meaning here'),
        (basic(basic(SPY, BIL), BIL, weighting="inverse"), "inverse weighting of anything but single tickers"),
        (basic(SPY, BIL, weighting="defined"), "is missing; it must be a number"),
        (basic(SPY, NOTHING), "a child that may be empty beside others is not read yet"),
        (basic(SPY, gate(HOT, otherwise=(NOTHING,))), "a child that may be empty beside others is not read yet"),
        (ranking(position("SPY", "QQQ"), BIL), "a ranking of anything but single tickers is not read yet"),
        (ranking(SPY, BIL, metric="Stochastic %D"), '"metric" "Stochastic %D" is not read yet'),
        (gate({**HOT, "metric": "Ultimate Smoother"}), '"metric" "Ultimate Smoother" is not read yet'),
        (gate(), '"conditions" is an empty list; it must be a list of at least one'),
        (gate(HOT) | {"children": {"then": [SPY], "else": [BIL], "next": [SPY]}}, "what follows after both branches"),
    ],
)
def test_what_is_not_read_is_refused_by_name(node, sentence):
    (line,) = problems(node)
    assert sentence in line


def test_a_chart_1000_deep_is_read():
    deep = json.dumps(basic("HERE")).split('"HERE"')
    text = (deep[0] * 1_000 + json.dumps(SPY) + deep[1] * 1_000).encode()
    assert read(text, "deep.json")[1] == ()
