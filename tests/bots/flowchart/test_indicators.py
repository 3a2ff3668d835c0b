import csv
import gzip
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rebalancer.bots.flowchart.formulas import (
    average_true_range,
    cumulative_return,
    exponential_moving_average_price,
    max_drawdown,
    moving_average_price,
    moving_average_return,
    relative_strength_index,
    runs,
    standard_deviation_price,
    standard_deviation_return,
)
from rebalancer.bots.flowchart.indicators import CURRENT_PRICE, INDICATORS, prices_advised
from rebalancer.model import Floats

HERE = Path(__file__).parent
SAMPLE = HERE.parents[2] / "rebalancer" / "demo" / "sample_etf_2008_2016.csv.gz"

NAN = math.nan
OF_CLOSES = {name for name, spec in INDICATORS.items() if not spec.bars}
each_indicator = pytest.mark.parametrize("spec", INDICATORS.values(), ids=INDICATORS)
missing_or_price = st.one_of(st.just(NAN), st.floats(1, 1000))
columns = arrays(np.float64, st.integers(0, 60), elements=missing_or_price)
windows = st.integers(1, 12)


def inputs(spec, prices: Floats) -> list[Floats]:
    """What the indicator reads, NaN where `prices` are: prices stand for closes, and the rest is made of them."""
    made = {
        "close": prices,
        "open": prices * (1 + (prices % 3 - 1) / 50),
        "high": prices * (1.05 + prices % 1 / 10),
        "low": prices * (0.95 - prices % 1 / 10),
        "volume": np.floor(1000 * (prices % 7)),
    }
    return [made[field] for field in spec.reads]


def parameters_of(spec):
    """Small numbers that it takes."""
    return st.tuples(*(st.integers(parameter.least, parameter.least + 11) for parameter in spec.parameters))


