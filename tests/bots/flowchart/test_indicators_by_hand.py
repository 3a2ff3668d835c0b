"""Each formula on a few prices that can be worked out by hand."""

import math

import numpy as np

from rebalancer.bots.flowchart.indicators.averages import (
    hull_average,
    kaufman_average,
    moving_average,
    ultimate_smoother,
    weighted_average,
)
from rebalancer.bots.flowchart.indicators.bars import (
    aroon_down,
    aroon_oscillator,
    aroon_up,
    average_directional_index,
    average_true_range,
    average_true_range_percent,
    commodity_channel_index,
    stochastic_d,
    stochastic_k,
    williams_percent_r,
)
from rebalancer.bots.flowchart.indicators.momentum import (
    average_momentum,
    cumulative_return,
    drawdown,
    macd,
    macd_signal,
    max_drawdown,
    moving_average_return,
    ppo,
    price_to_average,
    unweighted_momentum,
    weighted_momentum,
)
from rebalancer.bots.flowchart.indicators.oscillators import (
    laguerre_relative_strength_index,
    relative_strength_index,
    relative_strength_index_ema,
    relative_strength_index_sma,
    stochastic_relative_strength_index,
)
from rebalancer.bots.flowchart.indicators.recursive import exponential_average, wilder_average
from rebalancer.bots.flowchart.indicators.trend import regression_slope, regression_value, trend_clarity
from rebalancer.bots.flowchart.indicators.volatility import (
    bandwidth,
    bollinger_band,
    historical_volatility,
    percent_b,
    standard_deviation_price,
    standard_deviation_return,
    ulcer_index,
)
from rebalancer.bots.flowchart.indicators.volume import (
    money_flow_index,
    on_balance_volume_change,
    price_to_volume_average,
)
from rebalancer.model import Floats

NAN = math.nan


