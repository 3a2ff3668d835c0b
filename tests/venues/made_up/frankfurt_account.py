"""The config, the bot and the prices of an account at the made-up venue."""

import json
from datetime import date, timedelta
from pathlib import Path

DAYS = [date(2026, 11, 23) + timedelta(days=offset) for offset in range(4)]
"""The last of them is Thanksgiving: New York rests, and Frankfurt does not."""
CLOSES = {"EUNL": "91.255", "VAGF": "23.14"}
CHART = {
    "specified": [
        {"percent": 60, "chart": {"asset": "EUNL"}},
        {"percent": 38, "chart": {"asset": "VAGF"}},
        {"percent": 2, "chart": {"cash": True}},
    ]
}
CONFIG = """
state_dir = "state"
[data]
source = "folder"
folder = "prices"
[trading]
fallback_ticker = "CASH"
[accounts.savings]
broker = "frankfurt"
{keys}
[accounts.savings.sim]
starting_cash = 10_000
[[accounts.savings.investments]]
bot = "world.json"
amount = 100
weight_mode = "percent"
"""


def write_account(folder: Path, **keys: object) -> Path:
    """Write the files of one account, with `keys` in its table of the config, and return `folder`."""
    rows = [",".join(["date", *CLOSES]), *(",".join([str(day), *CLOSES.values()]) for day in DAYS)]
    (folder / "prices").mkdir()
    (folder / "prices" / "closes.csv").write_text("\n".join(rows) + "\n")
    bot = {"format": "rebalancer/bot", "version": 1, "name": "World", "chart": CHART}
    (folder / "world.json").write_text(json.dumps(bot))
    lines = (f"{key} = {json.dumps(value)}" for key, value in keys.items())
    (folder / "config.toml").write_text(CONFIG.format(keys="\n".join(lines)))
    return folder
