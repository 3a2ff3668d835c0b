import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reference import Reference
from trees import (
    CASH,
    all_of,
    any_of,
    best,
    capped,
    chart,
    charts,
    compare,
    equal,
    group,
    hold,
    inverse_volatility,
    of,
    price,
    prices,
    random_prices,
    random_walks,
    rsi,
    specified,
    when,
)

from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.nodes import Close, Nav
from rebalancer.bots.flowchart.tree import Node
from rebalancer.model import Closes

NAN = math.nan


def decisions(root: Node, closes: Closes) -> list[dict[str, float] | None]:
    """The weights of each day by ticker, None where the day is undefined."""
    program = compile_chart(chart(root))
    rows = evaluate(program, closes).weights.tolist()
    return [
        None if math.isnan(sum(row)) else {t: w for t, w in zip(program.symbols, row, strict=True) if w > 0}
        for row in rows
    ]


# ------------------------------------------------------------------------------------ what always holds


@given(charts, random_prices())
@settings(max_examples=150)
def test_every_day_agrees_with_the_plain_reference(random_chart, closes):
    program = compile_chart(random_chart)
    weights = evaluate(program, closes).weights
    reference = Reference(closes)
    expected = [reference.weights(random_chart.root, day) for day in range(len(closes.sessions))]
    assume(not reference.doubtful)
    for row, wanted in zip(weights.tolist(), expected, strict=True):
        if wanted is None:
            assert all(math.isnan(weight) for weight in row)
        else:
            assert row == pytest.approx([wanted.get(ticker, 0.0) for ticker in program.symbols], rel=0, abs=1e-12)


@given(charts, random_prices(), st.integers(0, 39))
def test_adding_future_rows_never_changes_a_past_row(random_chart, closes, known):
    program = compile_chart(random_chart)
    whole = evaluate(program, closes).weights[:known]
    past = evaluate(program, closes.until(closes.day(known - 1))).weights if known else whole
    assert past.tobytes() == whole.tobytes()


@given(charts, random_prices(), st.integers(0, 39))
def test_one_day_alone_decides_as_it_does_among_all_days(random_chart, closes, day):
    program, row = compile_chart(random_chart), day % len(closes.sessions)
    alone, among_all = evaluate(program, closes, row).weights, evaluate(program, closes).weights
    assert alone[row].tobytes() == among_all[row].tobytes()
    assert np.isnan(np.delete(alone, row, axis=0)).all()


def test_one_day_alone_computes_no_branch_that_it_does_not_take():
    untaken = when(compare(rsi("CCC", 2), "gt", 50), hold("AAA"), hold("BBB"))
    program = compile_chart(chart(when(compare(price("AAA"), "gt", 1), hold("AAA"), untaken)))
    values = evaluate(program, prices(AAA=[2, 2, 2], BBB=[1, 1, 1], CCC=[1, 2, 3]), 2)
    computed = {program.table[index] for index in values.series}
    assert computed == {Close("AAA")}


@given(charts, random_prices())
def test_weights_are_never_negative_and_never_more_than_the_whole(random_chart, closes):
    weights = evaluate(compile_chart(random_chart), closes).weights
    decided = weights[~np.isnan(weights).any(axis=1)]
    assert (decided >= 0).all()
    assert (decided.sum(axis=1) <= 1 + 1e-12).all()


# --------------------------------------------------------------------------------------------- weights


def test_the_same_ticker_from_several_branches_is_summed():
    assert decisions(
        equal(hold("AAA"), specified((0.25, hold("AAA")), (0.75, hold("BBB")))), prices(AAA=[1], BBB=[1])
    ) == [{"AAA": 0.625, "BBB": 0.375}]


def test_cash_takes_its_share_and_is_no_ticker():
    assert decisions(equal(hold("AAA"), CASH), prices(AAA=[1])) == [{"AAA": 0.5}]


def test_capped_children_take_what_is_left_in_their_order():
    root = capped((0.5, hold("AAA")), (0.4, hold("BBB")), (0.3, hold("CCC")))
    (row,) = decisions(root, prices(AAA=[1], BBB=[1], CCC=[1]))
    assert row == pytest.approx({"AAA": 0.5, "BBB": 0.4, "CCC": 0.1})


def test_the_rest_of_a_capped_part_goes_to_its_fallback_or_stays_cash():
    one_price = prices(AAA=[1], BBB=[1])
    assert decisions(capped((0.25, hold("AAA")), fallback="BBB"), one_price) == [{"AAA": 0.25, "BBB": 0.75}]
    assert decisions(capped((0.25, hold("AAA"))), one_price) == [{"AAA": 0.25}]


