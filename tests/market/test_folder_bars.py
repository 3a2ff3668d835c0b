"""Open, high, low and volume from price files."""

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from rebalancer.errors import BadInputError
from rebalancer.market.clock import SystemClock
from rebalancer.market.folder import REMEDY, read_folder, read_folder_bars
from rebalancer.market.price_file_cache import PriceFileCache
from rebalancer.model import Bars, BarsRead, Closes, Symbol

SPY, TLT = Symbol("SPY"), Symbol("TLT")
SHARED = Path(__file__).parents[3] / "shared" / "data" / "us_adjusted_ohlcv_events_2020_2026.parquet"
LONG = """date,symbol,open,high,low,close,adj_close,volume
2016-06-30,SPY,208,210,207,209,104.5,900
2016-07-01,SPY,209,211,208,210,210,0
2016-07-01,TLT,139,140,138,139,139,50
"""
ADJUSTED = {"open": [104, 209], "high": [105, 211], "low": [103.5, 208]}
NAN = float("nan")


def read(folder: Path, wanted: BarsRead, **files: str) -> tuple[Closes, Bars]:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    closes = read_folder(folder)
    return closes, read_folder_bars(folder, closes, wanted)


def of_spy(folder: Path, text: str) -> dict[str, list[float]]:
    _, bars = read(folder, {SPY: ("open", "high", "low", "volume")}, prices=text)
    return {field: values[:, 0].tolist() for field, values in bars.values.items()}


def test_prices_are_adjusted_as_the_close_of_their_day_is_and_a_volume_is_as_it_is(tmp_path: Path) -> None:
    found = of_spy(tmp_path, LONG)
    assert found.pop("volume") == [900, 0]
    assert found == {field: pytest.approx(wanted) for field, wanted in ADJUSTED.items()}


@given(st.floats(0.01, 1e6), st.floats(0.01, 1e6), st.floats(0, 1))
def test_a_high_at_or_above_its_close_stays_so_to_the_last_bit(close: float, adjusted: float, above: float) -> None:
    with TemporaryDirectory() as folder:
        rows = f"2016-06-30,SPY,{close * (1 + above)!r},{close!r},{close!r},{adjusted!r}\n"
        (Path(folder) / "prices.csv").write_text(f"date,symbol,high,low,close,adj_close\n{rows}")
        closes = read_folder(Path(folder))
        found = read_folder_bars(Path(folder), closes, {SPY: ("high", "low")}).values
    assert found["low"][0, 0] == closes.values[0, 0]
    assert found["high"][0, 0] >= closes.values[0, 0]


def test_columns_that_are_adjusted_already_are_read_as_they_are(tmp_path: Path) -> None:
    text = "date,ticker,adj_open,adj_high,adj_low,adj_close,volume\n2016-06-30,SPY,1.5,3,1,2,7\n"
    assert of_spy(tmp_path, text) == {"open": [1.5], "high": [3], "low": [1], "volume": [7]}


def test_beside_a_close_alone_the_columns_count_as_adjusted_like_it(tmp_path: Path) -> None:
    text = "date,ticker,open,high,low,close,volume\n2016-06-30,SPY,1.5,3,1,2,7\n"
    assert of_spy(tmp_path, text) == {"open": [1.5], "high": [3], "low": [1], "volume": [7]}


def test_an_adjusted_volume_is_preferred(tmp_path: Path) -> None:
    text = "date,ticker,adj_close,adj_volume,volume\n2016-06-30,SPY,2,70,7\n"
    assert of_spy(tmp_path, text)["volume"] == [70]


def test_traded_prices_without_the_traded_close_can_not_be_adjusted_and_are_missing(tmp_path: Path) -> None:
    found = of_spy(tmp_path, "date,ticker,open,adj_close,volume\n2016-06-30,SPY,3,2,7\n")
    assert np.isnan(found["open"]).all()
    assert found["volume"] == [7]


