"""A simulated account of 100,000 dollars on prices of its own: a folder, a bot, a config."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

DAYS = tuple(date(2022, 6, 6) + timedelta(days=count) for count in range(5))


def write_account(folder: Path, closes: Mapping[str, Sequence[str]], chart: object, more: str = "") -> None:
    """`closes` are texts, one for each of DAYS, by column; `more` is TOML that stands under [accounts.a.trading]."""
    rows = [",".join(["date", *closes]), *(",".join(row) for row in zip(map(str, DAYS), *closes.values(), strict=True))]
    (folder / "prices").mkdir(exist_ok=True)
    (folder / "prices" / "closes.csv").write_text("\n".join(rows) + "\n")
    write_bot(folder, chart)
    (folder / "config.toml").write_text(
        f'schema = 1\n[data]\nsource = "folder"\nfolder = "prices"\n[accounts.a]\nbroker = "sim"\n'
        '[[accounts.a.investments]]\nbot = "b.json"\namount = 100\nweight_mode = "percent"\n'
        f'[accounts.a.trading]\nfallback_ticker = "CASH"\n{more}\n'
    )


def write_bot(folder: Path, chart: object) -> None:
    (folder / "b.json").write_text(json.dumps({"format": "rebalancer/bot", "version": 1, "name": "b", "chart": chart}))
