"""Charts whose decision depends on where their history begins: no evening depends on how much was loaded."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from trees import (
    CASH,
    chart,
    charts,
    compare,
    dates,
    entered,
    equal,
    hold,
    of,
    price,
    prices,
    random_prices,
    rules,
    when,
)

from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.indicators import INDICATORS
from rebalancer.model import Allocation, BotFailure

MONDAY, TUESDAY, WEDNESDAY = (date(2016, 1, day) for day in (4, 5, 6))
OVER_10, UNDER_5 = compare(price("AAA"), "gt", 10), compare(price("AAA"), "lt", 5)
LATCH = when(entered(OVER_10, UNDER_5), hold("AAA"), hold("BBB"))
WHOLE = prices(AAA=[11, 7, 8, 7], BBB=[1, 1, 1, 1])
BOT = FlowchartBot.of(chart(LATCH))


def decided(closes, since=None, bot=BOT):
    decision = bot.decide(closes, since)
    assert isinstance(decision, Allocation), decision
    return decision


def test_the_decision_says_from_which_day_on_its_closes_count():
    assert decided(WHOLE).since == MONDAY
    assert decided(WHOLE.since(TUESDAY)).since == TUESDAY


def test_what_lies_before_the_kept_day_changes_nothing():
    """Entered on Monday, which the first evening did not know."""
    first = decided(WHOLE.since(TUESDAY))
    assert first.weights == {"BBB": 1.0}
    assert decided(WHOLE).weights == {"AAA": 1.0}
    assert decided(WHOLE, first.since) == first


def test_without_the_closes_of_the_kept_day_it_fails_with_both_days_and_the_remedy():
    failure = BOT.decide(WHOLE.since(WEDNESDAY), TUESDAY)
    assert isinstance(failure, BotFailure)
    assert failure.reason == (
        "what it remembers is followed since 2016-01-05, and its closes begin on 2016-01-06 only: restore the earlier "
        "prices, or invest in it by another name to begin anew"
    )


def test_a_kept_day_after_the_last_session_is_ignored():
    assert decided(WHOLE, date(2020, 1, 1)) == decided(WHOLE)


def test_a_chart_that_remembers_and_reads_no_ticker_is_explained_by_its_gates():
    bot = FlowchartBot.of(chart(when(entered(dates((1, 4), (1, 4)), dates((1, 1), (1, 1))), CASH, CASH)))
    assert bot.explain(WHOLE, -1) == decided(WHOLE, bot=bot).path
    assert "no closes" not in bot.explain(WHOLE, -1)[0]


def test_a_chart_without_memory_keeps_no_day():
    assert decided(WHOLE, bot=FlowchartBot.of(chart(when(OVER_10, hold("AAA"), hold("BBB"))))).since is None


def test_what_other_bots_read_does_not_move_its_first_day():
    """A column of another ticker with earlier closes."""
    closes = prices(AAA=[None, 11, 7], BBB=[None, 1, 1], CCC=[1, 1, 1])
    assert decided(closes).since == TUESDAY
    rows = BOT.weights(closes)
    assert rows[0].tolist() == pytest.approx([float("nan")] * 3, nan_ok=True)
    assert BOT.explain(closes, 0) == ("undefined: there are no closes of AAA, BBB yet",)


@pytest.mark.parametrize("function", [name for name, spec in INDICATORS.items() if spec.whole_history])
def test_an_indicator_of_all_prices_since_is_a_memory_too(function):
    assert INDICATORS[function].settled is None
    parameters = 3 if INDICATORS[function].parameters else None
    root = when(compare(of(function, "AAA", parameters), "gt", 5), hold("AAA"), CASH)
    assert FlowchartBot.of(chart(root)).program.path_dependent


def test_a_fall_from_the_highest_price_is_measured_from_the_kept_day_on():
    bot = FlowchartBot.of(chart(when(compare(of("drawdown", "AAA"), "gt", 25), CASH, hold("AAA"))))
    assert decided(WHOLE, bot=bot).weights == {}
    assert decided(WHOLE, TUESDAY, bot=bot).weights == {"AAA": 1.0}


def test_drawings_and_rules_mark_the_way_of_the_kept_day():
    assert BOT.outline(WHOLE, TUESDAY)[-1] == "*   else: BBB 100 %"
    assert BOT.outline(WHOLE)[-1] == "    else: BBB"
    assert [branch.taken for branch in BOT.parts(WHOLE, TUESDAY)[0].branches] == [False, True]
    assert [branch.taken for branch in BOT.parts(WHOLE)[0].branches] == [True, False]


@given(charts, st.one_of(st.just("daily"), rules), random_prices(), st.integers(1, 15))
def test_an_evening_with_more_history_decides_as_the_first_one_to_the_last_bit(random_chart, rule, closes, unloaded):
    root = equal(random_chart.root, LATCH)
    bot = FlowchartBot.of(random_chart._replace(root=root, rebalance=rule))
    first = bot.decide(closes.since(closes.day(unloaded)))
    assume(isinstance(first, Allocation))
    again = bot.decide(closes, first.since)
    # Gaps are warned of within the look-back of what is loaded, and both are the same closes.
    assert again == first
    assert bot.flips(closes, again) == bot.flips(closes.since(closes.day(unloaded)), first)


@given(charts, random_prices())
def test_back_test_evening_and_explanation_agree(random_chart, closes):
    bot = FlowchartBot.of(random_chart._replace(root=equal(random_chart.root, LATCH)))
    decision, row = bot.decide(closes), bot.weights(closes)[-1].tolist()
    if isinstance(decision, Allocation):
        assert decision.weights == {t: w for t, w in zip(closes.symbols, row, strict=True) if w > 0}
        assert decision.path == bot.explain(closes, len(closes.sessions) - 1)
