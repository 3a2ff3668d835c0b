"""The walk of the last day, against an evaluation of all days: the same decision, way, warnings and flips to the last
bit, whatever a chart is made of.
"""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import (
    CASH,
    all_of,
    any_of,
    best,
    calculated,
    chart,
    charts,
    compare,
    count,
    dates,
    days_ago,
    entered,
    equal,
    hold,
    inverse_volatility,
    mixed,
    of,
    price,
    pro_volatility,
    random_prices,
    random_walks,
    rank,
    ratio,
    rsi,
    shared,
    specified,
    switch,
    when,
)

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.decided import Decided
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.explain import gaps, steps, warn_left_out, why_too_little_tonight
from rebalancer.bots.flowchart.flip import flips
from rebalancer.bots.flowchart.indicators import INDICATORS, prices_needed
from rebalancer.bots.flowchart.last_day import LastDay, last_day
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.tree import ByVolatility, Node
from rebalancer.bots.flowchart.undefined import why_undefined
from rebalancer.model import Allocation, Closes

KINDS: dict[str, Node] = {
    "a branch by a window and by all history": when(
        compare(of("moving-average-price", "AAA", 5), "gt", of("exponential-moving-average-price", "BBB", 3)),
        when(compare(rsi("AAA", 4), "gt", 50), hold("AAA"), CASH),
        hold("BBB"),
    ),
    "bars": when(
        compare(of("stochastic-k", "AAA", 5), "gt", of("average-true-range-percent", "BBB", 4)), hold("AAA"), CASH
    ),
    "earlier values, ranks and arithmetic": when(
        compare(
            days_ago(2, calculated("subtract", price("AAA"), days_ago(1, price("AAA")))),
            "lt",
            rank("percentile", 6, of("cumulative-return", ratio("AAA", "BBB"), 3)),
        ),
        hold("AAA"),
        hold("BBB"),
    ),
    "for days, of several and of a number of conditions": when(
        all_of(
            compare(price("AAA"), "gt", of("moving-average-price", "AAA", 4), for_days=3),
            any_of(compare(price("BBB"), "gt", 0), dates((3, 1), (4, 30), for_days=2)),
            count("at_least", 1, compare(price("AAA"), "crosses-above", price("BBB")), compare(rsi("BBB", 3), "gt", 1)),
        ),
        hold("AAA"),
        hold("BBB"),
    ),
    "entered and not left since": when(
        entered(compare(price("AAA"), "gt", 100), compare(price("AAA"), "lt", 90)), hold("AAA"), hold("BBB")
    ),
    "switches, mixes and shares": equal(
        switch([compare(rsi("AAA", 3), "gt", 40), compare(price("AAA"), "gt", 1)], hold("AAA"), hold("BBB"), CASH),
        mixed(rsi("BBB", 5), 30, 70, hold("AAA"), hold("BBB")),
        shared((1, compare(price("AAA"), "gt", 1), hold("AAA")), (2, None, hold("CCC"))),
        specified((0.4, hold("AAA")), (0.6, hold("DDD"))),
    ),
    "filters of simulated parts": equal(
        best(1, "cumulative-return", 4, equal(hold("AAA"), hold("BBB")), hold("CCC"), hold("DDD")),
        best(1, "relative-strength-index", 4, when(compare(rsi("AAA", 3), "gt", 50), hold("AAA"), CASH), hold("DDD")),
        inverse_volatility(4, hold("AAA"), equal(hold("BBB"), hold("CCC"))),
        pro_volatility(4, hold("AAA"), hold("BBB")),
    ),
    "the best of tickers by what reads all their closes": equal(
        best(1, "relative-strength-index", 4, hold("AAA"), hold("BBB"), hold("CCC"), hold("DDD")),
        best(2, "exponential-moving-average-price", 3, hold("AAA"), hold("BBB"), hold("CCC"), hold("DDD")),
    ),
    "shares that add up to more than all by a rounding": specified(
        *((tenths / 10, hold("AAA")) for tenths in (2, 4, 3, 1))
    ),
    "the best by bars and closes": best(
        1,
        "average-true-range-percent",
        4,
        hold("AAA"),
        hold("BBB"),
        hold("CCC"),
        weighting=ByVolatility(5, inverse=True),
    ),
    "the best by volatility, among them a part of the chart": best(
        2, "standard-deviation-return", 4, hold("AAA"), equal(hold("AAA"), hold("CCC")), hold("BBB"), hold("DDD")
    ),
}
"""By what each is about: together every kind of node (see the first test)."""


def told(program: Program, closes: Closes, values: Decided, day: int) -> dict[str, object]:
    """All that is said of the decision of the last row, which is `day` of `values`."""
    undefined = bool(np.isnan(values.weights[day]).any())
    path = steps(program, closes, values, day)
    return {
        "weights": values.weights[day].tobytes(),
        "path": path,
        "warnings": (*warn_left_out(program, closes, values, day), *gaps(program, closes, values)),
        "too little tonight": why_too_little_tonight(program, values),
        "flips": flips(program, closes, values, path),
        "undefined": why_undefined(program, closes, values.on_all_days, day) if undefined else None,
    }


def assert_alike(program: Program, closes: Closes) -> None:
    row = len(closes.sessions) - 1
    assert told(program, closes, LastDay(program, closes), -1) == told(program, closes, evaluate(program, closes), row)


