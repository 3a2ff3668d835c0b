"""The prices that ship with the project, and the two ports they stand behind."""

import gzip
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from rebalancer.errors import SourceError
from rebalancer.market import sample
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SimulatedClock
from rebalancer.market.closes import ClosesHistory, ClosesQuotes
from rebalancer.market.price_fallback import accepted_prices, order_gates
from rebalancer.model import NEW_YORK, Bar, NoPrice, Price, Session, Snapshot, Symbol, Trading

SPY, SPYINV, NOWHERE = Symbol("SPY"), Symbol("SPYINV"), Symbol("NOWHERE")
LAST_EVENING = datetime(2016, 7, 1, 19, 50, tzinfo=UTC)


def packed(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


# ------------------------------------------------------------------------------------------ what is shipped


def test_the_sample_has_25_series_from_2008_to_2016() -> None:
    shipped = sample.all_closes()
    assert shipped.values.shape == (2141, 25)
    assert (shipped.day(0), shipped.day(-1)) == (date(2008, 1, 2), date(2016, 7, 1))


def test_the_sample_has_a_row_for_every_session_of_the_exchange() -> None:
    shipped = sample.all_closes()
    calendar = ExchangeCalendar(SimulatedClock(LAST_EVENING))
    assert tuple(shipped.sessions.tolist()) == calendar.sessions(shipped.day(0), shipped.day(-1))


def test_the_derived_inverse_moves_against_spy() -> None:
    prices = ClosesHistory(sample.all_closes()).closes([SPY, SPYINV], date(2016, 7, 2)).values
    spy, inverse = (prices[1:] / prices[:-1] - 1).T
    assert np.abs(spy + inverse).max() < 1e-4


# ------------------------------------------------------------------------------------------------- history


def test_history_ends_before_the_day_that_asks() -> None:
    closes = ClosesHistory(sample.all_closes()).closes([SPY], before=date(2016, 7, 1))
    assert closes.day(-1) == date(2016, 6, 30)
    assert closes.values[-1, 0] == 209.48
    assert not closes.provisional


def test_columns_are_in_the_requested_order_and_an_unknown_symbol_is_nan() -> None:
    closes = ClosesHistory(sample.all_closes()).closes([SPYINV, NOWHERE, SPY], before=date(2008, 1, 4))
    assert closes.symbols == (SPYINV, NOWHERE, SPY)
    assert_array_equal(closes.values, [[100.0, np.nan, 144.93], [100.0483, np.nan, 144.86]])


def test_history_before_the_sample_is_empty() -> None:
    assert ClosesHistory(sample.all_closes()).closes([SPY], before=date(2008, 1, 2)).values.shape == (0, 1)


def test_sample_closes_carry_notes_of_what_they_are() -> None:
    notes = ClosesHistory(sample.all_closes()).closes([SPY], before=date(2016, 7, 1)).notes
    assert "Sample prices: real closes without dividends; TBILL and SPYINV are derived, no traded funds." in notes
    assert any("close stands in for the price" in note for note in notes)


@given(st.dates(date(2007, 12, 25), date(2016, 7, 10)))
def test_history_never_shows_the_day_itself_or_later(day: date) -> None:
    closes = ClosesHistory(sample.all_closes()).closes([SPY], before=day)
    assert all(closes.sessions < np.datetime64(day, "D"))


# -------------------------------------------------------------------------------------------------- quotes


def test_a_snapshot_has_only_the_sessions_bar() -> None:
    shown = ClosesQuotes(SimulatedClock(LAST_EVENING), NEW_YORK, sample.all_closes()).snapshots([SPY])
    assert shown == {SPY: Snapshot(SPY, bar=Bar(date(2016, 7, 1), Decimal("209.92"), LAST_EVENING))}


def test_a_symbol_that_the_sample_lacks_is_absent() -> None:
    assert ClosesQuotes(SimulatedClock(LAST_EVENING), NEW_YORK, sample.all_closes()).snapshots([NOWHERE]) == {}


@pytest.mark.parametrize("days", [1, 365])
def test_on_a_day_that_the_sample_lacks_only_the_last_close_before_is_shown(days: int) -> None:
    clock = SimulatedClock(LAST_EVENING + timedelta(days=days))
    last = Bar(date(2016, 7, 1), Decimal("209.92"), clock.now())
    assert ClosesQuotes(clock, NEW_YORK, sample.all_closes()).snapshots([SPY]) == {SPY: Snapshot(SPY, previous=last)}


def test_before_its_first_close_a_symbol_shows_nothing() -> None:
    clock = SimulatedClock(LAST_EVENING - timedelta(days=3650))
    assert ClosesQuotes(clock, NEW_YORK, sample.all_closes()).snapshots([SPY]) == {}


def test_a_last_close_is_no_price_for_an_order() -> None:
    late = LAST_EVENING + timedelta(days=3)
    quotes = ClosesQuotes(SimulatedClock(late), NEW_YORK, sample.all_closes())
    found = accepted_prices(
        [SPY], quotes.snapshots([SPY]), order_gates(Trading(), Session(late.date(), late, late), late)
    )[SPY]
    assert isinstance(found, NoPrice)


def test_quotes_follow_the_clock() -> None:
    clock = SimulatedClock(LAST_EVENING - timedelta(days=1))
    quotes = ClosesQuotes(clock, NEW_YORK, sample.all_closes())
    clock.sleep(24 * 3600)
    bar = quotes.snapshots([SPY])[SPY].bar
    assert bar is not None
    assert bar.session == date(2016, 7, 1)


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        ("America/New_York", datetime(2016, 7, 2, 0, 30, tzinfo=UTC)),
        ("Australia/Sydney", datetime(2016, 6, 30, 23, 50, tzinfo=UTC)),
        ("Pacific/Auckland", datetime(2016, 7, 1, 3, 50, tzinfo=UTC)),
    ],
)
def test_the_day_of_the_clock_is_its_date_at_the_exchange(zone: str, at: datetime) -> None:
    quotes = ClosesQuotes(SimulatedClock(at), ZoneInfo(zone), sample.all_closes())
    bar = quotes.snapshots([SPY])[SPY].bar
    assert bar is not None
    assert bar.session == date(2016, 7, 1)


