"""Sessions kept on disk are those that the exchange calendar computes, or are computed anew."""

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SimulatedClock
from rebalancer.market.session_cache import FILE, SessionCache, as_content
from rebalancer.ports import Clock

CLOCK = SimulatedClock(datetime(2026, 11, 20, 12, tzinfo=UTC))
FRIDAY, THANKSGIVING, HALF_DAY = date(2026, 11, 20), date(2026, 11, 26), date(2026, 11, 27)


def calendar(folder: Path, exchange: str = "NYSE", clock: Clock = CLOCK) -> ExchangeCalendar:
    return ExchangeCalendar(clock, exchange, folder)


def file(folder: Path, decade: int = 2020, exchange: str = "NYSE") -> Path:
    return folder / FILE.format(exchange=exchange, decade=decade)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder with the decade of 2020."""
    assert calendar(tmp_path).session(FRIDAY)
    return tmp_path


@pytest.mark.parametrize("exchange", ["NYSE", "XETR", "XHKG", "CME_Equity"])
def test_every_session_of_the_last_decades_is_read_back_as_it_was_computed(tmp_path: Path, exchange: str) -> None:
    first, last = date(2000, 1, 1), date(2026, 12, 31)
    computed = calendar(tmp_path, exchange)
    days = computed.sessions(first, last)
    assert file(tmp_path, 2010, exchange).exists()
    read = calendar(tmp_path, exchange)
    assert read.sessions(first, last) == days
    assert [read.session(day) for day in days] == [computed.session(day) for day in days]
    assert read.zone == computed.zone


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(day=st.dates(date(2020, 1, 1), date(2027, 12, 31)))
def test_a_kept_calendar_answers_as_one_without_files(kept: Path, day: date) -> None:
    assert calendar(kept).session(day) == ExchangeCalendar(CLOCK).session(day)


def test_kept_sessions_are_used_without_asking_the_package(kept: Path) -> None:
    """With a checksum that fits, even hours that the package does not say are believed: so they were not computed."""
    cache = SessionCache(kept, "NYSE")
    years = {year: ExchangeCalendar(CLOCK)._computed(2020)[year] for year in range(2020, 2030)}
    without = {year: {day: at for day, at in sessions.items() if day != FRIDAY} for year, sessions in years.items()}
    zone = cache.read(2020).zone
    cache.keep(2020, as_content(2020, zone, without))
    assert calendar(kept).session(FRIDAY) is None


def changed(key: str, change: Callable[[str], str]) -> Callable[[str], str]:
    def text(before: str) -> str:
        stored = json.loads(before)
        assert change(stored[key]) != stored[key]
        return json.dumps({**stored, key: change(stored[key])})

    return text


@pytest.mark.parametrize(
    "change",
    [
        changed("content", lambda text: text.replace("46800", "43200")),
        changed("content", lambda text: text.replace('"2026-11-20", 34200, 57600', '"2026-11-26", 34200, 57600')),
        changed("key", lambda text: text.replace("pandas_market_calendars-", "pandas_market_calendars-0.")),
        changed("key", lambda text: text.replace("exchange_calendars-", "exchange_calendars-0.")),
        changed("key", lambda text: text.replace("2020", "2010")),
        changed("key", lambda text: text.replace("NYSE", "XETR")),
        changed("checksum", lambda text: text[::-1]),
        lambda text: text[:-10],
        lambda _: "",
        lambda _: "null",
        lambda _: "[]",
        lambda _: '{"key": 1}',
        lambda _: "[" * 100_000,
        lambda _: " " * 2_000_000,
    ],
)
def test_a_file_that_is_damaged_or_of_other_packages_is_computed_anew(kept: Path, change: Callable[[str], str]) -> None:
    good = file(kept).read_text()
    file(kept).write_text(change(good))
    found = calendar(kept)
    assert (found.session(FRIDAY), found.session(HALF_DAY), found.session(THANKSGIVING)) == (
        ExchangeCalendar(CLOCK).session(FRIDAY),
        ExchangeCalendar(CLOCK).session(HALF_DAY),
        None,
    )
    assert file(kept).read_text() == good


def test_a_decade_under_another_name_is_not_believed(kept: Path) -> None:
    file(kept).rename(file(kept, 2010))
    assert calendar(kept).session(date(2012, 10, 29)) is None  # hurricane Sandy
    assert calendar(kept).session(date(2012, 10, 31)) == ExchangeCalendar(CLOCK).session(date(2012, 10, 31))


def test_packages_without_one_release_keep_nothing(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rebalancer.market.session_cache.PACKAGES", ("no_such_package",))
    cache = SessionCache(kept, "NYSE")
    assert cache.read(2020) is None
    file(kept).unlink()
    assert calendar(kept).session(FRIDAY)
    assert not file(kept).exists()


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root writes everywhere")
def test_a_folder_that_can_not_be_written_costs_time_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert calendar(tmp_path).session(FRIDAY) == ExchangeCalendar(CLOCK).session(FRIDAY)


def test_a_folder_that_is_a_file_costs_time_only_and_leaves_it(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    assert calendar(tmp_path / "state").session(FRIDAY) == ExchangeCalendar(CLOCK).session(FRIDAY)
    assert (tmp_path / "state").read_text() == "a file"


def test_a_failed_write_leaves_no_temporary_file(tmp_path: Path) -> None:
    file(tmp_path).mkdir()
    assert calendar(tmp_path).session(FRIDAY)
    assert [path.name for path in tmp_path.iterdir()] == [file(tmp_path).name]


def test_each_exchange_has_files_and_a_zone_of_its_own(tmp_path: Path) -> None:
    zones = [str(calendar(tmp_path, exchange).zone) for exchange in ("NYSE", "XETR") for _ in range(2)]
    assert zones == ["America/New_York", "America/New_York", "Europe/Berlin", "Europe/Berlin"]
    assert calendar(tmp_path, "XETR").session(THANKSGIVING) is not None


def test_an_exchange_whose_name_is_no_file_name_has_a_file_in_the_folder(tmp_path: Path) -> None:
    assert calendar(tmp_path, "24/7").session(THANKSGIVING)
    assert [path.parent for path in tmp_path.rglob("*.json")] == [tmp_path]
