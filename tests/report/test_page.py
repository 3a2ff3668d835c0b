"""The report as a browser reads it: what it would load, and what it shows."""

from html.parser import HTMLParser

import numpy as np
import pytest

from rebalancer.backtest.compare import Comparison, Terms, compare
from rebalancer.bots.decisions import Decisions
from rebalancer.model import Closes, Symbol
from rebalancer.report.curves import bands
from rebalancer.report.page import MOST_BANDS, months_figure, to_html

EVIL = "<script>alert('x')</script> & Co"
LOADS = {"src", "href", "srcset", "data", "action", "poster", "background"}


def comparison(name: str = "Bot", symbols: int = 3, days: int = 70) -> Comparison:
    """One bot that holds all but the last symbol, the smaller the later, with a tenth in cash."""
    sessions = np.busday_offset(np.datetime64("2015-11-02"), np.arange(days))
    tickers = tuple(Symbol(f"T{number:02}") for number in range(symbols))
    values = np.exp(np.random.default_rng(1).normal(0, 0.01, (days, symbols)).cumsum(axis=0)) * 100
    wanted = np.array([*range(symbols - 1, 0, -1), 0], dtype=float)
    weights = np.tile(0.9 * wanted / wanted.sum(), (days, 1))
    closes = Closes(sessions, tickers, values, notes=(f"a note of {name}",))
    return compare({name: Decisions.of(weights, tickers)}, closes, Terms(1000, 5, benchmark=tickers[-1]))


class Reader(HTMLParser):
    """Collects what a browser would load, the places that plots are drawn in, and the visible text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.places: set[str] = set()
        self.scripts = 0
        self.policy = ""
        self.style = ""
        self.text = ""
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.scripts += tag == "script"
        found = dict(attrs)
        self.loads += [f"{tag} {name}={value}" for name, value in attrs if name in LOADS]
        self.places |= {str(found["id"])} if "id" in found else set()
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = str(found["content"])

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.style += data
        elif self._inside != "script":
            self.text += data


@pytest.fixture(scope="module")
def page() -> Reader:
    return Reader(to_html(comparison(EVIL)))


def test_the_page_loads_nothing_and_forbids_the_browser_to(page: Reader):
    assert page.loads == []
    assert "url(" not in page.style
    assert "@import" not in page.style
    assert page.policy.startswith("default-src 'none';")
    assert "http" not in page.policy


def test_four_plots_are_drawn(page: Reader):
    assert {"equity", "drawdown", "months", "allocation"} <= page.places


def test_names_are_shown_as_they_are_and_never_run(page: Reader):
    plain = Reader(to_html(comparison("Bot")))
    assert page.text.count(EVIL) == plain.text.replace("Back-test", "").count("Bot")
    assert page.scripts == plain.scripts


def test_numbers_notes_and_months_are_in_the_text(page: Reader):
    assert "70 sessions, begun with 1,000.00 USD, costs: 5 bps" in page.text
    assert "a note of" in page.text
    assert "Past results are no promise" in page.text
    for words in ("CAGR", "Sortino", "Max drawdown", "2015", "2016", "Held after", "cash"):
        assert words in page.text


def test_the_same_back_test_makes_the_same_page():
    assert to_html(comparison()) == to_html(comparison())


def test_small_positions_are_one_band_and_all_bands_are_the_whole():
    found = bands(comparison(symbols=MOST_BANDS + 4), MOST_BANDS)
    assert list(found)[-2:] == ["others", "cash"]
    assert len(found) == MOST_BANDS + 2
    np.testing.assert_allclose(sum(found.values()), 1)


def test_months_outside_the_back_test_are_blank():
    (heat,) = months_figure(comparison().main).data
    assert heat.z[0][9] is None
    assert heat.z[0][10] is not None
