"""The self-check of an installed release, and what it says where the machine is not right."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from rebalancer.app.self_check import BOUGHT, CASH, OFFSETS, evening_check, self_check, zones_check


def test_this_release_passes_on_this_machine() -> None:
    said: list[str] = []
    found = self_check(lambda work, *_: said.append(work))
    assert [check.name for check in found.checks if check.verdict == "fail"] == []
    assert {"SQLite", "time zones", "evening"} <= {check.name for check in found.checks}
    assert "Trading an evening of the demo" in said


def test_an_evening_with_another_result_fails_and_both_are_named(tmp_path: Path) -> None:
    check = evening_check(tmp_path, {**BOUGHT, "SPY": 1}, CASH + Decimal("0.01"))
    assert check.verdict == "fail"
    assert "SPY 327" in check.found
    assert "SPY 1, TBILL 97; cash 5,343.54 USD" in check.found
    assert "don't let it trade" in check.remedy


def test_an_evening_that_can_not_be_journalled_fails(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")
    check = evening_check(tmp_path / "state", BOUGHT, CASH)
    assert (check.verdict, str(tmp_path) in check.found) == ("fail", True)


def test_a_missing_zone_and_a_wrong_summer_time_fail_with_the_remedy() -> None:
    summer = datetime(2026, 6, 1, tzinfo=UTC)
    check = zones_check({**OFFSETS, ("Europe/Atlantis", summer): 1, ("Europe/Berlin", summer): 1})
    assert check.found == ("Europe/Atlantis is missing; Europe/Berlin is not +1 hours from UTC at 2026-06-01 00:00 UTC")
    assert (check.verdict, "tzdata" in check.remedy) == ("fail", True)
