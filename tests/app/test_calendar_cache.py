"""The calendar cache agrees with the exchange calendar, or is rebuilt from it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from rebalancer.app.calendar_cache import FILE, CachedCalendar, cached_calendar, installed_calendar
from rebalancer.errors import RunFailedError
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SimulatedClock

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = SimulatedClock(NOW + timedelta(days=3))
CLOCK = SimulatedClock(NOW)


def test_it_agrees_with_the_exchange_calendar(tmp_path: Path) -> None:
    cached, calendar = cached_calendar(tmp_path, CLOCK, "NYSE"), ExchangeCalendar(CLOCK)
    days = calendar.sessions(date(2025, 1, 1), date(2027, 12, 31))
    assert cached.sessions(date(2025, 1, 1), date(2027, 12, 31)) == days
    assert all(cached.session(day) == calendar.session(day) for day in days)
    assert cached.session(date(2026, 11, 26)) is None


def test_the_cached_calendar_is_read_back_unchanged(tmp_path: Path) -> None:
    cached = cached_calendar(tmp_path, CLOCK, "NYSE")
    assert CachedCalendar.from_json((tmp_path / FILE.format(exchange="NYSE")).read_text()) == cached


@pytest.mark.parametrize("day", [date(2024, 12, 31), date(2028, 1, 1)])
def test_an_unknown_year_is_refused(tmp_path: Path, day: date) -> None:
    cached = cached_calendar(tmp_path, CLOCK, "NYSE")
    with pytest.raises(RunFailedError, match="2025 to 2027"):
        cached.session(day)
    with pytest.raises(RunFailedError, match="2025 to 2027"):
        cached.sessions(date(2026, 1, 1), day) if day.year > 2027 else cached.sessions(day, date(2026, 1, 1))


def test_the_cache_is_used_while_year_and_calendar_are_the_same(tmp_path: Path) -> None:
    kept = replace(cached_calendar(tmp_path, CLOCK, "NYSE"), days={})
    (tmp_path / FILE.format(exchange="NYSE")).write_text(kept.to_json())
    assert cached_calendar(tmp_path, LATER, "NYSE").days == {}


@pytest.mark.parametrize("stale", [{"year": 2025}, {"made_by": "pandas_market_calendars-0.1"}])
def test_it_is_rebuilt_in_another_year_and_after_an_upgrade(tmp_path: Path, stale: dict[str, object]) -> None:
    good = cached_calendar(tmp_path, CLOCK, "NYSE")
    (tmp_path / FILE.format(exchange="NYSE")).write_text(replace(good, days={}, **stale).to_json())
    assert cached_calendar(tmp_path, CLOCK, "NYSE") == good


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", '{"made_by": 1}', '{"sessions": [["x"]]}', "[" * 100_000, " " * 2_000_000),
        '{"made_by": "x", "year": Infinity, "zone": "UTC", "sessions": []}',
    ],
    ids=lambda text: text[:40],
)
def test_a_damaged_file_is_rebuilt(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE.format(exchange="NYSE")).write_text(text)
    assert cached_calendar(tmp_path, CLOCK, "NYSE").session(date(2026, 11, 20)) is not None
    assert CachedCalendar.from_json((tmp_path / FILE.format(exchange="NYSE")).read_text()).year == 2026


def test_an_unwritable_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(RunFailedError, match="can't be written"):
        cached_calendar(tmp_path / "state", CLOCK, "NYSE")


def test_a_failed_write_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / FILE.format(exchange="NYSE")).mkdir()
    with pytest.raises(RunFailedError, match=r"sessions-NYSE\.json can't be written"):
        cached_calendar(tmp_path, CLOCK, "NYSE")
    assert [file.name for file in tmp_path.iterdir()] == [FILE.format(exchange="NYSE")]


def test_the_installed_calendar_is_named_with_its_version() -> None:
    assert installed_calendar().startswith("pandas_market_calendars-")


def test_each_exchange_has_a_file_and_a_zone_of_its_own(tmp_path: Path) -> None:
    xetra = cached_calendar(tmp_path, CLOCK, "XETR")
    assert (xetra.zone.key, cached_calendar(tmp_path, CLOCK, "NYSE").zone.key) == ("Europe/Berlin", "America/New_York")
    assert cached_calendar(tmp_path, CLOCK, "XETR") == xetra
    assert xetra.session(date(2026, 11, 26)) is not None
