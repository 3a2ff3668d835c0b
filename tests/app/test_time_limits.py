"""How long the schedule may take for what it does, by its settings."""

from pathlib import Path

import pytest
from sim_account import write

from rebalancer.app.time_limits import minutes_between_looks, seconds_of_silence, seconds_to_stop
from rebalancer.config import Config, load


def with_trading(folder: Path, *lines: str) -> Config:
    config = write(folder, enabled=True)
    text = config.path.read_text()
    assert "[trading]" in text
    config.path.write_text(text.replace("[trading]", "\n".join(["[trading]", *lines])))
    return load(config.path)


def test_orders_that_may_stay_open_for_longer_are_awaited_for_longer(tmp_path: Path):
    usual = seconds_to_stop(with_trading(tmp_path))
    longer = seconds_to_stop(with_trading(tmp_path, "buy_timeout_seconds = 400", "minutes_before_close = 20"))
    assert longer == usual + 400 - 120
    assert usual > 120 + 30  # an order's time, and that of its cancel


def test_a_python_bot_may_be_silent_for_as_long_as_its_back_test_may_take(tmp_path: Path):
    config = with_trading(tmp_path)
    usual = seconds_of_silence(config)
    assert usual > 30 + 60  # a heartbeat, and the longest pause of a busy broker
    bot = tmp_path / "hold.py"
    bot.write_text("")
    config.path.write_text(config.path.read_text().replace("hold.json", "hold.py"))
    assert seconds_of_silence(load(config.path)) == usual + 900 - 60


@pytest.mark.parametrize(("minutes_before", "every"), [(10, 5), (9, 1), (6, 1), (30, 5)])
def test_cron_asks_each_minute_where_a_run_needs_all_of_its_window(tmp_path: Path, minutes_before: int, every: int):
    config = with_trading(tmp_path, f"minutes_before_close = {minutes_before}")
    assert minutes_between_looks(config) == every
