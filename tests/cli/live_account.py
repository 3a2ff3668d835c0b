"""An account with real money at the local Alpaca, ten minutes before a Friday's close (halts, arming)."""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from local_alpaca import LocalAlpaca, Tape

from rebalancer import config
from rebalancer.app.runs import RunResult, run_account

NUMBER = "123456789"
FRIDAY = datetime(2026, 11, 20, 15, 50, tzinfo=ZoneInfo("America/New_York"))
A_MOMENT = 10.0
"""The seconds between what a person does and the next run."""
CONFIG = """
state_dir = "state"
[data]
since = 2026-09-01
[trading]
fallback_ticker = "SGOV"
[accounts.live1]
broker = "alpaca"
mode = "{mode}"
account_number = "{number}"
key_id = "${{KEY_ID}}"
secret = "${{SECRET}}"
base_url = "{url}"
data_url = "{url}"
[[accounts.live1.investments]]
bot = "mix.json"
amount = 100
weight_mode = "percent"
"""


def live_venue() -> LocalAlpaca:
    venue = LocalAlpaca(FRIDAY, market=Tape.sample())
    venue.account["account_number"] = NUMBER
    return venue


def write_live_config(folder: Path, url: str, *, mode: str = "live", number: str = NUMBER) -> None:
    (folder / "config.toml").write_text(CONFIG.format(url=url, mode=mode, number=number))
    write_bot(folder, SPY=30, GLD=30, TLT=30)


def write_bot(folder: Path, **percents: int) -> None:
    """What is missing to 100 is cash."""
    shares = [{"percent": share, "chart": {"asset": symbol}} for symbol, share in percents.items()]
    rest = {"percent": 100 - sum(percents.values()), "chart": {"cash": True}}
    bot = {"format": "rebalancer/bot", "version": 1, "name": "Mix", "chart": {"specified": [*shares, rest]}}
    (folder / "mix.json").write_text(json.dumps(bot))


def evening_run(folder: Path, venue: LocalAlpaca, **how: bool) -> RunResult:
    """One run as `rebalance run` has it, but by the venue's own clock, whose seconds pass at once."""
    venue.clock.sleep(A_MOMENT)
    settings = config.load(folder / "config.toml")
    (account,) = settings.accounts
    return run_account(settings, account, clock=venue.clock, **how)
