"""What `rebalance run --when-due` costs a machine whose cron asks every minute: CPU seconds of whole processes.

usage: python benchmarks/when_due.py [RUNS]        (default 15; medians are shown)
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

GOAL = 0.3
CONFIG = """
state_dir = "state"
[accounts.main]
broker = "sim"
enabled = true
[[accounts.main.investments]]
bot = "bot.json"
amount = 6000
"""


def cpu_seconds(command: list[str]) -> float:
    before = os.times()
    subprocess.run(command, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.toml")
        config.write_text(CONFIG)
        asked = [sys.executable, "-m", "rebalancer", "run", "--when-due", "--config", str(config)]
        first = cpu_seconds(asked)
        kept = statistics.median(cpu_seconds(asked) for _ in range(runs))
        numpy = statistics.median(cpu_seconds([sys.executable, "-c", "import numpy"]) for _ in range(runs))
    print(f"once a year, when the sessions are taken from the exchange calendar {first:6.2f} s CPU")
    print(f"every other time {kept:30.2f} s CPU   {kept / numpy:6.2f} x import numpy")
    print(f"goal: under {GOAL} s CPU: {'met' if kept < GOAL else 'MISSED'}")


if __name__ == "__main__":
    main()
