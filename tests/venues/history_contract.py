"""The contract of bars beside closes. The test module of a history inherits it and provides the fixture `history`.

`history` has SPY on DAYS with the closes RAW in dollars, split two for one on the last of them, SHARES of the day
traded each day, highs 2 % above the close and lows 1 % below it; it knows no GLD.
"""

from datetime import date

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from rebalancer.model import BarsRead, Symbol
from rebalancer.ports import History

SPY, GLD = Symbol("SPY"), Symbol("GLD")
DAYS = date(2024, 2, 29), date(2024, 3, 1), date(2024, 3, 4)
RAW = 100.0, 102.0, 52.0
TOMORROW = date(2024, 3, 5)
SHARES = 1_000_000
EVERYTHING: BarsRead = {SPY: ("high", "low", "open", "volume")}


class TheBarsOfAHistory:
    def test_they_have_the_rows_of_the_closes_and_what_was_asked_for(self, history: History) -> None:
        closes = history.closes([GLD, SPY], TOMORROW)
        bars = history.bars(closes, {SPY: ("low",), GLD: ("volume",)})
        assert [closes.day(row) for row in range(3)] == list(DAYS)
        assert bars.symbols == (GLD, SPY)
        assert {field: values.shape for field, values in bars.values.items()} == {"low": (3, 2), "volume": (3, 2)}

    def test_prices_are_adjusted_as_the_closes_are(self, history: History) -> None:
        closes = history.closes([SPY], TOMORROW)
        bars = history.bars(closes, EVERYTHING)
        assert_allclose(closes.values[:, 0], [50, 51, 52], rtol=1e-9)
        assert_allclose(bars.values["high"], 1.02 * closes.values, rtol=1e-9)
        assert_allclose(bars.values["low"], 0.99 * closes.values, rtol=1e-9)
        assert (bars.values["open"] >= bars.values["low"] * (1 - 1e-9)).all()

    def test_volume_is_in_shares_of_today(self, history: History) -> None:
        bars = history.bars(history.closes([SPY], TOMORROW), {SPY: ("volume",)})
        assert_array_equal(bars.values["volume"][:, 0], [2 * SHARES, 2 * SHARES, SHARES])

    def test_a_ticker_that_is_not_known_has_none(self, history: History) -> None:
        bars = history.bars(history.closes([SPY, GLD], TOMORROW), {GLD: ("high",)})
        assert np.isnan(bars.values["high"]).all()
        assert bars.remedy

    def test_a_day_that_the_closes_do_not_have_is_not_shown(self, history: History) -> None:
        """No look-ahead: an earlier evening sees no later bar."""
        closes = history.closes([SPY], TOMORROW)
        whole, early = history.bars(closes, EVERYTHING), history.bars(closes.until(DAYS[1]), EVERYTHING)
        for field, values in early.values.items():
            assert_array_equal(values, whole.values[field][:2])

    def test_without_a_session_there_are_no_rows(self, history: History) -> None:
        bars = history.bars(history.closes([SPY], DAYS[0]), EVERYTHING)
        assert all(values.shape == (0, 1) for values in bars.values.values())