def test_the_charts_below_have_every_kind_of_node():
    found = {type(node) for root in KINDS.values() for node in compile_chart(chart(root)).table}
    assert found == set(get_args(nodes.Node))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_node_decides_as_on_all_days(kind):
    program, closes = compile_chart(chart(KINDS[kind])), random_walks(seed=3, days=60)
    assert_alike(program, closes)
    gap, late, wrong = (replace(closes, values=closes.values.copy()) for _ in range(3))
    gap.values[-4, 0] = np.nan
    wrong.values[-3, :3] = 0.0, -1.0, np.inf
    late.values[:-3, 2] = late.values[-1, 3] = np.nan
    assert_alike(program, gap)
    assert_alike(program, wrong)
    assert_alike(program, replace(late, provisional=True))
    assert_alike(program, closes.last(2))


@given(charts, random_prices(), st.booleans())
def test_any_chart_decides_as_on_all_days(random_chart, closes, provisional):
    assert_alike(compile_chart(random_chart), replace(closes, provisional=provisional))


@given(st.sampled_from(sorted(INDICATORS)), random_prices(), st.data())
def test_an_indicator_of_its_window_alone_is_that_of_all_days(name, closes, data):
    spec = INDICATORS[name]
    parameters = [
        2.0 if each.fraction else data.draw(st.integers(int(max(2, each.least)), 6)) for each in spec.parameters
    ]
    parameters = [min(number, each.most) for number, each in zip(parameters, spec.parameters, strict=True)]
    assert closes.bars
    read = [closes.values[:, 0] if field == "close" else closes.bars.values[field][:, 0] for field in spec.reads]
    missing = np.isnan(read).any(axis=0)
    read = [np.where(missing, np.nan, column) for column in read]
    rows = len(closes.sessions) if spec.from_the_beginning else prices_needed(name, tuple(parameters))
    alone = spec.formula(*(column[-rows:] for column in read), *parameters)
    expected = spec.formula(*read, *parameters)[-1:].tobytes()
    assert alone[-1:].tobytes() == expected


@pytest.mark.parametrize("name", [name for name, spec in INDICATORS.items() if spec.following])
@pytest.mark.parametrize("window", [1, 2, 10, 40])
def test_the_values_that_may_follow_are_those_of_all_days(name, window):
    """Over none to several of the blocks in which they are computed, and at their edges."""
    spec, last = INDICATORS[name], np.array([90.0, 100.0, 123.45])
    blocks = [int(-230 / np.log1p(-rate)) for rate in (2 / (window + 1), 1 / window) if rate < 1]
    edges = [block + more for block in blocks for more in (-1, 0, 1, 2, window, window + 1, window + 2)]
    for days in (window + 1, window + 2, *edges, 3000):
        before = random_walks(seed=4, days=days).values[:, 0]
        if days > window:
            rows = np.vstack((np.tile(before[:, np.newaxis], (1, 3)), last))
            assert spec.following
            assert spec.following(before, last, window).tobytes() == spec.formula(rows, window)[-1].tobytes()


def test_what_is_not_on_the_way_is_not_computed():
    root = when(compare(price("AAA"), "gt", 0), hold("AAA"), when(compare(rsi("BBB", 3), "gt", 5), hold("BBB"), CASH))
    program = compile_chart(chart(root))
    values = LastDay(program, random_walks(seed=1, days=30))
    assert {program.label(index) for index in values.series} == {"Price(AAA)", "0"}


def test_a_window_is_computed_on_its_own_days_alone():
    program = compile_chart(
        chart(when(compare(of("moving-average-price", "AAA", 5), "gt", 0, for_days=3), hold("AAA"), CASH))
    )
    values = LastDay(program, random_walks(seed=1, days=30))
    lengths = {type(program.table[index]): len(found) for index, found in values.series.items()}
    assert lengths == {nodes.Close: 7, nodes.Number: 3, nodes.Series: 3}


def test_more_of_a_value_is_computed_when_more_is_asked_for():
    program = compile_chart(chart(when(compare(of("moving-average-price", "AAA", 5), "gt", 0), hold("AAA"), CASH)))
    closes = random_walks(seed=1, days=30)
    (average,) = (index for index, node in enumerate(program.table) if isinstance(node, nodes.Series))
    few, all_days = LastDay(program, closes), evaluate(program, closes)
    assert few.series[average].tobytes() == all_days.series[average][-1:].tobytes()
    assert few.recent(average, 20).tobytes() == all_days.series[average][-20:].tobytes()
    assert few.recent(average, 99).tobytes() == all_days.series[average].tobytes()


def test_what_a_portfolio_node_is_worth_is_no_value():
    program = compile_chart(chart(hold("AAA")))
    values = LastDay(program, random_walks(seed=1, days=3))
    with pytest.raises(TypeError, match="a Hold has no value"):
        values.series[program.root]


def test_a_decision_and_its_flips_are_one_walk_and_bots_share_their_indicators():
    closes = random_walks(seed=1, days=30)
    one, other = (
        FlowchartBot.of(chart(when(compare(rsi("AAA", 4), "gt", 50), hold(each), CASH))) for each in ("AAA", "BBB")
    )
    decision = one.decide(closes)
    assert isinstance(decision, Allocation)
    walk = last_day(one.program, closes)
    one.flips(closes, decision)
    assert last_day(one.program, closes) is walk
    (strength,) = (index for index, node in enumerate(one.program.table) if isinstance(node, nodes.Series))
    (of_other,) = (index for index, node in enumerate(other.program.table) if isinstance(node, nodes.Series))
    assert last_day(other.program, closes).series[of_other] is walk.series[strength]
