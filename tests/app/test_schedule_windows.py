"""Which runs are due, open, done or missed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sim_account import write

from rebalancer.app.schedule import (
    MAX_ATTEMPTS,
    due_work,
    missed,
    question,
    session_state,
    upcoming_windows,
    window_of,
    window_today,
    windows_after,
)
from rebalancer.config import AccountConfig
from rebalancer.errors import RunFailedError
from rebalancer.journal.read import RunSummary
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import NEW_YORK, RunStatus, Session, Trading

CALENDAR = ExchangeCalendar(SimulatedClock(datetime(2026, 11, 20, tzinfo=UTC)))
MAIN = AccountConfig("main", enabled=True)
EARLY = AccountConfig("early", enabled=True, trading=Trading(minutes_before_close=30))
FRIDAY, MONDAY, TUESDAY = date(2026, 11, 20), date(2026, 11, 23), date(2026, 11, 24)


def utc(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)


def session(day: date) -> Session:
    found = CALENDAR.session(day)
    assert found is not None
    return found


def run(status: RunStatus = "success", day: date = MONDAY, orders: int = 0) -> RunSummary:
    at = utc(day, 20, 50)
    return RunSummary(
        id=1,
        account="main",
        broker="sim",
        mode="paper",
        session=day,
        number=1,
        dry_run=False,
        forced=False,
        version="0",
        started=at,
        ended=at,
        status=status,
        reason="",
        orders=orders,
    )


# ------------------------------------------------------------------------------------------- the window


@pytest.mark.parametrize(
    ("day", "starts"),
    [
        (date(2026, 11, 25), "15:50"),
        (date(2026, 11, 27), "12:50"),  # the day after Thanksgiving
        (date(2026, 12, 24), "12:50"),  # Christmas Eve
        (date(2027, 3, 12), "15:50"),  # the last winter session
        (date(2027, 3, 15), "15:50"),  # the first after the clocks went forward
        (date(2026, 11, 2), "15:50"),  # the first after the clocks went back
    ],
)
def test_a_run_starts_ten_minutes_before_the_real_close(day: date, starts: str) -> None:
    assert f"{window_of(MAIN, session(day)).opens.astimezone(NEW_YORK):%H:%M}" == starts


def test_the_change_of_the_clocks_moves_the_run_in_utc() -> None:
    winter, summer = (window_of(MAIN, session(day)).opens for day in (date(2027, 3, 12), date(2027, 3, 15)))
    assert (winter, summer) == (utc(date(2027, 3, 12), 20, 50), utc(date(2027, 3, 15), 19, 50))


@pytest.mark.parametrize("day", [date(2027, 1, 18), date(2026, 11, 26), date(2026, 12, 25), date(2026, 11, 21)])
def test_a_holiday_and_a_weekend_have_no_window(day: date) -> None:
    assert window_today(MAIN, CALENDAR, utc(day, 20, 55)) is None


def test_a_window_longer_than_a_half_day_begins_when_the_session_opens() -> None:
    all_day = replace(MAIN, trading=Trading(minutes_before_close=390))
    half_day = session(date(2026, 11, 27))
    assert window_of(all_day, half_day).opens == half_day.opens


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 30)), st.integers(5, 390))  # noqa: DTZ001 - zone below
def test_every_window_lies_within_its_session(moment: datetime, minutes: int) -> None:
    account = replace(MAIN, trading=Trading(minutes_before_close=minutes))
    today = window_today(account, CALENDAR, moment.replace(tzinfo=UTC))
    if today is not None:
        assert today.session.opens <= today.opens < today.ends < today.session.closes


# ------------------------------------------------------------------------------------------- coming runs


def test_the_coming_runs_around_thanksgiving_are_those_of_all_accounts_in_order_of_time(tmp_path: Path) -> None:
    config = replace(write(tmp_path), accounts=(MAIN, EARLY))
    ahead = list(islice(upcoming_windows(config, SimulatedClock(utc(date(2026, 11, 25), 12))), 4))
    assert [(run.account, f"{run.opens.astimezone(NEW_YORK):%m-%d %H:%M}") for run in ahead] == [
        ("early", "11-25 15:30"),
        ("main", "11-25 15:50"),
        ("early", "11-27 12:30"),
        ("main", "11-27 12:50"),
    ]


def test_a_window_that_opens_now_is_not_listed_as_upcoming() -> None:
    opens = window_of(MAIN, session(MONDAY)).opens
    assert next(windows_after(MAIN, CALENDAR, opens)).session.day == TUESDAY
    assert next(windows_after(MAIN, CALENDAR, opens - timedelta(seconds=1))).session.day == MONDAY


def test_a_year_that_the_calendar_does_not_know_is_refused() -> None:
    with pytest.raises(RunFailedError, match="2028"):
        list(islice(windows_after(MAIN, CALENDAR, utc(MONDAY, 12)), 600))


# ------------------------------------------------------------------------------------------- where it stands


@pytest.mark.parametrize(
    ("hour", "minute", "second", "expected"),
    [
        (20, 49, 59, "waiting"),
        (20, 50, 0, "open"),
        (20, 58, 59, "open"),
        (20, 59, 0, "missed"),
        (23, 0, 0, "missed"),
    ],
)
def test_a_late_start_runs_until_the_cutoff_and_is_missed_after_it(hour, minute, second, expected) -> None:
    assert session_state(window_of(MAIN, session(MONDAY)), [], utc(MONDAY, hour, minute, second)) == expected


@pytest.mark.parametrize("done", [run(), run("partial", orders=2), run("failed", orders=1), run("missed")])
def test_a_used_up_session_is_done_in_and_after_its_window(done: RunSummary) -> None:
    asked = window_of(MAIN, session(MONDAY))
    assert session_state(asked, [done], utc(MONDAY, 20, 55)) == "done"
    assert session_state(asked, [done], utc(TUESDAY, 12)) == "done"


def test_a_run_that_was_interrupted_after_an_order_is_due_again_while_its_window_is_open() -> None:
    interrupted = run("running", orders=1)
    assert due_work(MAIN, CALENDAR, [interrupted], utc(MONDAY, 12), utc(MONDAY, 20, 55)).due == window_of(
        MAIN, session(MONDAY)
    )


def test_a_run_that_was_interrupted_after_an_order_is_settled_once_its_window_is_over() -> None:
    asked = due_work(MAIN, CALENDAR, [run("running", orders=1)], utc(MONDAY, 12), utc(MONDAY, 22))
    assert (asked.missed, asked.due, asked.interrupted) == ((), None, True)


def test_a_run_that_has_ended_is_not_settled_again() -> None:
    assert not due_work(MAIN, CALENDAR, [run("partial", orders=1)], utc(MONDAY, 12), utc(MONDAY, 22)).interrupted


def test_a_manual_run_before_the_window_counts_as_the_sessions_run() -> None:
    assert session_state(window_of(MAIN, session(MONDAY)), [run()], utc(MONDAY, 15)) == "done"


def test_a_run_that_failed_before_its_first_order_is_retried_a_limited_number_of_times() -> None:
    asked, now = window_of(MAIN, session(MONDAY)), utc(MONDAY, 20, 55)
    assert session_state(asked, [run("failed")] * (MAX_ATTEMPTS - 1), now) == "open"
    assert session_state(asked, [run("failed")] * MAX_ATTEMPTS, now) == "done"


def test_the_next_try_waits_two_minutes() -> None:
    asked, failed = window_of(MAIN, session(MONDAY)), run("failed")
    assert session_state(asked, [failed], utc(MONDAY, 20, 51, 59)) == "waiting"
    assert session_state(asked, [failed], utc(MONDAY, 20, 52)) == "open"


def test_a_session_that_failed_was_not_missed() -> None:
    assert session_state(window_of(MAIN, session(MONDAY)), [run("failed")], utc(TUESDAY, 12)) == "done"


def test_a_run_that_was_interrupted_before_its_first_order_does_not_count() -> None:
    asked = window_of(MAIN, session(MONDAY))
    assert session_state(asked, [run("running")], utc(MONDAY, 20, 55)) == "open"
    assert session_state(asked, [run("running")], utc(TUESDAY, 12)) == "missed"


def test_yesterdays_run_is_not_todays() -> None:
    assert session_state(window_of(MAIN, session(TUESDAY)), [run(day=MONDAY)], utc(TUESDAY, 20, 55)) == "open"


# ------------------------------------------------------------------------------------------- what was missed


def test_sessions_without_a_run_are_missed_oldest_first_and_a_holiday_is_not_one() -> None:
    since, now = utc(FRIDAY, 12), utc(date(2026, 11, 30), 12)
    days = [gone.session.day.day for gone in missed(MAIN, CALENDAR, [run(day=TUESDAY)], since, now)]
    assert days == [20, 23, 25, 27]


def test_a_session_before_the_account_was_enabled_is_not_missed() -> None:
    closes = session(MONDAY).closes
    assert missed(MAIN, CALENDAR, [], closes, closes + timedelta(hours=1)) == ()


def test_sessions_missed_long_ago_are_not_reported() -> None:
    gone = missed(MAIN, CALENDAR, [], utc(date(2026, 1, 5), 12), utc(MONDAY, 12))
    assert gone[0].session.day == date(2026, 10, 23)


def test_a_missed_session_is_never_queued_into_the_next() -> None:
    asked = due_work(MAIN, CALENDAR, [], utc(MONDAY, 12), utc(TUESDAY, 20, 52))
    assert [gone.session.day for gone in asked.missed] == [MONDAY]
    assert asked.due == window_of(MAIN, session(TUESDAY))


# ------------------------------------------------------------------------------------------- by hand


def test_inside_the_window_a_manual_run_needs_no_confirmation() -> None:
    assert question(window_of(MAIN, session(MONDAY)), utc(MONDAY, 20, 50)) is None


@pytest.mark.parametrize("minute", [0, 59])
def test_outside_the_window_the_confirmation_names_all_three_times(minute: int) -> None:
    asked = question(window_of(MAIN, session(MONDAY)), utc(MONDAY, 20, minute))
    assert asked is not None
    assert all(time in asked for time in (f"15:{minute:02}", "15:50", "15:59"))


@pytest.mark.parametrize("moment", [utc(MONDAY, 14, 29), utc(MONDAY, 21), utc(TUESDAY, 1)])
def test_outside_the_session_a_manual_run_is_refused(moment: datetime) -> None:
    with pytest.raises(RunFailedError, match="between 09:30 and 16:00 New York time"):
        question(window_of(MAIN, session(MONDAY)), moment)
