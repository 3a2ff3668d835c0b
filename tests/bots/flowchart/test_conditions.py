"""Counts, crossings and dates, beside the comparisons in test_evaluate."""

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import CASH, all_of, any_of, chart, compare, count, dates, hold, of, price, prices, rsi, when

from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.conditions import month_days
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.tree import Condition
from rebalancer.model import Closes


def truths(condition: Condition, closes: Closes) -> list[bool | None]:
    """Whether `condition` holds on each day; None where that is unknown."""
    program = compile_chart(chart(when(condition, hold("AAA"), CASH)))
    column = evaluate(program, closes).weights[:, program.symbols.index("AAA")].tolist()
    return [None if math.isnan(weight) else weight == 1 for weight in column]


def lookback(condition: Condition) -> int:
    return compile_chart(chart(when(condition, hold("AAA"), CASH))).lookback


above_1, above_2, above_3 = (compare(price("AAA"), "gt", level) for level in (1, 2, 3))
unknown = compare(rsi("AAA", 50), "gt", 50)


# ----------------------------------------------------------------------------------------------- counts


@pytest.mark.parametrize(
    ("quantifier", "number", "held"),
    [
        ("exactly", 0, [True, False, False, False]),
        ("exactly", 1, [False, True, False, False]),
        ("at_least", 2, [False, False, True, True]),
        ("at_most", 2, [True, True, True, False]),
    ],
)
def test_a_count_is_exact_or_a_least_or_a_most(quantifier, number, held):
    assert truths(count(quantifier, number, above_1, above_2, above_3), prices(AAA=[1, 2, 3, 4])) == held


@pytest.mark.parametrize(
    ("quantifier", "held"),
    [("at_least", [None, True, True]), ("exactly", [None, None, False]), ("at_most", [True, None, False])],
)
def test_an_unknown_condition_leaves_a_count_open_only_where_it_may_decide(quantifier, held):
    assert truths(count(quantifier, 1, above_1, above_2, unknown), prices(AAA=[1, 2, 3])) == held


parts = st.lists(st.sampled_from((above_1, above_2, unknown)), min_size=1, max_size=4)


@given(parts)
def test_counting_all_is_all_of_and_counting_one_is_any_of(conditions):
    closes, number = prices(AAA=[1, 2, 3]), len(conditions)
    assert truths(count("exactly", number, *conditions), closes) == truths(all_of(*conditions), closes)
    assert truths(count("at_least", 1, *conditions), closes) == truths(any_of(*conditions), closes)


@given(parts)
def test_none_of_several_is_the_opposite_of_any_of_them(conditions):
    closes = prices(AAA=[1, 2, 3])
    opposite = {True: False, False: True, None: None}
    assert truths(count("exactly", 0, *conditions), closes) == [
        opposite[truth] for truth in truths(any_of(*conditions), closes)
    ]


# -------------------------------------------------------------------------------------------- crossings


def test_a_value_crosses_above_on_the_day_it_reaches_the_other_from_below():
    crossing = compare(price("AAA"), "crosses-above", 10)
    assert truths(crossing, prices(AAA=[9, 10, 11, 10, 9, 12])) == [False, True, False, False, False, True]


def test_a_value_crosses_below_on_the_day_it_reaches_the_other_from_above():
    crossing = compare(price("AAA"), "crosses-below", 10)
    assert truths(crossing, prices(AAA=[11, 10, 9, 10, 12, 8])) == [False, True, False, False, False, True]


def test_both_sides_of_a_crossing_may_move():
    crossing = compare(price("AAA"), "crosses-above", of("moving-average-price", "AAA", 2))
    assert truths(crossing, prices(AAA=[5, 4, 6, 7])) == [None, False, True, False]


def test_a_crossing_reads_the_session_before_and_no_further():
    crossing = compare(price("AAA"), "crosses-above", 10)
    assert truths(crossing, prices(AAA=[9, None, 11, 12])) == [False, None, None, False]
    assert lookback(crossing) == 2


# ------------------------------------------------------------------------------------------------ dates


def test_dates_hold_from_the_first_to_the_last_of_them():
    closes = prices(first=date(2016, 1, 29), AAA=[1, 1, 1, 1])  # a Friday, then Monday 1 February
    assert truths(dates((2, 1), (2, 2)), closes) == [False, True, True, False]


def test_dates_may_be_a_single_day_and_count_in_every_year():
    january_4th = dates((1, 4), (1, 4))
    assert truths(january_4th, prices(AAA=[1, 1])) == [True, False]
    assert truths(january_4th, prices(first=date(2021, 1, 4), AAA=[1, 1])) == [True, False]


def test_dates_may_run_over_the_turn_of_the_year():
    winter = dates((12, 31), (1, 1))
    assert truths(winter, prices(first=date(2015, 12, 30), AAA=[1, 1, 1, 1])) == [False, True, True, False]


def test_dates_may_have_to_hold_for_days_and_need_no_price():
    closes = prices(first=date(2016, 1, 29), AAA=[None, None, None, 1])
    assert truths(dates((2, 1), (2, 29), for_days=2), closes) == [False, False, True, True]


@given(st.dates(date(1970, 1, 1), date(2100, 12, 31)))
def test_months_and_days_are_those_of_the_calendar(day):
    assert month_days(np.array([day], dtype="datetime64[D]")).tolist() == [100 * day.month + day.day]