def row(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def assert_same(found: Floats, *wanted: float) -> None:
    np.testing.assert_allclose(found, row(*wanted), rtol=1e-14)


# ----------------------------------------------------------------------------- against other libraries


@pytest.fixture(scope="module")
def sample() -> dict[str, dict[str, float]]:
    """Closes of the demo by ticker, then by date."""
    with gzip.open(SAMPLE, "rt", newline="") as file:
        days = list(csv.DictReader(file))
    return {ticker: {day["date"]: float(day[ticker]) for day in days} for ticker in days[0] if ticker != "date"}


@pytest.mark.parametrize("function", sorted(OF_CLOSES - {CURRENT_PRICE}))
def test_values_on_real_prices_agree_with_other_libraries(function, sample):
    with (HERE / "answers" / "indicators.csv").open(newline="") as file:
        answers = [answer for answer in csv.DictReader(file) if answer["function"] == function]
    assert len(answers) > 80
    for answer in answers:
        closes = sample[answer["ticker"]]
        values = INDICATORS[function].formula(row(*closes.values()), int(answer["window"]))
        found = values[list(closes).index(answer["date"])]
        assert found == pytest.approx(float(answer["value"]), rel=1e-9, abs=1e-12), answer


# ------------------------------------------------------------------------------------ examples by hand


def test_the_mean_of_prices():
    assert_same(moving_average_price(row(1, 2, 6, 4), 3), NAN, NAN, 3, 4)


def test_the_ema_starts_from_the_first_price():
    assert_same(exponential_moving_average_price(row(2, 4, 8), 3), NAN, NAN, 5.5)


def test_an_ema_over_one_day_is_the_price():
    assert_same(exponential_moving_average_price(row(2, 4, 8), 1), 2, 4, 8)


def test_the_return_over_two_days_in_percent():
    assert_same(cumulative_return(row(100, 90, 120, 45), 2), NAN, NAN, 20, -50)


def test_the_mean_of_returns_is_not_compounded():
    assert_same(moving_average_return(row(100, 120, 108), 2), NAN, NAN, 5)


def test_the_rsi_of_wilder():
    # Gains 2 then 0 and losses 0 then 1 start as means of 1 and 0.5; then a gain of 3 makes them 2 and 0.25.
    assert_same(relative_strength_index(row(10, 12, 11, 14), 2), NAN, NAN, 100 - 100 / 3, 100 - 100 / 9)


def test_the_rsi_is_100_without_a_loss_and_0_without_a_gain():
    assert_same(relative_strength_index(row(1, 2, 3, 4), 2), NAN, NAN, 100, 100)
    assert_same(relative_strength_index(row(4, 3, 2, 1), 2), NAN, NAN, 0, 0)


def test_the_rsi_of_prices_that_never_move_is_100():
    assert_same(relative_strength_index(row(5, 5, 5, 5), 2), NAN, NAN, 100, 100)


def test_the_rsi_over_one_day_knows_only_the_last_change():
    assert_same(relative_strength_index(row(5, 6, 4, 4), 1), NAN, 100, 0, 100)


def test_deviations_are_of_a_sample():
    assert_same(standard_deviation_price(row(1, 2, 4), 2), NAN, math.sqrt(0.5), math.sqrt(2))
    assert_same(standard_deviation_return(row(100, 110, 132), 2), NAN, NAN, 100 * math.sqrt(0.005))


def test_the_deviation_of_equal_prices_is_exactly_zero():
    assert standard_deviation_price(np.full(50, 0.1), 7)[6:].tolist() == [0.0] * 44


def test_a_deviation_of_one_value_is_undefined():
    assert_same(standard_deviation_price(row(1, 2), 1), NAN, NAN)


def test_the_drawdown_looks_back_no_further_than_its_window():
    assert_same(max_drawdown(row(100, 50, 80, 60), 3), NAN, NAN, 50, 25)


def test_the_drawdown_of_rising_prices_is_zero():
    assert_same(max_drawdown(row(1, 2, 3), 2), NAN, 0, 0)


def test_the_average_true_range_counts_the_gap_from_the_close_before():
    highs, lows, closes = row(12, 20, 18, 19), row(10, 18, 15, 17), row(11, 19, 16, 18)
    # True ranges 20 - 11 = 9, 19 - 15 = 4 and 19 - 16 = 3: a mean of 6.5 of the first two, then (6.5 + 3) / 2.
    assert_same(average_true_range(highs, lows, closes, 2), NAN, NAN, 6.5, 4.75)


# ---------------------------------------------------------------------------------- what always holds


@each_indicator
@settings(max_examples=40)
@given(prices=columns, data=st.data())
def test_a_value_is_defined_after_enough_consecutive_prices(spec, prices, data):
    numbers = data.draw(parameters_of(spec))
    enough = runs(prices) >= spec.prices(*numbers)
    assert (~np.isnan(spec.formula(*inputs(spec, prices), *numbers)) == enough).all()


@each_indicator
@settings(max_examples=40)
@given(prices=columns, data=st.data(), later=missing_or_price)
def test_a_later_price_changes_no_earlier_value(spec, prices, data, later):
    numbers = data.draw(parameters_of(spec))
    before = spec.formula(*inputs(spec, prices), *numbers)
    assert spec.formula(*inputs(spec, np.append(prices, later)), *numbers)[:-1].tobytes() == before.tobytes()


@each_indicator
@settings(max_examples=40)
@given(prices=arrays(np.float64, (40, 3), elements=missing_or_price), data=st.data())
def test_columns_are_computed_independently(spec, prices, data):
    numbers = data.draw(parameters_of(spec))
    together = spec.formula(*inputs(spec, prices), *numbers)
    for column in range(3):
        alone = spec.formula(*inputs(spec, prices[:, column].copy()), *numbers)
        assert together[:, column].tobytes() == alone.tobytes()


@each_indicator
@settings(max_examples=40)
@given(prices=arrays(np.float64, 30, elements=st.floats(1, 1000)), data=st.data())
def test_recursive_indicators_restart_after_a_gap(spec, prices, data):
    numbers = data.draw(parameters_of(spec))
    with_past = spec.formula(*inputs(spec, np.concatenate((row(7, 500, 3, NAN), prices))), *numbers)
    assert with_past[4:].tobytes() == spec.formula(*inputs(spec, prices), *numbers).tobytes()


@given(prices=columns, window=windows)
def test_the_rsi_stays_between_0_and_100(prices, window):
    values = relative_strength_index(prices, window)
    defined = values[~np.isnan(values)]
    assert ((defined >= 0) & (defined <= 100)).all()


def test_the_rsi_of_a_long_history_keeps_its_digits():
    prices = np.random.default_rng(1).uniform(50, 100, 20_000)
    gain = loss = 0.0
    for count, change in enumerate(np.diff(prices).tolist()):
        gain += (max(change, 0) - gain) / min(count + 1, 2)
        loss += (max(-change, 0) - loss) / min(count + 1, 2)
    assert relative_strength_index(prices, 2)[-1] == pytest.approx(100 - 100 / (1 + gain / loss), rel=1e-12)


def test_runs_count_the_values_since_the_last_gap():
    assert runs(row(1, 1, NAN, 1, 1)).tolist() == [1, 2, 0, 1, 2]


def test_only_recursive_indicators_ask_for_more_than_they_need():
    assert prices_advised("moving-average-price", (200,)) == 200
    assert prices_advised("relative-strength-index", (10,)) == 250
    assert prices_advised("exponential-moving-average-price", (100,)) == 1000


@each_indicator
def test_every_indicator_row_is_complete(spec):
    assert spec.source
    assert spec.meaning.endswith(".")
    assert set(spec.reads) <= {"close", "open", "high", "low", "volume"}
    assert len(set(spec.reads)) == len(spec.reads) > 0
    for parameter in spec.parameters:
        assert parameter.least <= parameter.most


def test_no_two_indicators_share_a_name():
    assert len({spec.short for spec in INDICATORS.values()}) == len(INDICATORS)
    assert all(name == spec.name for name, spec in INDICATORS.items())
