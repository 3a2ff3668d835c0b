"""A simulated account that holds SPY, in the last week of the sample, opened without the command line."""

import json
from datetime import UTC, datetime
from pathlib import Path

from rebalancer.config import AccountConfig, Config, load

BOT = {"format": "rebalancer/bot", "version": 1, "name": "Hold", "chart": {"asset": "SPY"}}
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
amount = 50
weight_mode = "percent"
"""


def write(folder: Path, *, enabled: bool = False, top: str = "") -> Config:
    folder.mkdir(exist_ok=True)
    (folder / "hold.json").write_text(json.dumps(BOT))
    (folder / "config.toml").write_text(CONFIG.format(enabled=str(enabled).lower(), top=top))
    return load(folder / "config.toml")


def main_account(config: Config) -> AccountConfig:
    (account,) = config.accounts
    return account


def new_york(day: int, hour: int, minute: int = 0) -> datetime:
    """In June of 2016, where New York is four hours behind UTC."""
    return datetime(2016, 6, day, hour + 4, minute, tzinfo=UTC)
