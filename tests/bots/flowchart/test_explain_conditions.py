"""Counts, crossings, dates and calculated values in explanations; and why one of them is undefined."""

from datetime import date

import pytest
from test_explain import lines
from trees import (
    CASH,
    any_of,
    calculated,
    chart,
    compare,
    count,
    dates,
    days_ago,
    equal,
    group,
    hold,
    of,
    price,
    prices,
    rank,
    ratio,
    rsi,
    when,
)

from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.explain import why_undefined
from rebalancer.bots.flowchart.outline import outline
from rebalancer.bots.flowchart.tree import Condition, Operand
from rebalancer.model import Closes

above_1, above_2, above_3 = (compare(price("AAA"), "gt", level) for level in (1, 2, 3))


def gate(condition: Condition, closes: Closes) -> list[str]:
    return lines(when(condition, hold("AAA"), CASH), closes)


def why(operand: Operand, closes: Closes) -> str:
    program = compile_chart(chart(when(compare(operand, "gt", 0), hold("AAA"), CASH)))
    last = len(closes.sessions) - 1
    return why_undefined(program, closes, evaluate(program, closes, last), last)


# ------------------------------------------------------------------------------------------- conditions


@pytest.mark.parametrize(
    ("quantifier", "number", "first"),
    [
        ("at_least", 2, "2 of 3 conditions hold: at least 2 -> AAA 100 %"),
        ("exactly", 3, "2 of 3 conditions hold: not exactly 3 -> cash 100 %"),
        ("at_most", 1, "2 of 3 conditions hold: not at most 1 -> cash 100 %"),
        ("exactly", 0, "2 of 3 conditions hold: not none -> cash 100 %"),
    ],
)
def test_a_count_says_how_many_hold_and_how_many_were_asked_for(quantifier, number, first):
    assert gate(count(quantifier, number, above_1, above_2, above_3), prices(AAA=[3])) == [
        first,
        "  Price(AAA) = 3 > 1 (by 2)",
        "  Price(AAA) = 3 > 2 (by 1)",
        "  Price(AAA) = 3, not > 3 (by 0)",
    ]


def test_a_count_says_how_many_are_undefined():
    unknown = compare(rsi("AAA", 9), "gt", 50)
    assert gate(count("at_least", 1, above_1, unknown), prices(AAA=[3]))[0] == (
        "1 of 2 conditions hold, 1 undefined: at least 1 -> AAA 100 %"
    )
    assert gate(count("exactly", 2, above_1, unknown), prices(AAA=[3]))[0] == "exactly 2 of 2 conditions: undefined"


def test_a_crossing_shows_both_days():
    assert gate(compare(price("AAA"), "crosses-above", 10), prices(AAA=[9, 10.5])) == [
        "all of 2 conditions hold -> AAA 100 %",
        "  Price(AAA) 1 day ago = 9 < 10 (by 1)",
        "  Price(AAA) = 10.5 >= 10 (by 0.5)",
    ]


def test_a_date_shows_the_session():
    closes = prices(first=date(2016, 1, 4), AAA=[1])
    assert gate(dates((11, 15), (1, 15)), closes) == ["2016-01-04 is from 11-15 to 01-15 -> AAA 100 %"]
    assert gate(dates((2, 1), (2, 1)), closes) == ["2016-01-04 is not on 02-01 -> cash 100 %"]


def test_conditions_of_every_kind_may_stand_in_another():
    inner = count("exactly", 1, dates((1, 1), (1, 31)), above_2)
    assert gate(any_of(inner, above_3), prices(AAA=[2])) == [
        "one or more of 2 conditions hold -> AAA 100 %",
        "  1 of 2 conditions hold: exactly 1",
        "    2016-01-04 is from 01-01 to 01-31",
        "    Price(AAA) = 2, not > 2 (by 0)",
        "  Price(AAA) = 2, not > 3 (by 1)",
    ]


def test_the_whole_chart_says_what_is_asked_without_a_day():
    root = when(count("exactly", 0, dates((11, 15), (1, 15)), above_1), hold("AAA"), CASH)
    assert outline(compile_chart(chart(root)))[:3] == (
        "if none of 2 conditions",
        "  the date is from 11-15 to 01-15",
        "  Price(AAA) > 1",
    )


def test_a_weighed_and_biased_value_shows_its_own_result():
    biased = calculated("add", calculated("multiply", price("AAA"), 0.5), 5)
    assert gate(compare(price("AAA"), "gt", biased), prices(AAA=[12])) == [
        "Price(AAA) = 12 > (Price(AAA) * 0.5) + 5 = 11 (by 1) -> AAA 100 %"
    ]


# ------------------------------------------------------------------------------------- why it is undefined


@pytest.mark.parametrize(
    ("operand", "reason"),
    [
        (days_ago(1, price("BBB")), "BBB has no close on 2016-01-06"),
        (
            days_ago(5, price("AAA")),
            "Price(AAA) 5 days ago needs 5 sessions before 2016-01-07, and the closes begin on 2016-01-04",
        ),
        (days_ago(1, rsi("AAA", 3)), "RSI(AAA,3) needs 4 closes in a row, has 3 since 2016-01-04"),
        (calculated("add", price("AAA"), rsi("BBB", 1)), "RSI(BBB,1) needs 2 closes in a row, has 1 since 2016-01-07"),
        (
            calculated("divide", price("AAA"), calculated("subtract", price("CCC"), 5)),
            "Price(AAA) / (Price(CCC) - 5) is no finite number on 2016-01-07",
        ),
        (rsi(ratio("AAA", "DDD"), 1), "DDD has no close on 2016-01-07"),
        (rsi(ratio("AAA", "BBB"), 2), "RSI(AAA/BBB,2) needs 3 values in a row, has 1 since 2016-01-07"),
        (rank("percentile", 3, price("DDD")), "DDD has no close on 2016-01-07"),
        (
            rank("percentile", 9, price("AAA")),
            "Percentile(Price(AAA),9) needs 9 closes in a row, has 4 since 2016-01-04",
        ),
        (
            rank("stochastic", 3, price("CCC")),
            "Stochastic(Price(CCC),3) is undefined on 2016-01-07, because its last 3 closes are all equal",
        ),
    ],
)
def test_the_first_undefined_value_is_named(operand, reason):
    closes = prices(AAA=[1, 2, 3, 4], BBB=[1, 2, None, 4], CCC=[5, 5, 5, 5], DDD=[1, 2, 3, None])
    assert why(operand, closes) == reason


def test_the_gap_of_a_part_behind_an_earlier_value_is_named():
    part = group("part", when(compare(price("BBB"), "gt", 1), equal(hold("AAA"), CASH), CASH))
    earlier = days_ago(1, of("cumulative-return", part, 1))
    assert why(earlier, prices(AAA=[1, 2, 3, 4], BBB=[2, None, None, 2])) == (
        '"part" has no simulated value on 2016-01-06: BBB has no close on 2016-01-06'
    )
