"""What commands take with a journal of ten years, beside one of a single session: python benchmarks/ten_years.py

python benchmarks/ten_years.py [--sessions 2500] [--rounds 3] [FOLDER]

Three bots over twelve symbols trade so many weekdays up to 2025 with the simulated broker: some ten minutes for ten
years. Each command is a process of its own; its CPU seconds are given for both journals, with their ratio and their
difference, as the least of some rounds. What was made in FOLDER before is measured as it is.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))
sys.path.append(str(Path(__file__).parents[1] / "tests" / "trading"))
import numpy as np
import performance
from stage import Stage, StageMarket, Weekdays

from rebalancer.journal import read
from rebalancer.journal.seal import keep_sealed
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SystemClock
from rebalancer.model import Closes, Symbol

LAST = date(2025, 12, 30)
LAST_RUN = "the last run"
COMMANDS = {
    "status": ["status"],
    "history": ["history"],
    "history RUN": ["history", LAST_RUN],
    "orders": ["orders"],
    "positions": ["positions"],
    "run --dry-run": ["run", "--dry-run", "--as-of", str(LAST)],
    "audit verify": ["audit", "verify"],
}
ATTENTION = 6


class RecentMarket(StageMarket):
    """Shows the weekdays before any day, not those of one week in 2024."""

    def closes(self, symbols: Sequence[Symbol], before: date) -> Closes:
        days = np.array(Weekdays().sessions(before - timedelta(days=7), before - timedelta(days=1)), "datetime64[D]")
        row = [float(self.prices.get(name, "nan")) for name in symbols]
        return Closes(days, tuple(symbols), np.array([row] * len(days)))


def make(folder: Path, sessions: int, traded: int) -> None:
    """A state of `traded` sessions, and prices of all `sessions`."""
    days = Weekdays().sessions(LAST - timedelta(days=2 * sessions), LAST - timedelta(days=1))[-sessions:]
    folder.mkdir(parents=True)
    bots = {bot: (performance.mix(**weights), money) for bot, (weights, money) in performance.BOTS.items()}
    stage = Stage(folder, bots, cash=Decimal(300_000), number="sim-demo")
    stage.market = RecentMarket(stage.market.prices, stage.clock)
    rows = list(performance.prices(sessions + 1))
    for day, row in list(zip(days, rows[:-1], strict=True))[-traded:]:
        stage.on(day)
        stage.market.prices |= row
        stage.run()
    performance.write_files(folder, 1)
    held = {*ExchangeCalendar(SystemClock()).sessions(days[0], LAST)}  # the bots trade on holidays too, the command not
    dated = zip((*days, LAST), rows, strict=True)
    text = [",".join(map(str, (day, *row.values()))) for day, row in dated if day in held]
    header = ",".join(("date", *performance.SYMBOLS))
    (folder / "prices" / "closes.csv").write_text("\n".join([header, *text]) + "\n")


def cpu_seconds(folder: Path, words: Sequence[str]) -> float:
    if LAST_RUN in words:
        (last,) = read.runs(folder / "journal.sqlite", limit=1)
        words = [str(last.id) if word == LAST_RUN else word for word in words]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "rebalancer", *words, "--config", str(folder / "config.toml")],
        check=False,
        capture_output=True,
        text=True,
        env={**environment, "XDG_STATE_HOME": str(folder / "accounts")},
    )
    if done.returncode not in {0, ATTENTION}:
        sys.exit(done.stdout + done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--sessions", type=int, default=2_500)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = options.folder or Path(made)
        for name, traded in (("one", 1), ("all", options.sessions)):
            if not (folder / name).exists():
                make(folder / name, options.sessions, traded)
        keep_sealed(folder / "all" / "journal.sqlite")
        size = (folder / "all" / "journal.sqlite").stat().st_size
        print(f"the journal has {size / 1e6:,.1f} MB\n{'':16}{'one':>8}{'all':>8}{'ratio':>8}{'more':>8}   CPU s")
        for label, words in COMMANDS.items():
            rounds = [[cpu_seconds(folder / name, words) for name in ("one", "all")] for _ in range(options.rounds)]
            one, every = (min(column) for column in zip(*rounds, strict=True))
            print(f"{label:16}{one:8.2f}{every:8.2f}{every / one:8.2f}{every - one:8.2f}")


if __name__ == "__main__":
    main()
