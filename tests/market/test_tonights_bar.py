"""Bars beside closes, and tonight's bar so far."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from rebalancer.market.bars import bars_read, missing_bars, tonight_in_words, with_bars, with_tonight
from rebalancer.market.closes import ClosesHistory
from rebalancer.model import Bar, BarField, Bars, BarsRead, Closes, Snapshot, Symbol

SPY, TLT = Symbol("SPY"), Symbol("TLT")
EVENING = datetime(2022, 6, 9, 19, 50, tzinfo=UTC)
SESSIONS = np.array(["2022-06-08", "2022-06-09"], dtype="datetime64[D]")
CLOSES = Closes(SESSIONS, (SPY, TLT), np.array([[410.0, 120.0], [412.0, 121.0]]), provisional=True)
NAN = float("nan")


class Reader:
    """A bot, as far as its bars go."""

    def __init__(self, bars: BarsRead) -> None:
        self.bars = bars


class RefusingHistory(ClosesHistory):
    def bars(self, closes: Closes, read: BarsRead) -> Bars:
        raise AssertionError("the bars of a bot of closes were asked for")


def spy_bars(**fields: list[float]) -> Closes:
    """CLOSES with bars of SPY: yesterday's, and tonight's row."""
    values: dict[BarField, np.ndarray] = {name: np.array(column)[:, np.newaxis] for name, column in fields.items()}
    return replace(CLOSES, bars=Bars((SPY,), values))


def shown(session: date = date(2022, 6, 9), **rest: str) -> dict[Symbol, Snapshot]:
    bar = Bar(session, Decimal(411), EVENING, {field: Decimal(value) for field, value in rest.items()})
    return {SPY: Snapshot(SPY, bar=bar)}


def tonight(closes: Closes) -> dict[str, float]:
    assert closes.bars is not None
    return {field: float(values[-1, 0]) for field, values in closes.bars.values.items()}


def test_what_several_bots_read_is_asked_for_once():
    bots = [Reader({TLT: ("volume",)}), Reader({}), Reader({SPY: ("low",), TLT: ("high", "volume")})]
    assert bars_read(bots) == {SPY: ("low",), TLT: ("high", "volume")}


def test_a_renamed_ticker_is_asked_for_by_its_new_name():
    assert bars_read([Reader({TLT: ("volume",)})], {TLT: SPY}) == {SPY: ("volume",)}


def test_bots_of_closes_ask_for_no_bars_and_get_the_same_closes():
    assert with_bars(RefusingHistory(CLOSES), CLOSES, bars_read([Reader({}), Reader({})])) is CLOSES
    assert with_tonight(CLOSES, shown(high="413")) is CLOSES
    assert list(tonight_in_words(CLOSES)) == []


def test_a_history_without_bars_has_the_fields_and_tickers_asked_for_all_missing():
    bars = ClosesHistory(CLOSES).bars(CLOSES, {SPY: ("high",), TLT: ("volume",)})
    assert bars.symbols == (SPY, TLT)
    assert bars.values.keys() == {"high", "volume"}
    assert all(np.isnan(values).all() and values.shape == (2, 2) for values in bars.values.values())


def test_tonights_bar_is_the_venues_so_far():
    closes = with_tonight(spy_bars(open=[409, NAN], volume=[5, NAN]), shown(open="410.5", volume="31"))
    assert tonight(closes) == {"open": 410.5, "volume": 31.0}
    assert closes.bars is not None
    assert closes.bars.values["volume"][0, 0] == 5


@pytest.mark.parametrize(
    ("high", "low", "wanted"),
    [("411.5", "409", (412, 409)), ("413", "412.5", (413, 412)), ("413", "409", (413, 409))],
)
def test_tonights_high_and_low_count_the_price_that_is_the_close(high, low, wanted):
    closes = with_tonight(spy_bars(high=[411, NAN], low=[409, NAN]), shown(high=high, low=low))
    assert tuple(tonight(closes).values()) == wanted


def test_a_bar_of_an_earlier_session_is_not_tonights():
    closes = with_tonight(spy_bars(high=[411, NAN]), shown(date(2022, 6, 8), high="415"))
    assert np.isnan(tonight(closes)["high"])


def test_a_bar_of_one_exchange_alone_leaves_tonight_missing():
    assert np.isnan(tonight(with_tonight(spy_bars(volume=[5, NAN]), shown()))["volume"])
    assert np.isnan(tonight(with_tonight(spy_bars(volume=[5, NAN]), {}))["volume"])


def test_a_day_that_the_history_has_already_stands_in_for_tonight():
    assert tonight(with_tonight(spy_bars(volume=[5, 7]), shown())) == {"volume": 7.0}


def test_the_arrays_of_the_history_are_not_written_to():
    before = spy_bars(volume=[5, NAN])
    with_tonight(before, shown(volume="8"))
    assert np.isnan(tonight(before)["volume"])


def test_tonights_bars_are_written_down_in_words():
    assert list(tonight_in_words(spy_bars(high=[411, 412.25], volume=[5, NAN]))) == [
        "the bar of SPY of 2022-06-09 so far: high 412.25; no volume"
    ]


def test_bars_that_are_missing_name_the_remedy():
    assert missing_bars(CLOSES, {SPY: ("low",)}, "buy some").remedy == "buy some"
