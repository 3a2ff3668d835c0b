"""An order is sent only while the venue is open and agrees with our clock and calendar."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fakes import BrokerProxy
from stage import DAYS, SPY, Stage, hold, percent, session_of

from rebalancer.errors import RunFailedError, SourceError
from rebalancer.model import Hours
from rebalancer.trading.halts import hours_mismatch

TONIGHT = session_of(DAYS[0])
NOW = TONIGHT.closes - timedelta(minutes=10)
OPEN = Hours(NOW, open=True, closes=TONIGHT.closes)


def hours_problem(hours: Hours, answered_after: float = 0) -> str | None:
    return hours_mismatch(hours, TONIGHT, NOW, NOW + timedelta(seconds=answered_after), 5)


def test_a_venue_with_our_time_and_close_is_accepted() -> None:
    assert hours_problem(OPEN) is None


@pytest.mark.parametrize(("seconds", "accepted"), [(5, True), (6, False), (-5, True), (-6, False)])
def test_the_clocks_may_be_five_seconds_apart_and_no_more(seconds: int, *, accepted: bool) -> None:
    skewed = hours_problem(replace(OPEN, now=NOW + timedelta(seconds=seconds)))
    assert (skewed is None) == accepted


def test_the_latency_of_the_answer_is_not_clock_skew() -> None:
    assert hours_problem(replace(OPEN, now=NOW + timedelta(seconds=9)), answered_after=9) is None


@pytest.mark.parametrize(("minutes", "accepted"), [(1, True), (-1, True), (2, False), (-180, False)])
def test_the_closes_may_be_a_minute_apart_and_no_more(minutes: int, *, accepted: bool) -> None:
    moved = hours_problem(replace(OPEN, closes=TONIGHT.closes + timedelta(minutes=minutes)))
    assert (moved is None) == accepted


def test_a_closed_venue_is_rejected() -> None:
    assert "closed" in (hours_problem(replace(OPEN, open=False)) or "")


def one_bot(folder: Path, hours: Callable[[Hours], Hours]) -> Stage:
    class Elsewhere(BrokerProxy):
        def hours(self) -> Hours:
            return hours(self.real.hours())

    stage = Stage(folder, {"A": (hold(SPY), percent("A", 100))})
    stage.broker_proxy = Elsewhere
    return stage


def test_a_venue_that_closes_early_stops_the_evening_before_any_order(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, lambda real: replace(real, closes=real.closes - timedelta(hours=3)))
    with pytest.raises(RunFailedError, match="the calendar has 2024-03-04 16:00:00 New York time"):
        stage.run()
    assert stage.record().orders == ()


def test_the_cutoff_counts_from_the_venues_close_where_that_is_earlier(tmp_path: Path) -> None:
    """It is 45 s before the calendar's cut-off, and 5 s past the venue's."""
    stage = one_bot(tmp_path, lambda real: replace(real, closes=real.closes - timedelta(seconds=50)))
    stage.clock.sleep(600 - 60 - 45)
    stage.run()
    assert stage.record().orders == ()
    assert any("to 15:58:10 New York time" in remark.text for remark in stage.record().remarks)


def test_a_machine_with_a_wrong_clock_sends_nothing(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, lambda real: replace(real, now=real.now + timedelta(minutes=3)))
    with pytest.raises(RunFailedError, match="180 s apart, at most 5 s"):
        stage.run()
    assert stage.record().orders == ()


def test_a_venue_that_halts_between_the_legs_gets_no_buys(tmp_path: Path) -> None:
    asked: list[Hours] = []

    def until_the_buys(real: Hours) -> Hours:
        asked.append(real)
        return replace(real, open=len(asked) < 3)

    stage = one_bot(tmp_path, until_the_buys)
    stage.run()
    record = stage.record()
    assert record.run.status == "partial"
    assert record.orders == ()
    assert any("no buys tonight: The venue says" in remark.text for remark in record.remarks)


def test_nothing_is_sent_if_the_venue_clock_can_not_be_read(tmp_path: Path) -> None:
    def silent(_: Hours) -> Hours:
        raise SourceError("no answer")

    stage = one_bot(tmp_path, silent)
    with pytest.raises(RunFailedError, match="clock could not be read: no answer"):
        stage.run()
