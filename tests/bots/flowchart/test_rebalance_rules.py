import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from reference_rebalance import RebalanceReference
from trees import (
    CASH,
    chart,
    charts,
    compare,
    equal,
    hold,
    price,
    prices,
    random_prices,
    random_walks,
    rsi,
    rules,
    specified,
    when,
)

from rebalancer.backtest.follow import backtest_weights
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.history import counted
from rebalancer.bots.flowchart.rule import Threshold
from rebalancer.bots.own_prices import last_known
from rebalancer.model import Allocation, BotFailure

NAN = math.nan
HALVES = equal(hold("AAA"), hold("BBB"))


def held(root, rule, closes):
    """The weights of each day by ticker, None where they are unknown."""
    bot = FlowchartBot.of(chart(root, rebalance=rule))
    rows = bot.weights(closes).tolist()
    return [
        None if math.isnan(sum(row)) else {t: w for t, w in zip(closes.symbols, row, strict=True) if w > 0}
        for row in rows
    ]


def decide(root, rule, closes, since=None):
    return FlowchartBot.of(chart(root, "my bot", rule)).decide(closes, since)


def reason(root, rule, closes, since=None):
    decision = decide(root, rule, closes, since)
    assert isinstance(decision, BotFailure)
    return decision.reason


def first_line(root, rule, closes):
    decision = decide(root, rule, closes)
    assert isinstance(decision, Allocation)
    return decision.path[0]


# ------------------------------------------------------------------------------------ what always holds


@given(charts, rules, random_prices())
def test_what_is_held_agrees_with_the_plain_reference(random_chart, rule, closes):
    random_chart = random_chart._replace(rebalance=rule)
    program = FlowchartBot.of(random_chart).program
    assume(program.symbols)  # cash alone never drifts, and is not simulated
    known = counted(program, closes)  # a chart that remembers begins with the first close of its tickers
    reference = RebalanceReference(random_chart, known)
    expected = [None] * (len(closes.sessions) - len(known.sessions)) + reference.held()
    assume(not reference.doubtful)
    for row, wanted in zip(FlowchartBot.of(random_chart).weights(closes).tolist(), expected, strict=True):
        if wanted is None:
            assert all(math.isnan(weight) for weight in row)
        else:
            assert row == pytest.approx([wanted.get(ticker, 0.0) for ticker in closes.symbols], rel=1e-12, abs=1e-12)


@given(charts, rules, random_prices(), st.integers(0, 39))
def test_a_later_close_never_changes_what_was_held(random_chart, rule, closes, day):
    bot = FlowchartBot.of(random_chart._replace(rebalance=rule))
    past = closes.until(closes.day(day))
    assert bot.weights(past).tobytes() == bot.weights(closes)[: day + 1].tobytes()
    assert bot.explain(past, day) == bot.explain(closes, day)


@given(charts, rules, random_prices())
def test_the_evening_holds_the_last_row_of_the_back_test(random_chart, rule, closes):
    bot = FlowchartBot.of(random_chart._replace(rebalance=rule))
    decision, row = bot.decide(closes), bot.weights(closes)[-1].tolist()
    if isinstance(decision, Allocation):
        assert decision.weights == {t: w for t, w in zip(closes.symbols, row, strict=True) if w > 0}
        assert decision.path == bot.explain(closes, len(closes.sessions) - 1)
    else:
        assert all(math.isnan(weight) for weight in row)
        assert any(character.isdigit() for character in decision.reason)


@given(charts, rules, random_prices(), st.integers(1, 15))
def test_a_kept_first_day_makes_tonight_the_same_with_less_history(random_chart, rule, closes, unloaded):
    bot = FlowchartBot.of(random_chart._replace(rebalance=rule))
    whole = bot.decide(closes)
    assume(isinstance(whole, Allocation) and whole.since)
    bars = replace(closes.bars, values={name: column[unloaded:] for name, column in closes.bars.values.items()})
    later = replace(closes, sessions=closes.sessions[unloaded:], values=closes.values[unloaded:], bars=bars)
    again = bot.decide(later, whole.since)
    if isinstance(again, BotFailure):
        assert str(whole.since) in again.reason or "simulated from the day" in again.reason
    elif bot.warm_up <= 1 and not bot.program.path_dependent:
        assert again.weights == whole.weights


