"""Many charts in one table: each decides as it does alone."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import (
    CASH,
    best,
    chart,
    charts,
    compare,
    equal,
    hold,
    inverse_volatility,
    price,
    random_prices,
    random_walks,
    rsi,
    rules,
    specified,
    when,
)

from rebalancer.bots.flowchart import together
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.compile import compile_together
from rebalancer.bots.flowchart.tree import Entered, Place
from rebalancer.bots.together import decide_all

HERE = Place(None, "chart")
TICKERS = ("AAA", "BBB", "CCC")


def named(*roots):
    return {f"bot {number}": FlowchartBot.of(chart(root)) for number, root in enumerate(roots)}


def alone(bots, closes):
    return {name: bot.weights(closes).tobytes() for name, bot in bots.items()}


def in_one_call(bots, closes):
    return {name: made.weights(closes.symbols).tobytes() for name, made in decide_all(bots, closes)}


@given(st.lists(st.tuples(charts, st.one_of(st.just("daily"), rules)), min_size=2, max_size=4), random_prices())
@settings(max_examples=60)
def test_charts_decide_together_as_alone_to_the_last_bit(some, closes):
    """By whatever rule each of them rebalances."""
    made = [each._replace(rebalance=rule) for each, rule in some]
    bots = {f"bot {number}": FlowchartBot.of(each) for number, each in enumerate(made)}
    assert in_one_call(bots, closes) == alone(bots, closes)


def test_bots_of_all_kinds_keep_their_order():
    """One that remembers what it entered is asked alone, between the others."""
    remembers = Entered(compare(price("AAA"), "gt", 100), compare(price("AAA"), "lt", 90), HERE)
    bots = named(
        when(compare(rsi("AAA", 5), "gt", 50), hold("AAA"), hold("BBB")),
        equal(hold("AAA"), hold("CCC")),
        when(remembers, hold("AAA"), hold("BBB")),
        when(compare(rsi("AAA", 5), "gt", 60), hold("AAA"), hold("CCC")),
    )
    bots["bot 1"] = FlowchartBot.of(bots["bot 1"].chart._replace(rebalance="monthly"))
    closes = random_walks(3, 80, [*TICKERS, "UNREAD"])
    found = in_one_call(bots, closes)
    assert [*found] == [*bots]
    assert found == alone(bots, closes)


def test_what_two_charts_have_in_common_is_one_node():
    condition = compare(rsi("AAA", 5), "gt", 50)
    one, other = chart(when(condition, hold("AAA"), hold("BBB"))), chart(when(condition, hold("BBB"), hold("AAA")))
    program, roots = compile_together([one, other])
    assert len(program.table) == len(compile_together([one])[0].table) + 1
    assert len({root.node for root in roots}) == 2


def test_the_order_of_a_sum_does_not_depend_on_the_charts_beside():
    """AAA gets parts of three groups, and another chart has the second of them before the first."""
    first, second, third = (specified((weight, hold("AAA")), (1 - weight, hold("BBB"))) for weight in (0.1, 0.7, 0.3))
    bots = named(equal(third, second, first), equal(second, CASH), specified((0.5, first), (0.2, second), (0.3, third)))
    closes = random_walks(1, 3, TICKERS)
    assert in_one_call(bots, closes) == alone(bots, closes)


def test_more_charts_than_memory_allows_are_computed_in_groups(monkeypatch):
    monkeypatch.setattr(together, "MANY_VALUES", 4 * 60)
    roots = [best(1, "cumulative-return", window, *map(hold, TICKERS)) for window in (2, 3, 4)]
    bots, closes = named(*roots), random_walks(1, 60, TICKERS)
    assert in_one_call(bots, closes) == alone(bots, closes)


def test_a_chart_of_cash_alone_is_decided_also_where_its_split_is_undefined():
    bots = named(inverse_volatility(2, CASH, CASH), hold("AAA"))
    assert in_one_call(bots, random_walks(1, 5, ["AAA"])) == alone(bots, random_walks(1, 5, ["AAA"]))
    assert all(made.decided.all() for _, made in decide_all(bots, random_walks(1, 5, ["AAA"])))


def test_a_bot_on_its_own_is_asked_alone():
    bots, closes = named(hold("AAA")), random_walks(1, 5, ["AAA"])
    ((name, made),) = decide_all(bots, closes)
    assert name == "bot 0"
    assert made.column(closes.symbols[0]).tolist() == np.ones(5).tolist()


def test_a_chart_that_is_always_in_cash_is_unknown_until_its_condition_is():
    undecided = chart(when(compare(rsi("AAA", 5), "gt", 50), CASH, CASH))._replace(rebalance="weekly")
    bots = {"cash": FlowchartBot.of(undecided), **named(hold("AAA"))}
    closes = random_walks(1, 20, ["AAA"])
    assert in_one_call(bots, closes) == alone(bots, closes)
    assert not dict(decide_all(bots, closes))["cash"].decided[:5].any()
