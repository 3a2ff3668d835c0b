"""Charts as inline SVG: scales, ticks, and what is drawn of many days."""

import re
from datetime import date, timedelta

import numpy as np
import pytest

from rebalancer.report.charts import Curve, Scale, area_chart, band_chart, bar_chart, line_chart, nice_step, scale_of

DAYS = [date(2020, 1, 1) + timedelta(days=number) for number in range(3000)]


def plain(value):
    return f"{value:g}"


def chart(values, days=None, **scale):
    curve = Curve("A & B", "main", np.array(values, dtype=float))
    return line_chart("Equity", days or DAYS[: len(values)], [curve], plain, scale_of([curve.values], **scale))


def test_money_that_tripled_has_a_logarithmic_scale_and_says_so():
    assert "logarithmic scale" in chart([100, 200, 300], money=True)
    assert "logarithmic scale" not in chart([100, 200, 299], money=True)
    assert "logarithmic scale" not in chart([0, 200, 900], money=True)
    assert Scale(100, 10_000, log=True).top(1000) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("scale", "ticks"),
    [
        (Scale(0, 1, log=False), [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (Scale(-0.13, 0, log=False), [-0.1, -0.05, 0]),
        (Scale(100, 1000, log=True), [100, 200, 500, 1000]),
        (Scale(1, 1_000_000, log=True), [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]),
        (Scale(110, 390, log=True), [150, 200, 250, 300, 350]),
    ],
)
def test_ticks_are_round_numbers(scale, ticks):
    assert scale.ticks() == pytest.approx(ticks)


def test_a_step_is_one_two_or_five_times_a_power_of_ten():
    assert [nice_step(least) for least in (0.011, 0.2, 3.0, 51)] == pytest.approx([0.02, 0.2, 5, 100])


def test_a_curve_that_never_moves_and_one_without_a_value_are_drawn():
    assert "M0.0 150.0 1000.0 150.0" in chart([5, 5])
    assert "line" not in chart([np.nan, np.nan])


def test_a_missing_value_is_left_out():
    assert len(re.search(r'line" d="M([^"]*)"', chart([1, np.nan, 3]))[1].split()) == 4


def test_of_many_days_the_lowest_and_the_highest_stay():
    values = np.sin(np.arange(3000) / 200)
    values[1234] = 9.0
    drawn = re.search(r'line" d="M([^"]*)"', chart(values))[1].split()
    assert len(drawn) / 2 < 710
    assert "0.0" in drawn[1::2]  # the day at the top


def test_dates_below_are_years_months_or_days():
    for count, text in ((3000, ">2021<"), (400, ">2020-04<"), (20, ">2020-01-04<")):
        assert text in chart(np.arange(1, count + 1))


def test_names_are_escaped_and_one_curve_needs_no_legend():
    assert "figcaption" not in chart([1, 2])
    two = [Curve(name, "main", np.array([1.0, 2.0])) for name in ("A & <b>", "B")]
    assert "A &amp; &lt;b&gt;" in line_chart("x", DAYS[:2], two, plain, Scale(1, 2, log=False))


def test_the_area_below_a_curve_ends_at_0():
    curve = Curve("fall", "main", np.array([0.0, -0.5, -1.0]))
    assert 'd="M0 0.0L0.0 0.0 500.0 150.0 1000.0 300.0L1000 0.0Z"' in area_chart(
        "x", DAYS[:3], [curve], plain, scale_of([curve.values], zero=True)
    )


def test_bands_stand_on_each_other():
    bands = {"SPY": np.array([0.25, 0.5]), "cash": np.array([0.75, 0.5])}
    drawn = band_chart("Held", DAYS[:2], bands, ("c0", "cash"))
    assert 'c0 band" d="M0.0 225.0 1000.0 150.0 1000.0 300.0 0.0 300.0Z"' in drawn
    assert 'cash band" d="M0.0 0.0 1000.0 0.0 1000.0 150.0 0.0 225.0Z"' in drawn


def test_bars_of_losses_hang_below_0_and_missing_ones_are_none():
    drawn = bar_chart("Years", ("2020", "2021"), {"A": [0.1, -0.1], "SPY": [None, 0.05]}, plain)
    assert drawn.count("<rect") == 3
    assert "<title>A 2021: -0.1</title>" in drawn
    assert 'y="150.0" width="60.0" height="150.0"' in drawn
