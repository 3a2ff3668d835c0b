"""Values beside indicators: of days ago, ranked, calculated, and indicators of a ratio."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import (
    CASH,
    calculated,
    chart,
    compare,
    constant,
    days_ago,
    equal,
    group,
    hold,
    of,
    price,
    prices,
    random_walks,
    rank,
    ratio,
    rsi,
    when,
)

from rebalancer.bots.flowchart.arithmetic import RANKS, percentile, stochastic
from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.tree import Chart, Operand
from rebalancer.model import Closes

NAN = math.nan


def compared(operand: Operand) -> Chart:
    return chart(when(compare(operand, "gt", 0), hold("AAA"), CASH))


def values(operand: Operand, closes: Closes) -> list[float]:
    """The value of `operand` on each day."""
    program = compile_chart(compared(operand))
    condition = program.table[program.table[program.root].condition]
    found: list[float] = evaluate(program, closes).series[condition.left].tolist()
    return found


def label(operand: Operand) -> str:
    program = compile_chart(compared(operand))
    return program.label(program.table[program.table[program.root].condition].left)


def approximately(*expected: float) -> object:
    return pytest.approx(list(expected), nan_ok=True)


def test_a_value_of_days_ago_is_the_one_of_that_session():
    assert values(days_ago(2, price("AAA")), prices(AAA=[1, 2, None, 4, 5])) == approximately(NAN, NAN, 1, 2, NAN)


def test_a_number_was_the_same_at_any_time():
    assert values(days_ago(2, constant(5)), prices(AAA=[1, 1])) == [5, 5]


def test_a_percentile_counts_the_values_up_to_the_newest():
    closes = prices(AAA=[3, 1, 2, 2, 9])
    assert values(rank("percentile", 4, price("AAA")), closes) == approximately(NAN, NAN, NAN, 75, 100)


def test_a_stochastic_is_the_place_between_the_lowest_and_the_highest():
    closes = prices(AAA=[3, 1, 2, 1, 1, 1])
    assert values(rank("stochastic", 3, price("AAA")), closes) == approximately(NAN, NAN, 50, 0, 0, NAN)


def test_a_rank_of_an_indicator_waits_for_a_whole_window_of_its_values():
    ranked = rank("percentile", 3, of("cumulative-return", "AAA", 1))
    assert values(ranked, prices(AAA=[1, 2, 3, 9])) == approximately(NAN, NAN, NAN, 100)
    assert compile_chart(compared(ranked)).lookback == 4


@pytest.mark.parametrize(
    ("operation", "operands", "expected"),
    [
        ("add", (price("AAA"), 2, price("BBB")), 16),
        ("subtract", (price("AAA"), price("BBB")), 6),
        ("multiply", (price("AAA"), 0.5, price("BBB")), 20),
        ("divide", (price("AAA"), price("BBB")), 2.5),
        ("min", (price("AAA"), 7, price("BBB")), 4),
        ("max", (price("AAA"), 7, price("BBB")), 10),
        ("abs", (calculated("subtract", price("BBB"), price("AAA")),), 6),
    ],
)
def test_values_are_calculated_with(operation, operands, expected):
    assert values(calculated(operation, *operands), prices(AAA=[10], BBB=[4])) == [expected]


def test_a_calculation_with_an_undefined_value_is_undefined():
    for operation in ("add", "multiply", "min", "max"):
        one = calculated(operation, price("AAA"), price("BBB"))
        assert values(one, prices(AAA=[1, 1], BBB=[None, 1]))[0] != 1


@pytest.mark.parametrize(
    "operands", [("divide", 1.0, 0.0), ("divide", 0.0, 0.0), ("multiply", 1e300, 1e300), ("subtract", 1e308, -1e308)]
)
def test_a_result_that_is_no_finite_number_is_undefined(operands):
    operation, *numbers = operands
    assert values(calculated(operation, *numbers), prices(AAA=[1.0])) == approximately(NAN)


def test_an_indicator_of_a_ratio_is_that_of_the_quotients_of_two_closes():
    closes = random_walks(7, 30, ("AAA", "BBB"))
    quotient = Closes(closes.sessions, ("AAA",), closes.values[:, :1] / closes.values[:, 1:])
    for function in ("relative-strength-index", "moving-average-price", "cumulative-return"):
        assert values(of(function, ratio("AAA", "BBB"), 5), closes) == approximately(
            *values(of(function, "AAA", 5), quotient)
        )


def test_both_tickers_of_a_ratio_are_read_and_neither_can_be_held():
    program = compile_chart(compared(rsi(ratio("BBB", "CCC"), 5)))
    assert program.symbols == ("AAA", "BBB", "CCC")


@pytest.mark.parametrize(
    ("operand", "text"),
    [
        (days_ago(1, rsi("AAA", 10)), "RSI(AAA,10) 1 day ago"),
        (days_ago(3, days_ago(2, price("AAA"))), "(Price(AAA) 2 days ago) 3 days ago"),
        (rank("percentile", 100, rsi("AAA", 10)), "Percentile(RSI(AAA,10),100)"),
        (calculated("add", calculated("multiply", rsi("AAA", 10), 0.9), 5), "(RSI(AAA,10) * 0.9) + 5"),
        (calculated("min", price("AAA"), price("BBB"), 7), "min(Price(AAA), Price(BBB), 7)"),
        (calculated("abs", calculated("subtract", price("AAA"), 7)), "abs(Price(AAA) - 7)"),
        (rsi(ratio("AAA", "BBB"), 10), "RSI(AAA/BBB,10)"),
        (of("current-price", ratio("AAA", "BBB")), "Price(AAA) / Price(BBB)"),
    ],
)
def test_every_value_has_a_name_on_screens(operand, text):
    assert label(operand) == text


def test_a_calculation_a_thousand_deep_is_computed_and_named():
    value = price("AAA")
    for _ in range(1_000):
        value = calculated("add", value, 1)
    assert values(value, prices(AAA=[1])) == [1001]
    assert label(value).endswith(" + 1) + 1")


def test_equal_values_are_computed_once():
    twice = calculated("add", days_ago(1, price("AAA")), days_ago(1, price("AAA")))
    labels = [type(node).__name__ for node in compile_chart(compared(twice)).table]
    assert labels.count("Earlier") == 1


def test_a_value_may_be_of_a_simulated_part():
    part = group("half", equal(hold("AAA"), CASH))
    returned = days_ago(1, of("cumulative-return", part, 1))
    assert values(returned, prices(AAA=[1, 2, 2])) == approximately(NAN, NAN, 50)


series = st.lists(st.one_of(st.floats(-100, 100), st.just(NAN), st.just(5.0)), min_size=1, max_size=30)


@given(series, st.integers(1, 8), st.sampled_from(sorted(RANKS)))
def test_a_rank_lies_between_0_and_100_and_needs_an_unbroken_window(found, window, kind):
    ranks = RANKS[kind].formula(np.array(found), window)
    for row, value in enumerate(ranks.tolist()):
        whole = found[max(row + 1 - window, 0) : row + 1]
        complete = row + 1 >= window and not any(map(math.isnan, whole))
        assert math.isnan(value) or (complete and 0 <= value <= 100)
        assert complete or math.isnan(value)


def test_a_stochastic_rank_is_not_rounded_above_100():
    assert stochastic(np.array([0.0, 10.294880974686265]), 2)[-1] == 100


@given(series, st.integers(1, 8), st.integers(0, 30))
def test_later_values_never_change_an_earlier_rank(found, window, known):
    for formula in (percentile, stochastic):
        past = formula(np.array(found[:known], dtype=np.float64), window)
        assert past.tobytes() == formula(np.array(found), window)[:known].tobytes()
