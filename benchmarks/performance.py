"""What ten years of evenings cost to keep and to look at: python benchmarks/performance.py [--quick] [FOLDER]

Three bots over twelve symbols trade 2,500 sessions (--quick: 250) with the simulated broker, which takes some minutes.
Printed are the journal's size, and the seconds of the whole command `performance`: of the first look at the account, of
the next one, and of one bot beside its back-test. Both are given beside those of `rebalance --version`, which does
nothing. What was made in FOLDER before is looked at as it is; without FOLDER it is made and removed.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))
sys.path.append(str(Path(__file__).parents[1] / "tests" / "trading"))
from stage import Stage, Weekdays, dollars, mix, percent

from rebalancer.model import Investment, Symbol

FIRST, TEN_YEARS, QUICK = date(2024, 3, 4), 2_500, 250
SYMBOLS = tuple(map(Symbol, ["SPY", "QQQ", "IWM", "TLT", "IEF", "GLD", "XLE", "XLK", "XLV", "XLU", "EEM", "VNQ"]))
STEPS, CENT = 11, Decimal("0.01")
BOTS: dict[str, tuple[dict[str, int], Investment]] = {
    "steady": ({"SPY": 30, "TLT": 20, "IEF": 20, "GLD": 15, "VNQ": 15}, dollars("steady", 120_000)),
    "sectors": ({"XLE": 25, "XLK": 25, "XLV": 25, "XLU": 25}, dollars("sectors", 80_000)),
    "growth": ({"QQQ": 40, "IWM": 20, "EEM": 20, "SPY": 20}, percent("growth", 20)),
}
CONFIG = """schema = 1
state_dir = "."
[data]
source = "folder"
folder = "prices"
[accounts.demo]
broker = "sim"
"""


def days(sessions: int) -> tuple[date, ...]:
    return Weekdays().sessions(FIRST, FIRST + timedelta(days=2 * sessions))[:sessions]


def prices(sessions: int) -> Iterator[dict[Symbol, Decimal]]:
    """Of each session; they move by up to 1 % and are the same in every run."""
    now = {name: Decimal(50 + 30 * place) for place, name in enumerate(SYMBOLS)}
    for number in range(sessions):
        for place, name in enumerate(SYMBOLS):
            step = Decimal((number * 7 + place * 5) % STEPS - STEPS // 2) / 500
            now[name] = (now[name] * (1 + step)).quantize(CENT)
        yield dict(now)


def write_files(folder: Path, sessions: int) -> None:
    """The config, the bots and the closes that belong to the journal."""
    text = CONFIG
    for bot, (weights, investment) in BOTS.items():
        chart = {"specified": [{"percent": share, "chart": {"asset": name}} for name, share in weights.items()]}
        (folder / f"{bot}.json").write_text(
            json.dumps({"format": "rebalancer/bot", "version": 1, "name": bot, "chart": chart})
        )
        text += f'[[accounts.demo.investments]]\nbot = "{bot}.json"\namount = {investment.amount}\n'
        text += 'weight_mode = "percent"\n' if investment.weight_mode == "percent" else ""
    (folder / "config.toml").write_text(text)
    (folder / "prices").mkdir(exist_ok=True)
    rows = (",".join(map(str, (day, *row.values()))) for day, row in zip(days(sessions), prices(sessions), strict=True))
    (folder / "prices" / "closes.csv").write_text("\n".join((",".join(("date", *SYMBOLS)), *rows)) + "\n")


def trade(folder: Path, sessions: int) -> None:
    bots = {bot: (mix(**weights), investment) for bot, (weights, investment) in BOTS.items()}
    stage = Stage(folder, bots, cash=Decimal(300_000))
    for day, row in zip(days(sessions), prices(sessions), strict=True):
        stage.on(day)
        stage.market.prices |= row
        stage.run()


def seconds(*words: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "rebalancer", *words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def look(folder: Path) -> None:
    print(f"the journal has {(folder / 'journal.sqlite').stat().st_size / 1e6:,.1f} MB")
    config, nothing = ("--config", str(folder / "config.toml")), seconds("--version")
    print(f"--version                 {nothing:.2f} s")
    for label, words in (
        ("performance, first look", ("performance",)),
        ("performance, next look ", ("performance",)),
        ("performance steady     ", ("performance", "steady")),
        ("positions              ", ("positions",)),
        ("history                ", ("history",)),
    ):
        found = seconds(*words, *config)
        print(f"{label}   {found:.2f} s, {found / nothing:.1f} times as long")


def main() -> None:
    words, sessions = sys.argv[1:], QUICK if "--quick" in sys.argv else TEN_YEARS
    folders = [Path(word) for word in words if not word.startswith("--")]
    with tempfile.TemporaryDirectory() as made:
        folder = folders[0] if folders else Path(made)
        if not (folder / "journal.sqlite").exists():
            start = time.perf_counter()
            trade(folder, sessions)
            print(f"{sessions:,} sessions traded in {time.perf_counter() - start:.0f} s")
        write_files(folder, sessions)
        look(folder)


if __name__ == "__main__":
    main()
