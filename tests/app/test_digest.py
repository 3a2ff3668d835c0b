"""The week in words: also the decisions that came closest to another one."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sim_account import BOT, new_york, write

from rebalancer.app.digest import digest
from rebalancer.app.observers_due import week_of
from rebalancer.app.runs import run_due
from rebalancer.market.clock import SimulatedClock

ABOVE_ITS_AVERAGE = {
    "if": {
        "left": {"current-price": {"of": "SPY"}},
        "is": "gt",
        "right": {"moving-average-price": {"of": "SPY", "window": 20}},
    },
    "then": {"asset": "SPY"},
    "else": {"asset": "TBILL"},
}


@pytest.mark.parametrize(
    ("day", "week"),
    [(27, "2026-W47"), (28, "2026-W48"), (29, "2026-W48")],  # a Friday, a Saturday, a Sunday
)
def test_a_week_is_over_on_saturday(day: int, week: str):
    assert week_of(datetime(2026, 11, day, 12, tzinfo=UTC)) == week


def test_a_week_without_a_run_is_not_told(tmp_path: Path):
    assert digest(write(tmp_path), "2016-W26") is None


def test_the_decisions_that_came_closest_to_another_one_are_named(tmp_path: Path):
    config = write(tmp_path, enabled=True)
    (tmp_path / "hold.json").write_text(json.dumps({**BOT, "chart": ABOVE_ITS_AVERAGE}))
    list(run_due(config, SimulatedClock(new_york(28, 15, 50))))
    found = digest(config, "2016-W26")
    assert found is not None
    assert found.body.split("\n")[-2] == "Closest to another decision:"
    assert "- hold on 2016-06-28: SPY was " in found.body.split("\n")[-1]
    assert found.body.endswith(" % from it")
