"""The conditions of QuantMage's spells, written by hand from the description of the format."""

import pytest
from test_quantmage import ASSETS, BIL, HOT, IS_HOT, RSI, SPY, gate, problems, root, weighted

BOTH = {
    **HOT,
    "type": "BothIndicators",
    "rh_indicator": {"type": "CurrentPrice", "window": 0},
    "rh_ticker_symbol": "SPY",
}
PRICE = ("Indicator", "current-price", (), "SPY")
RETURN = {"type": "CumulativeReturn", "window": 5}


def condition(**changes):
    return root(gate({**HOT, **changes}))[1]


def test_a_side_may_be_an_indicator_and_a_condition_may_have_to_hold_for_days():
    assert root(gate({**BOTH, "greater_than": False, "for_days": 3}))[1] == ("Compare", RSI, "lt", PRICE, 3)


@pytest.mark.parametrize(("name", "kind"), [("AllOf", "AllOf"), ("OrCondition", "AnyOf")])
def test_conditions_combine(name, kind):
    assert root(gate({"condition_type": name, "conditions": [HOT, HOT]}))[1] == (kind, (IS_HOT, IS_HOT))


def test_each_side_may_be_of_days_ago():
    compared = root(gate({**BOTH, "lh_days_ago": 1, "rh_days_ago": 20}))[1]
    assert compared == ("Compare", ("DaysAgo", 1, RSI), "gt", ("DaysAgo", 20, PRICE), 1)


def test_the_right_indicator_is_weighted_and_then_biased():
    weighed = ("Arithmetic", "multiply", (("Constant", 0.9), PRICE))
    assert root(gate({**BOTH, "rh_weight": 0.9}))[1][3] == weighed
    assert root(gate({**BOTH, "rh_weight": 0.9, "rh_bias": -5}))[1][3] == (
        "Arithmetic",
        "add",
        (weighed, ("Constant", -5.0)),
    )


def test_the_weight_and_the_bias_beside_a_number_are_fillers():
    assert condition(rh_weight=2, rh_bias=3) == IS_HOT


@pytest.mark.parametrize(
    ("greater", "month", "dates"),
    [(True, 9, ((10, 1), (12, 31))), (False, 3, ((1, 1), (2, 29))), (True, 11, ((12, 1), (12, 31)))],
)
def test_a_month_is_compared_by_its_number(greater, month, dates):
    assert condition(type="Month", greater_than=greater, rh_value_int=month, for_days=2) == ("Dates", *dates, 2)


@pytest.mark.parametrize(
    ("name", "kind"), [("IndicatorPercentile", "percentile"), ("IndicatorStochastic", "stochastic")]
)
def test_an_indicator_is_ranked_among_its_own_past(name, kind):
    ranked = ("Rank", kind, 100, RSI)
    assert condition(type=name, rh_value_int=100, rh_value=95) == ("Compare", ranked, "gt", ("Constant", 95.0), 1)


def test_an_indicator_may_be_of_a_ratio():
    subject = ("Ratio", "SPY", "TLT")
    assert condition(lh_ticker_symbol="SPY/TLT")[1] == ("Indicator", "relative-strength-index", (10,), subject)


def test_an_indicator_may_be_of_a_branch_of_the_same_incantation():
    looked_at = {**HOT, "lh_ticker_symbol": 'Subspell "Then"', "lh_indicator": RETURN}
    chart = root(gate(looked_at, weighted(SPY, BIL), BIL))
    assert chart[1][1] == ("Indicator", "cumulative-return", (5,), ("Equal", ASSETS))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"type": "Year"}, '"type" is "Year"; it must be one of "IndicatorAndNumber", "BothIndicators", "Month"'),
        ({"type": "Month", "rh_value_int": 12}, "no month is above 12"),
        ({"type": "Month", "rh_value_int": 0}, '"rh_value_int" is 0; it must be a whole number from 1 to 12'),
        ({"type": "IndicatorPercentile"}, '"rh_value_int" is 0; it must be a whole number from 1 to 10,000'),
        ({"lh_days_ago": -1}, '"lh_days_ago" is -1; it must be a whole number from 0 to 10,000'),
        ({"lh_ticker_symbol": "SPY/TLT/GLD"}, '"SPY/TLT/GLD" is no ticker and no ratio of two'),
        ({"lh_ticker_symbol": "SPY/"}, "'' is not a ticker"),
        ({"lh_ticker_symbol": "@T10Y2Y"}, '"@T10Y2Y" is a figure of the economy'),
        ({"lh_ticker_symbol": 'Subspell "From"'}, 'it must be one of "Subspell \\"Then\\"", "Subspell \\"Else\\""'),
        (
            {"lh_ticker_symbol": 'Subspell "Then"', "lh_indicator": {"type": "MovingAverage", "window": 5}},
            '"moving-average-price" is known of tickers only',
        ),
    ],
)
def test_what_a_condition_can_not_mean_is_refused_by_name(changes, sentence):
    assert sentence in problems(gate({**HOT, **changes}, weighted(SPY, BIL), BIL))[0]
