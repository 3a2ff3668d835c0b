"""The gate at which our decision parts from one that was recorded for the same day."""

from trees import CASH, all_of, best, chart, compare, equal, hold, price, prices, switch, when

from rebalancer.bots.findings import ComparedValues
from rebalancer.bots.flowchart.bot import FlowchartBot

CLOSES = prices(AAA=[10, 12], BBB=[10, 11.9], CCC=[10, 8])
NEAR, FAR = compare(price("AAA"), "gt", 12.1), compare(price("BBB"), "gt", 20)


def same(one, other):
    return one == other


def parted(root, other, closes=CLOSES, rebalance="daily"):
    return FlowchartBot.of(chart(root, rebalance=rebalance)).parting(closes, len(closes.sessions) - 1, other, same)


def test_it_is_the_gate_whose_other_branch_gives_what_was_recorded_even_if_another_is_nearer_to_flipping():
    root = when(NEAR, hold("BBB"), when(FAR, hold("CCC"), hold("AAA")))
    found = parted(root, {"CCC": 1.0})
    assert found.lines == ("if Price(BBB) = 11.9, not > 20 (by 8.1)",)
    assert found.compared == (ComparedValues("Price(BBB)", 11.9, "20", 20.0),)
    assert (found.otherwise, found.gives_it) == ({"CCC": 1.0}, True)
    assert str(found.flip.flips_at) == "20.01"


def test_of_two_gates_that_give_it_the_nearer_to_flipping_is_named():
    root = when(FAR, hold("CCC"), when(NEAR, hold("CCC"), hold("AAA")))
    assert parted(root, {"CCC": 1.0}).lines == ("if Price(AAA) = 12, not > 12.1 (by 0.1)",)


def test_where_no_gate_alone_gives_it_the_one_that_could_hold_it_comes_next():
    """To CCC two gates would have to go the other way: the second is not on our way."""
    second = when(compare(price("AAA"), "gt", 11), CASH, hold("CCC"))
    root = equal(when(FAR, second, hold("AAA")), when(NEAR, hold("BBB"), hold("AAA")))
    found = parted(root, {"CCC": 1.0})
    assert found.lines == ("if Price(BBB) = 11.9, not > 20 (by 8.1)",)
    assert (found.otherwise, found.gives_it) == ({"AAA": 0.5}, False)


def test_where_none_could_the_gate_nearest_to_flipping_is_named():
    root = when(FAR, hold("BBB"), when(NEAR, hold("CCC"), hold("AAA")))
    found = parted(root, {"DDD": 1.0})
    assert found.lines == ("if Price(AAA) = 12, not > 12.1 (by 0.1)",)
    assert found.gives_it is False


def test_of_a_filter_the_last_that_is_taken_and_the_first_that_is_not_are_compared():
    root = best(1, "cumulative-return", 1, hold("AAA"), hold("BBB"), hold("CCC"))
    found = parted(root, {"BBB": 1.0})
    assert found.lines[0] == "highest 1 of 3 by Return(1)"
    assert found.lines[1].endswith(", the last taken")
    assert [round(value, 9) for value in (found.compared[0].left_value, found.compared[0].right_value)] == [20, 19]
    assert found.gives_it


def test_of_several_conditions_each_pair_of_values_is_listed():
    found = parted(when(all_of(NEAR, FAR), hold("BBB"), hold("AAA")), {"BBB": 1.0})
    assert [pair.left for pair in found.compared] == ["Price(AAA)", "Price(BBB)"]


def test_a_switch_goes_the_next_way_up_or_down():
    root = switch([NEAR, FAR], CASH, hold("BBB"), hold("CCC"))
    assert parted(root, {"BBB": 1.0}).gives_it
    assert not parted(root, {"CCC": 1.0}).gives_it


def test_without_a_gate_or_a_decision_there_is_none():
    assert parted(hold("AAA"), {"BBB": 1.0}) is None
    undefined = when(compare(price("DDD"), "gt", 1), hold("AAA"), CASH)
    assert parted(undefined, {"AAA": 1.0}, prices(AAA=[1], DDD=[None])) is None


def test_a_chart_that_trades_by_the_month_parts_on_the_day_it_last_traded():
    closes = prices(AAA=[12, 13], BBB=[11.9, 30])
    found = parted(when(FAR, hold("CCC"), hold("AAA")), {"CCC": 0.98}, replaced(closes), "monthly")
    assert found.day == closes.day(0)
    assert found.gives_it


def replaced(closes):
    """With a column for CCC."""
    return prices(AAA=closes.values[:, 0].tolist(), BBB=closes.values[:, 1].tolist(), CCC=[1, 1])
