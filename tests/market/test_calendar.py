"""The exchange's sessions, against what the New York Stock Exchange has announced or done."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.errors import RunFailedError
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import Session
from rebalancer.model.text import clock_time

CALENDAR = ExchangeCalendar(SimulatedClock(datetime(2026, 11, 20, tzinfo=UTC)))


def test_a_summer_session_closes_at_20_utc() -> None:
    assert CALENDAR.session(date(2026, 7, 2)) == Session(
        day=date(2026, 7, 2),
        opens=datetime(2026, 7, 2, 13, 30, tzinfo=UTC),
        closes=datetime(2026, 7, 2, 20, 0, tzinfo=UTC),
    )


def test_a_winter_session_closes_at_21_utc() -> None:
    session = CALENDAR.session(date(2026, 1, 5))
    assert session is not None
    assert session.closes == datetime(2026, 1, 5, 21, 0, tzinfo=UTC)


@pytest.mark.parametrize("day", [date(2026, 11, 27), date(2026, 12, 24), date(2027, 11, 26)])
def test_a_half_day_closes_at_13_in_new_york(day: date) -> None:
    session = CALENDAR.session(day)
    assert session is not None
    assert session.closes == datetime(day.year, day.month, day.day, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 11, 21),  # a Saturday
        date(2026, 7, 3),  # Independence Day, observed
        date(2018, 12, 5),  # mourning for G. H. W. Bush
        date(2025, 1, 9),  # mourning for J. Carter
        date(2012, 10, 29),  # hurricane Sandy
    ],
)
def test_there_is_no_session_on_a_closed_day(day: date) -> None:
    assert CALENDAR.session(day) is None


def test_a_year_has_its_251_sessions_in_order() -> None:
    days = CALENDAR.sessions(date(2026, 1, 1), date(2026, 12, 31))
    assert len(days) == 251
    assert list(days) == sorted(set(days))


def test_a_range_includes_both_ends_and_may_cross_a_year() -> None:
    expected = (date(2025, 12, 30), date(2025, 12, 31), date(2026, 1, 2))
    assert CALENDAR.sessions(date(2025, 12, 30), date(2026, 1, 2)) == expected


def test_a_range_that_ends_before_it_begins_is_empty() -> None:
    assert CALENDAR.sessions(date(2026, 1, 5), date(2026, 1, 2)) == ()
    assert CALENDAR.sessions(date(2026, 1, 5), date(2025, 1, 2)) == ()


@pytest.mark.parametrize("day", [date(1989, 12, 29), date(2028, 1, 3)])
def test_years_whose_holidays_are_not_certain_are_refused_rather_than_guessed(day: date) -> None:
    with pytest.raises(RunFailedError, match="knows 1990 to 2027"):
        CALENDAR.session(day)
    with pytest.raises(RunFailedError, match="knows 1990 to 2027"):
        CALENDAR.sessions(min(day, date(2000, 1, 3)), max(day, date(2000, 1, 3)))


@given(st.dates(date(2020, 1, 1), date(2027, 12, 31)))
def test_a_day_is_in_the_range_exactly_where_it_has_a_session(day: date) -> None:
    session = CALENDAR.session(day)
    assert CALENDAR.sessions(day, day) == (() if session is None else (day,))
    if session is not None:
        assert session.opens < session.closes
        assert session.opens.tzinfo is session.closes.tzinfo is UTC


# ------------------------------------------------------------------------------------------- other exchanges


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        (date(2026, 11, 20), "08:00", "16:30"),
        (date(2026, 7, 20), "07:00", "15:30"),
        (date(2026, 12, 30), "08:00", "13:00"),  # the last session of the year ends at 14:00 in Frankfurt
    ],
)
def test_another_exchange_has_hours_and_a_zone_of_its_own(day, opens, closes):
    calendar = ExchangeCalendar(SimulatedClock(datetime(2026, 11, 20, tzinfo=UTC)), "XETR")
    session = calendar.session(day)
    assert session is not None
    assert (f"{session.opens:%H:%M}", f"{session.closes:%H:%M}", str(session.zone)) == (opens, closes, "Europe/Berlin")
    assert clock_time(session.closes, calendar.zone) == f"{session.closes.astimezone(calendar.zone):%H:%M} Berlin time"


def test_each_exchange_keeps_its_own_holidays():
    xetra = ExchangeCalendar(SimulatedClock(datetime(2026, 11, 20, tzinfo=UTC)), "XETR")
    thanksgiving, german_christmas_eve = date(2026, 11, 26), date(2026, 12, 24)
    assert (CALENDAR.session(thanksgiving), xetra.session(german_christmas_eve)) == (None, None)
    assert thanksgiving in xetra.sessions(thanksgiving, thanksgiving)


def test_an_exchange_that_does_not_exist_is_refused_with_the_way_out():
    with pytest.raises(ValueError, match="use a name such as NYSE or XETR"):
        ExchangeCalendar(SimulatedClock(datetime(2026, 11, 20, tzinfo=UTC)), "MOON").session(date(2026, 11, 20))