def test_ten_caps_of_a_tenth_leave_no_rounding_remainder():
    tickers = [f"T{number}" for number in range(11)]
    root = capped(*[(0.1, hold(ticker)) for ticker in tickers], fallback="REST")
    (row,) = decisions(root, random_walks(1, 1, [*tickers, "REST"]))
    assert set(row) == set(tickers[:10])


def test_inverse_volatility_weighs_the_calmer_asset_more():
    calm, wild = [100, 101, 100, 101], [100, 110, 100, 110]
    last = decisions(inverse_volatility(3, hold("AAA"), hold("BBB")), prices(AAA=calm, BBB=wild))[-1]
    deviation = {"AAA": np.std([0.01, -1 / 101, 0.01]), "BBB": np.std([0.1, -1 / 11, 0.1])}
    assert last["AAA"] / last["BBB"] == pytest.approx(deviation["BBB"] / deviation["AAA"])


def test_inverse_volatility_adds_up_alike_on_one_day_and_on_many():
    tickers = [f"T{number:02}" for number in range(20)]
    root = when(compare(price("GATE"), "gt", 1), inverse_volatility(5, *map(hold, tickers)), CASH)
    closes = random_walks(1, 12, [*tickers, "GATE"])
    closes.values[:, -1] = [0.5] * 10 + [2, 2]
    program = compile_chart(chart(root))
    one_day = evaluate(program, closes.until(closes.day(10))).weights[10]
    assert one_day.tobytes() == evaluate(program, closes).weights[10].tobytes()


def test_weights_split_into_fifths_never_sum_to_more_than_1():
    fifths = capped(*[(0.2, hold("AAA"))] * 3, fallback="AAA")
    assert decisions(fifths, prices(AAA=[1])) == [{"AAA": 1.0}]


def test_an_asset_that_never_moves_leaves_inverse_volatility_undefined():
    root = inverse_volatility(2, hold("AAA"), hold("BBB"))
    assert decisions(root, prices(AAA=[1, 1, 1], BBB=[1, 2, 3])) == [None, None, None]


# ------------------------------------------------------------------------------------------ conditions


@pytest.mark.parametrize(
    ("comparator", "on_equal", "above"),
    [("gt", "BBB", "AAA"), ("gte", "AAA", "AAA"), ("lt", "BBB", "BBB"), ("lte", "AAA", "BBB")],
)
def test_a_comparison_is_strict_or_not_as_it_is_written(comparator, on_equal, above):
    root = when(compare(price("AAA"), comparator, 10), hold("AAA"), hold("BBB"))
    assert decisions(root, prices(AAA=[10, 11], BBB=[1, 1])) == [{on_equal: 1}, {above: 1}]


def test_for_days_must_hold_on_each_of_the_last_days():
    root = when(compare(price("AAA"), "gt", 1, for_days=3), hold("AAA"), CASH)
    held = decisions(root, prices(AAA=[2, 2, 2, 1, 2, 2, 2]))
    assert held == [None, None, {"AAA": 1}, {}, {}, {}, {"AAA": 1}]


def test_one_false_day_decides_for_days_even_if_history_is_short():
    root = when(compare(price("AAA"), "gt", 1, for_days=3), hold("AAA"), CASH)
    assert decisions(root, prices(AAA=[1, 2])) == [{}, {}]


def test_one_true_decides_any_of_and_one_false_decides_all_of():
    known, unknown = compare(price("AAA"), "gt", 1), compare(rsi("AAA", 14), "gt", 50)
    closes = prices(AAA=[2, 1])
    assert decisions(when(any_of(unknown, known), hold("AAA"), CASH), closes) == [{"AAA": 1}, None]
    assert decisions(when(all_of(unknown, known), hold("AAA"), CASH), closes) == [None, {}]


def test_an_undefined_value_never_takes_the_else_branch():
    root = when(compare(rsi("AAA", 2), "gt", 50), hold("AAA"), hold("BBB"))
    assert decisions(root, prices(AAA=[1, 2, 3], BBB=[1, 1, 1])) == [None, None, {"AAA": 1}]


def test_an_undefined_value_off_the_path_does_no_harm():
    inner = when(compare(price("BBB"), "gt", 1), hold("AAA"), CASH)
    root = when(compare(price("AAA"), "gt", 1), hold("AAA"), inner)
    assert decisions(root, prices(AAA=[2, 0.5], BBB=[None, None])) == [{"AAA": 1}, None]


