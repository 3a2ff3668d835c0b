"""QuantMage's spells. Charts are written by hand from the description of the format."""

import json

import pytest
from charts import outline

from rebalancer.bots.flowchart.formats import name_of, read
from rebalancer.bots.flowchart.rule import Threshold

SPY, BIL = ({"incantation_type": "Ticker", "symbol": ticker, "name": ""} for ticker in ("SPY", "BIL"))
ASSETS = (("Asset", "SPY"), ("Asset", "BIL"))
HOT = {
    "condition_type": "SingleCondition",
    "type": "IndicatorAndNumber",
    "greater_than": True,
    "for_days": 1,
    "lh_indicator": {"type": "RelativeStrengthIndex", "window": 10},
    "lh_ticker_symbol": "QQQ",
    "lh_days_ago": 0,
    "rh_indicator": {"type": "CumulativeReturn", "window": 0},
    "rh_ticker_symbol": "",
    "rh_days_ago": 0,
    "rh_value": 79.0,
    "rh_value_int": 0,
    "rh_weight": 1.0,
    "rh_bias": 0.0,
}
RSI = ("Indicator", "relative-strength-index", (10,), "QQQ")
IS_HOT = ("Compare", RSI, "gt", ("Constant", 79.0), 1)


def weighted(*children, **keys):
    whole = {"incantation_type": "Weighted", "name": "", "type": "Equal", "incantations": list(children), "weights": []}
    return {**whole, "inverse_volatility_window": 0, **keys}


def best(*children, **keys):
    by = {"sort_indicator": {"type": "Volatility", "window": 6}, "count": 1, "bottom": True, "weight_type": "Equal"}
    return {"incantation_type": "Filtered", "name": "", "incantations": list(children), **by, **keys}


def gate(condition, then=SPY, otherwise=BIL):
    kind = {"incantation_type": "IfElse", "name": "", "then_comment": "", "else_comment": ""}
    return {**kind, "condition": condition, "then_incantation": then, "else_incantation": otherwise}


def switch(conditions, *incantations):
    keys = {"conditions": list(conditions), "incantations": list(incantations)}
    return {"incantation_type": "Switch", "name": "", **keys}


def mixed(start, end, **keys):
    by = {"indicator": {"type": "RelativeStrengthIndex", "window": 10}, "ticker_symbol": "QQQ"}
    ends = {"from_value": 30, "to_value": 70, "from_incantation": start, "to_incantation": end}
    return {"incantation_type": "Mixed", "name": "", **by, **ends, **keys}


def enter_exit(inside, outside, enter=HOT, leave=HOT):
    conditions = {"enter_condition": enter, "exit_condition": leave}
    return {
        "incantation_type": "EnterExit",
        "name": "",
        **conditions,
        "enter_incantation": inside,
        "exit_incantation": outside,
    }


def spell(incantation, **others):
    top = {"name": "x", "description": "", "version": 2, "trading_type": "Daily", "threshold": 5, "slippage_bps": 5}
    return json.dumps({**top, "benchmark_ticker": "SPY", "incantation": incantation, **others}).encode()


def root(incantation):
    chart, problems = read(spell(incantation), "x.json")
    assert problems == ()
    return outline(chart.root)


def problems(incantation, **others):
    chart, refused = read(spell(incantation, **others), "x.json")
    assert chart is None
    return [str(problem).removeprefix("x.json: ") for problem in refused]


def test_the_format_is_recognised():
    assert name_of(spell(SPY)) == "QuantMage"


@pytest.mark.parametrize(
    ("incantation", "read_as"),
    [
        (SPY, ("Asset", "SPY")),
        (None, ("Cash",)),
        (weighted(SPY, BIL), ("Equal", ASSETS)),
        (weighted(SPY, BIL, name="pair"), ("Group", "pair", ("Equal", ASSETS))),
        (weighted(SPY, BIL, type="Custom", weights=[75, 25]), ("Specified", (0.75, 0.25), ASSETS)),
        (weighted(SPY, BIL, type="Custom", weights=[100, 0]), ("Specified", (1.0,), ASSETS[:1])),
        (
            weighted(SPY, BIL, type="InverseVolatility", inverse_volatility_window=20),
            ("InverseVolatility", 20, ASSETS),
        ),
        (best(SPY, BIL), ("Filter", "standard-deviation-return", (6,), "bottom", 1, ASSETS)),
        (best(SPY, BIL, bottom=False), ("Filter", "standard-deviation-return", (6,), "top", 1, ASSETS)),
        (
            best(SPY, BIL, count=2, weight_type="Custom", weights=[75, 25]),
            ("Filter", "standard-deviation-return", (6,), "bottom", 2, ASSETS, ("ByRank", (0.75, 0.25))),
        ),
        (
            best(SPY, BIL, count=2, weight_type="InverseVolatility", inverse_volatility_window=9),
            ("Filter", "standard-deviation-return", (6,), "bottom", 2, ASSETS, ("ByVolatility", 9, True)),
        ),
        (switch((HOT, HOT), SPY, BIL, None), ("Switch", (IS_HOT, IS_HOT), (("Cash",), *reversed(ASSETS)))),
        (mixed(SPY, BIL), ("Mixed", RSI, 30.0, 70.0, *ASSETS)),
        (mixed(SPY, BIL, name="slide"), ("Group", "slide", ("Mixed", RSI, 30.0, 70.0, *ASSETS))),
        (enter_exit(SPY, None), ("If", ("Entered", IS_HOT, IS_HOT), ("Asset", "SPY"), ("Cash",))),
        (gate(HOT), ("If", IS_HOT, *ASSETS)),
        (gate(HOT, SPY, None), ("If", IS_HOT, ("Asset", "SPY"), ("Cash",))),
    ],
)
def test_each_incantation_is_read(incantation, read_as):
    assert root(incantation) == read_as