@given(st.integers(0, 2**32 - 1), rules)
def test_a_back_test_trades_on_the_days_of_a_rebalance_alone(seed, rule):
    closes = random_walks(seed, 120, ["AAA", "BBB"])
    weights = FlowchartBot.of(chart(HALVES, rebalance=rule)).weights(closes)
    traded = backtest_weights(last_known(closes.values), weights, 1000.0, 0.001).traded
    targets = (weights == 0.5).all(axis=1)
    assert (traded > 0).tolist() == targets.tolist()


# --------------------------------------------------------------------------------------------- by period


def test_a_weekly_chart_trades_on_the_first_session_of_the_week_and_drifts_until_the_next():
    # From a Thursday: the simulation buys on its first day, then on the Tuesday that follows a holiday.
    aaa, bbb = [1, 2, 3, 3, 1], [1, 1, 1, 1, 1]
    closes = prices(AAA=aaa, BBB=bbb)
    closes = replace(
        closes, sessions=np.array(["2024-01-11", "2024-01-12", "2024-01-16", "2024-01-17", "2024-01-18"], "M8[D]")
    )
    assert held(HALVES, "weekly", closes) == [
        {"AAA": 0.5, "BBB": 0.5},
        {"AAA": pytest.approx(2 / 3), "BBB": pytest.approx(1 / 3)},
        {"AAA": 0.5, "BBB": 0.5},
        {"AAA": 0.5, "BBB": 0.5},
        {"AAA": pytest.approx(0.25), "BBB": pytest.approx(0.75)},
    ]


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("weekly", ["2023-12-29", "2024-01-02", "2024-01-08"]),
        ("monthly", ["2024-01-31", "2024-02-01", "2024-03-01"]),
        ("quarterly", ["2024-02-01", "2024-04-01", "2024-07-01"]),
        ("yearly", ["2023-12-29", "2024-01-02", "2025-01-02"]),
    ],
)
def test_each_of_these_days_begins_a_period(rule, days):
    closes = replace(prices(AAA=[1, 2, 4], BBB=[1, 1, 1]), sessions=np.array(days, "M8[D]"))
    assert held(HALVES, rule, closes) == [{"AAA": 0.5, "BBB": 0.5}] * 3


def test_a_switch_inside_of_a_period_waits_for_the_next():
    root = when(compare(price("AAA"), "gt", 1), hold("AAA"), hold("BBB"))
    closes = prices(AAA=[2, 0.5, 0.5, 0.5, 0.5, 0.5], BBB=[1] * 6)
    assert held(root, "weekly", closes) == [{"AAA": 1}] * 5 + [{"BBB": 1}]


def test_what_is_due_and_can_not_be_decided_is_done_on_the_first_day_it_can():
    root = when(compare(price("CCC"), "gt", 1), HALVES, hold("AAA"))
    ccc = [2, 2, 2, 2, 2, None, None, 2, 2]
    closes = prices(AAA=[1, 2, 2, 2, 2, 2, 2, 2, 4], BBB=[1] * 9, CCC=ccc)
    drifted = {"AAA": pytest.approx(2 / 3), "BBB": pytest.approx(1 / 3)}
    halves = {"AAA": 0.5, "BBB": 0.5}
    assert held(root, "weekly", closes) == [halves, drifted, drifted, drifted, drifted, None, None, halves, drifted]


# ------------------------------------------------------------------------------------------ by threshold


def test_a_threshold_trades_once_a_ticker_is_off_by_more_than_its_width():
    # 60 against 40 is off by ten points exactly, and waits.
    closes = prices(AAA=[2, 3, 3.1, 3.1], BBB=[2, 2, 2, 2])
    assert held(HALVES, Threshold(0.1), closes) == [
        {"AAA": 0.5, "BBB": 0.5},
        {"AAA": pytest.approx(0.6), "BBB": pytest.approx(0.4)},
        {"AAA": 0.5, "BBB": 0.5},
        {"AAA": 0.5, "BBB": 0.5},
    ]


