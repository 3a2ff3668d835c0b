"""What it costs to ask `rebalance` something: CPU seconds of whole processes, and their ratio to `import numpy`.

usage: python benchmarks/startup.py [--quick]

Every round runs each command once, one after the other, so that all of them see the same machine; a ratio is the median
of the rounds' ratios, with the lowest and the highest. The goals are ratios, since machines differ.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from rebalancer import demo
from rebalancer.market.clock import SimulatedClock
from rebalancer.market.folder import read_folder
from rebalancer.market.price_file_cache import PriceFileCache, key_of
from rebalancer.market.sample import FILE
from rebalancer.model import Closes, Symbol

ROUNDS, QUICK_ROUNDS = 9, 3
REBALANCE = ("-m", "rebalancer")
COMPLETION = {"_REBALANCE_COMPLETE": "complete_bash", "COMP_WORDS": "rebalance status --account ", "COMP_CWORD": "3"}
GOALS = {"--help": 2.5, "run --dry-run": 10, "200 bots decided": 2, "run --when-due": 3}
"""Times `import numpy`."""
CONFIG = """
state_dir = "state"
[accounts.main]
broker = "sim"
enabled = true
[[accounts.main.investments]]
bot = "bot.json"
amount = 6000
"""
DECIDED = """
import json, sys
from pathlib import Path
from rebalancer.app.bot_files import load_bots
from rebalancer.market.clock import SystemClock
from rebalancer.market.folder import read_folder
from rebalancer.market.price_file_cache import PriceFileCache

closes = read_folder(Path.cwd() / "prices", PriceFileCache(Path("price_files.sqlite"), SystemClock()))
bots = load_bots({file.stem: file for file in Path("bots").iterdir()})
print(sum(len(bot.decide(closes).weights) for bot in bots.values()))
"""
AS_COMMANDS_END = """
import atexit, gc
atexit.register(gc.freeze)
"""
"""As `rebalancer.cli.main` does it: 200 bots leave much to search at the end of a process."""
FIVE_MILLION = """
from pathlib import Path
from rebalancer.market.clock import SystemClock
from rebalancer.market.folder import read_folder
from rebalancer.market.price_file_cache import PriceFileCache

closes = read_folder(Path.cwd() / "many", PriceFileCache(Path("many.sqlite"), SystemClock()))
assert closes.values.size == 5_000_000
"""


def commands(folder: Path, *, quick: bool) -> dict[str, list[str]]:
    (folder / "own").mkdir()
    (folder / "own" / "config.toml").write_text(CONFIG)
    _write_bots(folder / "bots")
    (folder / "prices").mkdir()
    (folder / "prices" / FILE).write_bytes(demo.config_path().with_name(FILE).read_bytes())
    read_folder(folder / "prices", _cache(folder / "price_files.sqlite"))
    found = {
        "python -c pass": ["-c", "pass"],
        "import numpy": ["-c", "import numpy"],
        "--help": [*REBALANCE, "--help"],
        "completion of a name": [*REBALANCE],
        "run --when-due": [*REBALANCE, "run", "--when-due", "--config", "own/config.toml"],
        "history": [*REBALANCE, "history"],
        "run --dry-run": [*REBALANCE, "run", "--dry-run"],
        "200 bots decided": ["-c", DECIDED],
        "  ending as a command": ["-c", AS_COMMANDS_END + DECIDED],
    }
    if quick:
        return {name: found[name] for name in ("import numpy", *GOALS)}
    _write_many(folder)
    return found | {"5 million prices read": ["-c", FIVE_MILLION]}


def _write_bots(folder: Path) -> None:
    """Two hundred bots of the demo's charts, each with windows of its own."""
    folder.mkdir()
    samples = sorted(demo.config_path().parent.glob("bots/*.json"))
    for number in range(200):
        chart = json.loads(samples[number % len(samples)].read_text())
        (folder / f"{number}.json").write_text(json.dumps(_varied(chart, number // len(samples))))


def _varied(part: object, by: int) -> object:
    if isinstance(part, list):
        return [_varied(each, by) for each in part]
    if isinstance(part, dict):
        return {key: value + by if key == "window" else _varied(value, by) for key, value in part.items()}
    return part


def _write_many(folder: Path) -> None:
    """A folder of a thousand files, and its cache as it is after they were read: five thousand days each."""
    (folder / "many").mkdir()
    letters = "ABCDEFGHIJ"
    symbols = tuple(Symbol(f"T{one}{two}{three}") for one in letters for two in letters for three in letters)
    for symbol in symbols:
        (folder / "many" / f"{symbol}.csv").write_text(f"date,{symbol}\n")
    days = np.datetime64("2005-01-03") + np.arange(5000)
    values = 100 * np.exp(np.random.default_rng(1).normal(0, 0.01, (5000, 1000)).cumsum(axis=0))
    keys = {file: key_of(file) for file in sorted((folder / "many").iterdir())}
    _cache(folder / "many.sqlite").keep_merged(Closes(days, symbols, values), keys)


def _cache(path: Path) -> PriceFileCache:
    """By a clock a minute later: what changed just now is not kept."""
    return PriceFileCache(path, SimulatedClock(datetime.now(UTC) + timedelta(minutes=1)))


def cpu_seconds(words: list[str], folder: Path) -> float:
    """Of a process that writes and finds its bytecode as an installed program does."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        **(COMPLETION if words == [*REBALANCE] else {}),
        "REBALANCE_STATE": str(folder / "state"),
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *words],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=folder,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    quick = "--quick" in sys.argv
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        asked = commands(folder, quick=quick)
        first = {command: cpu_seconds(words, folder) for command, words in asked.items()}
        rounds = [
            {command: cpu_seconds(words, folder) for command, words in asked.items()}
            for _ in range(QUICK_ROUNDS if quick else ROUNDS)
        ]
    print(f"{'':24}{'CPU s':>8}{'first':>8}   x import numpy")
    for command in asked:
        ratios = sorted(each[command] / each["import numpy"] for each in rounds)
        middle = statistics.median(ratios)
        goal = GOALS.get(command)
        verdict = "" if goal is None else f"   goal {goal}: {'met' if middle <= goal else 'MISSED'}"
        taken = statistics.median(each[command] for each in rounds)
        spread = f"{middle:6.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        print(f"{command:24}{taken:8.3f}{first[command]:8.3f}   {spread}{verdict}")


if __name__ == "__main__":
    main()
