import csv
import gzip
import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rebalancer.bots.flowchart.indicators import CURRENT_PRICE, INDICATORS, prices_advised
from rebalancer.bots.flowchart.indicators.oscillators import relative_strength_index
from rebalancer.bots.flowchart.indicators.rolling import runs
from rebalancer.bots.flowchart.indicators.volume import on_balance_volume
from rebalancer.model import Floats

HERE = Path(__file__).parent
SAMPLE = HERE.parents[2] / "rebalancer" / "demo" / "sample_etf_2008_2016.csv.gz"

NAN = math.nan
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
    return st.tuples(*map(number_for, spec.parameters))


def number_for(parameter):
    if parameter.fraction:
        return st.sampled_from([number for number in (0.5, 0.8, 2.0, 2.5) if number <= parameter.most])
    return st.integers(parameter.least, parameter.least + 11)


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


@pytest.mark.parametrize("function", sorted(INDICATORS.keys() - {CURRENT_PRICE}))
def test_values_on_real_prices_agree_with_other_libraries(function, sample):
    with (HERE / "answers" / "indicators.csv").open(newline="") as file:
        answers = [answer for answer in csv.DictReader(file) if answer["function"] == function]
    assert len(answers) >= 20

    @cache
    def values(ticker: str, parameters: str) -> Floats:
        numbers = [float(number) if "." in number else int(number) for number in parameters.split()]
        spec = INDICATORS[function]
        return spec.formula(*inputs(spec, row(*sample[ticker].values())), *numbers)

    for answer in answers:
        found = values(answer["ticker"], answer["parameters"])[list(sample[answer["ticker"]]).index(answer["date"])]
        assert found == pytest.approx(float(answer["value"]), rel=1e-9, abs=1e-12), answer


# ---------------------------------------------------------------------------------- what always holds


@each_indicator
@settings(max_examples=40)
@given(prices=columns, data=st.data())
def test_a_value_is_defined_after_enough_consecutive_prices(spec, prices, data):
    numbers = data.draw(parameters_of(spec))
    enough = runs(prices) >= spec.prices(*numbers)
    defined = ~np.isnan(spec.formula(*inputs(spec, prices), *numbers))
    assert (defined <= enough).all()
    assert spec.undefined or (defined == enough).all()


@each_indicator
@settings(max_examples=20)
@given(seed=st.integers(0, 1000), data=st.data())
def test_only_prices_that_stand_still_leave_a_value_undefined(spec, seed, data):
    numbers = data.draw(parameters_of(spec))
    prices = 100 + np.cumsum(np.random.default_rng(seed).normal(0, 1, 300).clip(-3, 3) * 0.1)
    warm = prices_advised(spec.name, numbers)
    if spec.name == "on-balance-volume-change":
        assume(on_balance_volume(*inputs(spec, prices))[1:].all())
    if spec.name == "price-to-volume-weighted-average":
        assume(inputs(spec, prices)[1].all())  # a session on which nothing was traded has none
    assert not np.isnan(spec.formula(*inputs(spec, prices), *numbers)[min(warm, 299) :]).any()


@each_indicator
@settings(max_examples=40)
@given(prices=columns, data=st.data(), later=missing_or_price)
def test_a_later_price_changes_no_earlier_value(spec, prices, data, later):
    numbers = data.draw(parameters_of(spec))
    before = spec.formula(*inputs(spec, prices), *numbers)
    assert spec.formula(*inputs(spec, np.append(prices, later)), *numbers)[:-1].tobytes() == before.tobytes()


@each_indicator
@settings(max_examples=40)
@given(prices=columns, data=st.data(), factor=st.sampled_from((0.25, 0.5, 2.0, 64.0)))
def test_prices_in_another_currency_scale_what_is_a_price_and_change_nothing_else(spec, prices, data, factor):
    """By powers of two, which leave every digit of a float: the same to the last bit."""
    numbers, read = data.draw(parameters_of(spec)), inputs(spec, prices)
    scaled = [values * (1 if field == "volume" else factor) for field, values in zip(spec.reads, read, strict=True)]
    found, wanted = spec.formula(*scaled, *numbers), spec.formula(*read, *numbers)
    np.testing.assert_array_equal(found, wanted * factor if spec.unit == "price" else wanted)


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
@pytest.mark.parametrize("order", ["C", "F"])
def test_columns_without_a_gap_go_together_and_stay_the_same_to_the_last_bit(spec, order):
    prices = np.asarray(100 * np.exp(np.random.default_rng(1).normal(0, 0.01, (300, 5)).cumsum(axis=0)), order=order)
    parameters = [0.8 if each.fraction else max(each.least, 40) for each in spec.parameters]
    together = spec.formula(*inputs(spec, prices), *parameters)
    for column, alone in zip(together.T, prices.T, strict=True):
        assert column.tobytes() == spec.formula(*inputs(spec, alone.copy()), *parameters).tobytes()


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
