"""Charts whose indicators read open, high, low or volume too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import CASH, chart, compare, equal, hold, of, prices, random_walks, when, with_bars

from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.nodes import Bar, Close, Series
from rebalancer.bots.own_prices import own_bars
from rebalancer.model import Allocation, BotFailure, Closes, Flip, symbol

ATR = "average-true-range"
CALM = when(compare(of(ATR, "AAA", 2), "lt", 5), hold("AAA"), hold("BBB"))
BOT = FlowchartBot.of(chart(CALM))
DAYS = prices(AAA=[11, 19, 16, 18], BBB=[1, 1, 1, 1])
HIGHS, LOWS = [12, 20, 18, 19], [10, 18, 15, 17]
NAN = float("nan")


def with_highs_and_lows(highs: list[float], lows: list[float]) -> Closes:
    return with_bars(DAYS, "AAA", high=highs, low=lows)


def test_a_bot_names_the_fields_that_it_reads_of_each_ticker():
    assert BOT.bars == {"AAA": ("high", "low")}
    assert BOT.symbols == ("AAA", "BBB")


def test_a_bot_of_closes_reads_no_bars_and_decides_without_them():
    bot = FlowchartBot.of(chart(when(compare(of("moving-average-price", "AAA", 2), "gt", 5), hold("AAA"), CASH)))
    assert bot.bars == {}
    assert not any(isinstance(node, Bar) for node in bot.program.table)
    assert isinstance(bot.decide(DAYS), Allocation)


def test_an_indicator_is_compiled_to_a_source_for_each_field_it_reads():
    (series,) = (node for node in BOT.program.table if isinstance(node, Series))
    assert [BOT.program.table[source] for source in series.sources] == [
        Bar(symbol("AAA"), "high"),
        Bar(symbol("AAA"), "low"),
        Close(symbol("AAA")),
    ]


def test_a_decision_on_bars_shows_the_value():
    decision = BOT.decide(with_highs_and_lows(HIGHS, LOWS))
    assert isinstance(decision, Allocation)
    assert decision.weights == {"AAA": 1.0}
    assert decision.path == ("ATR(AAA,2) = 4.75 < 5 (by 0.25) -> AAA 100 %",)
    assert decision.warnings == ("ATR(AAA,2) is still warming up: 4 of 250 highs",)


def test_how_near_an_indicator_of_bars_is_to_flipping_is_not_computed():
    closes = with_highs_and_lows(HIGHS, LOWS)
    decision = BOT.decide(closes)
    assert isinstance(decision, Allocation)
    why = "not computed for ATR, which reads more of the day than its close"
    assert BOT.flips(closes, decision) == (Flip(0, why=why),)


@pytest.mark.parametrize("missing", [NAN, 0.0, -1.0, np.inf])
def test_a_bar_that_is_missing_on_the_day_is_named_by_its_field(missing):
    decision = BOT.decide(with_highs_and_lows(HIGHS, [*LOWS[:-1], missing]))
    assert decision == BotFailure("test bot", "AAA has no low on 2016-01-07")


def test_a_gap_in_the_bars_starts_the_indicator_anew():
    decision = BOT.decide(with_highs_and_lows([12, NAN, 18, 19], LOWS))
    assert decision == BotFailure("test bot", "ATR(AAA,2) needs 3 highs in a row, has 2 since 2016-01-06")


def test_a_field_that_a_ticker_never_has_is_named_with_the_remedy():
    decision = BOT.decide(with_highs_and_lows([NAN] * 4, LOWS))
    assert decision == BotFailure("test bot", "AAA has no high on any session: ask for another file")


def test_bars_missing_where_the_decision_does_not_need_them_are_a_warning():
    root = when(compare(of("current-price", "BBB"), "lt", 5), hold("BBB"), CALM)
    decision = FlowchartBot.of(chart(root)).decide(with_highs_and_lows(HIGHS, [*LOWS[:-1], NAN]))
    assert isinstance(decision, Allocation)
    assert decision.warnings[0] == "AAA has no low on 1 of the last 3 sessions, the latest of them 2016-01-07"


def test_a_volume_of_0_is_a_volume():
    closes = with_bars(DAYS, "AAA", volume=[0, 5, -1, NAN])
    (volumes,) = own_bars("a bot", {symbol("AAA"): ("volume",)}, closes).values()
    assert np.isnan(volumes).tolist() == [False, False, True, True]


@pytest.mark.parametrize("closes", [DAYS, with_bars(DAYS, "BBB", high=HIGHS, low=LOWS)])
def test_closes_without_the_bars_that_a_bot_reads_are_a_mistake_of_the_caller(closes):
    for ask in (BOT.decide, BOT.weights):
        with pytest.raises(ValueError, match="test bot needs the high and low of AAA"):
            ask(closes)


def test_a_part_of_a_chart_has_no_bars():
    with pytest.raises(ValueError, match=f"{ATR} needs a ticker"):
        compile_chart(chart(when(compare(of(ATR, equal(hold("AAA"), CASH), 2), "lt", 5), CASH, hold("AAA"))))


def test_closes_up_to_a_day_have_the_bars_up_to_it():
    closes = with_highs_and_lows(HIGHS, LOWS).until(DAYS.day(1))
    assert closes.bars is not None
    assert closes.bars.values["low"].tolist() == [[10.0], [18.0]]


def test_bars_of_other_sessions_than_the_closes_are_refused():
    with pytest.raises(ValueError, match="high of shape"):
        with_highs_and_lows(HIGHS[:2], LOWS)


@given(st.integers(0, 2**32 - 1), st.integers(5, 39))
@settings(max_examples=30)
def test_later_bars_change_no_earlier_decision(seed, day):
    closes = random_walks(seed, 40)
    early = closes.until(closes.day(day))
    for name in ("AAA", "BBB"):
        root = when(compare(of(ATR, name, 3), "lt", of(ATR, "CCC", 3)), hold(name), equal(hold("CCC"), CASH))
        bot = FlowchartBot.of(chart(root))
        assert bot.weights(closes)[: day + 1].tobytes() == bot.weights(early).tobytes()
        assert bot.explain(closes, day) == bot.explain(early, day)


def test_a_bot_that_trades_once_a_month_reads_bars_too():
    closes = random_walks(5, 60)
    root = when(compare(of(ATR, "AAA", 3), "lt", of(ATR, "BBB", 3)), hold("AAA"), hold("CCC"))
    bot = FlowchartBot.of(chart(root)._replace(rebalance="monthly"))
    rows = bot.weights(closes)
    decision = bot.decide(closes)
    assert isinstance(decision, Allocation)
    last = dict(zip(closes.symbols, rows[-1].tolist(), strict=True))
    assert {name: weight for name, weight in last.items() if weight > 0} == decision.weights
