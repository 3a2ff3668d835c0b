"""An enabled account that holds SPY, for the tests of the schedule; and the evenings of the sample's last week."""

import json
from datetime import UTC, datetime
from pathlib import Path

HOLD_SPY = {"format": "rebalancer/bot", "version": 1, "name": "Hold", "chart": {"asset": "SPY"}}
CONFIG = """
state_dir = "state"
{top}
[trading]
fallback_ticker = "TBILL"
[accounts.main]
broker = "sim"
enabled = {enabled}
[[accounts.main.investments]]
bot = "hold.json"
amount = 100
weight_mode = "percent"
"""


def write_config(folder: Path, *, enabled: bool = True, top: str = "", bot: object = HOLD_SPY) -> None:
    (folder / "hold.json").write_text(json.dumps(bot))
    (folder / "config.toml").write_text(CONFIG.format(enabled=str(enabled).lower(), top=top))


def new_york_summer(day: int, hour: int, minute: int = 0) -> datetime:
    """A time in New York in June of 2016, as UTC: four hours later."""
    return datetime(2016, 6, day, hour + 4, minute, tzinfo=UTC)