def test_a_threshold_trades_whenever_the_tickers_change():
    root = when(compare(price("CCC"), "gt", 1), HALVES, hold("AAA"))
    closes = prices(AAA=[1, 1.1, 1.1, 1.1], BBB=[1, 1, 1, 1], CCC=[2, 2, 0.5, 2])
    assert held(root, Threshold(0.3), closes)[2:] == [{"AAA": 1}, {"AAA": 0.5, "BBB": 0.5}]


def test_weights_that_change_without_new_tickers_wait_for_the_threshold():
    more = specified((0.55, hold("AAA")), (0.45, hold("BBB")))
    root = when(compare(price("CCC"), "gt", 1), HALVES, more)
    closes = prices(AAA=[1, 1], BBB=[1, 1], CCC=[2, 0.5])
    assert held(root, Threshold(0.1), closes)[1] == {"AAA": 0.5, "BBB": 0.5}
    assert held(root, Threshold(0.04), closes)[1] == {"AAA": 0.55, "BBB": 0.45}


def test_cash_earns_nothing_while_the_rest_drifts():
    closes = prices(AAA=[1, 3])
    assert held(equal(hold("AAA"), CASH), "yearly", closes)[1] == {"AAA": 0.75}


def test_a_chart_of_cash_alone_holds_nothing():
    assert held(when(compare(price("AAA"), "gt", 9), CASH, CASH), Threshold(0.1), prices(AAA=[1, 2])) == [{}, {}]


# ----------------------------------------------------------------------------------------- the first day


def test_the_simulation_begins_when_all_of_the_chart_can_be_computed():
    root = when(compare(price("AAA"), "gt", 0), HALVES, when(compare(rsi("CCC", 2), "gt", 50), CASH, hold("DDD")))
    closes = prices(AAA=[1, 2, 2, 2], BBB=[1, 1, 1, 1], CCC=[1, 2, 3, 4], DDD=[None, None, None, 1])
    assert held(root, Threshold(0.1), closes) == [None, None, None, {"AAA": 0.5, "BBB": 0.5}]
    assert decide(root, Threshold(0.1), closes).since == date(2016, 1, 7)


def test_a_simulation_that_can_not_begin_names_what_is_missing():
    closes = prices(AAA=[1, 2], BBB=[None, None])
    assert reason(HALVES, "monthly", closes) == (
        "what it holds is simulated from the day all of it can be computed, and BBB has no close on 2016-01-05"
    )


def test_a_kept_first_day_begins_the_simulation_however_far_back_the_closes_reach():
    closes = prices(AAA=[1, 2, 2, 4], BBB=[1, 1, 1, 1])
    decision = decide(HALVES, "yearly", closes, date(2016, 1, 6))
    assert decision.since == date(2016, 1, 6)
    assert decision.weights == {"AAA": pytest.approx(2 / 3), "BBB": pytest.approx(1 / 3)}


def test_closes_that_no_longer_reach_back_to_the_kept_first_day_fail_with_the_remedy():
    assert reason(HALVES, "yearly", prices(AAA=[1, 2], BBB=[1, 1]), date(2015, 3, 2)) == (
        "what it holds is simulated since 2015-03-02, and the closes suffice from 2016-01-04 on only: "
        "restore the earlier prices, or invest in it by another name to begin anew"
    )


def test_a_ticker_that_is_held_and_has_no_close_today_leaves_the_holdings_unknown():
    closes = prices(AAA=[1, 2, None, 2], BBB=[1, 1, 1, 1])
    assert held(HALVES, "yearly", closes)[2] is None
    assert (
        reason(HALVES, "yearly", closes.until(closes.day(2)))
        == "there is no close of AAA on 2016-01-06, and it holds that"
    )


# --------------------------------------------------------------------------------------------- the path


