import inspect
import sys
from contextlib import suppress

import pytest
from trees import (
    CASH,
    all_of,
    best,
    capped,
    chart,
    compare,
    equal,
    group,
    hold,
    inverse_volatility,
    of,
    price,
    rsi,
    specified,
    when,
)

from rebalancer.bots.flowchart.compile import compile_chart, compile_together
from rebalancer.bots.flowchart.nodes import Branch, Close, Hold, Nav, Series, TopK, operands
from rebalancer.bots.flowchart.place import Place
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.tree import Asset, Node
from rebalancer.model import Symbol


def program(root: Node) -> Program:
    return compile_chart(chart(root))


def kinds(root: Node) -> list[type]:
    return [type(node) for node in program(root).table]


def test_operands_come_before_the_nodes_that_use_them():
    gate = when(all_of(compare(rsi("AAA", 5), "gt", 50, for_days=2), compare(price("BBB"), "lt", 9)), hold("AAA"), CASH)
    table = program(best(1, "cumulative-return", 3, group("gate", gate), hold("BBB"), CASH)).table
    assert all(operand < index for index, node in enumerate(table) for operand in operands(node))


def test_equal_parts_are_compiled_once():
    def copy() -> Node:
        return when(compare(rsi("AAA", 5), "gt", 50), hold("AAA"), equal(hold("BBB"), CASH))

    once, twice = program(copy()), program(specified((0.3, copy()), (0.7, group("again", copy()))))
    assert len(twice.table) == len(once.table) + 1


@pytest.mark.parametrize(
    "wrap",
    [
        lambda child: group("named", child),
        equal,
        lambda child: specified((1.0, child)),
        lambda child: inverse_volatility(20, child),
        lambda child: best(1, "relative-strength-index", 10, child),
        lambda child: capped((1.0, child)),
    ],
)
def test_a_wrapper_of_one_child_is_that_child(wrap):
    assert program(wrap(hold("AAA"))).table == (Hold("AAA"),)


def test_a_filter_over_an_asset_uses_its_own_closes_and_over_a_group_its_simulated_history():
    root = best(1, "cumulative-return", 3, group("one", hold("AAA")), group("two", equal(hold("AAA"), CASH)))
    sources = [source for node in program(root).table if isinstance(node, Series) for source in node.sources]
    assert [type(program(root).table[source]) for source in sources] == [Close, Nav]


def test_a_filter_that_takes_all_still_scores_them_since_it_leaves_out_what_is_too_young():
    root = best(5, "cumulative-return", 3, hold("AAA"), hold("BBB"))
    filtered = program(root).table[-1]
    assert isinstance(filtered, TopK)
    assert (filtered.count, len(filtered.scores)) == (2, 2)
    assert program(best(5, "cumulative-return", 3, hold("AAA"))).table == (Hold("AAA"),)


def test_the_root_is_the_chart_itself_however_it_is_shared():
    shared = hold("AAA")
    root = when(compare(of("cumulative-return", equal(shared, CASH), 3), "gt", 0), shared, CASH)
    compiled = program(root)
    assert isinstance(compiled.table[compiled.root], Branch)


def test_symbols_are_those_held_or_read_in_order():
    root = when(compare(price("ZZZ"), "gt", 1), capped((0.5, hold("BBB")), fallback="MMM"), hold("AAA"))
    assert program(root).symbols == ("AAA", "BBB", "MMM", "ZZZ")


def test_a_price_indicator_of_a_group_is_refused():
    with pytest.raises(ValueError, match="moving-average-price needs a ticker"):
        program(when(compare(of("moving-average-price", equal(hold("AAA"), CASH), 3), "gt", 1), hold("AAA"), CASH))


# ------------------------------------------------------------------------------------------- look-back


@pytest.mark.parametrize(
    ("operand", "sessions"),
    [
        (price("AAA"), 1),
        (of("moving-average-price", "AAA", 200), 200),
        (of("cumulative-return", "AAA", 200), 201),
        (of("max-drawdown", "AAA", 200), 200),
        (rsi("AAA", 10), 11),
    ],
)
def test_the_lookback_is_enough_for_the_first_value(operand, sessions):
    assert program(when(compare(operand, "gt", 1), hold("AAA"), CASH)).lookback == sessions


def test_the_lookback_adds_up_through_days_and_simulated_history():
    gate = when(compare(rsi("AAA", 10), "gt", 50, for_days=3), hold("AAA"), CASH)
    assert program(gate).lookback == 13
    assert program(best(1, "cumulative-return", 20, gate, hold("BBB"))).lookback == 34


def test_the_warm_up_is_enough_for_rsi_and_ema_to_settle():
    assert program(when(compare(rsi("AAA", 10), "gt", 50), hold("AAA"), CASH)).warm_up == 250
    assert program(when(compare(rsi("AAA", 60), "gt", 50), hold("AAA"), CASH)).warm_up == 600
    assert program(when(compare(price("AAA"), "gt", 50), hold("AAA"), CASH)).warm_up == 1


# ---------------------------------------------------------------------------------------------- labels


def test_series_and_groups_have_short_names():
    root = when(compare(rsi(group("Bull", equal(hold("AAA"), CASH)), 10), "gt", price("AAA")), hold("AAA"), CASH)
    compiled = program(root)
    labels = [compiled.label(index) for index, node in enumerate(compiled.table) if isinstance(node, Series | Close)]
    assert labels == ['RSI("Bull",10)', "Price(AAA)"]


# ---------------------------------------------------------------------------------------------- limits


def test_an_element_of_a_chart_equals_itself_alone():
    here = Place(None, "here")
    one, other = Asset(Symbol("SPY"), here), Asset(Symbol("SPY"), here)
    assert one != other
    assert [one, other].index(other) == 1
    assert len({one, other}) == 2


def test_depth_ten_thousand_compiles():
    root: Node = hold("AAA")
    for level in range(10_000):
        root = when(compare(price("AAA"), "gt", level), group("deeper", root), hold("BBB"))
    assert kinds(root).count(Branch) == 10_000


def test_conditions_may_nest_ten_thousand_deep():
    condition = compare(price("AAA"), "gt", 1)
    for _ in range(10_000):
        condition = all_of(condition, compare(price("BBB"), "gt", 1))
    assert program(when(condition, hold("AAA"), CASH)).lookback == 1


def test_a_chart_is_the_same_at_whichever_call_it_becomes_too_deep_for_python():
    """The walk goes on from what was compiled by then: with every limit, another call is the last."""
    root = hold("AAA")
    for level in range(40):
        inner = best(1, "cumulative-return", 3, group("inner", root), equal(hold("BBB"), hold("CCC")), CASH)
        gate = all_of(
            compare(rsi("AAA", 5), "gt", level, for_days=2), compare(of("cumulative-return", inner, 5), "lt", 9)
        )
        root = when(gate, inner, inverse_volatility(20, hold("BBB"), capped((0.5, root))))
    (whole, places), usual, compiled = compile_together([chart(root)]), sys.getrecursionlimit(), 0
    try:
        for limit in range(len(inspect.stack()) + 10, 400):
            sys.setrecursionlimit(limit)
            with suppress(RecursionError):  # not even the walk has room
                found, found_places = compile_together([chart(root)])
                compiled += 1
                sys.setrecursionlimit(usual)
                assert (found.table, found.groups, found_places) == (whole.table, whole.groups, places)
    finally:
        sys.setrecursionlimit(usual)
    assert compiled > 200
