"""Run the crash sweep, or a sample of it: `python tests/crash [--sample N] [--seed S] [--jobs 2]`.

Exit code 1 if it finds a mistake.
"""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from crash.batches import all_batches, points, run_batch, sample_batches  # noqa: E402 - after the path
from crash.sweep import SweepResult  # noqa: E402


def main() -> None:
    words = argparse.ArgumentParser(prog="crash", description="kill -9 at every call of an evening, twice.")
    words.add_argument("--sample", type=int, default=0, metavar="N", help="only N random pairs of points")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--jobs", type=int, default=2)
    asked = words.parse_args()
    began, total = time.monotonic(), SweepResult()
    # Each batch has its own process, which forks its children while it has one thread.
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        calls, inside = pool.submit(points).result()
        batches = sample_batches(calls, asked.sample, asked.seed, asked.jobs)
        if not asked.sample:
            batches = all_batches(calls, inside)
        for finished in as_completed([pool.submit(run_batch, batch) for batch in batches]):
            batch, found = finished.result()
            total += found
            report(f"{time.monotonic() - began:6.0f} s  {batch}: {found}")
    report(f"points      {len(calls)} at the calls of broker and journal, {len(inside)} inside the journal")
    report(f"{total}\nwall time   {time.monotonic() - began:.0f} s")
    sys.exit(0 if total.clean else 1)


def report(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
