"""Adjusted closes from Alpaca, evening after evening."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from local_alpaca import LocalAlpaca
from local_alpaca.faults import FORBIDDEN, TOO_MANY, UNAUTHORIZED, UNAVAILABLE, answering, edited
from numpy.testing import assert_allclose, assert_array_equal

from rebalancer.errors import SourceError
from rebalancer.market.cache import ClosesCache
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.model import Symbol
from rebalancer.model.keys import Keys
from rebalancer.venues.alpaca.client import AlpacaClient
from rebalancer.venues.alpaca.history import AlpacaHistory

SPY, TLT, GLD = Symbol("SPY"), Symbol("TLT"), Symbol("GLD")
SINCE = date(2024, 1, 2)
MONDAY, TODAY, TOMORROW = date(2024, 3, 4), date(2024, 3, 5), date(2024, 3, 6)
BARS, ACTIONS = "/v2/stocks/bars", "/v1/corporate-actions"


@pytest.fixture
def sessions(venue: LocalAlpaca) -> tuple[date, ...]:
    return ExchangeCalendar(venue.clock).sessions(SINCE, date(2024, 4, 30))


@pytest.fixture
def market(venue: LocalAlpaca, sessions: tuple[date, ...]) -> Any:
    """SPY from 100 USD and TLT from 50, each up a dollar every session."""
    venue.market.list("SPY", {day: Decimal(100 + at) for at, day in enumerate(sessions)})
    venue.market.list("TLT", {day: Decimal(50 + at) for at, day in enumerate(sessions)})
    return venue.market


@pytest.fixture
def history(venue: LocalAlpaca, client: AlpacaClient, market: Any, tmp_path: Path) -> AlpacaHistory:
    cache = ClosesCache(tmp_path / "prices.sqlite")
    return AlpacaHistory(client, cache, ExchangeCalendar(venue.clock), venue.clock, SINCE)


def evening_of(venue: LocalAlpaca, day: date) -> None:
    venue.clock.sleep((datetime(day.year, day.month, day.day, 19, 50, tzinfo=UTC) - venue.clock.now()).total_seconds())


def asked(venue: LocalAlpaca, path: str = BARS) -> list[Any]:
    return [params for _, at, params, _ in venue.requests if at == path]


# ------------------------------------------------------------------------------------- what there is


def test_closes_are_those_of_every_completed_session(history: AlpacaHistory, sessions: tuple[date, ...]) -> None:
    closes = history.closes([TLT, SPY], before=TODAY)
    completed = [day for day in sessions if day < TODAY]
    assert [closes.day(row) for row in range(len(closes.sessions))] == completed
    assert closes.symbols == (TLT, SPY)
    assert_array_equal(closes.values[:, 1], 100 + np.arange(len(completed)))
    assert_array_equal(closes.values[:, 0], 50 + np.arange(len(completed)))
    assert "adjusted for splits and dividends" in closes.notes[0]


def test_an_unknown_symbol_is_a_column_of_nan(history: AlpacaHistory) -> None:
    closes = history.closes([SPY, GLD], before=TODAY)
    assert np.isnan(closes.values[:, 1]).all()
    assert np.isfinite(closes.values[:, 0]).all()


def test_only_unknown_symbols_are_no_sessions(history: AlpacaHistory) -> None:
    assert history.closes([GLD], before=TODAY).values.shape == (0, 1)


def test_an_earlier_evening_sees_no_later_closes(history: AlpacaHistory) -> None:
    assert history.closes([SPY], before=MONDAY).day(-1) == date(2024, 3, 1)
    assert history.closes([SPY], before=date(2024, 3, 3)).day(-1) == date(2024, 3, 1)


@pytest.mark.parametrize(("minutes_after_close", "last"), [(-10, MONDAY), (19, MONDAY), (20, TODAY)])
def test_todays_close_is_final_twenty_minutes_after_it(
    venue: LocalAlpaca, history: AlpacaHistory, minutes_after_close: int, last: date
) -> None:
    venue.clock.sleep((10 + minutes_after_close) * 60)
    assert history.closes([SPY], before=TOMORROW).day(-1) == last


def test_todays_partial_bar_is_never_kept(venue: LocalAlpaca, history: AlpacaHistory, market: Any) -> None:
    market.trade("SPY", 7)
    assert history.closes([SPY], before=TOMORROW).day(-1) == MONDAY


def test_a_session_without_a_bar_is_a_gap_and_not_filled(history: AlpacaHistory, market: Any) -> None:
    market.drop_bar("SPY", date(2024, 2, 1))
    closes = history.closes([SPY, TLT], before=TODAY)
    row = closes.sessions.tolist().index(date(2024, 2, 1))
    assert np.isnan(closes.values[row, 0])
    assert np.isfinite(closes.values[row, 1])
    assert np.isnan(closes.values).sum() == 1


# ------------------------------------------------------------------------------------- how it is asked for


@pytest.mark.parametrize("page_limit", [1, 7, 42, 43, 44, 10_000])
@pytest.mark.parametrize("empty_last_page", [False, True])
def test_pages_may_end_anywhere(history: AlpacaHistory, market: Any, page_limit: int, *, empty_last_page: bool) -> None:
    market.page_limit, market.empty_last_page = page_limit, empty_last_page
    closes = history.closes([SPY, TLT], before=TODAY)
    assert_array_equal(closes.values[:, 0] - closes.values[:, 1], np.full(43, 50.0))


def test_an_evening_on_a_full_cache_is_one_request_for_bars(venue: LocalAlpaca, history: AlpacaHistory) -> None:
    history.closes([SPY, TLT, GLD], before=TODAY)
    evening_of(venue, TOMORROW)
    venue.requests.clear()
    assert history.closes([SPY, TLT, GLD], before=TOMORROW).day(-1) == TODAY
    assert [(path, status) for _, path, _, status in venue.requests] == [(BARS, 200), (ACTIONS, 200)]
    assert asked(venue)[0]["start"] == "2024-02-20T05:00:00Z"  # ten sessions before the last known one


def test_a_new_symbol_is_fetched_from_the_first_day(venue: LocalAlpaca, history: AlpacaHistory) -> None:
    history.closes([SPY], before=TODAY)
    venue.requests.clear()
    closes = history.closes([SPY, TLT], before=TODAY)
    assert np.isfinite(closes.values).all()
    assert [(params["symbols"], params["start"][:10]) for params in asked(venue)] == [
        ("TLT", "2024-01-02"),
        ("SPY", "2024-02-20"),
    ]


def test_an_earlier_first_day_is_fetched_once(
    venue: LocalAlpaca, client: AlpacaClient, market: Any, history: AlpacaHistory, tmp_path: Path
) -> None:
    history.sync([SPY])
    market.list("SPY", {date(2023, 12, 29): Decimal(99)})
    cache = ClosesCache(tmp_path / "prices.sqlite")
    longer = AlpacaHistory(client, cache, ExchangeCalendar(venue.clock), venue.clock, date(2023, 12, 1))
    assert longer.closes([SPY], before=TODAY).day(0) == date(2023, 12, 29)
    assert longer.sync([SPY]).thrown_away == {}
    assert asked(venue)[-1]["start"] == "2024-02-20T05:00:00Z"


def test_progress_ends_when_every_symbol_is_done(history: AlpacaHistory) -> None:
    progress: list[tuple[int, int]] = []
    replace(history, progress=lambda done, total: progress.append((done, total))).sync([SPY, TLT])
    assert progress[-1] == (2, 2)


# ------------------------------------------------------------------------------------- what rewrites the past


def test_a_split_discards_its_symbols_closes_and_no_others(
    venue: LocalAlpaca, history: AlpacaHistory, market: Any
) -> None:
    before = history.closes([SPY, TLT], before=TODAY)
    market.action("forward_split", "SPY", TODAY, new_rate=2, old_rate=1)
    evening_of(venue, TODAY)
    closes = history.closes([SPY, TLT], before=TODAY)
    assert_allclose(closes.values[:, 0], before.values[:, 0] / 2)
    assert_array_equal(closes.values[:, 1], before.values[:, 1])
    assert closes.notes[1:] == (
        "SPY: its history was fetched anew, since its close of 2024-03-04 was 142.0000 USD and is 71.0000 USD now.",
    )
    assert asked(venue)[-2]["symbols"] == "SPY"


def test_a_dividend_is_in_the_whole_history_the_same_evening(
    venue: LocalAlpaca, history: AlpacaHistory, market: Any
) -> None:
    before = history.closes([SPY], before=TODAY)
    market.action("cash_dividend", "SPY", TODAY, rate=Decimal("1.42"))
    assert_allclose(history.closes([SPY], before=TODAY).values, before.values * 0.99, rtol=1e-6)


def test_a_late_correction_is_found(history: AlpacaHistory, market: Any) -> None:
    history.closes([SPY], before=TODAY)
    market.revise("SPY", date(2024, 2, 29), Decimal("141.37"))
    closes = history.closes([SPY], before=TODAY)
    assert closes.values[closes.sessions.tolist().index(date(2024, 2, 29)), 0] == 141.37


def test_a_bar_that_comes_late_fills_its_gap(history: AlpacaHistory, market: Any) -> None:
    market.drop_bar("SPY", MONDAY)
    assert np.isnan(history.closes([SPY, TLT], before=TODAY).values[-1, 0])
    market.list("SPY", {MONDAY: Decimal(142)})
    assert history.closes([SPY, TLT], before=TODAY).values[-1, 0] == 142
    assert history.sync([SPY, TLT]).thrown_away == {}


def test_a_symbol_that_trades_again_after_a_long_halt_is_still_compared(
    venue: LocalAlpaca, history: AlpacaHistory, market: Any, sessions: tuple[date, ...]
) -> None:
    halted = [day for day in sessions if MONDAY < day < date(2024, 4, 1)]
    for day in halted:
        market.drop_bar("SPY", day)
    for day in halted:
        evening_of(venue, day)
        history.sync([SPY, TLT])
    market.action("reverse_split", "SPY", date(2024, 4, 1), new_rate=1, old_rate=8)
    evening_of(venue, date(2024, 4, 2))
    closes = history.closes([SPY, TLT], before=date(2024, 4, 2))
    assert_allclose(closes.values[:43, 0], 8 * (100 + np.arange(43)))


def test_closes_that_proved_wrong_never_replace_those_that_cannot_be_fetched(
    venue: LocalAlpaca, history: AlpacaHistory, market: Any
) -> None:
    history.closes([SPY, TLT], before=TODAY)
    market.action("forward_split", "SPY", TODAY, new_rate=2, old_rate=1)
    venue.faults.on("GET", BARS, nth=2, fault=UNAUTHORIZED)
    with pytest.raises(SourceError, match="did not accept the key"):
        history.closes([SPY, TLT], before=TODAY)
    assert history.closes([SPY, TLT], before=TODAY).values[0, 0] == 50


# ------------------------------------------------------------------------------------- announced for tonight


def test_a_split_that_is_announced_but_not_in_the_bars_is_adjusted_for(
    venue: LocalAlpaca, history: AlpacaHistory, market: Any
) -> None:
    market.action("forward_split", "SPY", TODAY, new_rate=10, old_rate=1, applied=False)
    closes = history.closes([SPY, TLT], before=TODAY)
    assert_allclose(closes.values[:, 0], (100 + np.arange(43)) / 10)
    assert closes.values[0, 1] == 50
    assert "10 for 1 split of 2024-03-05" in closes.notes[-1]
    assert (asked(venue)[-1]["symbols"], asked(venue)[-1]["adjustment"]) == ("SPY", "raw")


def test_an_adjustment_made_tonight_is_not_cached(history: AlpacaHistory, market: Any) -> None:
    market.action("forward_split", "SPY", TODAY, new_rate=10, old_rate=1, applied=False)
    history.closes([SPY], before=TODAY)
    assert history.cached([SPY], before=TODAY).values[0, 0] == 100


def test_a_split_of_tomorrow_changes_nothing_today(venue: LocalAlpaca, history: AlpacaHistory, market: Any) -> None:
    market.action("forward_split", "SPY", TOMORROW, new_rate=10, old_rate=1)
    venue.clock.sleep(3600)
    closes = history.closes([SPY], before=TOMORROW)
    assert (closes.day(-1), closes.values[-1, 0]) == (TODAY, 143)


def test_a_spin_off_of_tonight_marks_its_symbol(history: AlpacaHistory, market: Any) -> None:
    market.action("spin_off", "SPY", TODAY, new_symbol="NEW")
    assert "SPY: spin off of 2024-03-05 (SPY, NEW)" in history.closes([SPY], before=TODAY).notes[-1]


def test_without_announcements_the_run_continues_with_a_note(venue: LocalAlpaca, history: AlpacaHistory) -> None:
    venue.faults.on("GET", ACTIONS, fault=FORBIDDEN)
    closes = history.closes([SPY], before=TODAY)
    assert "Whether a split or dividend of 2024-03-05 is in the closes can't be told" in closes.notes[-1]


# ------------------------------------------------------------------------------------- what goes wrong


def test_a_symbol_that_alpaca_sends_no_more_keeps_its_history(
    venue: LocalAlpaca, history: AlpacaHistory, market: Any
) -> None:
    history.closes([SPY, TLT], before=TODAY)
    market.closes["SPLG"] = market.closes.pop("SPY")
    evening_of(venue, TOMORROW)
    closes = history.closes([SPY, TLT], before=TOMORROW)
    assert closes.values[0, 0] == 100
    assert np.isnan(closes.values[-1, 0])
    assert "SPY: Alpaca sent no bars of it; what is known of it up to 2024-03-04 is kept" in closes.notes[1]


@pytest.mark.parametrize("bars", [{}, None])
def test_an_answer_without_any_bar_stops_the_evening_and_loses_nothing(
    venue: LocalAlpaca, history: AlpacaHistory, bars: object
) -> None:
    history.closes([SPY, TLT], before=TODAY)
    evening_of(venue, TOMORROW)
    venue.faults.on("GET", BARS, fault=answering({"bars": bars, "next_page_token": None}))
    with pytest.raises(SourceError, match="no close of 2024-03-05 for any of 2 symbols"):
        history.closes([SPY, TLT], before=TOMORROW)
    assert history.closes([SPY, TLT], before=TOMORROW).values[-1, 0] == 143


def test_a_session_that_alpaca_does_not_have_yet_stops_the_evening(history: AlpacaHistory, market: Any) -> None:
    market.drop_bar("SPY", MONDAY)
    market.drop_bar("TLT", MONDAY)
    with pytest.raises(SourceError, match="no close of 2024-03-04 for any of 2 symbols"):
        history.closes([SPY, TLT], before=TODAY)


@pytest.mark.parametrize(("fault", "reason"), [(UNAUTHORIZED, "did not accept the key"), (FORBIDDEN, "not permit")])
def test_an_incomplete_cache_does_not_replace_a_failed_fetch(
    venue: LocalAlpaca, history: AlpacaHistory, fault: Any, reason: str
) -> None:
    history.closes([SPY], before=TODAY)
    evening_of(venue, TOMORROW)
    venue.faults.on("GET", BARS, fault=fault)
    with pytest.raises(SourceError, match=reason):
        history.closes([SPY], before=TOMORROW)


def test_a_complete_cache_replaces_a_failed_fetch_with_a_note(venue: LocalAlpaca, history: AlpacaHistory) -> None:
    known = history.closes([SPY], before=TODAY)
    venue.faults.on("GET", BARS, fault=UNAUTHORIZED)
    closes = history.closes([SPY], before=TODAY)
    assert_array_equal(closes.values, known.values)
    assert "can't be checked now; what is kept is complete up to 2024-03-04" in closes.notes[1]


@pytest.mark.parametrize("fault", [TOO_MANY, UNAVAILABLE])
def test_a_busy_alpaca_is_retried(venue: LocalAlpaca, history: AlpacaHistory, fault: Any) -> None:
    venue.faults.on("GET", BARS, fault=fault, times=2)
    assert history.closes([SPY], before=TODAY).day(-1) == MONDAY


def test_closes_fetched_before_alpaca_failed_are_kept(
    venue: LocalAlpaca, client: AlpacaClient, history: AlpacaHistory, tmp_path: Path
) -> None:
    history.sync([SPY])
    venue.faults.on("GET", BARS, nth=2, fault=UNAUTHORIZED)
    with pytest.raises(SourceError):
        history.sync([GLD, SPY, TLT])  # GLD and TLT from the first day on, then the overlap of SPY
    assert history.cached([TLT], before=TODAY).values[0, 0] == 50


def test_a_bar_on_a_day_without_a_session_is_an_error(history: AlpacaHistory, market: Any) -> None:
    market.list("SPY", {date(2024, 2, 19): Decimal(1)})  # Presidents' Day
    with pytest.raises(SourceError, match="a close of SPY on 2024-02-19, when the exchange held no session"):
        history.closes([SPY], before=TODAY)


@pytest.mark.parametrize("close", [0, -1, float("nan"), float("inf")])
def test_an_invalid_close_is_missing(venue: LocalAlpaca, history: AlpacaHistory, close: float) -> None:
    bars = [{"t": "2024-03-01T05:00:00Z", "c": close}, {"t": "2024-03-04T05:00:00Z", "c": 142}]
    venue.faults.on("GET", BARS, fault=answering({"bars": {"SPY": bars}, "next_page_token": None}))
    closes = history.closes([SPY], before=TODAY)
    assert [closes.day(row) for row in range(len(closes.sessions))] == [MONDAY]


@pytest.mark.parametrize(
    "bars",
    [
        [{"t": "2024-03-04T05:00:00Z"}],
        [{"t": "yesterday", "c": 1}],
        [{"t": "2024-03-04T05:00:00Z", "c": "a lot"}],
        [{"t": "2024-03-04T05:00:00Z", "c": 10**4000}],
        [{"t": "2024-03-04T05:00:00Z", "c": "1e999999999"}],
        [{"t": "0001-01-01T00:00:00+05:00", "c": 1}],
        [{"t": "9999-12-31T23:59:59-05:00", "c": 1}],
        ["odd"],
        "odd",
    ],
)
def test_bars_that_cannot_be_read_are_an_error(venue: LocalAlpaca, history: AlpacaHistory, bars: object) -> None:
    venue.faults.on("GET", BARS, fault=answering({"bars": {"SPY": bars}, "next_page_token": None}))
    with pytest.raises(SourceError, match="daily bars can't be read"):
        history.closes([SPY], before=TODAY)


def test_an_answer_without_its_table_of_bars_is_an_error(venue: LocalAlpaca, history: AlpacaHistory) -> None:
    venue.faults.on("GET", BARS, fault=answering({"message": "fine"}))
    with pytest.raises(SourceError, match="daily bars can't be read"):
        history.closes([SPY], before=TODAY)


def test_two_closes_of_one_day_are_an_error(venue: LocalAlpaca, history: AlpacaHistory) -> None:
    bars = [{"t": "2024-03-04T05:00:00Z", "c": close} for close in (141, 142)]
    venue.faults.on("GET", BARS, fault=answering({"bars": {"SPY": bars}, "next_page_token": None}))
    with pytest.raises(SourceError, match=r"two closes of SPY on 2024-03-04, 141\.0 and 142.0 USD"):
        history.closes([SPY], before=TODAY)


def test_an_unknown_field_is_ignored(venue: LocalAlpaca, history: AlpacaHistory) -> None:
    venue.faults.on("GET", BARS, fault=edited(weather="fine"))
    assert history.closes([SPY], before=TODAY).day(-1) == MONDAY


# ------------------------------------------------------------------------------------- what must always hold


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["nothing", "forward_split", "reverse_split", "cash_dividend", "correction", "no bar"]),
            st.integers(1, 3),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_after_any_weeks_the_cache_equals_a_fresh_one(weeks: list[tuple[str, int]]) -> None:
    with LocalAlpaca(now=datetime(2024, 3, 5, 20, 50, tzinfo=UTC)) as venue, TemporaryDirectory() as folder:
        calendar = ExchangeCalendar(venue.clock)
        days = calendar.sessions(SINCE, date(2024, 4, 30))
        venue.market.list("SPY", {day: Decimal(100 + at) for at, day in enumerate(days)})
        venue.market.list("TLT", dict.fromkeys(days, Decimal(50)))
        keys = Keys(venue.key_id, venue.secret)
        with closing(AlpacaClient(keys, venue.clock, trading_url=venue.url, data_url=venue.url)) as client:
            kept, fresh = (
                AlpacaHistory(client, ClosesCache(Path(folder) / name), calendar, venue.clock, SINCE)
                for name in ("kept", "fresh")
            )
            evening = days.index(TODAY)
            for what, sessions in weeks:
                kept.sync([SPY, TLT])
                evening += sessions
                happens(venue, what, days[evening - 1], days[evening])
                evening_of(venue, days[evening])
            found = kept.closes([SPY, TLT], before=days[evening])
            assert_array_equal(found.values, fresh.closes([SPY, TLT], before=days[evening]).values)


def happens(venue: LocalAlpaca, what: str, yesterday: date, today: date) -> None:
    match what:
        case "forward_split":
            venue.market.action(what, "SPY", today, new_rate=3, old_rate=2)
        case "reverse_split":
            venue.market.action(what, "SPY", today, new_rate=1, old_rate=8)
        case "cash_dividend":
            venue.market.action(what, "SPY", today, rate=Decimal("0.25"))
        case "correction":
            venue.market.revise("SPY", yesterday, Decimal("77.77"))
        case "no bar":
            venue.market.drop_bar("SPY", yesterday)
