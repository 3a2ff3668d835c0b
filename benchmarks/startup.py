"""What it costs to ask `rebalance` something: CPU seconds of whole processes, and their ratio to a bare interpreter.

usage: python benchmarks/startup.py [RUNS]        (default 7; medians are shown)
"""

import os
import statistics
import subprocess
import sys
import tempfile

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import numpy": [sys.executable, "-c", "import numpy"],
    "rebalance --help": [sys.executable, "-m", "rebalancer", "--help"],
    "rebalance history": [sys.executable, "-m", "rebalancer", "history"],
    "rebalance run --dry-run": [sys.executable, "-m", "rebalancer", "run", "--dry-run"],
}
GOAL_HELP = 0.25


def cpu_seconds(command: list[str], state: str) -> float:
    before = os.times()
    environment = {**os.environ, "REBALANCE_STATE": state}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as state:
        for _ in range(runs):
            for name, command in COMMANDS.items():
                taken[name].append(cpu_seconds(command, state))
    medians = {name: statistics.median(values) for name, values in taken.items()}
    for name, median in medians.items():
        print(f"{name:26} {median:6.2f} s CPU   {median / medians['import numpy']:6.2f} x import numpy")
    verdict = "met" if medians["rebalance --help"] < GOAL_HELP else "MISSED"
    print(f"goal: --help under {GOAL_HELP} s CPU: {verdict}")


if __name__ == "__main__":
    main()