def test_the_path_says_when_a_threshold_traded_last_and_how_far_it_is_off():
    closes = prices(AAA=[1, 1.06, 1.136], BBB=[1, 1, 1])
    assert first_line(HALVES, Threshold(0.05), closes) == "last rebalanced 2016-01-04; off by 3.18 points, threshold 5"


def test_the_path_says_that_a_threshold_trades_today():
    closes = prices(AAA=[1, 1.1, 3], BBB=[1, 1, 1])
    assert first_line(HALVES, Threshold(0.05), closes) == (
        "rebalanced today; before, last rebalanced 2016-01-04; off by 25 points, threshold 5"
    )


def test_the_path_says_which_tickers_changed():
    root = when(compare(price("CCC"), "gt", 1), HALVES, equal(hold("AAA"), hold("DDD")))
    closes = prices(AAA=[1, 1], BBB=[1, 1], CCC=[2, 0.5], DDD=[1, 1])
    assert first_line(root, Threshold(0.05), closes) == (
        "rebalanced today: bought DDD, sold BBB; last rebalanced 2016-01-04"
    )


def test_the_path_of_a_period_is_that_of_the_day_it_traded():
    root = when(compare(price("AAA"), "gt", 1), hold("AAA"), hold("BBB"))
    decision = decide(root, "monthly", prices(AAA=[2, 0.5], BBB=[1, 1]))
    assert decision.path == (
        "rebalances monthly, on the first session of the month: last on 2016-01-04, when",
        "Price(AAA) = 2 > 1 (by 1) -> AAA 100 %",
    )


# ------------------------------------------------------------------------------------------ what is marked


def test_a_drawing_by_a_period_marks_the_way_of_the_day_it_last_traded():
    """On the Monday it took AAA; since Tuesday its targets are BBB."""
    root = when(compare(price("AAA"), "gt", 10), hold("AAA"), hold("BBB"))
    bot = FlowchartBot.of(chart(root, rebalance="weekly"))
    closes = prices(AAA=[11, 9], BBB=[1, 1])
    (part,) = bot.parts(closes)
    assert part.lines == ("if Price(AAA) = 11 > 10 (by 1)",)
    assert [branch.taken for branch in part.branches] == [True, False]
    assert bot.marked(closes) == (
        "rebalances weekly, on the first session of the week: last on 2016-01-04; "
        "marked is the way of its targets of 2016-01-04"
    )
    assert bot.outline(closes)[:2] == (bot.marked(closes), "* if Price(AAA) = 11 > 10 (by 1)")
    assert "Price(AAA) = 11" in bot.mermaid(closes)


def test_a_drawing_by_a_threshold_marks_todays_targets_and_says_when_it_last_traded():
    root = when(compare(price("AAA"), "gt", 10), HALVES, hold("BBB"))
    bot = FlowchartBot.of(chart(root, rebalance=Threshold(0.1)))
    closes = prices(AAA=[11, 12], BBB=[1, 1])
    assert bot.parts(closes)[0].lines == ("if Price(AAA) = 12 > 10 (by 2)",)
    assert bot.marked(closes) == (
        "last rebalanced 2016-01-04; off by 2.17 points, threshold 10; marked is the way of its targets of 2016-01-05"
    )


def test_a_drawing_of_a_daily_chart_needs_no_words():
    assert FlowchartBot.of(chart(HALVES)).marked(prices(AAA=[1], BBB=[1])) == ""


@given(charts, st.sampled_from(("weekly", "monthly", "quarterly", "yearly")), random_prices())
def test_what_is_marked_by_a_period_holds_the_tickers_that_are_held(random_chart, rule, closes):
    bot = FlowchartBot.of(random_chart._replace(rebalance=rule))
    decision = bot.decide(closes)
    if isinstance(decision, BotFailure):
        return
    marked = {
        branch.text.rsplit(" ", 2)[0]
        for part in bot.parts(closes)
        for branch in part.branches
        if branch.taken and branch.part is None
    }
    assert set(decision.weights) <= marked or not bot.parts(closes)[0].branches