@pytest.mark.parametrize(
    ("kind", "rule"), [("Daily", "daily"), ("Weekly", "weekly"), ("Yearly", "yearly"), ("Threshold", Threshold(0.1))]
)
def test_a_spell_trades_by_a_period_or_by_a_threshold_in_percent(kind, rule):
    chart, _ = read(spell(SPY, trading_type=kind, threshold=10), "x")
    assert chart.rebalance == rule


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ({"trading_type": "Hourly"}, 'trading_type: "trading_type" is "Hourly"; it must be one of "Daily",'),
        ({"trading_type": "Threshold", "threshold": 0}, 'threshold: "threshold" is 0; it must be a number above 0'),
    ],
)
def test_another_way_to_trade_is_refused_in_a_sentence(written, sentence):
    assert problems(SPY, **written)[0].startswith(sentence)


@pytest.mark.parametrize(
    ("incantation", "sentence"),
    [
        (switch((HOT,), SPY), "it has 1 for 1 conditions; there must be one more than conditions"),
        (mixed(SPY, BIL, to_value=30), "30 is where it comes from too; the two values must differ"),
        ({"incantation_type": "Spell"}, '"incantation_type" is "Spell"; it must be one of'),
        (5, 'is 5; it must be an object with an "incantation_type", or null for cash'),
        ({**SPY, "symbol": "SPY/TLT"}, '"SPY/TLT" can\'t be held; it is read in conditions only'),
        ({**SPY, "symbol": 'Subspell "Then"'}, "can't be held; it is read in conditions only"),
        ({**SPY, "symbol": "@VIXCLS"}, '"@VIXCLS" is a figure of the economy, for which there is no source of prices'),
        ({**SPY, "leverage": 2}, 'the key "leverage" has no meaning here'),
        (weighted(SPY, BIL, type="Custom", weights=[75]), "there must be 2, sum 100"),
        (weighted(SPY, BIL, type="Custom", weights=[75, 35]), "2 percents that sum to 110; there must be 2, sum 100"),
        (weighted(SPY, BIL, type="Custom", weights=[-5, 105]), "there must be 2, sum 100"),
        (best(SPY, BIL, count=2, weight_type="Custom", weights=[75]), "there must be 2, sum 100"),
        (best(SPY, BIL, count=2, weight_type="Custom", weights=[100, 0]), "a weight of 0 takes nothing"),
        (best(SPY, BIL, sort_indicator={"type": "Vortex", "window": 6}), '"type" is "Vortex"; it must be one of'),
        (gate({"condition_type": "Not"}), '"condition_type" is "Not"; it must be one of'),
        (gate(None), 'is null; it must be an object with a "condition_type"'),
    ],
)
def test_what_is_not_read_is_refused_by_name(incantation, sentence):
    assert sentence in problems(incantation)[0]


def test_a_spell_1000_deep_is_read():
    deep = json.dumps(weighted("HERE")).split('"HERE"')
    content = spell("HERE").replace(b'"HERE"', (deep[0] * 1_000 + json.dumps(SPY) + deep[1] * 1_000).encode())
    assert read(content, "deep.json")[1] == ()


@pytest.mark.parametrize(
    ("name", "score"),
    [
        ("13612wMomentum", ("13612w-momentum", ())),
        ("Sma12Momentum", ("sma12-momentum", ())),
        ("UltimateSmoother", ("ultimate-smoother", (20,))),
        ("Drawdown", ("drawdown", ())),
        ("AroonUp", ("aroon-up", (20,))),
        ("PPO", ("percentage-price-oscillator-histogram", (12, 26, 9))),
        ("TrendClarity", ("trend-clarity", (20,))),
    ],
)
def test_further_indicators_rank_tickers(name, score):
    assert root(best(SPY, BIL, sort_indicator={"type": name, "window": 20}))[1:3] == score


def test_an_indicator_whose_unit_is_not_known_is_compared_with_0_and_itself_alone():
    clear = {**HOT, "lh_indicator": {"type": "TrendClarity", "window": 20}}
    both = {"type": "BothIndicators", "rh_ticker_symbol": "SPY", "rh_indicator": {"type": "TrendClarity", "window": 60}}
    assert "against 0 and itself only" in problems(gate({**clear, "rh_value": 0.8}))[0]
    assert root(gate({**clear, "rh_value": 0}))[1][3] == ("Constant", 0)
    assert root(gate({**clear, **both}))[1][3] == ("Indicator", "trend-clarity", (60,), "SPY")


def test_a_mix_may_go_by_what_one_of_its_branches_would_have_held():
    pair = weighted(SPY, BIL)
    by = {"indicator": {"type": "RelativeStrengthIndex", "window": 10}, "ticker_symbol": 'Subspell "To"'}
    assert root(mixed(SPY, pair, **by))[1] == (*RSI[:3], ("Equal", ASSETS))


def test_an_exit_may_look_at_what_was_entered():
    pair = weighted(SPY, BIL)
    loss = {**HOT, "lh_ticker_symbol": 'Subspell "Enter"'}
    assert root(enter_exit(pair, None, leave=loss))[1][2][1] == (*RSI[:3], ("Equal", ASSETS))