def row(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def assert_same(found: Floats, *wanted: float) -> None:
    np.testing.assert_allclose(found, row(*wanted), rtol=1e-14, atol=1e-14)


# --------------------------------------------------------------------------------------------- averages


def test_the_last_of_weighted_prices_weighs_most():
    assert_same(weighted_average(row(1, 2, 4), 3), NAN, NAN, (1 + 4 + 12) / 6)


def test_the_hull_average_follows_a_straight_line_without_lag():
    assert_same(hull_average(row(1, 2, 3, 4, 5, 6), 4)[4:], 5, 6)


def test_the_average_of_wilder_starts_from_a_mean():
    assert_same(wilder_average(row(2, 4, 9), 2), NAN, 3, 6)


def test_the_average_of_kaufman_is_fast_on_a_straight_way_and_slow_on_a_crooked_one():
    fast, slow = (2 / 3) ** 2, (2 / 31) ** 2
    first = 2 + fast * (3 - 2)
    assert_same(kaufman_average(row(1, 2, 3, 2), 2), NAN, NAN, first, first + slow * (2 - first))


def test_the_ultimate_smoother_keeps_a_level_and_starts_from_the_prices():
    assert_same(ultimate_smoother(row(5, 5, 5, 5, 5), 2), NAN, 5, 5, 5, 5)
    assert_same(ultimate_smoother(row(1, 2, 4), 2), NAN, 2, 4)


# --------------------------------------------------------------------------------------------- momentum


def test_momentum_of_a_year_weighs_the_last_month_most():
    prices = np.full(253, 100.0)
    prices[-21:] = 119  # up 19 % in the last month, and so over all four periods
    assert_same(weighted_momentum(prices)[-1:], 19)
    assert_same(unweighted_momentum(prices)[-1:], 19)
    assert_same(average_momentum(prices)[-1:], 100 * (13 * 119 / (119 + 12 * 100) - 1))


def test_the_fall_from_the_highest_price_of_all():
    assert_same(drawdown(row(80, 100, 50, 75, 120)), 0, 0, 50, 25, 0)


def test_the_highest_price_is_forgotten_after_a_gap():
    assert_same(drawdown(row(100, 50, NAN, 40)), 0, 50, NAN, 0)


def test_the_macd_is_a_difference_of_averages_and_the_ppo_a_percentage():
    prices = row(2, 4, 8)
    slow = exponential_average(prices, 3)
    assert_same(macd(prices, 1, 3), NAN, NAN, 8 - 5.5)
    assert_same(ppo(prices, 1, 3), NAN, NAN, 100 * (8 / slow[2] - 1))


def test_the_signal_starts_from_the_first_macd():
    assert_same(macd_signal(row(2, 4, 8, 8), 1, 2, 3)[:3], NAN, NAN, NAN)
    line = macd(row(2, 4, 8, 8), 1, 2)
    assert_same(macd_signal(row(2, 4, 8, 8), 1, 2, 2)[2:3], line[1] + (line[2] - line[1]) * 2 / 3)


def test_the_price_above_its_mean_in_percent():
    assert_same(price_to_average(row(10, 30), 2), NAN, 50)


# ------------------------------------------------------------------------------------------- volatility


def test_the_bands_of_bollinger_have_the_deviation_of_a_population():
    prices = row(1, 3)
    assert_same(bollinger_band(prices, 2, 2.5), NAN, 2 + 2.5)
    assert_same(bandwidth(prices, 2, 2.5), NAN, 100 * 5 / 2)
    assert_same(percent_b(prices, 2, 2.5), NAN, 100 * 3.5 / 5)


def test_a_place_between_two_bands_that_coincide_is_undefined():
    assert_same(percent_b(row(5, 5), 2, 2), NAN, NAN)


def test_historical_volatility_is_of_a_year():
    assert_same(historical_volatility(row(1, math.e, 1), 2)[2:], 100 * math.sqrt(252) * math.sqrt(2))


def test_the_ulcer_index_counts_each_fall_from_the_highest_so_far():
    assert_same(ulcer_index(row(50, 100, 90, 100), 3), NAN, NAN, math.sqrt(100 / 3), math.sqrt(100 / 3))


# ------------------------------------------------------------------------------------------ oscillators


def test_the_rsi_of_plain_means_looks_back_no_further_than_its_window():
    assert_same(relative_strength_index_sma(row(10, 1, 2, 1, 4), 2), NAN, NAN, 10, 50, 75)


def test_the_rsi_of_exponential_means_starts_from_the_first_change():
    # Gains 3 then 1, losses 0 then 2 with the factor 2/3.
    assert_same(relative_strength_index_ema(row(1, 4, 2), 2), NAN, NAN, 100 * 1 / (1 + 4 / 3))


def test_the_stochastic_rsi_is_undefined_while_the_rsi_stands_still():
    assert_same(stochastic_relative_strength_index(row(1, 2, 3, 4), 2), NAN, NAN, NAN, NAN)
    assert_same(stochastic_relative_strength_index(row(1, 2, 3, 2), 2), NAN, NAN, NAN, 0)


def test_the_laguerre_rsi_counts_rises_from_stage_to_stage():
    # With gamma 0 the stages are the last four prices: rises of 1 and 4, a fall of 3.
    assert_same(laguerre_relative_strength_index(row(1, 2, 6, 3), 0), NAN, NAN, NAN, 100 * 5 / 8)
    assert_same(laguerre_relative_strength_index(row(5, 5, 5, 5), 0.5), NAN, NAN, NAN, NAN)


# ------------------------------------------------------------------------------------------------ trend


def test_prices_on_a_line_have_its_slope_and_no_rest():
    prices = row(10, 12, 14)
    assert_same(regression_slope(prices, 3), NAN, NAN, 100 * 2 / 12)
    assert_same(regression_value(prices, 3), NAN, NAN, 14)
    assert_same(trend_clarity(prices, 3), NAN, NAN, 100)


def test_a_line_through_a_peak_explains_nothing():
    assert_same(trend_clarity(row(1, 2, 1), 3), NAN, NAN, 0)


# ------------------------------------------------------------------------------------- bars and volume


HIGHS, LOWS, CLOSES = row(12, 20, 18, 19), row(10, 18, 15, 17), row(11, 19, 16, 18)


def test_the_average_true_range_counts_the_gap_from_the_close_before():
    # True ranges 20 - 11 = 9, 19 - 15 = 4 and 19 - 16 = 3: a mean of 6.5 of the first two, then (6.5 + 3) / 2.
    assert_same(average_true_range(HIGHS, LOWS, CLOSES, 2), NAN, NAN, 6.5, 4.75)
    assert_same(average_true_range_percent(HIGHS, LOWS, CLOSES, 2)[2:], 650 / 16, 475 / 18)


def test_the_directional_index_is_100_where_all_moves_go_one_way():
    rising = row(1, 2, 3, 4, 5)
    assert_same(average_directional_index(rising + 1, rising, 2), NAN, NAN, NAN, 100, 100)


def test_the_directional_index_is_0_where_nothing_moves():
    still = row(5, 5, 5, 5)
    assert_same(average_directional_index(still + 1, still, 2), NAN, NAN, NAN, 0)


def test_the_close_is_placed_between_the_lowest_low_and_the_highest_high():
    assert_same(stochastic_k(HIGHS, LOWS, CLOSES, 2), NAN, 90, 20, 75)
    assert_same(williams_percent_r(HIGHS, LOWS, CLOSES, 2), NAN, -10, -80, -25)
    assert_same(stochastic_d(HIGHS, LOWS, CLOSES, 2, 2), NAN, NAN, 55, 47.5)


def test_a_place_in_a_range_of_nothing_is_undefined():
    still = row(5, 5)
    assert_same(stochastic_k(still, still, still, 2), NAN, NAN)
    assert_same(commodity_channel_index(still, still, still, 2), NAN, NAN)


def test_the_channel_index_counts_mean_deviations():
    # Typical prices 11, 19, 49/3: the last is 4/3 below the mean of two, and so is their mean deviation.
    assert_same(commodity_channel_index(HIGHS, LOWS, CLOSES, 2)[2:3], -1 / 0.015)


def test_aroon_counts_the_days_since_the_last_of_equal_extremes():
    assert_same(aroon_up(row(3, 1, 3, 2, 1), 2), NAN, NAN, 100, 50, 0)
    assert_same(aroon_down(row(1, 2, 1, 2, 3), 2), NAN, NAN, 100, 50, 0)
    assert_same(aroon_oscillator(row(3, 1, 3), row(1, 0, 1), 2), NAN, NAN, 50)


def test_money_flows_in_on_a_rise_and_out_on_a_fall():
    prices, volumes = row(1, 2, 1, 1), row(9, 10, 20, 7)
    assert_same(money_flow_index(prices, prices, prices, volumes, 2), NAN, NAN, 50, 0)
    assert_same(money_flow_index(prices, prices, prices, volumes, 1), NAN, 100, 0, NAN)


def test_on_balance_volume_adds_on_a_rise_and_subtracts_on_a_fall():
    # 0, 10, -10, -10: from 10 to -10 is -200 %; from 0 it is undefined.
    assert_same(on_balance_volume_change(row(1, 2, 1, 1), row(9, 10, 20, 7), 1), NAN, NAN, -200, 0)


def test_the_price_beside_its_mean_weighted_by_volume():
    assert_same(price_to_volume_average(row(10, 20), row(3, 1), 2), NAN, 100 * 20 / 12.5)
    assert_same(price_to_volume_average(row(10, 20), row(0, 0), 2), NAN, NAN)


# --------------------------------------------------------------------------------- the first of Composer


def test_the_mean_of_prices():
    assert_same(moving_average(row(1, 2, 6, 4), 3), NAN, NAN, 3, 4)


def test_the_ema_starts_from_the_first_price():
    assert_same(exponential_average(row(2, 4, 8), 3), NAN, NAN, 5.5)


def test_an_ema_over_one_day_is_the_price():
    assert_same(exponential_average(row(2, 4, 8), 1), 2, 4, 8)


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
