"""The tearsheet as a browser reads it: what it would load, what it shows, how large it is."""

import re
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from test_page import EVIL, Reader, comparison

from rebalancer import __version__
from rebalancer.backtest.metrics import months_of
from rebalancer.report.backtest_sheet import HTML_BEGINS, to_html
from rebalancer.report.style import STRENGTHS
from rebalancer.report.tearsheet import Sheet, content
from rebalancer.report.tearsheet import to_html as sheet_to_html

MADE = date(2026, 11, 30)
LARGEST = 1_500_000


def sheet(daily: np.ndarray, **changes: object) -> Sheet:
    sessions = np.busday_offset(np.datetime64("2015-01-02"), np.arange(len(daily)))
    values = 10_000 * np.cumprod(1 + daily)
    years = months_of(values, 10_000, sessions)
    return replace(Sheet("T", "lead", "Equity", "A", sessions, 10_000, values, years, MADE), **changes)


def daily(count: int) -> np.ndarray:
    return np.random.default_rng(7).normal(0.0006, 0.01, count)


@pytest.fixture(scope="module")
def page() -> Reader:
    return Reader(to_html(comparison(EVIL, days=300), MADE))


def test_the_page_loads_nothing_runs_nothing_and_forbids_the_browser_to(page: Reader):
    assert (page.loads, page.scripts) == ([], 0)
    assert "url(" not in page.style
    assert page.policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_names_are_shown_as_they_are(page: Reader):
    assert EVIL in page.text
    assert "<script" not in to_html(comparison(EVIL), MADE)


def test_the_page_has_what_a_person_would_show(page: Reader):
    for words in (
        *("total return", "deepest fall", "Sharpe", "beta to T02", "winning days", "winning months", "Deepest falls"),
        *(
            "Best days",
            "Worst days",
            "Return by year",
            "Below the highest value so far",
            "Volatility over 126 sessions",
        ),
        *("Monthly returns, %", "Held, of the whole", "Past results are no promise", "CAGR", "1,000.00 USD"),
        f"Made on 2026-11-30 by rebalance {__version__}",
    ):
        assert words in page.text
    assert "prefers-color-scheme: dark" in page.style
    assert "@media print" in page.style


def test_the_same_back_test_made_on_the_same_day_makes_the_same_page():
    made = to_html(comparison(), MADE)
    assert made == to_html(comparison(), MADE)
    assert made.encode().startswith(HTML_BEGINS)


def test_less_than_a_year_is_never_made_a_year():
    other = {"benchmark": 100 * np.cumprod(1 + daily(300)), "benchmark_name": "SPY"}
    assert "alpha to SPY, a year" in sheet_to_html(sheet(daily(300), **other))
    short = sheet_to_html(sheet(daily(200), **{**other, "benchmark": other["benchmark"][:200]}))
    assert ("<span>a year" in short, "alpha" in short, "beta to SPY" in short) == (False, False, True)


def test_one_wild_month_does_not_wash_out_the_colours_of_the_others():
    calm = daily(500)
    calm[250] = 2.0
    found = re.findall(r'class="(?:gain|loss) s(\d+)"', sheet_to_html(sheet(calm)))
    assert max(map(int, found)) == STRENGTHS
    assert np.median([int(strength) for strength in found]) > STRENGTHS / 5


def test_a_page_that_forbids_styles_shows_the_content_all_the_same():
    made = content(sheet(daily(500), bands={"SPY": np.full(500, 0.5), "cash": np.full(500, 0.5)}))
    assert "style" not in made
    assert 'class="plot"' in made


def test_twenty_years_of_twenty_symbols_stay_small():
    weights = {f"T{number}": np.full(5000, 0.05) for number in range(20)}
    made = sheet_to_html(
        sheet(daily(5000), bands=weights, others={f"B{number}": daily(5000) + 1 for number in range(9)})
    )
    assert len(made) < LARGEST


def test_a_single_session_has_figures_and_no_charts():
    made = sheet_to_html(sheet(daily(1)))
    assert ("<svg" in made, "total return" in made) == (False, True)
