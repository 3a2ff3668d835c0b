"""What each ticker receives, from the root of a chart down."""

import numpy as np
import pytest
from trees import best, chart, compare, constant, equal, hold, price, random_walks, specified, when

from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.ranking import MANY_DAYS, equal_parts, parts_without_ties

TICKERS = [f"T{number:02}" for number in range(40)]


def decisions(root, closes):
    return evaluate(compile_chart(chart(root)), closes).decisions


def test_where_all_days_get_the_same_they_are_one_set_of_days():
    found = decisions(specified((0.25, hold("AAA")), (0.75, hold("BBB"))), random_walks(1, 5, ["AAA", "BBB"]))
    assert found.wanted == {"AAA": [(0b11111, 0.25)], "BBB": [(0b11111, 0.75)]}


def test_of_many_children_each_keeps_the_days_on_which_it_receives_anything():
    closes = random_walks(1, 30, TICKERS)
    found = decisions(best(1, "cumulative-return", 1, *map(hold, TICKERS)), closes)
    returns = closes.values[1:] / closes.values[:-1] - 1
    np.testing.assert_array_equal(found.weights(closes.symbols)[1:].argmax(axis=1), returns.argmax(axis=1))
    assert sum(len(part.days) for parts in found.wanted.values() for part in parts) == 29


def test_a_part_that_two_branches_reach_gets_the_sum_of_both():
    basket = equal(hold("AAA"), hold("BBB"))
    root = specified((0.5, when(compare(price("AAA"), "gt", 0), basket, hold("CCC"))), (0.5, basket))
    closes = random_walks(1, 4, ["AAA", "BBB", "CCC"])
    assert decisions(root, closes).weights(closes.symbols).tolist() == [[0.5, 0.5, 0.0]] * 4


def test_two_numbers_are_compared_on_every_day():
    always = when(compare(constant(2), "gt", 1), hold("AAA"), hold("BBB"))
    never = when(compare(constant(1), "gt", 1), hold("AAA"), hold("BBB"))
    closes = random_walks(1, 3, ["AAA", "BBB"])
    assert decisions(always, closes).weights(closes.symbols).tolist() == [[1, 0]] * 3
    assert decisions(never, closes).weights(closes.symbols).tolist() == [[0, 1]] * 3


@pytest.mark.parametrize("days", [MANY_DAYS - 100, MANY_DAYS + 100])
@pytest.mark.parametrize("largest", [True, False])
def test_days_without_ties_are_ranked_as_those_with_ties(days, largest):
    scores = np.random.default_rng(1).normal(size=(6, days)).round(2)
    scores[2, ::7] = np.nan
    scores[3, ::8], scores[4, ::8] = 5.0, 5.0
    scores[5, ::8] = 5.0  # three tie for two places
    parts, others = parts_without_ties(2, scores, largest=largest)
    clear = np.delete(np.arange(days), others)
    assert clear.size > days / 2
    assert np.isnan(scores[2, others]).sum() == np.isnan(scores).sum()
    nobody = np.zeros(scores.shape, dtype=bool)
    np.testing.assert_array_equal(parts[:, clear], equal_parts(2, scores, nobody, largest=largest)[:, clear])
