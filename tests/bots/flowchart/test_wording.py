import pytest
from trees import all_of, any_of, chart, compare, hold, of, price, prices, rsi, when

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.wording import Wording, number


def gate(condition, closes=None):
    """The lines of a condition on the last day of `closes`."""
    program = compile_chart(chart(when(condition, hold("AAA"), hold("BBB"))))
    root = program.table[program.root]
    assert isinstance(root, nodes.Branch)
    values = evaluate(program, closes) if closes else None
    return ["  " * line.level + line.text for line in Wording(program, values).gate(root.condition)]


TWO = prices(AAA=[3], BBB=[7])


def test_a_gate_that_holds_says_by_how_much():
    assert gate(compare(price("AAA"), "gt", 2), TWO) == ["Price(AAA) = 3 > 2 (by 1)"]


def test_a_false_condition_is_worded_as_its_negation():
    assert gate(compare(price("AAA"), "gt", 10), TWO) == ["Price(AAA) = 3, not > 10 (by 7)"]
    assert gate(compare(price("AAA"), "gte", price("BBB")), TWO) == ["Price(AAA) = 3, not >= Price(BBB) = 7 (by 4)"]


def test_a_gate_without_a_value_is_undefined():
    assert gate(compare(rsi("AAA", 5), "lt", 10), TWO) == ["RSI(AAA,5) = undefined < 10: undefined"]


def test_without_prices_a_condition_shows_no_values():
    condition = all_of(compare(rsi("AAA", 5), "lt", 10), any_of(compare(price("AAA"), "gt", 1, for_days=2)))
    assert gate(condition) == [
        "all of 2 conditions",
        "  RSI(AAA,5) < 10",
        "  any of 1 conditions",
        "    on each of the last 2 days",
        "      Price(AAA) > 1",
    ]


@pytest.mark.parametrize(
    ("several", "limits", "said"),
    [
        (all_of, (1, 2), "all of 2 conditions hold"),
        (all_of, (1, 4), "not all of 2 conditions hold"),
        (any_of, (1, 4), "one or more of 2 conditions hold"),
        (any_of, (4, 5), "none of 2 conditions holds"),
    ],
)
def test_combined_conditions_show_the_result_of_each_part(several, limits, said):
    conditions = [compare(price("AAA"), "gt", limit) for limit in limits]
    assert gate(several(*conditions), TWO)[0] == said


@pytest.mark.parametrize(
    ("closes", "said"),
    [
        ([2, 2, 2], "held on each of the last 3 days"),
        ([2, 1, 2], "not on each of the last 3 days, on 2 of them"),
        ([2, 2], "on each of the last 3 days: undefined"),
    ],
)
def test_for_days_says_on_how_many_of_them_it_held(closes, said):
    days = prices(AAA=closes, BBB=closes)
    assert gate(compare(price("AAA"), "gt", 1, for_days=3), days)[0] == said


def test_undefined_conditions_leave_several_undefined_where_they_decide():
    unknown = compare(of("relative-strength-index", "AAA", 5), "gt", 1)
    assert gate(all_of(unknown, compare(price("AAA"), "gt", 1)), TWO)[0] == "all of 2 conditions: undefined"
    assert gate(any_of(unknown, compare(price("AAA"), "gt", 1)), TWO)[0] == "one or more of 2 conditions hold"


@pytest.mark.parametrize(
    ("value", "unlike", "text"),
    [
        (79.0, 0, "79"),
        (81.2345, 79, "81.23"),
        (0.0004, 0, "0.0004"),
        (-0.001, 5, "0"),
        (3.0, 3.0, "3"),
        (100.0, 0, "100"),
    ],
)
def test_numbers_have_two_decimals_or_as_many_as_tell_them_apart(value, unlike, text):
    assert number(value, unlike) == text
