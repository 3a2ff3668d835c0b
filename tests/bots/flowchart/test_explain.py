from hypothesis import given
from hypothesis import strategies as st
from trees import (
    CASH,
    all_of,
    any_of,
    best,
    chart,
    charts,
    compare,
    equal,
    group,
    hold,
    inverse_volatility,
    of,
    price,
    prices,
    random_prices,
    rsi,
    specified,
    when,
)

from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.explain import explain
from rebalancer.bots.flowchart.tree import Node
from rebalancer.model import Closes


def lines(root: Node, closes: Closes, day: int = -1) -> list[str]:
    program = compile_chart(chart(root))
    return list(explain(program, closes, evaluate(program, closes), day % len(closes.sessions)))


def test_a_gate_that_leads_to_a_ticker_is_one_line():
    root = when(compare(rsi("SPY", 2), "gt", 79), hold("TBILL"), hold("SPY"))
    closes = prices(SPY=[100, 108.12, 106.24], TBILL=[1, 1, 1])
    assert lines(root, closes) == ["RSI(SPY,2) = 81.2 > 79 (by 2.2) -> TBILL 100 %"]


def test_gates_in_a_row_stand_below_each_other():
    inner = when(compare(price("AAA"), "lt", of("moving-average-price", "AAA", 2)), hold("AAA"), CASH)
    root = when(compare(price("AAA"), "gte", 10), hold("BBB"), group("else", inner))
    assert lines(root, prices(AAA=[3, 5], BBB=[1, 1])) == [
        "Price(AAA) = 5, not >= 10 (by 5)",
        "Price(AAA) = 5, not < SMA(AAA,2) = 4 (by 1) -> cash 100 %",
    ]


def test_close_values_are_shown_with_the_digits_that_decided():
    root = when(compare(price("AAA"), "gt", price("BBB")), hold("AAA"), CASH)
    assert lines(root, prices(AAA=[37.0373], BBB=[37.0366])) == [
        "Price(AAA) = 37.0373 > Price(BBB) = 37.0366 (by 0.001) -> AAA 100 %"
    ]


def test_several_conditions_are_listed_each_with_its_value():
    condition = all_of(
        compare(price("AAA"), "gt", 1), any_of(compare(price("AAA"), "lt", 1), compare(price("BBB"), "lt", 9))
    )
    assert lines(when(condition, hold("AAA"), CASH), prices(AAA=[3], BBB=[7])) == [
        "all of 2 conditions hold -> AAA 100 %",
        "  Price(AAA) = 3 > 1 (by 2)",
        "  one or more of 2 conditions hold",
        "    Price(AAA) = 3, not < 1 (by 2)",
        "    Price(BBB) = 7 < 9 (by 2)",
    ]


def test_for_days_says_on_how_many_of_them_it_held():
    root = when(compare(price("AAA"), "gt", 1, for_days=3), hold("AAA"), CASH)
    assert lines(root, prices(AAA=[2, 1, 2, 2])) == [
        "not on each of the last 3 days, on 2 of them -> cash 100 %",
        "  Price(AAA) = 2 > 1 (by 1)",
    ]


def test_a_filter_shows_the_ranking_and_what_each_gets():
    blend = group("Half", equal(hold("AAA"), CASH))
    root = best(2, "cumulative-return", 1, hold("AAA"), hold("BBB"), blend)
    assert lines(root, prices(AAA=[10, 11], BBB=[10, 9])) == [
        "highest 2 of 3 by Return(1)",
        "  AAA = 10 -> 50 %",
        '  "Half" = 5 -> 50 %',
        "    AAA 25 %",
        "    cash 25 %",
        "  BBB = -10",
    ]


def test_inverse_volatility_shows_every_deviation():
    root = inverse_volatility(2, hold("AAA"), hold("BBB"))
    assert lines(root, prices(AAA=[100, 100, 101], BBB=[100, 100, 103])) == [
        "weights by 1 / StdReturn(2)",
        "  AAA = 0.71 -> 75 %",
        "  BBB = 2.12 -> 25 %",
    ]


def test_percentages_are_of_the_whole_bot():
    root = specified((0.4, equal(hold("AAA"), hold("BBB"))), (0.6, hold("CCC")))
    assert lines(root, prices(AAA=[1], BBB=[1], CCC=[1])) == [
        "an unnamed part 40 %",
        "  AAA 20 %",
        "  BBB 20 %",
        "CCC 60 %",
    ]


def test_a_part_reached_twice_is_written_once():
    part = group("Part", when(compare(price("AAA"), "gt", 1), hold("AAA"), CASH))
    assert lines(specified((0.3, part), (0.7, equal(part, CASH))), prices(AAA=[2])) == [
        '"Part" 30 %',
        "  Price(AAA) = 2 > 1 (by 1) -> AAA 30 %",
        "an unnamed part 70 %",
        '  "Part" 35 %',
        '    as above: "Part" 35 %',
        "  cash 35 %",
    ]


def test_an_undefined_value_is_named_and_ends_the_path():
    root = when(compare(rsi("AAA", 3), "gt", 50), hold("AAA"), CASH)
    assert lines(root, prices(AAA=[1, 2])) == [
        "RSI(AAA,3) = undefined > 50: undefined",
        "undefined: RSI(AAA,3) needs 4 closes in a row, has 2 since 2016-01-04",
    ]


def test_a_chart_of_depth_ten_thousand_is_explained():
    root: Node = hold("AAA")
    for level in range(10_000):
        root = when(compare(price("AAA"), "gt", level), group("deeper", root), CASH)
    assert len(lines(root, prices(AAA=[1e6]))) == 10_000


def test_a_thousand_halvings_of_one_shared_part_stay_short():
    root: Node = hold("AAA")
    for _ in range(1000):
        root = equal(root, root)
    assert len(lines(root, prices(AAA=[1]))) < 5000


@given(charts, random_prices(), st.integers(0, 39))
def test_every_day_of_every_chart_can_be_explained(random_chart, closes, day):
    program = compile_chart(random_chart)
    evaluation = evaluate(program, closes)
    lines = explain(program, closes, evaluation, day)
    undefined = bool((evaluation.weights[day] != evaluation.weights[day]).any())
    assert lines[-1].startswith("undefined: ") == undefined
