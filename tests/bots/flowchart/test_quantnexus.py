"""QuantNexus' flowcharts. Charts are written by hand from the description of the format."""

import json

import pytest
from charts import outline

from rebalancer.bots.flowchart.formats import name_of, read
from rebalancer.bots.flowchart.walk import leaves_first


def position(*tickers, **keys):
    return {"id": "p", "kind": "position", "title": "", "children": {}, "positions": list(tickers), **keys}


SPY, BIL, QQQ, NOTHING = (position(ticker) for ticker in ("SPY", "BIL", "QQQ", "Empty"))
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
    by = {"metric": "Rate of Change", "window": 20, "bottom": 1, "rank": "Top", "weighting": "equal"}
    return basic(*children, **{"kind": "function", **by, **keys})


def scaling(*sides, **keys):
    slots = {"then": list(sides[:1]), "else": list(sides[1:])}
    scale = {"scaleMetric": "RSI", "scaleWindow": 10, "scaleTicker": "QQQ", "scaleFrom": 30, "scaleTo": 70}
    return {"id": "s", "kind": "scaling", "title": "x", "children": slots, **scale, **keys}


def numbered(quantifier, n, *conditions, **children):
    items = [{"id": "n", "conditions": [each]} for each in conditions]
    body = {"quantifier": quantifier, "n": n, "items": items}
    return {"id": "n", "kind": "numbered", "title": "x", "numbered": body, "children": children}


def ladder(items, rungs):
    return numbered("ladder", items, *[HOT] * items, **rungs)


def enter_exit(**children):
    lines = {"entryConditions": [HOT], "exitConditions": [HOT]}
    return {"id": "e", "kind": "altExit", "title": "x", "children": children, **lines}


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
        (basic(SPY, BIL, weighting="pro", volWindow=9), ("ProVolatility", 9, ASSETS)),
        (
            basic({**SPY, "window": 40}, {**BIL, "window": 30}, weighting="capped", cappedFallback="TLT"),
            ("Capped", (0.4, 0.3), ASSETS, "TLT"),
        ),
        (basic(SPY, NOTHING), ("Asset", "SPY")),
        (basic(NOTHING, NOTHING), ("Cash",)),
        (
            basic(SPY, gate(HOT, otherwise=())),
            ("Shared", (1.0, 1.0), (None, IS_HOT), (("Asset", "SPY"), ("If", IS_HOT, ("Asset", "SPY"), ("Cash",)))),
        ),
        (
            basic({**SPY, "window": 75}, {**gate(HOT, then=()), "window": 25}, weighting="defined"),
            (
                "Shared",
                (75.0, 25.0),
                (None, ("CountOf", "exactly", 0, (IS_HOT,))),
                (("Asset", "SPY"), ("If", IS_HOT, ("Cash",), ("Asset", "BIL"))),
            ),
        ),
        (
            numbered("atLeast", 1, HOT, HOT, then=[SPY]),
            ("If", ("CountOf", "at_least", 1, (IS_HOT, IS_HOT)), ("Asset", "SPY"), ("Cash",)),
        ),
        (
            ladder(1, {"ladder-0": [SPY], "ladder-1": [BIL]}),
            ("Switch", (IS_HOT,), ASSETS),
        ),
        (enter_exit(then=[SPY]), ("If", ("Entered", IS_HOT, IS_HOT), ("Asset", "SPY"), ("Cash",))),
        (scaling(SPY, BIL), ("Mixed", RSI, 30.0, 70.0, *ASSETS)),
        (
            ranking(position("SPY", "BIL"), position("QQQ")),
            (
                "Filter",
                "cumulative-return",
                (20,),
                "top",
                1,
                (("Equal", ASSETS), ("Asset", "QQQ")),
                "tickers",
            ),
        ),
        (
            ranking(SPY, BIL, bottom=2, weighting="inverse"),
            ("Filter", "cumulative-return", (20,), "top", 2, ASSETS, ("ByVolatility", 20, True)),
        ),
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


COOL = {**HOT, "comparator": "lt"}
IS_COOL = ("Compare", RSI, "lt", ("Constant", 79.0), 1)
IF_COOL = gate(COOL, otherwise=())


def none_of(condition):
    return ("CountOf", "exactly", 0, (condition,))


@pytest.mark.parametrize(
    ("node", "counts"),
    [
        (gate(HOT, then=[IF_COOL], otherwise=()), ("AllOf", (IS_HOT, IS_COOL))),
        (gate(HOT, then=[SPY], otherwise=[IF_COOL]), ("AnyOf", (IS_HOT, IS_COOL))),
        (gate(HOT, then=[IF_COOL], otherwise=[SPY]), ("AnyOf", (none_of(IS_HOT), IS_COOL))),
        (
            gate(HOT, then=[IF_COOL], otherwise=[gate(COOL, then=())]),
            ("AnyOf", (("AllOf", (IS_HOT, IS_COOL)), ("AllOf", (none_of(IS_HOT), none_of(IS_COOL))))),
        ),
        (ladder(1, {"ladder-0": [SPY]}), none_of(IS_HOT)),
        (
            ladder(1, {"ladder-0": [SPY], "ladder-1": [IF_COOL]}),
            ("AnyOf", (none_of(IS_HOT), ("AllOf", (("CountOf", "exactly", 1, (IS_HOT,)), IS_COOL)))),
        ),
    ],
)
def test_a_child_that_may_be_empty_counts_while_it_holds_something(node, counts):
    kind, parts, conditions, _ = root(basic(SPY, node))
    assert (kind, parts, conditions) == ("Shared", (1.0, 1.0), (None, counts))


