import re

import pytest
from hypothesis import given
from trees import CASH, all_of, chart, charts, compare, equal, group, hold, price, prices, random_prices, when

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.outline import mermaid

ARROW = re.compile(r'  (n\d+) (-->|==>)\|"[^"]*"\| (n\d+|n\d+_\d+\(\["[^"]*"\]\)(:::taken)?)')
BOX = re.compile(r'  (n\d+)(\["[^"]*"\]|\{\{"[^"]*"\}\})(:::taken)?')


def drawn(root, closes):
    program = compile_chart(chart(root))
    return mermaid(program, evaluate(program, closes).values, -1)


def test_the_taken_way_is_thick():
    root = when(compare(price("AAA"), "gt", 10), hold("BBB"), equal(hold("AAA"), CASH))
    program = compile_chart(chart(root))
    gate, parts = program.root, next(at for at, node in enumerate(program.table) if isinstance(node, nodes.Blend))
    lines = mermaid(program, evaluate(program, prices(AAA=[5], BBB=[1])).values, -1).splitlines()
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
    first, *lines, style = mermaid(program, evaluate(program, closes).values, -1).splitlines()
    assert (first, style.startswith("  classDef ")) == ("flowchart TD", True)
    boxes = {found[1] for line in lines if (found := BOX.fullmatch(line))}
    arrows = [found for line in lines if (found := ARROW.fullmatch(line))]
    assert len(boxes) + len(arrows) == len(lines)
    assert all(found[1] in boxes and (found[3] in boxes or "_" in found[3]) for found in arrows)
