"""What more cores and more machines give a sweep and a back-test of many bots, and what they cost.

    python benchmarks/width.py                  ratios measured here; with the extra `cluster` also by Dask here
    python benchmarks/width.py --here           without Dask
    python benchmarks/width.py --simulate 0.4   only the simulation of 1,000 workers, at 0.4 milliseconds a message

Executors take turns in one run; every one must give the same digest of all results before a time counts. Ratios travel,
seconds belong to one machine. What others do on a machine stretches the time on the clock, and processes more than one:
so the CPU time of the busiest process is measured too, its start included. Cores that are free take that long. What a
part takes decides: a process costs some tenths of a second to start, and these works take some seconds.

The simulation is arithmetic on the CPU time of a message that was measured here with two workers: it knows no network,
no memory of the scheduler, and no worker that is slower than the others. None of those was measured.
"""

import heapq
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from rebalancer.app.executor import Executor, Serial, cores
from rebalancer.app.parallel_decisions import BotFiles, parts_of
from rebalancer.app.pool import Pool
from rebalancer.app.variants import Variants
from rebalancer.backtest.overfitting import overfitting
from rebalancer.backtest.parameters import Parameter, grid
from rebalancer.bots.decisions import Decisions
from rebalancer.model import Closes, symbol

DAYS, TICKERS, CONDITIONS, BOTS, ROUNDS = 5_040, 20, 5, 300, 3
MESSAGES = 2_000
WORKERS = (2, 10, 100, 1_000)


def prices() -> Closes:
    walk = np.random.default_rng(7).normal(0.0003, 0.012, (DAYS, TICKERS)).cumsum(axis=0)
    names = tuple(symbol(f"T{number:02}") for number in range(TICKERS))
    return Closes(np.busday_offset("2004-01-02", np.arange(DAYS)), names, 100 * np.exp(walk))


def bot(seed: int) -> dict[str, Any]:
    """Conditions one below the other, and below each a filter over pairs of tickers, whose histories are simulated."""
    draw = np.random.default_rng(seed).integers
    pairs = [{"equal": [{"asset": f"T{n:02}"}, {"asset": f"T{(n + 1) % TICKERS:02}"}]} for n in range(TICKERS)]

    def filtered() -> dict[str, Any]:
        by = {"function": "relative-strength-index", "window": int(draw(5, 60))}
        return {"filter": {"by": by, "take": "top", "count": 3, "of": pairs}}

    chosen = filtered()
    for _ in range(CONDITIONS):
        ticker = f"T{draw(0, TICKERS):02}"
        average = {"moving-average-price": {"of": ticker, "window": int(draw(20, 250))}}
        condition = {"left": {"current-price": {"of": ticker}}, "is": "gt", "right": average}
        chosen = {"if": condition, "then": chosen, "else": filtered()}
    return {"format": "rebalancer/bot", "version": 1, "name": f"bot {seed}", "chart": chosen}


def variants() -> Variants:
    """Some hundreds of one bot."""
    window = ("chart", "if", "right", "moving-average-price", "window")
    count = ("chart", *["then"] * CONDITIONS, "filter", "count")
    varied = Parameter("average", (window,), tuple(range(20, 220, 2))), Parameter("count", (count,), (1, 2, 3))
    return Variants(json.dumps(bot(1)).encode(), "bot", "bot.json", varied, None, 5.0)


def bot_files() -> tuple[BotFiles, list[tuple[str, ...]]]:
    contents = {f"bot {seed}": json.dumps(bot(seed)).encode() for seed in range(BOTS)}
    return BotFiles({name: Path(f"{name}.json") for name in contents}, contents, ignore_rebalance=False), parts_of(
        [*contents], 2
    )


@dataclass(frozen=True)
class Timed:
    """`work` with the process that did it, and the CPU seconds that it has taken since its start."""

    work: Callable[[Closes, Any], Any]

    def __call__(self, closes: Closes, part: Any) -> tuple[Any, int, float]:  # noqa: ANN401
        return self.work(closes, part), os.getpid(), time.process_time()


@dataclass
class Times:
    """In seconds, one a round: on the clock, and of CPU by the busiest process."""

    clock: list[float] = field(default_factory=list)
    busiest: list[float] = field(default_factory=list)


def digest(results: Sequence[tuple[int, Any]]) -> str:
    """Of all results in the order of their parts, to the last bit."""
    found = sha256()
    for _, (result, _, _) in sorted(results, key=lambda pair: pair[0]):
        for each in result:
            rows = each.weights(sorted(each.wanted)) if isinstance(each, Decisions) else each.trial.returns
            found.update(rows.tobytes())
    return found.hexdigest()


