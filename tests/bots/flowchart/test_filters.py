"""What a filter takes: by score, ties in the order of the file, and without what is too young to be scored."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import in_order as plainly_in_order
from reference import too_young
from trees import best, chart, compare, equal, group, hold, price, prices, when

from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.ranking import equal_parts, in_order, too_short
from rebalancer.bots.flowchart.tree import Node
from rebalancer.model import Allocation, BotFailure, Closes, Decision

ONE_DAY = "cumulative-return", 1


def decisions(root: Node, closes: Closes) -> list[dict[str, float] | None]:
    """The weights of each day by ticker, None where the day is undefined."""
    program = compile_chart(chart(root))
    rows = evaluate(program, closes).weights.tolist()
    return [
        None if math.isnan(sum(row)) else {t: w for t, w in zip(program.symbols, row, strict=True) if w > 0}
        for row in rows
    ]


def path(root: Node, closes: Closes) -> list[str]:
    program = compile_chart(chart(root))
    bot = FlowchartBot("bot", chart(root), program)
    return list(bot.explain(closes, len(closes.sessions) - 1))


def tonight(root: Node, closes: Closes) -> Decision:
    evening = Closes(closes.sessions, closes.symbols, closes.values, provisional=True)
    return FlowchartBot.of(chart(root), "bot").decide(evening)


# ------------------------------------------------------------------------------------------ by score


def test_a_filter_takes_the_highest_or_the_lowest():
    closes = prices(AAA=[1, 2], BBB=[1, 3], CCC=[1, 1])
    children = [hold("AAA"), hold("BBB"), hold("CCC")]
    assert decisions(best(1, *ONE_DAY, *children), closes)[-1] == {"BBB": 1}
    assert decisions(best(2, *ONE_DAY, *children), closes)[-1] == {"AAA": 0.5, "BBB": 0.5}
    assert decisions(best(1, *ONE_DAY, *children, side="bottom"), closes)[-1] == {"CCC": 1}


def test_a_filter_may_rank_tickers_by_price():
    root = best(1, "current-price", None, hold("AAA"), hold("BBB"), side="bottom")
    assert decisions(root, prices(AAA=[5, 6], BBB=[7, 4])) == [{"AAA": 1}, {"BBB": 1}]


def test_a_group_in_a_filter_is_scored_by_its_own_history():
    switch = when(compare(price("AAA"), "gt", 1.5), hold("BBB"), hold("AAA"))
    closes = prices(AAA=[1, 2, 2, 2], BBB=[1, 1, 3, 3], CCC=[1, 1, 5, 5])
    root = best(1, "cumulative-return", 2, group("switch", switch), hold("CCC"))
    # The switch doubled in AAA, then tripled in BBB: +500 % in two days, ahead of CCC's +400 %.
    assert decisions(root, closes)[2] == {"BBB": 1}


def test_a_filter_of_one_child_has_nothing_to_choose_and_needs_no_score():
    assert decisions(best(1, *ONE_DAY, hold("AAA")), prices(AAA=[1])) == [{"AAA": 1}]


# ---------------------------------------------------------------------------------------------- ties


@pytest.mark.parametrize("side", ["top", "bottom"])
def test_ties_in_a_filter_keep_the_order_of_the_file(side):
    closes = prices(AAA=[1, 2], BBB=[1, 2], CCC=[1, 2])
    root = best(2, *ONE_DAY, hold("CCC"), hold("AAA"), hold("BBB"), side=side)
    assert decisions(root, closes)[-1] == {"CCC": 0.5, "AAA": 0.5}


@pytest.mark.parametrize("side", ["top", "bottom"])
@pytest.mark.parametrize("order", ["AB", "BA"])
def test_scores_that_differ_by_rounding_alone_keep_the_order_of_the_file(side, order):
    """The same return of 10 %, on prices that round differently."""
    closes = prices(AAA=[1, 1.1], BBB=[3, 3.3])
    assert closes.values[1, 0] / closes.values[0, 0] != closes.values[1, 1] / closes.values[0, 1]
    first, second = (hold(letter * 3) for letter in order)
    assert decisions(best(1, *ONE_DAY, first, second, side=side), closes)[-1] == {order[0] * 3: 1}


def test_a_tie_reaches_as_far_as_its_first_member_so_that_no_chain_of_small_steps_grows():
    third, second, first = 7 * (1 - 1.8e-9), 7 * (1 - 0.9e-9), 7.0
    scores = np.array([[third], [second], [first]])
    assert in_order(1, scores, largest=True)[:, 0].tolist() == [1, 2, 0]
    assert in_order(2, scores, largest=True)[:2, 0].tolist() in ([1, 2], [2, 1])


def test_scores_around_0_tie_within_a_billionth_of_a_millionth():
    near, far = np.array([[-4e-16], [4e-16]]), np.array([[-4e-15], [4e-15]])
    assert in_order(1, near, largest=True)[:, 0].tolist() == [0, 1]
    assert in_order(1, far, largest=True)[:, 0].tolist() == [1, 0]


def _nearly(base: float) -> st.SearchStrategy[float]:
    return st.integers(-4, 4).map(lambda steps: base * (1 + steps * 0.4e-9))


@given(
    st.lists(st.sampled_from((-3.0, 0.0, 1e-7, 50.0, 100.0)).flatmap(_nearly), min_size=2, max_size=9),
    st.booleans(),
    st.data(),
)
def test_what_is_taken_is_what_taking_tie_by_tie_takes(scores, largest, data):
    count = data.draw(st.integers(1, len(scores)))
    taken = in_order(count, np.array(scores)[:, np.newaxis], largest=largest)[:count, 0].tolist()
    assert set(taken) == set(plainly_in_order([*range(len(scores))], scores, from_the_top=largest)[:count])
    column = np.array(scores)[:, np.newaxis]
    parts = equal_parts(count, column, np.zeros_like(column, dtype=bool), largest=largest)
    assert set(np.flatnonzero(parts[:, 0])) == set(taken)


def test_a_tie_that_decided_is_shown_as_one():
    closes = prices(AAA=[1, 1.1], BBB=[3, 3.3], CCC=[1, 1])
    assert path(best(1, *ONE_DAY, hold("BBB"), hold("AAA"), hold("CCC")), closes) == [
        "highest 1 of 3 by Return(1)",
        "  BBB = 10 -> 100 % (a tie: the order of the file decides)",
        "  AAA = 10 (a tie: the order of the file decides)",
        "  CCC = 0",
    ]


def test_a_tie_within_what_is_taken_decides_nothing_and_is_not_shown():
    closes = prices(AAA=[1, 1.1], BBB=[3, 3.3], CCC=[1, 1])
    lines = path(best(2, *ONE_DAY, hold("BBB"), hold("AAA"), hold("CCC")), closes)
    assert not any("tie" in line for line in lines)


# ------------------------------------------------------------------------------- too short a history


def test_a_child_whose_history_is_too_short_is_left_out_until_it_is_long_enough():
    closes = prices(AAA=[1, 2, 3, 4], BBB=[None, None, 1, 9])
    root = best(1, *ONE_DAY, hold("AAA"), hold("BBB"))
    assert decisions(root, closes) == [None, {"AAA": 1}, {"AAA": 1}, {"BBB": 1}]


def test_fewer_than_the_filter_takes_share_all_of_it():
    closes = prices(AAA=[1, 2], BBB=[None, 1], CCC=[1, 3])
    root = best(2, *ONE_DAY, hold("AAA"), hold("BBB"), hold("CCC"))
    assert decisions(root, closes)[-1] == {"AAA": 0.5, "CCC": 0.5}
    assert decisions(best(3, *ONE_DAY, hold("AAA"), hold("BBB")), closes)[-1] == {"AAA": 1}


def test_a_filter_is_undefined_where_no_child_is_left():
    closes = prices(AAA=[1, 2], BBB=[None, 1])
    assert decisions(best(1, "cumulative-return", 2, hold("AAA"), hold("BBB")), closes) == [None, None]


@pytest.mark.parametrize("bbb", [[1, 2, 3, None], [1, None, 3, 3], [None, 2, None, 3]])
def test_a_missing_close_is_no_short_history_and_leaves_the_filter_undefined(bbb):
    root = best(1, "cumulative-return", 2, hold("AAA"), hold("BBB"))
    assert decisions(root, prices(AAA=[1, 2, 3, 4], BBB=bbb))[-1] is None


def test_a_missing_close_does_no_harm_where_all_that_is_left_is_taken():
    closes = prices(AAA=[1, 2, 3], BBB=[1, 2, None], CCC=[None, None, 1])
    root = best(2, *ONE_DAY, hold("AAA"), hold("BBB"), hold("CCC"))
    assert decisions(root, closes)[-1] == {"AAA": 0.5, "BBB": 0.5}


def test_a_group_is_left_out_while_its_simulated_history_is_too_short():
    late = group("late", equal(hold("BBB"), hold("CCC")))
    closes = prices(AAA=[1, 2, 3, 4, 5], BBB=[1, 1, 1, 9, 81], CCC=[None, None, 1, 9, 81])
    found = decisions(best(1, *ONE_DAY, hold("AAA"), late), closes)
    assert found == [None, {"AAA": 1}, {"AAA": 1}, *[{"BBB": 0.5, "CCC": 0.5}] * 2]


def test_a_group_that_wanted_a_ticker_before_its_first_close_is_too_young_too():
    late = group("late", when(compare(price("GATE"), "gt", 0.5), hold("CCC"), hold("BBB")))
    closes = prices(
        AAA=[1] * 6, BBB=[1, 2, 4, 8, 16, 32], CCC=[None] * 3 + [1, 1, 1], GATE=[0.1, 0.1, 1, 0.1, 0.1, 0.1]
    )
    found = decisions(best(1, *ONE_DAY, hold("AAA"), late), closes)
    # What CCC did into day 3 is unknown. From day 4 on the group has a value again, on day 5 its return.
    assert found[3:] == [{"AAA": 1}, {"AAA": 1}, {"BBB": 1}]


def test_a_group_whose_rule_needs_a_late_ticker_is_left_out_until_it_has_a_value():
    late = group("late", when(compare(price("CCC"), "gt", 0), hold("BBB"), hold("AAA")))
    closes = prices(AAA=[1, 2, 3, 4], BBB=[1, 5, 25, 125], CCC=[None, None, 1, 1])
    assert decisions(best(1, *ONE_DAY, hold("AAA"), late), closes) == [None, {"AAA": 1}, {"AAA": 1}, {"BBB": 1}]


def test_a_group_with_a_missing_close_leaves_the_filter_undefined():
    pair = group("pair", equal(hold("BBB"), hold("CCC")))
    closes = prices(AAA=[1, 2, 3, 4], BBB=[1, 1, 1, 1], CCC=[1, 1, 1, None])
    assert decisions(best(1, *ONE_DAY, hold("AAA"), pair), closes)[1:] == [{"AAA": 1}, {"AAA": 1}, None]


@given(st.lists(st.sampled_from((1.0, math.nan)), min_size=1, max_size=12), st.integers(1, 4), st.integers(0, 12))
def test_too_short_means_fewer_values_than_needed_and_none_missing_since_all_exists(history, needed, complete):
    marks = too_short(np.array(history), needed, complete).tolist()
    assert marks == [too_young(history[: day + 1], needed, complete) for day in range(len(history))]


# ------------------------------------------------------------------------------------ in the evening


def test_the_path_and_a_warning_name_what_is_left_out_and_why():
    root = best(1, *ONE_DAY, hold("AAA"), hold("BBB"))
    decision = tonight(root, prices(AAA=[1, 2], BBB=[None, 1]))
    assert isinstance(decision, Allocation)
    reason = "Return(BBB,1) needs 2 closes in a row, has 1 since 2016-01-05"
    assert decision.weights == {"AAA": 1}
    assert decision.path == ("highest 1 of 2 by Return(1)", "  AAA = 100 -> 100 %", f"  BBB is left out: {reason}")
    assert decision.warnings[0] == f"the highest 1 of 2 by Return(1) leave out BBB: {reason}"


def test_without_a_price_tonight_nothing_is_left_out_and_the_bot_fails_by_name():
    root = best(1, *ONE_DAY, hold("AAA"), hold("BBB"))
    for never_or_once in ([None, None], [1, None]):
        decision = tonight(root, prices(AAA=[1, 2], BBB=never_or_once))
        assert isinstance(decision, BotFailure)
        assert decision.reason.startswith("BBB has no ")


def test_a_group_without_a_price_tonight_is_not_left_out_either():
    late = group("late", when(compare(price("CCC"), "gt", 0), hold("BBB"), hold("AAA")))
    decision = tonight(best(1, *ONE_DAY, hold("AAA"), late), prices(AAA=[1, 2], BBB=[1, 2], CCC=[None, None]))
    assert isinstance(decision, BotFailure)
    assert decision.reason.startswith("CCC has no price tonight")


def test_what_a_filter_off_the_way_leaves_out_is_not_warned_of():
    choice = best(1, *ONE_DAY, hold("AAA"), hold("BBB"))
    root = when(compare(price("AAA"), "gt", 1), hold("AAA"), choice)
    decision = tonight(root, prices(AAA=[1, 2], BBB=[None, 1]))
    assert isinstance(decision, Allocation)
    assert not any("leave out" in warning for warning in decision.warnings)
