"""A process that imports its contender once, and then answers lines on stdin, each by one line of JSON.

    run W         one cold run of workload W, from charts and prices in memory to equity curves -> {"seconds": s}
    save W PATH   the curves (charts, T) of its last run of W, as .npy -> {}

Seconds are of CPU time: every contender computes in one thread, and other programs on the machine slow it less than
they slow the clock on the wall.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Run = Callable[[], NDArray[np.float64]]


def serve(prepare: Callable[[str], Run]) -> None:
    """`prepare` makes a workload ready; its answer is what is timed."""
    answers, sys.stdout = sys.stdout, sys.stderr  # a library's own words must not stand between ours
    ready: dict[str, Run] = {}
    found: dict[str, NDArray[np.float64]] = {}
    for line in sys.stdin:
        command, name, *path = line.split()
        answer: Mapping[str, float] = {}
        if command == "run":
            run = ready[name] if name in ready else ready.setdefault(name, prepare(name))
            start = time.process_time()
            curves = run()
            answer = {"seconds": time.process_time() - start}
            found[name] = np.atleast_2d(curves)
        else:
            np.save(path[0], found[name])
        print(json.dumps(answer), file=answers, flush=True)
