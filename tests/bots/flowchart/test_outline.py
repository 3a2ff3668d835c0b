import re

import numpy as np
from hypothesis import given
from trees import (
    CASH,
    all_of,
    best,
    chart,
    charts,
    compare,
    equal,
    group,
    hold,
    price,
    prices,
    random_prices,
    rsi,
    specified,
    when,
)

from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.outline import outline

LEAF = re.compile(r"(?:^\* +|: )([A-Z]+|cash) [0-9.e-]+ %$")


def outlined(root, closes=None):
    program = compile_chart(chart(root))
    return list(outline(program, evaluate(program, closes).values if closes else None))


def test_both_branches_of_every_gate_are_shown_and_the_taken_ones_marked():
    inner = when(compare(price("AAA"), "lt", 9), hold("AAA"), CASH)
    root = when(compare(price("AAA"), "gt", 10), hold("BBB"), group("Below", inner))
    assert outlined(root, prices(AAA=[5], BBB=[1])) == [
        "* if Price(AAA) = 5, not > 10 (by 5)",
        "    then: BBB",
        '*   else: "Below": if Price(AAA) = 5 < 9 (by 4)',
        "*     then: AAA 100 %",
        "      else: cash",
    ]


def test_without_prices_nothing_is_marked_and_no_value_shown():
    root = when(all_of(compare(rsi("AAA", 3), "gt", 50), compare(price("AAA"), "lt", 9)), hold("AAA"), CASH)
    assert outlined(root) == [
        "if all of 2 conditions",
        "  RSI(AAA,3) > 50",
        "  Price(AAA) < 9",
        "  then: AAA",
        "  else: cash",
    ]


def test_weights_and_scores_stand_before_what_they_belong_to():
    filtered = best(1, "cumulative-return", 1, hold("AAA"), hold("BBB"))
    assert outlined(specified((0.25, CASH), (0.75, filtered)), prices(AAA=[10, 9], BBB=[10, 11])) == [
        "* 2 parts",
        "*   25 %: cash 25 %",
        "*   75 %: highest 1 of 2 by Return(1)",
        "      -10: AAA",
        "*     10: BBB 75 %",
    ]


def test_a_part_in_several_places_is_written_once_and_where_it_is_taken():
    part = equal(hold("AAA"), hold("BBB"))
    root = when(compare(price("AAA"), "gt", 1), when(compare(price("AAA"), "gt", 9), part, CASH), part)
    assert outlined(root, prices(AAA=[1], BBB=[1])) == [
        "* if Price(AAA) = 1, not > 1 (by 0)",
        "    then: if Price(AAA) = 1, not > 9 (by 8)",
        "      then: 2 parts (shown where it is taken)",
        "      else: cash",
        "*   else: 2 parts",
        "*     50 %: AAA 50 %",
        "*     50 %: BBB 50 %",
    ]
    assert outlined(equal(part, equal(CASH, part)))[-1] == "    50 %: 2 parts (shown above)"


def test_a_part_that_an_indicator_looks_at_comes_last():
    part = group("Part", equal(hold("BBB"), hold("CCC")))
    root = when(compare(rsi(part, 2), "gt", 50), hold("AAA"), CASH)
    closes = prices(AAA=[1, 1, 1], BBB=[1, 2, 3], CCC=[1, 2, 3])
    assert outlined(root, closes)[-3:] == [
        '  looked at by an indicator: "Part": 2 parts',
        "    50 %: BBB",
        "    50 %: CCC",
    ]


def test_behind_an_undefined_gate_nothing_is_taken():
    root = when(compare(rsi("AAA", 3), "gt", 50), hold("AAA"), CASH)
    assert outlined(root, prices(AAA=[1, 2])) == [
        "* if RSI(AAA,3) = undefined > 50: undefined",
        "    then: AAA",
        "    else: cash",
    ]


def test_a_chart_of_one_ticker_is_one_line():
    assert outlined(hold("AAA"), prices(AAA=[1])) == ["* AAA 100 %"]


def test_a_chart_of_depth_ten_thousand_is_outlined():
    root = hold("AAA")
    for level in range(10_000):
        root = when(compare(price("AAA"), "gt", level), group("deeper", root), CASH)
    assert len(outlined(root, prices(AAA=[1e6]))) == 20_001


@given(charts, random_prices())
def test_the_marked_leaves_are_the_allocation(random_chart, closes):
    program = compile_chart(random_chart)
    evaluation = evaluate(program, closes)
    lines = outline(program, evaluation.values)
    wanted = dict(zip(program.symbols, evaluation.weights[-1], strict=True))
    if np.isfinite(evaluation.weights).all(axis=1)[-1]:
        held = {LEAF.search(line)[1] for line in lines if line.startswith("*") and LEAF.search(line)} - {"cash"}
        assert held == {name for name, weight in wanted.items() if weight > 0}


@given(charts, random_prices())
def test_a_tree_with_values_has_the_same_parts_as_one_without(random_chart, closes):
    program = compile_chart(random_chart)
    with_values = outline(program, evaluate(program, closes).values)
    assert sum("(shown " not in line for line in with_values) == sum("(shown " not in line for line in outline(program))
