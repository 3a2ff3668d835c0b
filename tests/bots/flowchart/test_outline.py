import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from trees import (
    CASH,
    all_of,
    best,
    calculated,
    capped,
    chart,
    charts,
    compare,
    entered,
    equal,
    group,
    hold,
    inverse_volatility,
    mixed,
    price,
    prices,
    pro_volatility,
    random_prices,
    rsi,
    shared,
    specified,
    switch,
    when,
)

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.outline import mermaid, outline
from rebalancer.bots.flowchart.tree import ByRank, ByVolatility

LEAF = re.compile(r"(?:^\* +|: )([A-Z]+|cash) [0-9.e-]+ %$")


def outlined(root, closes=None):
    program = compile_chart(chart(root))
    return list(outline(program, evaluate(program, closes) if closes else None))


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


HOT, COOL = compare(rsi("AAA", 3), "gt", 70), compare(rsi("AAA", 3), "lt", 30)
AAA, BBB = hold("AAA"), hold("BBB")
TWO_OF_THREE = best(2, "cumulative-return", 1, AAA, BBB, hold("CCC"))


@pytest.mark.parametrize(
    ("root", "lines"),
    [
        (
            switch([HOT, COOL], AAA, BBB, CASH),
            (
                "by how many of 2 conditions hold / RSI(AAA,3) > 70 / RSI(AAA,3) < 30 / none holds: AAA / 1 hold: BBB"
                " / all hold: cash"
            ),
        ),
        (
            shared((2, HOT, AAA), (1, None, BBB)),
            (
                "2 parts, 1 of them only where a condition holds / RSI(AAA,3) > 70 / 2 of the parts: AAA"
                " / 1 of the parts: BBB"
            ),
        ),
        (mixed(rsi("AAA", 3), 30, 70, AAA, BBB), "mixed by RSI(AAA,3), from 30 to 70 / at 30: AAA / at 70: BBB"),
        (inverse_volatility(5, AAA, BBB), "weights by 1 / StdReturn(5) / AAA / BBB"),
        (pro_volatility(5, AAA, BBB), "weights by StdReturn(5) / AAA / BBB"),
        (capped((0.4, AAA), (0.9, BBB)), "2 parts / 40 %: AAA / 60 %: BBB"),
        (
            replace(TWO_OF_THREE, weighting=ByRank((0.7, 0.3))),
            "highest 2 of 3 by Return(1), weighted 70 %, 30 % / AAA / BBB / CCC",
        ),
        (
            replace(TWO_OF_THREE, weighting=ByVolatility(5, inverse=True)),
            "highest 2 of 3 by Return(1), weighted by 1 / StdReturn(5) / AAA / BBB / CCC",
        ),
        (
            replace(TWO_OF_THREE, side="bottom", weighting=ByVolatility(5, inverse=False)),
            "lowest 2 of 3 by Return(1), weighted by StdReturn(5) / AAA / BBB / CCC",
        ),
        (
            when(entered(HOT, COOL), AAA, CASH),
            (
                "if entered and not left since / enters if RSI(AAA,3) > 70 / leaves if RSI(AAA,3) < 30 / then: AAA"
                " / else: cash"
            ),
        ),
        (
            when(compare(calculated("abs", rsi("AAA", 3)), "gt", calculated("add", price("AAA"), 2.0)), AAA, CASH),
            "if abs(RSI(AAA,3)) > Price(AAA) + 2 / then: AAA / else: cash",
        ),
    ],
)
def test_every_kind_of_part_says_how_it_chooses(root, lines):
    assert " / ".join(line.strip() for line in outlined(root)) == lines


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
    lines = outline(program, evaluation)
    wanted = dict(zip(program.symbols, evaluation.weights[-1], strict=True))
    if np.isfinite(evaluation.weights).all(axis=1)[-1]:
        held = {LEAF.search(line)[1] for line in lines if line.startswith("*") and LEAF.search(line)} - {"cash"}
        assert held == {name for name, weight in wanted.items() if weight > 0}