def test_a_sample_price_is_good_enough_for_an_order() -> None:
    quotes = ClosesQuotes(SimulatedClock(LAST_EVENING), NEW_YORK, sample.all_closes())
    gates = order_gates(Trading(), Session(date(2016, 7, 1), LAST_EVENING, LAST_EVENING), LAST_EVENING)
    found = accepted_prices([SPY], quotes.snapshots([SPY]), gates)[SPY]
    assert isinstance(found, Price)
    assert (found.value, found.rung) == (Decimal("209.92"), "bar")


# ------------------------------------------------------------------------------------------ a damaged file


def test_a_sound_file_is_read() -> None:
    closes = sample.read(packed("date,SPY\n2016-06-30,209.48\n2016-07-01,209.92\n"))
    assert_array_equal(closes.values, [[209.48], [209.92]])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "date,SPY\n",
        "day,SPY\n2016-07-01,1\n",
        "date,spy\n2016-07-01,1\n",
        "date,SPY\n2016-07-01,1,2\n",
        "date,SPY\n2016-07-01\n",
        "date,SPY\n2016-07-32,1\n",
        "date,SPY\n2016-07-01,one\n",
        "date,SPY\n2016-07-01,\n",
        "date,SPY\n2016-07-01,nan\n",
        "date,SPY\n2016-07-01,inf\n",
        "date,SPY\n2016-07-01,0\n",
        "date,SPY\n2016-07-01,-1\n",
        "date,SPY,SPY\n2016-07-01,1,1\n",
        "date,SPY\n2016-07-01,1\n2016-07-01,1\n",
        "date,SPY\n2016-07-01,1\n2016-06-30,1\n",
    ],
)
def test_a_damaged_file_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="install the package again"):
        sample.read(packed(text))


@pytest.mark.parametrize("content", [b"", b"date,SPY", packed("date,SPY\n2016-07-01,1\n")[:-9]])
def test_a_file_that_does_not_unpack_is_refused(content: bytes) -> None:
    with pytest.raises(SourceError, match="install the package again"):
        sample.read(content)