def test_half_a_portfolio_undefined_makes_the_whole_day_undefined():
    root = equal(hold("AAA"), when(compare(price("BBB"), "gt", 1), hold("BBB"), CASH))
    assert decisions(root, prices(AAA=[1, 1], BBB=[None, 2])) == [None, {"AAA": 0.5, "BBB": 0.5}]


# ------------------------------------------------------------------------------------ simulated history


def test_a_group_earns_what_it_decided_the_day_before():
    switch = group("switch", when(compare(price("AAA"), "gte", 2), hold("BBB"), hold("AAA")))
    root = when(compare(of("cumulative-return", switch, 1), "gt", 199), hold("CCC"), CASH)
    # AAA is held into day 1 (+100 %), BBB from day 1 into day 2 (+200 %).
    assert decisions(root, prices(AAA=[1, 2, 2], BBB=[1, 1, 3], CCC=[1, 1, 1])) == [None, {}, {"CCC": 1}]


def test_a_branch_a_group_did_not_take_does_not_break_its_history():
    undecidable = when(compare(rsi("BBB", 50), "gt", 50), hold("BBB"), CASH)
    gate = group("gate", when(compare(price("AAA"), "gt", 1), equal(hold("AAA"), CASH), undecidable))
    root = when(compare(of("cumulative-return", gate, 1), "gt", 40), hold("AAA"), CASH)
    assert decisions(root, prices(AAA=[2, 4, 4], BBB=[1, 1, 1])) == [None, {"AAA": 1}, {}]


def test_a_gap_in_a_groups_history_begins_it_afresh():
    pair = group("pair", equal(hold("AAA"), hold("BBB")))
    root = when(compare(of("cumulative-return", pair, 1), "gt", -100), hold("AAA"), CASH)
    defined = [row is not None for row in decisions(root, prices(AAA=[1] * 7, BBB=[1, 1, 1, None, 1, 1, 1]))]
    # No value on day 3; the history begins anew on day 4, and its first step is known on day 5.
    assert defined == [False, True, True, False, False, True, True]


def test_a_group_of_one_asset_is_that_asset():
    one = group("outer", equal(group("inner", specified((1.0, hold("AAA"))))))
    wrapped, bare = (when(compare(rsi(what, 2), "gt", 50), hold("AAA"), CASH) for what in (one, "AAA"))
    closes = prices(AAA=[3, 4, 5])
    assert decisions(wrapped, closes) == decisions(bare, closes) == [None, None, {"AAA": 1}]
    assert not any(isinstance(node, Nav) for node in compile_chart(chart(wrapped)).table)


def test_cash_has_a_history_that_never_moves():
    root = when(compare(of("cumulative-return", CASH, 1), "gte", 0), hold("AAA"), CASH)
    assert decisions(root, prices(AAA=[1, 1, 1])) == [None, {"AAA": 1}, {"AAA": 1}]


# ---------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize("bad", [0.0, -1.0, math.inf, NAN])
def test_a_close_that_is_no_positive_number_counts_as_missing(bad):
    root = when(compare(price("AAA"), "lt", 5), hold("AAA"), CASH)
    assert decisions(root, prices(AAA=[1, bad])) == [{"AAA": 1}, None]


def test_a_chart_of_depth_ten_thousand_is_evaluated():
    root = hold("AAA")
    for level in range(10_000):
        root = when(compare(price("AAA"), "gt", level + 1), group("deeper", root), hold("BBB"))
    assert decisions(root, prices(AAA=[1e6, 5000.0], BBB=[1, 1])) == [{"AAA": 1}, {"BBB": 1}]


def test_ten_thousand_nested_simulations_are_evaluated():
    root = hold("AAA")
    for level in range(10_000):
        root = best(1, "cumulative-return", 1, group("deeper", root), hold("BBB" if level % 2 else "CCC"))
    assert len(decisions(root, prices(AAA=[1, 2], BBB=[1, 1], CCC=[1, 1]))) == 2


def test_no_closes_give_no_decisions():
    nothing = prices(AAA=[1.0]).until(prices(AAA=[1.0]).day(0).replace(year=2015))
    assert decisions(best(1, "max-drawdown", 3, hold("AAA"), equal(hold("AAA"), CASH)), nothing) == []


def test_a_missing_column_is_refused_by_name():
    with pytest.raises(ValueError, match=r"test bot needs closes of BBB"):
        decisions(equal(hold("AAA"), hold("BBB")), prices(AAA=[1]))