@given(charts, random_prices())
def test_a_tree_with_values_has_the_same_parts_as_one_without(random_chart, closes):
    program = compile_chart(random_chart)
    with_values = outline(program, evaluate(program, closes))
    assert sum("(shown " not in line for line in with_values) == sum("(shown " not in line for line in outline(program))


ARROW = re.compile(r'  (n\d+) (-->|==>)\|"[^"]*"\| (n\d+|n\d+_\d+\(\["[^"]*"\]\)(:::taken)?)')
BOX = re.compile(r'  (n\d+)(\["[^"]*"\]|\{\{"[^"]*"\}\})(:::taken)?')


def drawn(root, closes):
    program = compile_chart(chart(root))
    return mermaid(program, evaluate(program, closes))


def test_the_taken_path_is_drawn_thick():
    root = when(compare(price("AAA"), "gt", 10), hold("BBB"), equal(hold("AAA"), CASH))
    program = compile_chart(chart(root))
    gate, parts = program.root, next(at for at, node in enumerate(program.table) if isinstance(node, nodes.Blend))
    lines = mermaid(program, evaluate(program, prices(AAA=[5], BBB=[1]))).splitlines()
    assert lines[:-1] == [
        "flowchart TD",
        f'  n{gate}{{{{"if Price(AAA) = 5, not #gt; 10 (by 5)"}}}}:::taken',
        f'  n{parts}["2 parts"]:::taken',
        f'  n{gate} -->|"then"| n{gate}_0(["BBB"])',
        f'  n{gate} ==>|"else"| n{parts}',
        f'  n{parts} ==>|"50 %"| n{parts}_0(["AAA 50 %"]):::taken',
        f'  n{parts} ==>|"50 %"| n{parts}_1(["cash 50 %"]):::taken',
    ]
    assert lines[-1].startswith("  classDef taken ")


def test_a_gate_of_several_conditions_has_a_line_for_each():
    condition = all_of(compare(price("AAA"), "gt", 1), compare(price("AAA"), "lt", 9))
    text = drawn(when(condition, hold("AAA"), CASH), prices(AAA=[5]))
    assert "if all of 2 conditions hold<br>Price(AAA) = 5 #gt; 1 (by 4)<br>Price(AAA) = 5 #lt; 9 (by 4)" in text


def test_a_name_can_not_break_out_of_its_box():
    text = drawn(group('a"]; click <b> #1 & `x`\n%% y', equal(hold("AAA"), CASH)), prices(AAA=[1]))
    assert '["#quot;a#quot;]; click #lt;b#gt; #35;1 #amp; #96;x#96; %% y#quot;: 2 parts"]' in text


def test_a_part_in_several_places_is_drawn_once():
    part = group("Part", equal(hold("AAA"), CASH))
    root = when(compare(price("AAA"), "gt", 1), equal(part, hold("BBB")), part)
    assert drawn(root, prices(AAA=[1], BBB=[1])).count("Part") == 1


def test_a_chart_of_one_ticker_is_one_box():
    assert '["AAA"]:::taken' in drawn(hold("AAA"), prices(AAA=[1]))


def test_a_chart_larger_than_mermaid_draws_is_refused_with_its_size():
    root = equal(*[hold(f"T{number}") for number in range(501)])
    closes = prices(**{f"T{number}": [1.0] for number in range(501)})
    with pytest.raises(ValueError, match=r"takes 501 arrows and .* no more than 500 and 50,000"):
        drawn(root, closes)


@given(charts, random_prices())
def test_every_line_is_a_box_or_an_arrow_between_boxes_that_are_there(random_chart, closes):
    program = compile_chart(random_chart)
    first, *lines, style = mermaid(program, evaluate(program, closes)).splitlines()
    assert (first, style.startswith("  classDef ")) == ("flowchart TD", True)
    boxes = {found[1] for line in lines if (found := BOX.fullmatch(line))}
    arrows = [found for line in lines if (found := ARROW.fullmatch(line))]
    assert len(boxes) + len(arrows) == len(lines)
    assert all(found[1] in boxes and (found[3] in boxes or "_" in found[3]) for found in arrows)
