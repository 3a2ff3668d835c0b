"""The laboratory by hand: `python tests/lab --days 20000 --seed 1 --jobs 2`."""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from lab.run import DAYS_OF_A_WORLD, Lived, live, seeds_for, world_of  # noqa: E402 - the folder above comes first
from lab.tally import Tally  # noqa: E402

MOST_SHOWN = 3


def main() -> int:
    words = argparse.ArgumentParser(prog="lab", description="Trading days with faults, out of one seed.")
    words.add_argument("--days", type=int, default=1000)
    words.add_argument("--seed", type=int, default=1, help="of the first world")
    words.add_argument("--jobs", type=int, default=1, help="processes")
    words.add_argument("--day", type=int, help="live this day of the world of --seed again, and show all of it")
    asked = words.parse_args()
    if asked.day is not None:
        return _again(asked.seed, asked.day)
    began, lived = time.monotonic(), Lived(Tally(), ())
    for batch in live(seeds_for(asked.days, asked.seed), asked.jobs):
        shown = len(lived.broken)
        lived += batch
        sys.stdout.writelines(f"{broken}\n" for broken in lived.broken[shown:MOST_SHOWN])
    seconds = time.monotonic() - began
    sys.stdout.write(f"{_summary(lived)}\n{seconds:.0f} s, {lived.tally.days / seconds:.0f} days/s\n")
    return 1 if lived.broken else 0


def _again(seed: int, day: int) -> int:
    with world_of(seed) as world:
        try:
            while world.day <= day < DAYS_OF_A_WORLD:
                world.live_day()
        finally:
            sys.stdout.write(f"{world.day_log()}\n{world.fingerprint()}\n")
    return 0


def _summary(lived: Lived) -> str:
    tally = lived.tally
    return "\n".join(
        (
            *_listed("faults", tally.faults),
            *_listed("what the processes came to", tally.ends),
            *_listed("halts, each explained by a fault", tally.halts),
            *_listed("the last evening of each world, after a clean one", tally.last_evenings),
            f"{tally.days} days, {tally.processes} processes, {tally.requests} orders, {tally.executions} executions, "
            f"{tally.faults.total()} faults of {len(tally.faults)} kinds, {len(lived.broken)} worlds broken"
            + "".join(f" {broken.seed}" for broken in lived.broken),
        )
    )


def _listed(title: str, counted: Counter[str]) -> tuple[str, ...]:
    return (f"{title}:", *(f"  {times:7} {name}" for name, times in counted.most_common()))


if __name__ == "__main__":
    sys.exit(main())
