"""Each flip is checked by the whole engine: it decides the closes again, with the last price replaced."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from trees import (
    CASH,
    PRICE_FUNCTIONS,
    RETURN_FUNCTIONS,
    all_of,
    any_of,
    best,
    calculated,
    chart,
    charts,
    compare,
    dates,
    days_ago,
    entered,
    equal,
    group,
    hold,
    mixed,
    of,
    parameters_of,
    price,
    prices,
    random_prices,
    random_walks,
    rank,
    rsi,
    shared,
    specified,
    switch,
    when,
)

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.explain import steps
from rebalancer.bots.flowchart.flip import MOST_GATES, flips, ticks_of
from rebalancer.bots.flowchart.indicators import INDICATORS
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.rule import Threshold
from rebalancer.bots.flowchart.splits import fractions
from rebalancer.bots.flowchart.tree import Chart, Node
from rebalancer.bots.flowchart.what_if import Context, WhatIf
from rebalancer.model import Allocation, Closes, Flip, Symbol

AAA, BBB, CCC = Symbol("AAA"), Symbol("BBB"), Symbol("CCC")


def found(root: Node | Chart, closes: Closes) -> list[tuple[Flip, nodes.Node]]:
    """Each flip with the gate it belongs to."""
    program = compile_chart(root if isinstance(root, Chart) else chart(root))
    evaluation = evaluate(program, closes, len(closes.sessions) - 1)
    path = steps(program, closes, evaluation, len(closes.sessions) - 1)
    gates = [program.table[line.gate] for line in path if line.gate is not None]
    return list(zip(flips(program, closes, evaluation, path), gates, strict=True))


def flips_of(whole: Chart, closes: Closes) -> list[tuple[int, tuple[str, str]]]:
    bot = FlowchartBot.of(whole)
    decision = bot.decide(closes)
    assert isinstance(decision, Allocation)
    return [(flip.step, price_of(flip)) for flip in bot.flips(closes, decision)]


def only(root: Node, closes: Closes) -> Flip:
    ((flip, _),) = found(root, closes)
    return flip


def price_of(flip: Flip) -> tuple[str, str]:
    return str(flip.symbol), str(flip.flips_at)


def at(closes: Closes, symbol: Symbol, price: float) -> Closes:
    values = closes.values.copy()
    values[-1, closes.symbols.index(symbol)] = price
    return replace(closes, values=values)


def choice(program: Program, gate: nodes.Node, closes: Closes) -> list[float]:
    """What the gate gives each of its children on the last day, by the whole engine; undefined is -1."""
    assert isinstance(gate, nodes.Split)
    evaluation = evaluate(program, closes, -1)
    return np.nan_to_num(fractions(gate, evaluation, np.array([-1]))[:, 0], nan=-1).tolist()


def test_a_price_above_a_number_flips_where_it_is_no_longer_above_it():
    over = when(compare(price("AAA"), "gt", 10), hold("AAA"), CASH)
    assert only(over, prices(AAA=[10.32])) == Flip(0, AAA, Decimal("10.32"), Decimal("10.00"))
    not_under = when(compare(price("AAA"), "gte", 10), hold("AAA"), CASH)
    assert only(not_under, prices(AAA=[10.32])).flips_at == Decimal("9.99")


def test_the_nearer_of_up_and_down_is_named():
    outside = any_of(compare(price("AAA"), "lt", 9), compare(price("AAA"), "gt", 10.2))
    root = when(outside, hold("AAA"), CASH)
    assert price_of(only(root, prices(AAA=[10]))) == ("AAA", "10.21")
    assert price_of(only(root, prices(AAA=[9.3]))) == ("AAA", "8.99")


def test_the_move_is_a_fraction_of_the_present_price():
    root = when(compare(price("AAA"), "gt", 10), hold("AAA"), CASH)
    assert only(root, prices(AAA=[12.5])).move == Decimal("-0.2")


def test_a_comparison_of_two_tickers_names_the_one_that_has_to_move_less():
    """9.1 % down are less than 10 % up."""
    left, right = of("cumulative-return", "AAA", 1), of("cumulative-return", "BBB", 1)
    above, below = (when(compare(left, comparator, right), CASH, CASH) for comparator in ("gt", "lt"))
    assert price_of(only(above, prices(AAA=[10, 11], BBB=[10, 10]))) == ("AAA", "10.00")
    assert price_of(only(below, prices(AAA=[10, 10], BBB=[10, 11]))) == ("BBB", "10.00")


def test_both_sides_may_depend_on_the_same_price():
    """(8 + p) / 2 > p first at 7.99."""
    root = when(compare(price("AAA"), "gte", of("moving-average-price", "AAA", 2)), hold("AAA"), CASH)
    assert price_of(only(root, prices(AAA=[8, 9]))) == ("AAA", "7.99")


def test_calculated_values_move_with_what_they_are_calculated_from():
    two_more = when(compare(calculated("add", price("AAA"), 2.0), "gt", 12), hold("AAA"), CASH)
    assert price_of(only(two_more, prices(AAA=[10.5]))) == ("AAA", "10.00")
    near_ten = compare(calculated("abs", calculated("subtract", price("AAA"), 10.0)), "lt", 1)
    assert price_of(only(when(near_ten, hold("AAA"), CASH), prices(AAA=[10.75]))) == ("AAA", "11.00")


def test_a_rank_moves_with_the_last_price_among_the_earlier_ones():
    """A third of the prices are at most the last one once it is below both others."""
    root = when(compare(rank("percentile", 3, price("AAA")), "gt", 50), hold("AAA"), CASH)
    assert price_of(only(root, prices(AAA=[8, 9, 10]))) == ("AAA", "7.99")


def test_what_was_days_ago_and_the_date_itself_flip_at_no_price():
    assert (
        only(when(compare(days_ago(1, price("AAA")), "gt", 9), hold("AAA"), CASH), prices(AAA=[10, 8])).symbol is None
    )
    in_january = all_of(dates((1, 1), (1, 31)), compare(price("AAA"), "gt", 10))
    assert price_of(only(when(in_january, hold("AAA"), CASH), prices(AAA=[11]))) == ("AAA", "10.00")


def test_of_several_days_only_the_last_can_still_flip():
    root = when(compare(price("AAA"), "gt", 10, for_days=3), hold("AAA"), CASH)
    assert price_of(only(root, prices(AAA=[11, 11, 9]))) == ("AAA", "10.01")
    assert price_of(only(root, prices(AAA=[11, 11, 12]))) == ("AAA", "10.00")
    assert only(root, prices(AAA=[11, 9, 9])).symbol is None


def test_of_more_days_than_there_are_nothing_is_known_at_any_price():
    root = when(any_of(compare(price("AAA"), "gt", 10), compare(price("AAA"), "gt", 1, for_days=5)), hold("AAA"), CASH)
    assert price_of(only(root, prices(AAA=[11, 11, 11]))) == ("AAA", "10.00")
    assert only(root, prices(AAA=[11] * 5)).symbol is None


def test_only_the_condition_as_a_whole_counts():
    both = all_of(compare(price("AAA"), "gt", 10), compare(price("BBB"), "gt", 10))
    root = when(both, hold("AAA"), CASH)
    assert price_of(only(root, prices(AAA=[9.9], BBB=[11]))) == ("AAA", "10.01")
    never = only(root, prices(AAA=[9.9], BBB=[9]))
    assert never.symbol is None
    assert never.why == "no price of AAA or BBB alone, from half of the present one to twice that, flips it"


@pytest.mark.parametrize("band", [1e-2, 0.5, 3.0])
def test_a_narrow_band_between_two_conditions_is_not_missed(band):
    within = all_of(compare(price("AAA"), "gt", 110), compare(price("AAA"), "lte", 110 + band))
    assert price_of(only(when(within, hold("AAA"), CASH), prices(AAA=[80]))) == ("AAA", "110.01")


def test_a_filter_flips_where_its_choice_changes():
    root = best(1, "cumulative-return", 1, hold("AAA"), hold("BBB"), hold("CCC"))
    closes = prices(AAA=[10, 11], BBB=[10, 10.9], CCC=[10, 10])
    assert price_of(only(root, closes)) == ("AAA", "10.89")
    closes = prices(AAA=[10, 11], BBB=[100, 109.95], CCC=[10, 10])
    assert price_of(only(root, closes)) == ("BBB", "110.01")


def test_what_a_filter_keeps_either_way_is_no_flip():
    root = best(2, "cumulative-return", 1, hold("AAA"), hold("BBB"), hold("CCC"))
    closes = prices(AAA=[10, 12], BBB=[10, 11.9], CCC=[10, 8])
    assert price_of(only(root, closes)) == ("BBB", "7.99")


def test_a_part_of_the_chart_moves_with_what_it_held_the_day_before():
    part = group("Part", specified((0.5, hold("BBB")), (0.5, CASH)))
    root = when(compare(of("cumulative-return", part, 1), "gt", 1.01), hold("AAA"), CASH)
    assert price_of(only(root, prices(AAA=[1, 1], BBB=[10, 11]))) == ("BBB", "10.20")


def test_every_gate_of_the_path_has_its_flip_in_order():
    inner = best(1, "cumulative-return", 1, hold("AAA"), hold("BBB"))
    root = equal(when(compare(price("BBB"), "gt", 10), inner, CASH), when(compare(price("AAA"), "gt", 9), CASH, inner))
    closes = prices(AAA=[10, 11], BBB=[10, 10.9])
    assert [(flip.step, price_of(flip)) for flip, _ in found(root, closes)] == [
        (1, ("BBB", "10.00")),
        (2, ("AAA", "10.89")),
        (6, ("AAA", "9.00")),
    ]


def test_a_switch_flips_where_the_number_of_conditions_that_hold_changes():
    root = switch([compare(price("AAA"), "gt", 10), compare(price("BBB"), "gt", 10)], CASH, hold("AAA"), hold("BBB"))
    assert price_of(only(root, prices(AAA=[11], BBB=[9]))) == ("AAA", "10.00")
    assert price_of(only(root, prices(AAA=[14], BBB=[9]))) == ("BBB", "10.01")


def test_shares_under_a_condition_flip_where_another_part_counts():
    root = shared((1, compare(price("AAA"), "gt", 10), hold("AAA")), (3, None, hold("BBB")))
    assert price_of(only(root, prices(AAA=[9], BBB=[1]))) == ("AAA", "10.01")


def test_of_enter_and_exit_only_the_condition_that_could_change_it_flips():
    root = when(entered(compare(price("AAA"), "gt", 10), compare(price("AAA"), "lt", 5)), hold("AAA"), hold("BBB"))
    out, inside = prices(AAA=[7, 8], BBB=[1, 1]), prices(AAA=[11, 8], BBB=[1, 1])
    assert price_of(only(root, out)) == ("AAA", "10.01")
    assert price_of(only(root, inside)) == ("AAA", "4.99")
    assert price_of(only(root, prices(AAA=[8], BBB=[1]))) == ("AAA", "10.01")


def test_nothing_flips_a_mix():
    root = mixed(price("AAA"), 30, 70, hold("AAA"), hold("BBB"))
    assert only(root, prices(AAA=[40], BBB=[1])) == Flip(
        0, why="a mix: prices change its parts little by little, and none flips it"
    )


def test_weights_by_volatility_and_fixed_ones_are_no_gates():
    assert found(equal(hold("AAA"), CASH), prices(AAA=[1])) == []


def test_a_price_under_a_dollar_is_in_smaller_steps():
    root = when(compare(price("AAA"), "gt", 0.5), hold("AAA"), CASH)
    assert price_of(only(root, prices(AAA=[0.51234]))) == ("AAA", "0.5000")


@pytest.mark.parametrize(
    ("price", "ticks"),
    [
        (512.44, (2, 51244, 51244)),
        (512.4444, (2, 51244, 51245)),
        (1.0, (2, 100, 100)),
        (0.99, (4, 9900, 9900)),
        (0.00012345, (7, 1234, 1235)),
        (1e12, (2, 10**14, 10**14)),
    ],
)
def test_ticks_are_cents_or_finer(price, ticks):
    assert ticks_of(price) == ticks


def test_a_condition_of_an_unknown_kind_is_not_computed_and_says_so():
    program = compile_chart(chart(when(compare(price("AAA"), "gt", 1), hold("AAA"), CASH)))
    closes = prices(AAA=[2])
    evaluation = evaluate(program, closes)
    path = steps(program, closes, evaluation, 0)
    table = tuple(nodes.Uninvested() if isinstance(node, nodes.Inequality) else node for node in program.table)
    (flip,) = flips(replace(program, table=table), closes, evaluation, path)
    assert flip == Flip(0, why="not computed for a node of the kind Uninvested")


def test_after_so_many_gates_the_others_are_named_as_not_computed():
    root: Node = hold("AAA")
    for level in range(MOST_GATES + 2):
        root = when(compare(price("AAA"), "gt", level), group("deeper", root), CASH)
    last = [flip for flip, _ in found(root, prices(AAA=[1e6]))][-2:]
    assert {flip.why for flip in last} == {f"not computed: only the first {MOST_GATES} gates are"}


@given(charts, random_prices())
def test_the_whole_engine_decides_otherwise_at_the_price_and_not_one_tick_nearer(random_chart, closes):
    program = compile_chart(random_chart)
    for flip, gate in found(random_chart, closes):
        before = choice(program, gate, closes)
        if flip.symbol is None or flip.flips_at is None or flip.price is None:
            assert flip.why
            continue
        tick = Decimal(1).scaleb(flip.flips_at.as_tuple().exponent)
        nearer = flip.flips_at + (tick if flip.flips_at < flip.price else -tick)
        assert choice(program, gate, at(closes, flip.symbol, float(flip.flips_at))) != before
        if abs(nearer - flip.price) < abs(flip.flips_at - flip.price):
            assert choice(program, gate, at(closes, flip.symbol, float(nearer))) == before


@given(charts, random_prices(), st.sampled_from((0.5, 0.7, 0.8, 0.9, 0.97, 0.99, 1.01, 1.03, 1.1, 1.2, 1.3, 1.7, 2)))
def test_nothing_flips_nearer_than_the_reported_price(random_chart, closes, factor):
    """At the ends of the steps, by the whole engine, for every ticker."""
    program = compile_chart(random_chart)
    for flip, gate in found(random_chart, closes):
        if flip.why.startswith(("not computed", "a mix")):
            continue
        for symbol in program.symbols:
            now = closes.values[-1, closes.symbols.index(symbol)]
            if abs(factor - 1) < abs(flip.move if flip.move is not None else 1) - Decimal("0.01") and now > 0:
                decimals, *_ = ticks_of(now)
                moved = at(closes, symbol, round(now * factor, decimals))
                assert choice(program, gate, moved) == choice(program, gate, closes)


MONOTONE = ("current-price", "moving-average-price", "exponential-moving-average-price", "cumulative-return")


@settings(max_examples=25)
@given(
    st.sampled_from((*MONOTONE, "moving-average-return", "relative-strength-index", "max-drawdown")),
    st.integers(2, 12),
    st.integers(0, 2**32 - 1),
    st.floats(0.9, 1.1),
)
def test_of_all_prices_from_half_to_double_it_is_the_nearest(function, window, seed, factor):
    """By brute force: every cent, by the whole engine. Prices are of 2 dollars, so that there are few."""
    closes = random_walks(seed, 30, ("AAA",))
    closes = replace(closes, values=np.round(closes.values / 50, 2))
    indicator = of(function, "AAA", None if function == "current-price" else window)
    program = compile_chart(chart(when(compare(indicator, "gt", 0), hold("AAA"), CASH)))
    tonight = evaluate(program, closes).series[program.table[program.table[program.root].condition].left][-1]
    root = when(compare(indicator, "gt", float(tonight * factor)), hold("AAA"), CASH)
    program, now = compile_chart(chart(root)), round(float(closes.values[-1, 0]) * 100)
    ((flip, gate),) = found(root, closes)
    before = choice(program, gate, closes)
    ticks = sorted(range(now // 2 + 1, now * 2), key=lambda tick: abs(tick - now))
    first = next((t for t in ticks if choice(program, gate, at(closes, AAA, t / 100)) != before), None)
    assert flip.flips_at is None or abs(flip.flips_at * 100 - now) <= abs((first or 0) - now)
    assert (first is None) or flip.flips_at is not None
    assert first is None or abs(flip.flips_at * 100 - now) == abs(first - now)


OF_CLOSES = [function for function in PRICE_FUNCTIONS + RETURN_FUNCTIONS if not INDICATORS[function].bars]


@pytest.mark.parametrize("function", OF_CLOSES)
@settings(max_examples=5)
@given(data=st.data())
def test_the_part_of_the_history_that_is_read_gives_the_value_of_the_whole(function, data):
    indicator = of(function, "AAA", data.draw(parameters_of(function)))
    program = compile_chart(chart(when(compare(indicator, "gt", 1), hold("AAA"), CASH)))
    condition = program.table[program.table[program.root].condition]
    closes = random_walks(7, 1500, ("AAA",))
    moved = float(closes.values[-1, 0]) * np.array([0.8, 0.99, 1.3])
    short = WhatIf(Context(program, closes, evaluate(program, closes)), AAA, moved).series[condition.left]
    whole = [evaluate(program, at(closes, AAA, price)).series[condition.left][-1] for price in moved]
    assert short == pytest.approx(whole, rel=1e-12 if INDICATORS[function].settled else 0, abs=0)


@given(random_prices())
def test_a_ticker_without_a_price_today_is_left_out(closes):
    missing = at(closes, CCC, np.nan)
    assume(np.isfinite(missing.values[-3:, :2]).all())
    root = equal(hold("CCC"), best(1, "cumulative-return", 2, hold("AAA"), hold("BBB")))
    assert all(flip.symbol != CCC for flip, _ in found(root, missing))
    assert rsi("AAA", 2)


def test_a_bot_that_trades_by_a_threshold_has_the_flips_of_todays_targets():
    """Below the line on its rule."""
    root = when(compare(price("AAA"), "gt", 10), hold("AAA"), CASH)
    assert flips_of(Chart("rare", root, Threshold(0.05)), prices(AAA=[11, 11.5])) == [(1, ("AAA", "10.00"))]


def test_a_bot_that_trades_by_the_month_has_flips_on_the_day_it_trades_alone():
    root = when(compare(price("AAA"), "gt", 10), hold("AAA"), CASH)
    monthly = Chart("monthly", root, "monthly")
    assert flips_of(monthly, prices(AAA=[11.5])) == [(1, ("AAA", "10.00"))]
    assert flips_of(monthly, prices(AAA=[11.5, 11])) == []