def compare(
    title: str, work: Callable[[Closes, Any], Any], closes: Closes, parts: Sequence[Any], executors: dict[str, Executor]
) -> None:
    times, digests, before = {name: Times() for name in executors}, set(), dict[int, float]()
    for _ in range(ROUNDS):
        for name, executor in executors.items():
            begun, before[os.getpid()] = time.perf_counter(), time.process_time()
            results = list(executor.results(Timed(work), closes, parts))
            times[name].clock.append(time.perf_counter() - begun)
            ends = cpu_of_processes(results)
            times[name].busiest.append(max(end - before.get(process, 0.0) for process, end in ends.items()))
            before |= ends
            digests.add(digest(results))
    if len(digests) > 1:
        sys.exit(f"{title}: the results differ")
    print(f"{title}: {len(parts)} parts, the same digest {min(digests)[:12]} everywhere")
    serial = times["this process"]
    for name, own in times.items():
        clock, cpu = ratios(serial.clock, own.clock), ratios(serial.busiest, own.busiest)
        seconds = statistics.median(own.clock), statistics.median(own.busiest)
        print(f"  {name:16}{seconds[0]:7.2f} s {clock}   CPU {seconds[1]:7.2f} s {cpu}")


def cpu_of_processes(results: Sequence[tuple[int, Any]]) -> dict[int, float]:
    """What each process, this one too, had taken since its start when it was last heard of."""
    ends = {os.getpid(): time.process_time()}
    for _, (_, process, end) in results:
        ends[process] = max(end, ends.get(process, 0.0))
    return ends


def ratios(serial: Sequence[float], own: Sequence[float]) -> str:
    found = sorted(one / other for one, other in zip(serial, own, strict=True))
    return f"{statistics.median(found):5.2f} x ({found[0]:.2f} to {found[-1]:.2f})"


def nothing(_: Closes, part: int) -> int:
    return part


def cost_of_a_message(executor: Executor) -> float:
    """CPU seconds that a part without work takes of client and scheduler, which are threads of this process."""
    few = Closes(np.array(["2020-01-01"], "datetime64[D]"), (symbol("T"),), np.ones((1, 1)))
    list(executor.results(nothing, few, range(10)))
    begun = time.process_time()
    list(executor.results(nothing, few, range(MESSAGES)))
    return (time.process_time() - begun) / MESSAGES


def makespan(workers: int, parts: int, seconds: float, message: float) -> float:
    """Of equal parts: a free worker waits until the one scheduler has served those before it."""
    free = [0.0] * workers
    scheduler = 0.0
    for _ in range(parts):
        scheduler = max(scheduler, heapq.heappop(free)) + message
        heapq.heappush(free, scheduler + seconds)
    return max(free)


def simulate(message: float) -> None:
    print(f"Simulated at {1000 * message:.2f} ms a message, 20 parts a worker: share of the time that workers compute")
    print("  seconds a part " + "".join(f"{workers:8,} workers" for workers in WORKERS))
    for seconds in (0.1, 1.0, 10.0):
        busy = (20 * seconds / makespan(workers, 20 * workers, seconds, message) for workers in WORKERS)
        print(f"  {seconds:14.1f} " + "".join(f"{100 * share:14.1f} %" for share in busy))


def cross_validation() -> None:
    returns = np.random.default_rng(1).normal(0, 0.01, (2_520, 1_000))
    begun = time.perf_counter()
    overfitting(returns, 16)
    print(f"Cross-validation of 1,000 variants, 16 blocks, 12,870 splits: {time.perf_counter() - begun:.1f} s")


def main() -> None:
    from rebalancer.app.sweep_plan import chunks  # noqa: PLC0415 - workers import this file too, and need none of it

    if sys.argv[1:2] == ["--simulate"]:
        simulate(float(sys.argv[2]) / 1000)
        return
    with ExitStack() as stack:
        executors: dict[str, Executor] = {"this process": Serial()}
        executors |= {f"{count} processes": Pool(count) for count in range(2, cores() + 1)}
        message = None
        if find_spec("distributed") and "--here" not in sys.argv:
            cluster = stack.enter_context(local_cluster())
            message = cost_of_a_message(cluster)
            executors["Dask, 2 workers"] = cluster
        closes, tried = prices(), variants()
        points = list(grid(tried.parameters))
        compare(f"Sweep of {len(points)} variants", tried, closes, list(chunks(points, 2)), executors)
        compare(f"Back-test of {BOTS} bots", *((files := bot_files())[0], closes, files[1]), executors)
    cross_validation()
    if message is None:
        print("Dask was not measured: not wanted, or the extra `cluster` is not installed.")
    else:
        simulate(message)


@contextmanager
def local_cluster() -> Iterator[Executor]:
    """Two workers, each a process, reached as a person's cluster is."""
    from distributed import LocalCluster  # noqa: PLC0415 - an extra

    from rebalancer.app.cluster import connected  # noqa: PLC0415 - as above
    from rebalancer.config.sweep import ClusterSettings  # noqa: PLC0415

    options = {"host": "127.0.0.1", "dashboard_address": None, "memory_limit": "1GiB"}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster,
        connected(ClusterSettings(), cluster.scheduler_address) as found,
    ):
        yield found


if __name__ == "__main__":
    main()
