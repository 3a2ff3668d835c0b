"""Filters that weight what they take, and filters that score the tickers of a part instead of its history."""

import numpy as np
import pytest
from test_evaluate import decisions
from trees import CASH, best, chart, compare, equal, hold, price, prices, pro_volatility, random_walks, when

from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.nodes import InverseVol, ProVol
from rebalancer.bots.flowchart.tree import ByRank, ByVolatility

THREE = hold("AAA"), hold("BBB"), hold("CCC")
RISING = prices(AAA=[1, 2], BBB=[1, 3], CCC=[1, 1])


def test_pro_volatility_weighs_the_wilder_asset_more():
    calm, wild = [100, 101, 100, 101], [100, 110, 100, 110]
    last = decisions(pro_volatility(3, hold("AAA"), hold("BBB")), prices(AAA=calm, BBB=wild))[-1]
    deviation = {"AAA": np.std([0.01, -1 / 101, 0.01]), "BBB": np.std([0.1, -1 / 11, 0.1])}
    assert last["BBB"] / last["AAA"] == pytest.approx(deviation["BBB"] / deviation["AAA"])


def test_an_asset_that_never_moves_leaves_pro_volatility_undefined():
    root = pro_volatility(2, hold("AAA"), hold("BBB"))
    assert decisions(root, prices(AAA=[1, 1, 1], BBB=[1, 2, 3])) == [None, None, None]


def test_ranks_weight_the_best_first():
    ranks = ByRank((0.75, 0.25))
    assert decisions(best(2, "cumulative-return", 1, *THREE, weighting=ranks), RISING)[1] == {"BBB": 0.75, "AAA": 0.25}
    worst = best(2, "cumulative-return", 1, *THREE, side="bottom", weighting=ranks)
    assert decisions(worst, RISING)[1] == {"CCC": 0.75, "AAA": 0.25}


def test_ranks_weigh_all_where_all_are_taken_and_fewer_by_their_share():
    all_three = best(3, "cumulative-return", 1, *THREE, weighting=ByRank((0.5, 0.3, 0.2)))
    assert decisions(all_three, RISING) == [None, {"BBB": 0.5, "AAA": 0.3, "CCC": 0.2}]
    two = best(3, "cumulative-return", 1, *THREE[:2], weighting=ByRank((0.5, 0.3, 0.2)))
    assert decisions(two, RISING)[1] == pytest.approx({"BBB": 0.625, "AAA": 0.375})


@pytest.mark.parametrize("inverse", [True, False])
def test_a_filter_by_volatility_weights_only_what_it_takes(inverse):
    closes = random_walks(3, 9, ["AAA", "BBB", "CCC"])
    closes.values[:, 0] = np.linspace(50, 20, 9)  # the worst, and out
    chosen = best(2, "cumulative-return", 5, *THREE, weighting=ByVolatility(5, inverse))
    pair = best(2, "cumulative-return", 5, *THREE[1:], weighting=ByVolatility(5, inverse))
    assert decisions(chosen, closes)[-1] == pytest.approx(decisions(pair, closes)[-1])
    kind = InverseVol if inverse else ProVol
    assert any(isinstance(node, kind) for node in compile_chart(chart(pair)).table)


def test_the_volatility_of_what_is_not_taken_may_be_undefined():
    closes = prices(AAA=[1, 2, 3, 7], BBB=[1, 2, 4, 9], CCC=[None, None, 5, 5])
    root = best(2, "cumulative-return", 1, *THREE, weighting=ByVolatility(3, inverse=True))
    assert set(decisions(root, closes)[-1]) == {"AAA", "BBB"}


def test_the_score_of_tickers_is_their_plain_mean_whatever_is_held():
    switch = when(compare(price("AAA"), "gt", 99), hold("AAA"), hold("BBB"))
    root = best(1, "cumulative-return", 1, switch, hold("CCC"), score_of="tickers")
    # BBB alone is held, and lost; the mean of AAA and BBB is +40 %, ahead of CCC.
    assert decisions(root, prices(AAA=[1, 2], BBB=[10, 8], CCC=[10, 12]))[1] == {"BBB": 1}


def test_a_ticker_that_stands_twice_in_a_part_counts_once():
    root = best(
        1, "cumulative-return", 1, equal(hold("AAA"), hold("AAA"), hold("BBB")), hold("CCC"), score_of="tickers"
    )
    # AAA doubled, BBB stood still: +50 %, not +66.7 %.
    assert decisions(root, prices(AAA=[1, 2], BBB=[1, 1], CCC=[10, 16]))[1] == {"CCC": 1}


def test_tickers_may_be_ranked_by_price_where_a_history_has_none():
    root = best(1, "current-price", None, equal(hold("AAA"), hold("BBB")), hold("CCC"), score_of="tickers")
    assert decisions(root, prices(AAA=[1], BBB=[9], CCC=[4]))[0] == {"AAA": 0.5, "BBB": 0.5}


def test_a_part_without_tickers_has_no_such_score():
    with pytest.raises(ValueError, match="no score of its tickers"):
        compile_chart(chart(best(1, "cumulative-return", 1, CASH, hold("AAA"), score_of="tickers")))


@pytest.mark.parametrize(
    ("weighting", "line"),
    [
        (ByRank((0.75, 0.25)), "highest 2 of 3 by Return(1), weighted 75 %, 25 %"),
        (ByVolatility(2, inverse=True), "highest 2 of 3 by Return(1), weighted by 1 / StdReturn(2)"),
        (ByVolatility(2, inverse=False), "highest 2 of 3 by Return(1), weighted by StdReturn(2)"),
    ],
)
def test_the_path_says_how_what_is_taken_is_weighted(weighting, line):
    bot = FlowchartBot.of(chart(best(2, "cumulative-return", 1, *THREE, weighting=weighting)))
    assert bot.explain(random_walks(1, 5, ["AAA", "BBB", "CCC"]), 4)[0] == line


def test_a_missing_volatility_is_the_reason():
    root = best(2, "cumulative-return", 1, *THREE, weighting=ByVolatility(3, inverse=True))
    assert FlowchartBot.of(chart(root)).decide(RISING).reason == (
        "StdReturn(AAA,3) needs 4 closes in a row, has 2 since 2016-01-04"
    )