def test_a_file_with_a_column_a_ticker_has_closes_only(tmp_path: Path) -> None:
    _, bars = read(tmp_path, {SPY: ("volume",)}, wide="date,SPY\n2016-06-30,209.48\n")
    assert np.isnan(bars.values["volume"]).all()
    assert bars.remedy == REMEDY


def test_only_the_tickers_and_fields_asked_for_are_there(tmp_path: Path) -> None:
    closes, bars = read(tmp_path, {TLT: ("low",)}, prices=LONG)
    assert bars.symbols == (TLT,)
    assert bars.values.keys() == {"low"}
    assert_array_equal(bars.values["low"], [[NAN], [138]])
    assert closes.bars is None


def test_rows_are_those_of_the_closes(tmp_path: Path) -> None:
    closes, _ = read(tmp_path, {}, prices=LONG)
    last = Closes(closes.sessions[1:], closes.symbols, closes.values[1:])
    assert_array_equal(read_folder_bars(tmp_path, last, {SPY: ("high",)}).values["high"], [[211]])


@pytest.mark.parametrize("written", ["", "n/a", "-1", "inf", "1e16"])
def test_a_cell_that_is_no_number_is_missing(tmp_path: Path, written: str) -> None:
    """A close that is no price refuses the file; what no bot may ever read does not."""
    assert np.isnan(of_spy(tmp_path, LONG.replace(",210,207,", f",{written},207,"))["high"][0])


def test_two_values_of_one_ticker_and_day_are_refused_by_name(tmp_path: Path) -> None:
    other = "date,symbol,close,volume\n2016-07-01,SPY,210,3\n"
    with pytest.raises(BadInputError, match=r"the volume of SPY on 2016-07-01 is 3\.0 here and 0\.0 in"):
        read(tmp_path, {SPY: ("volume",)}, a=other, b=LONG)


def test_other_tickers_may_contradict_each_other(tmp_path: Path) -> None:
    other = "date,symbol,close,volume\n2016-07-01,TLT,139,3\n"
    _, bars = read(tmp_path, {SPY: ("volume",)}, a=other, b=LONG)
    assert_array_equal(bars.values["volume"], [[900], [0]])


def test_a_field_is_kept_in_a_file_of_its_own_that_closes_alone_never_make(tmp_path: Path) -> None:
    folder = tmp_path / "prices"
    folder.mkdir()
    (folder / "prices.csv").write_text(LONG)

    def cache(field: str) -> PriceFileCache:
        return PriceFileCache(tmp_path / f"{field}.sqlite", LaterClock())

    closes = read_folder(folder, cache("close"))
    assert {file.name for file in tmp_path.iterdir()} == {"prices", "close.sqlite"}
    first = read_folder_bars(folder, closes, {SPY: ("high",)}, cache)
    assert {file.name for file in tmp_path.iterdir()} == {"prices", "close.sqlite", "high.sqlite"}
    told: list[str] = []
    again = read_folder_bars(folder, closes, {SPY: ("high",)}, cache, lambda work, *_: told.append(work))
    assert_array_equal(again.values["high"], first.values["high"])
    assert told == [], "the file was read a second time"


class LaterClock(SystemClock):
    """An hour on: a file that was only just written is not kept."""

    def now(self):
        return super().now() + timedelta(hours=1)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared prices are not on this machine")
def test_real_bars_lie_around_their_adjusted_closes(tmp_path: Path) -> None:
    (tmp_path / SHARED.name).symlink_to(SHARED)
    closes = read_folder(tmp_path)
    qqq = Symbol("QQQ")
    bars = read_folder_bars(tmp_path, closes, {qqq: ("high", "low", "open", "volume")})
    close = closes.values[:, closes.symbols.index(qqq)]
    high, low, volume = (bars.values[field][:, 0] for field in ("high", "low", "volume"))
    assert (np.isfinite(close) == np.isfinite(high)).all()
    rows = np.isfinite(close)
    assert (low[rows] <= close[rows] * (1 + 1e-9)).all()
    assert (close[rows] <= high[rows] * (1 + 1e-9)).all()
    assert (volume[rows] > 0).all()
    assert closes.day(-1) > date(2026, 1, 1)
