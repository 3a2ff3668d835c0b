"""What picks or mixes parts of a chart: enter and exit, a switch, a mix, shares under a condition."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import Reference
from test_evaluate import decisions
from trees import (
    CASH,
    chart,
    compare,
    entered,
    equal,
    group,
    hold,
    mixed,
    of,
    price,
    prices,
    random_prices,
    rsi,
    shared,
    switch,
    when,
)

from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.evaluate import evaluate

OVER_10, UNDER_5 = compare(price("AAA"), "gt", 10), compare(price("AAA"), "lt", 5)
LATCH = when(entered(OVER_10, UNDER_5), hold("AAA"), hold("BBB"))


def held(root, *closes):
    """What is held on each day, all of it in one ticker; "?" where the day is undefined."""
    days = decisions(root, prices(AAA=closes, BBB=[1] * len(closes)))
    return "".join("?" if day is None else next(iter(day))[0] for day in days)


# ---------------------------------------------------------------------------------------- enter and exit


def test_it_stays_entered_between_the_two_values_and_out_before_and_after():
    assert held(LATCH, 7, 11, 7, 9, 4, 7, 12, 8) == "BAAABBAA"


def test_where_both_conditions_hold_it_changes_every_day():
    always = compare(price("AAA"), "gt", 0)
    assert held(when(entered(always, always), hold("AAA"), hold("BBB")), 1, 1, 1, 1) == "ABAB"


def test_it_is_undefined_until_both_conditions_are_known():
    late = compare(of("moving-average-price", "AAA", 3), "lt", 5)
    assert held(when(entered(OVER_10, late), hold("AAA"), hold("BBB")), 11, 11, 7, 11, 3) == "??BAA"


def test_a_gap_leaves_open_whether_it_entered_until_a_day_says_the_same_of_both():
    assert held(LATCH, 7, None, 7, 7, 11, 7) == "B???AA"
    assert held(LATCH, 7, None, 7, 4, 7) == "B??BB"
    assert held(LATCH, 7, 11, None, 7, 11) == "BA??A"


def test_the_state_of_a_part_in_a_simulated_history_advances_with_it():
    root = when(compare(of("cumulative-return", group("part", LATCH), 1), "gt", 0), hold("AAA"), CASH)
    closes = prices(AAA=[11, 22, 4, 8], BBB=[1, 1, 1, 1])
    assert decisions(root, closes) == [None, {"AAA": 1}, {}, {}]


def test_a_chart_with_memory_depends_on_its_path():
    assert compile_chart(chart(equal(hold("AAA"), LATCH))).path_dependent
    assert not compile_chart(chart(when(OVER_10, hold("AAA"), CASH))).path_dependent


@given(random_prices())
def test_its_states_are_those_of_a_plain_walk(closes):
    states = entered(compare(rsi("AAA", 3), "gt", 60), compare(rsi("BBB", 4), "lt", 45))
    root = when(states, hold("AAA"), hold("BBB"))
    reference = Reference(closes)
    program = compile_chart(chart(root))
    rows = evaluate(program, closes).weights.tolist()
    for day, row in enumerate(rows):
        state = reference.entered(states, day)
        assert math.isnan(row[0]) if state is None else row == [state, not state]


def test_the_path_says_since_when_it_is_entered_and_what_would_end_it():
    bot = FlowchartBot.of(chart(LATCH))
    closes = prices(AAA=[7, 11, 7, 8], BBB=[1] * 4)
    assert bot.explain(closes, 3) == (
        "entered 2 sessions ago and not left since -> AAA 100 %",
        "  enters if Price(AAA) = 8, not > 10 (by 2)",
        "  leaves if Price(AAA) = 8, not < 5 (by 3)",
    )
    assert bot.explain(closes, 0)[0] == "not entered, or left since -> BBB 100 %"


def test_the_reason_of_an_unknown_state_is_the_day_that_made_it_unknown():
    failure = FlowchartBot.of(chart(LATCH)).decide(prices(AAA=[7, None, 7, 7], BBB=[1] * 4))
    assert failure.reason == "AAA has no close on 2016-01-05"


# ------------------------------------------------------------------------------------------------ switch

STEPS = switch([OVER_10, compare(price("AAA"), "gt", 20)], CASH, hold("BBB"), hold("AAA"))


def test_a_switch_goes_by_how_many_conditions_hold():
    assert decisions(STEPS, prices(AAA=[5, 15, 25], BBB=[1, 1, 1])) == [{}, {"BBB": 1}, {"AAA": 1}]


def test_a_switch_with_an_unknown_condition_is_undefined():
    unknown = compare(rsi("BBB", 5), "gt", 50)
    root = switch([OVER_10, unknown], hold("AAA"), hold("AAA"), CASH)
    assert decisions(root, prices(AAA=[5], BBB=[1])) == [None]
    assert FlowchartBot.of(chart(root)).decide(prices(AAA=[5], BBB=[1])).reason == (
        "RSI(BBB,5) needs 6 closes in a row, has 1 since 2016-01-04"
    )


def test_the_path_through_a_switch_counts_and_lists_its_conditions():
    lines = FlowchartBot.of(chart(STEPS)).explain(prices(AAA=[15], BBB=[1]), 0)
    assert lines == (
        "by how many of 2 conditions hold: 1 of 2 hold -> BBB 100 %",
        "  Price(AAA) = 15 > 10 (by 5)",
        "  Price(AAA) = 15, not > 20 (by 5)",
    )


# --------------------------------------------------------------------------------------------------- mix


@pytest.mark.parametrize(("first", "second"), [(30, 70), (70, 30)])
def test_a_mix_is_linear_between_its_values_and_all_of_one_beyond(first, second):
    root = mixed(price("AAA"), first, second, hold("AAA"), hold("BBB"))
    days = decisions(root, prices(AAA=[20, 30, 40, 70, 90], BBB=[1] * 5))
    up = [{"AAA": 1}, {"AAA": 1}, {"AAA": 0.75, "BBB": 0.25}, {"BBB": 1}, {"BBB": 1}]
    down = [{"BBB": 1}, {"BBB": 1}, {"AAA": 0.25, "BBB": 0.75}, {"AAA": 1}, {"AAA": 1}]
    assert days == (up if first < second else down)


def test_a_mix_by_an_undefined_value_is_undefined():
    root = mixed(rsi("AAA", 5), 30, 70, hold("AAA"), CASH)
    assert decisions(root, prices(AAA=[20])) == [None]


def test_an_undefined_part_does_no_harm_where_a_mix_holds_none_of_it():
    root = mixed(price("AAA"), 30, 70, hold("AAA"), when(compare(rsi("AAA", 9), "gt", 50), CASH, CASH))
    assert decisions(root, prices(AAA=[20, 50])) == [{"AAA": 1}, None]


def test_the_path_of_a_mix_names_its_value_and_its_ends():
    root = mixed(price("AAA"), 30, 70, hold("AAA"), hold("BBB"))
    assert FlowchartBot.of(chart(root)).explain(prices(AAA=[40], BBB=[1]), 0) == (
        "mixed by Price(AAA) = 40, from 30 to 70",
        "AAA 75 %",
        "BBB 25 %",
    )


# ------------------------------------------------------------------------------------------------ shares


def test_a_part_counts_only_where_its_condition_holds():
    root = shared((1, OVER_10, hold("AAA")), (3, None, hold("BBB")))
    assert decisions(root, prices(AAA=[11, 9], BBB=[1, 1])) == [{"AAA": 0.25, "BBB": 0.75}, {"BBB": 1}]


def test_where_no_part_counts_all_is_cash():
    root = shared((1, OVER_10, hold("AAA")), (1, OVER_10, hold("BBB")))
    assert decisions(root, prices(AAA=[9], BBB=[1])) == [{}]


@given(st.lists(st.sampled_from([1.0, 2.5, 40.0]), min_size=1, max_size=5))
def test_parts_without_conditions_are_weights(parts):
    tickers = [f"T{number}" for number in range(len(parts))]
    (day,) = decisions(
        shared(*[(part, None, hold(ticker)) for part, ticker in zip(parts, tickers, strict=True)]),
        prices(**{ticker: [1] for ticker in tickers}),
    )
    assert day == pytest.approx({t: part / sum(parts) for t, part in zip(tickers, parts, strict=True)})


def test_the_path_of_shares_lists_the_conditions_and_what_counts():
    root = shared((1, OVER_10, hold("AAA")), (1, None, hold("BBB")))
    assert FlowchartBot.of(chart(root)).explain(prices(AAA=[9], BBB=[1]), 0) == (
        "2 parts, 1 of them only where a condition holds: 0 of 1 hold",
        "  Price(AAA) = 9, not > 10 (by 1)",
        "BBB 100 %",
    )