@pytest.mark.parametrize(
    ("node", "sentence"),
    [
        (basic(SPY, kind="rolling"), '"rolling" chooses parameters anew from past results'),
        (basic(SPY, 5), 'is 5; it must be an object with a "kind"'),
        (basic(SPY, leverage=2), 'the key "leverage" has no meaning here'),
        (basic(basic(SPY, BIL), BIL, weighting="inverse"), 'the weighting "inverse" is read of single tickers only'),
        (basic(SPY, BIL, weighting="defined"), "is missing; it must be a number"),
        (
            basic({**SPY, "window": 40}, {**BIL, "window": 30}, weighting="capped", cappedFallback="Empty"),
            "its caps sum to 70 without a fallback",
        ),
        (
            basic(SPY, gate(HOT, otherwise=()), weighting="inverse"),
            'a child that may be empty beside others is not read with the weighting "inverse"',
        ),
        (basic(scaling(SPY), BIL), "a child that may be partly cash beside others is not read"),
        (ranking(SPY, gate(HOT, otherwise=())), "a child that may be empty in a ranking is not read"),
        (ranking(SPY, BIL, metric="Stochastic %D"), '"metric" "Stochastic %D" is not read yet'),
        (gate(), '"conditions" is an empty list; it must be a list of at least one'),
        (
            gate(HOT) | {"children": {"then": [SPY], "else": [BIL], "next": [SPY]}},
            "no engine of QuantNexus holds what stands after both branches",
        ),
        (scaling(SPY, BIL, scaleTicker="branch:from"), '"branch:from" is not read'),
        (scaling(SPY, BIL, scaleTo=30), "the two values must differ"),
        (basic({**SPY, "window": 0}, {**NOTHING, "window": 1}, weighting="defined"), "none has a weight above 0"),
        (basic({**SPY, "window": 0}, weighting="defined"), "must be 0 or more, and one above 0"),
        (basic({**SPY, "window": 40}, weighting="capped"), "its caps sum to 40 without a fallback"),
        (basic(SPY, IF_COOL, weighting="inverse"), 'is not read with the weighting "inverse"'),
        (basic(SPY, position("QQQ", "BIL"), weighting="pro"), "is read of single tickers only"),
        (ladder(2, {"ladder-3": [SPY]}), "is no rung of this ladder; it has ladder-0 to ladder-2"),
        ({"kind": "call", "callRefId": "c1"}, 'there is no chart "c1" to call; there are: none'),
    ],
)
def test_what_is_not_read_is_refused_by_name(node, sentence):
    (line,) = problems(node)
    assert sentence in line


def test_a_chart_1000_deep_is_read():
    deep = json.dumps(basic("HERE")).split('"HERE"')
    text = (deep[0] * 1_000 + json.dumps(SPY) + deep[1] * 1_000).encode()
    assert read(text, "deep.json")[1] == ()


@pytest.mark.parametrize(
    ("metric", "score"),
    [
        ("Hull Moving Average", ("hull-moving-average", (20,))),
        ("Laguerre RSI", ("laguerre-relative-strength-index", (0.8,))),
        ("Bollinger %B", ("bollinger-percent-b", (20, 2))),
        ("MACD Histogram", ("moving-average-convergence-divergence-histogram", (12, 26, 9))),
        ("Momentum (Weighted)", ("13612w-momentum", ())),
        ("ATR %", ("average-true-range-percent", (20,))),
        ("VWAP Ratio", ("price-to-volume-weighted-average", (20,))),
    ],
)
def test_further_metrics_rank_tickers(metric, score):
    assert root(ranking(SPY, BIL, metric=metric))[1:3] == score


def test_a_threshold_of_a_metric_is_read_where_its_unit_is_known():
    strong = gate({**HOT, "metric": "ADX", "threshold": 25})
    assert root(strong)[1][1:4] == (("Indicator", "average-directional-index", (10,), "QQQ"), "gt", ("Constant", 25))
    assert "the unit of this metric is not known" in problems(gate({**HOT, "metric": "Bollinger %B"}))[0]


def saved(chart, *chains):
    listed = [{"id": name, "name": f"chain {name}", "root": root, "collapsed": False} for name, root in chains]
    return {"name": "a bot", "payload": chart, "callChains": listed}


def call(name):
    return {"id": "k", "kind": "call", "title": "", "children": {}, "callRefId": name}


def test_a_call_is_the_chain_under_its_name():
    assert root(saved(basic(call("c1"), SPY), ("c1", BIL))) == (
        "Equal",
        (("Group", "chain c1", ("Asset", "BIL")), ("Asset", "SPY")),
    )


def test_chains_that_call_each_other_in_a_circle_are_refused_by_name():
    (line,) = problems(saved(call("a"), ("a", basic(call("b"))), ("b", call("a"))))
    assert line.endswith('calls in a circle: "chain a" -> "chain b" -> "chain a"')


def test_what_several_parts_have_in_common_is_compiled_once():
    def may_be_empty(*children, threshold):
        return gate({**HOT, "threshold": threshold}, then=[basic(*children)], otherwise=[NOTHING])

    node = may_be_empty(SPY, threshold=1)
    for threshold in range(2, 100):
        node = may_be_empty(may_be_empty(BIL, threshold=1), node, threshold=threshold)
    chart, _ = read(content(node), "x.json")
    done = set()
    for element in leaves_first(chart.root, done):
        done.add(element)
    assert len(done) < 30 * 100
