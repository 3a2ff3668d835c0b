"""Open, high, low and volume from Alpaca: of completed sessions, and of tonight so far."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from history_contract import DAYS, EVERYTHING, GLD, RAW, SHARES, SPY, TOMORROW, TheBarsOfAHistory
from local_alpaca import LocalAlpaca
from local_alpaca.faults import UNAVAILABLE, answering
from numpy.testing import assert_allclose, assert_array_equal

from rebalancer.errors import SourceError
from rebalancer.market.cache import ClosesCache
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.venues.alpaca.client import AlpacaClient
from rebalancer.venues.alpaca.history import AlpacaHistory
from rebalancer.venues.alpaca.quotes import AlpacaQuotes

BARS = "/v2/stocks/bars"


@pytest.fixture
def history(venue: LocalAlpaca, client: AlpacaClient, tmp_path: Path) -> AlpacaHistory:
    """On the evening of TOMORROW."""
    venue.market.list("SPY", {day: Decimal(close) for day, close in zip(DAYS, RAW, strict=True)})
    venue.market.action("forward_split", "SPY", DAYS[-1], new_rate=2, old_rate=1)
    cache = ClosesCache(tmp_path / "prices.sqlite")
    return AlpacaHistory(client, cache, ExchangeCalendar(venue.clock), venue.clock, DAYS[0])


def asked(venue: LocalAlpaca) -> list[dict[str, str]]:
    return [params for _, path, params, _ in venue.requests if path == BARS]


class TestTheBarsOfAlpaca(TheBarsOfAHistory):
    pass


def test_closes_alone_ask_for_no_bars(venue: LocalAlpaca, history: AlpacaHistory) -> None:
    history.closes([SPY, GLD], TOMORROW)
    assert len(asked(venue)) == 1


def test_bars_are_one_request_for_the_tickers_that_are_read(venue: LocalAlpaca, history: AlpacaHistory) -> None:
    closes = history.closes([SPY, GLD], TOMORROW)
    venue.requests.clear()
    history.bars(closes, EVERYTHING)
    (params,) = asked(venue)
    assert (params["symbols"], params["feed"], params["adjustment"]) == ("SPY", "sip", "all")


def test_a_dividend_scales_prices_and_leaves_volumes(venue: LocalAlpaca, history: AlpacaHistory) -> None:
    venue.market.action("cash_dividend", "SPY", DAYS[-1], rate=Decimal("1.02"))
    closes = history.closes([SPY], TOMORROW)
    bars = history.bars(closes, EVERYTHING)
    assert_allclose(closes.values[:2, 0], [49.5, 50.49], rtol=1e-9)
    assert_allclose(bars.values["high"], 1.02 * closes.values, rtol=1e-5)
    assert_array_equal(bars.values["volume"][:, 0], [2 * SHARES, 2 * SHARES, SHARES])


def test_a_split_of_today_that_alpaca_has_not_applied_yet_is_applied_to_prices_and_volumes(
    venue: LocalAlpaca, history: AlpacaHistory
) -> None:
    venue.market.action("forward_split", "SPY", TOMORROW, new_rate=4, old_rate=1, applied=False)
    closes = history.closes([SPY], TOMORROW)
    bars = history.bars(closes, EVERYTHING)
    assert_allclose(closes.values[:, 0], [12.5, 12.75, 13], rtol=1e-9)
    assert_allclose(bars.values["low"], 0.99 * closes.values, rtol=1e-9)
    assert_array_equal(bars.values["volume"][:, 0], [8 * SHARES, 8 * SHARES, 4 * SHARES])


def test_a_field_that_is_no_number_is_missing(venue: LocalAlpaca, history: AlpacaHistory) -> None:
    closes = history.closes([SPY], TOMORROW)
    bar = {"t": f"{DAYS[0]}T05:00:00Z", "c": 50, "h": None, "l": 49}
    venue.faults.on("GET", BARS, fault=answering({"bars": {"SPY": [bar]}, "next_page_token": None}))
    bars = history.bars(closes, {SPY: ("high", "low")})
    assert np.isnan(bars.values["high"]).all()
    assert_array_equal(bars.values["low"][:, 0], [49, np.nan, np.nan])


def test_bars_that_do_not_come_are_an_error(venue: LocalAlpaca, history: AlpacaHistory) -> None:
    closes = history.closes([SPY], TOMORROW)
    venue.faults.on("GET", BARS, fault=UNAVAILABLE, times=99)
    with pytest.raises(SourceError):
        history.bars(closes, EVERYTHING)


def test_only_the_consolidated_feed_has_tonights_bar(venue: LocalAlpaca, client: AlpacaClient) -> None:
    venue.market.list("SPY", {TOMORROW: Decimal(500)})
    venue.market.paid = True
    whole = AlpacaQuotes(client, venue.clock, "sip").snapshots([SPY])[SPY].bar
    alone = AlpacaQuotes(client, venue.clock, "iex").snapshots([SPY])[SPY].bar
    assert whole is not None
    assert alone is not None
    assert whole.session == alone.session == TOMORROW
    assert whole.rest == {
        "open": Decimal("495.0"),
        "high": Decimal("510.0"),
        "low": Decimal("495.0"),
        "volume": Decimal(1_000_000),
    }
    assert alone.rest == {}
