import json
import re
from datetime import date

import pytest
from charts import documents
from hypothesis import given
from hypothesis import strategies as st
from trees import (
    CASH,
    best,
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

from rebalancer.bots.findings import Findings
from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.contents import describe
from rebalancer.bots.flowchart.formats import read
from rebalancer.bots.flowchart.indicators import INDICATORS
from rebalancer.bots.flowchart.tree import Node
from rebalancer.model import Allocation, BotFailure, Closes, Decision


def decide(root: Node, closes: Closes) -> Decision:
    return FlowchartBot.of(chart(root), "my bot").decide(closes)


def reason(root: Node, closes: Closes) -> str:
    decision = decide(root, closes)
    assert isinstance(decision, BotFailure)
    return decision.reason


def warnings(root: Node, closes: Closes) -> tuple[str, ...]:
    decision = decide(root, closes)
    assert isinstance(decision, Allocation)
    return decision.warnings


# ----------------------------------------------------------------------------------------- allocations


def test_the_allocation_is_the_last_days_with_its_path():
    root = when(compare(price("AAA"), "gt", 1), specified((0.4, hold("AAA")), (0.6, CASH)), hold("BBB"))
    assert decide(root, prices(AAA=[1, 2], BBB=[1, 1])) == Allocation(
        bot="my bot",
        session=date(2016, 1, 5),
        weights={"AAA": 0.4},
        path=("Price(AAA) = 2 > 1 (by 1)", "AAA 40 %", "cash 60 %"),
    )


@given(charts, random_prices())
def test_a_decision_is_positive_finite_weights_or_a_reason(random_chart, closes):
    decision = FlowchartBot.of(random_chart).decide(closes)
    if isinstance(decision, BotFailure):
        assert "undefined" in decision.reason or any(character.isdigit() for character in decision.reason)
    else:
        assert all(0 < weight <= 1 for weight in decision.weights.values())
        assert sum(decision.weights.values()) <= 1 + 1e-12


@given(charts, st.integers(0, 2**32 - 1))
def test_the_lookback_is_enough_to_decide_on(random_chart, seed):
    bot = FlowchartBot.of(random_chart)
    decision = bot.decide(random_walks(seed, bot.lookback))
    # Of cash, or of a part that held only cash, the volatility is 0, and some values are undefined, however long its
    # history is; so is what is divided by 0, and a rank among values of which some are undefined. What may have been
    # entered while the condition to leave had too short a history stays unknown until one of the two conditions holds
    # again; the reason is that history.
    at_times = "|".join(spec.short for spec in INDICATORS.values() if spec.undefined)
    ranked = rf"^(Percentile|Stochastic)\(.*({at_times})\(.* needs \d+ values in a row"
    no_matter_of_history = rf"is 0 on|is undefined on|is no finite number on|{ranked}"
    if any(isinstance(node, nodes.Latch) for node in bot.program.table):
        no_matter_of_history += r"|needs \d+ (closes|simulated values) in a row, has \d+ since"
    assert isinstance(decision, Allocation) or re.search(no_matter_of_history, decision.reason)


# --------------------------------------------------------------------------------------------- reasons


def test_too_short_a_history_says_how_many_closes_there_are():
    root = when(compare(rsi("SPY", 200), "gt", 50), hold("SPY"), CASH)
    assert reason(root, prices(SPY=[1.0] * 150)) == "RSI(SPY,200) needs 201 closes in a row, has 150 since 2016-01-04"


def test_a_gap_shortens_the_history():
    root = when(compare(of("moving-average-price", "AAA", 3), "gt", 1), hold("AAA"), CASH)
    assert reason(root, prices(AAA=[1, 1, None, 1, 1])) == "SMA(AAA,3) needs 3 closes in a row, has 2 since 2016-01-07"


@pytest.mark.parametrize("operand", [price("AAA"), rsi("AAA", 2)])
def test_a_missing_last_close_is_named(operand):
    root = when(compare(operand, "gt", 1), hold("AAA"), CASH)
    assert reason(root, prices(AAA=[1, 2, 3, None])) == "AAA has no close on 2016-01-07"


def test_the_first_missing_value_in_the_chart_is_the_reason():
    root = best(1, "cumulative-return", 1, hold("AAA"), hold("BBB"), hold("CCC"))
    assert reason(root, prices(AAA=[1, 2], BBB=[1, None], CCC=[1, None])) == "BBB has no close on 2016-01-05"


def test_a_volatility_of_zero_is_a_reason():
    root = inverse_volatility(2, hold("AAA"), hold("BBB"))
    assert reason(root, prices(AAA=[1, 2, 3], BBB=[1, 1, 1])) == (
        "StdReturn(BBB,2) is 0 on 2016-01-06, and nothing can be weighted by a volatility of 0"
    )


def test_a_condition_for_more_days_than_there_are_is_a_reason():
    root = when(compare(price("AAA"), "gt", 1, for_days=5), hold("AAA"), CASH)
    assert reason(root, prices(AAA=[2, 2])) == (
        "a condition has to hold for more days than there are closes: they begin on 2016-01-04"
    )


def test_a_group_without_a_history_names_the_missing_input():
    gate = group("Gate", when(compare(rsi("AAA", 9), "gt", 50), hold("AAA"), CASH))
    root = when(compare(of("cumulative-return", gate, 1), "gt", 0), hold("AAA"), CASH)
    assert reason(root, prices(AAA=[1, 2])) == (
        '"Gate" has no simulated value on 2016-01-05: RSI(AAA,9) needs 10 closes in a row, has 2 since 2016-01-04'
    )


@pytest.mark.parametrize("nested", [False, True])
def test_a_group_names_the_ticker_whose_missing_close_broke_its_history(nested):
    pair = group("Pair", equal(hold("AAA"), hold("BBB")))
    whole = group("Outer", when(compare(price("AAA"), "gt", 0), pair, CASH)) if nested else pair
    root = when(compare(of("cumulative-return", whole, 3), "gt", 0), hold("AAA"), CASH)
    name = "Outer" if nested else "Pair"
    closes = prices(AAA=[1, 1, 1, 1, 1, 1], BBB=[1, 1, None, 1, 1, 1])
    assert reason(root, closes) == (
        f'Return("{name}",3) needs 4 simulated values in a row, has 3 since 2016-01-07: BBB has no close on 2016-01-06'
    )
    closes = prices(AAA=[1, 1, 1, 1], BBB=[1, 1, 1, None])
    assert reason(root, closes) == f'"{name}" has no simulated value on 2016-01-07: BBB has no close on 2016-01-07'


def test_a_group_names_the_ticker_that_it_wanted_before_its_first_close():
    late = group("Late", when(compare(price("AAA"), "gt", 1), hold("BBB"), hold("AAA")))
    root = when(compare(of("cumulative-return", late, 2), "gt", 0), hold("AAA"), CASH)
    assert reason(root, prices(AAA=[1, 2, 1, 1], BBB=[None, None, 1, 1])).endswith(": BBB has no close on 2016-01-05")


def test_a_group_with_too_short_a_history_says_so():
    pair = group("Pair", equal(hold("AAA"), CASH))
    root = when(compare(of("cumulative-return", pair, 5), "gt", 0), hold("AAA"), CASH)
    assert reason(root, prices(AAA=[1, 2])) == (
        'Return("Pair",5) needs 6 simulated values in a row, has 2 since 2016-01-04'
    )


def test_no_closes_at_all_is_a_reason():
    nothing = prices(AAA=[1]).until(date(2015, 1, 1))
    assert reason(equal(hold("AAA"), CASH), nothing) == "there are no closes of AAA"


def test_closes_needed_are_told_by_ticker_whichever_way_is_taken():
    nested = group("Nested", when(compare(rsi("CCC", 9), "gt", 50, for_days=2), hold("AAA"), CASH))
    root = when(compare(of("cumulative-return", nested, 3), "gt", 0), hold("BBB"), hold("AAA"))
    # CCC: 10 for its RSI, 1 for the second day, 1 for the simulated value, 3 for its return. AAA: held inside.
    assert FlowchartBot.of(chart(root)).closes_needed == {"AAA": 5, "BBB": 1, "CCC": 15}


@given(charts)
def test_the_lookback_is_that_of_the_ticker_that_needs_most(random_chart):
    bot = FlowchartBot.of(random_chart)
    assert bot.lookback >= max(bot.closes_needed.values(), default=1)
    assert set(bot.closes_needed) <= set(bot.symbols)


# -------------------------------------------------------------------------------------------- warnings


def test_a_gap_off_the_path_is_a_warning():
    root = when(compare(price("AAA"), "gt", 1), hold("AAA"), when(compare(rsi("BBB", 2), "gt", 1), hold("BBB"), CASH))
    assert warnings(root, prices(AAA=[2, 2, 2, 2], BBB=[None, 1, None, 1])) == (
        "BBB has no close on 1 of the last 3 sessions, the latest of them 2016-01-06",
    )


def test_a_held_ticker_without_a_close_is_a_warning():
    decision = decide(hold("AAA"), prices(AAA=[2, None]))
    assert isinstance(decision, Allocation)
    assert decision.weights == {"AAA": 1.0}
    assert decision.warnings == ("AAA has no close on 1 of the last 1 sessions, the latest of them 2016-01-05",)


def test_an_rsi_that_has_not_settled_is_a_warning():
    root = when(compare(rsi("SPY", 10), "gt", 50), hold("SPY"), CASH)
    assert warnings(root, prices(SPY=[1.0] * 120)) == ("RSI(SPY,10) is still warming up: 120 of 250 closes",)
    assert warnings(root, prices(SPY=[1.0] * 250)) == ()


CHART = {
    "if": {
        "any": [
            {"left": {"relative-strength-index": {"of": "QQQ", "window": 10}}, "is": "gt", "right": 79},
            {
                "left": {"max-drawdown": {"of": {"equal": [{"asset": "SPY"}, {"asset": "IEF"}]}, "window": 20}},
                "is": "lt",
                "right": {"current-price": {"of": "SPY"}},
            },
        ]
    },
    "then": {"capped": {"of": [{"percent": 40, "chart": {"asset": "SPY"}}], "fallback": "BIL"}},
    "else": {
        "filter": {
            "by": {"function": "relative-strength-index", "window": 5},
            "take": "top",
            "count": 1,
            "of": [{"asset": "TLT"}, {"group": {"name": "g", "chart": {"cash": True}}}],
        }
    },
}


def described(document):
    chart, problems = read(json.dumps(document).encode(), "bot.json")
    assert problems == ()
    return describe(chart)


def test_findings_name_the_window_of_an_inverse_volatility_weighting():
    weighted = describe(chart(inverse_volatility(20, hold("AAA"), hold("BBB"))))
    assert weighted.functions == (("standard-deviation-return", (20,)),)


def test_findings_name_the_nodes_the_tickers_the_depth_and_the_functions():
    nodes = {"Asset": 4, "Capped": 1, "Cash": 1, "Equal": 1, "Filter": 1, "Group": 1, "If": 1}
    assert described({"format": "rebalancer/bot", "version": 1, "name": "gate", "chart": CHART}) == Findings(
        name="gate",
        nodes=tuple(nodes.items()),
        tickers=("BIL", "IEF", "QQQ", "SPY", "TLT"),
        depth=4,
        functions=(
            ("current-price", ()),
            ("max-drawdown", (20,)),
            ("relative-strength-index", (5, 10)),
        ),
    )


def test_a_chart_1000_deep_is_described():
    chart = '{"equal": [' * 1_000 + '{"cash": true}' + "]}" * 1_000
    chart, _ = read(f'{{"format": "rebalancer/bot", "version": 1, "name": "x", "chart": {chart}}}'.encode(), "bot.json")
    assert describe(chart).depth == 1_001


@given(documents())
def test_every_ticker_in_the_document_is_found_and_no_other(document):
    text = json.dumps(document)
    assert all(f'"{ticker}"' in text for ticker in described(document).tickers)
    assert sum(text.count(f'"{ticker}"') > 0 for ticker in ("SPY", "TLT", "GLD", "QQQ", "BRK.B")) == len(
        described(document).tickers
    )
