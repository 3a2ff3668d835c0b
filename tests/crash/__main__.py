"""All of it, or a sample: `python tests/crash [--sample N] [--seed S] [--jobs 2]`.

Exit code 1 where it finds a mistake.
"""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from crash.parts import done, everything, points, sample  # noqa: E402 - the folder above has to be on the path first
from crash.sweep import Tally  # noqa: E402


def main() -> None:
    words = argparse.ArgumentParser(prog="crash", description="kill -9 at every call of an evening, twice.")
    words.add_argument("--sample", type=int, default=0, metavar="N", help="so many pairs of points, not all")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--jobs", type=int, default=2)
    asked = words.parse_args()
    began, total = time.monotonic(), Tally()
    # Each part has a process of its own, and that forks its children while it has one thread.
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        calls, inside = pool.submit(points).result()
        parts = sample(calls, asked.sample, asked.seed, asked.jobs) if asked.sample else everything(calls, inside)
        for finished in as_completed([pool.submit(done, part) for part in parts]):
            part, tally = finished.result()
            total += tally
            say(f"{time.monotonic() - began:6.0f} s  {part}: {tally}")
    say(f"points      {len(calls)} at the calls of broker and journal, {len(inside)} inside the journal")
    say(f"{total}\nwall time   {time.monotonic() - began:.0f} s")
    sys.exit(0 if total.clean else 1)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
