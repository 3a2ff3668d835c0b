"""Run the simulation by hand: `python tests/lab --days 20000 --seed 1 --jobs 2`."""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from lab.run import DAYS_OF_A_WORLD, Results, seeds_for, simulate, world_of  # noqa: E402 - the folder above comes first
from lab.totals import Totals  # noqa: E402

MOST_SHOWN = 3


def main() -> int:
    words = argparse.ArgumentParser(prog="lab", description="Trading days with faults, out of one seed.")
    words.add_argument("--days", type=int, default=1000)
    words.add_argument("--seed", type=int, default=1, help="of the first world")
    words.add_argument("--jobs", type=int, default=1, help="processes")
    words.add_argument("--day", type=int, help="replay this day of the world of --seed and print its log")
    asked = words.parse_args()
    if asked.day is not None:
        return _replay(asked.seed, asked.day)
    began, results = time.monotonic(), Results(Totals(), ())
    for batch in simulate(seeds_for(asked.days, asked.seed), asked.jobs):
        shown = len(results.broken)
        results += batch
        sys.stdout.writelines(f"{broken}\n" for broken in results.broken[shown:MOST_SHOWN])
    seconds = time.monotonic() - began
    sys.stdout.write(f"{_summary(results)}\n{seconds:.0f} s, {results.totals.days / seconds:.0f} days/s\n")
    return 1 if results.broken else 0


def _replay(seed: int, day: int) -> int:
    with world_of(seed) as world:
        try:
            while world.day <= day < DAYS_OF_A_WORLD:
                world.live_day()
        finally:
            sys.stdout.write(f"{world.day_log()}\n{world.fingerprint()}\n")
    return 0


def _summary(results: Results) -> str:
    totals = results.totals
    return "\n".join(
        (
            *_listed("faults", totals.faults),
            *_listed("how the processes ended", totals.ends),
            *_listed("halts, each explained by a fault", totals.halts),
            *_listed("the last evening of each world, two evenings without faults", totals.last_evenings),
            f"{totals.days} days, {totals.processes} processes, {totals.requests} orders, "
            f"{totals.executions} executions, "
            f"{totals.faults.total()} faults of {len(totals.faults)} kinds, {len(results.broken)} worlds broken"
            + "".join(f" {broken.seed}" for broken in results.broken),
        )
    )


def _listed(title: str, counted: Counter[str]) -> tuple[str, ...]:
    return (f"{title}:", *(f"  {times:7} {name}" for name, times in counted.most_common()))


if __name__ == "__main__":
    sys.exit(main())
