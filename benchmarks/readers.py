"""What a run costs while people look at pages: seconds on the clock, and of the processor, with and without readers.

usage: python benchmarks/readers.py [--readers 50] [--each 1.0] [--rounds 5]

Each reader asks for a page or the API so many seconds after its last answer, from a process of its own. Each round has
two new accounts of the demo, one of which has readers.
"""

import argparse
import http.client
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import cycle
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

from web import entered, serving, traded

PATHS = ("/", "/api/v1/state?since=0", "/runs", "/orders", "/api/v1/accounts")


def run(folder: Path) -> tuple[float, float]:
    """Seconds on the clock, and of the processor, of one evening as a process of its own."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    words = (sys.executable, "-m", "rebalancer", "run", "--config", str(folder / "config.toml"))
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return perf_counter() - begun, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@contextmanager
def read(folder: Path, readers: int, each: float) -> Iterator[None]:
    """The server and its readers, in a process of their own."""
    words = (sys.executable, __file__, "--serve", str(folder), "--readers", str(readers), "--each", str(each))
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        next(iter(process.stdout or ()))  # they have begun
        yield
        answered, _ = process.communicate()
        print(f"  {answered.decode().strip()}")


def serve(folder: Path, readers: int, each: float) -> None:
    """Until the standard input ends; then says how many answers were given."""
    ended, answers = Event(), list[int]()

    def look(port: int, headers: dict[str, str]) -> None:
        for path in cycle(PATHS):
            if ended.wait(each):
                return
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
                answer.read()
                answers.append(answer.status)

    with serving(folder / "config.toml") as (port, token):
        headers = dict(entered(port, token))
        threads = [Thread(target=look, args=(port, headers)) for _ in range(readers)]
        for thread in threads:
            thread.start()
        print("reading", flush=True)
        sys.stdin.buffer.read()
        ended.set()
        for thread in threads:
            thread.join()
    print(f"{len(answers)} answers, {sum(status == 200 for status in answers)} of them 200")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--readers", type=int, default=50)
    words.add_argument("--each", type=float, default=1.0)
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.serve:
        serve(given.serve, given.readers, given.each)
        return
    alone, beside = list[tuple[float, float]](), list[tuple[float, float]]()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(given.rounds):
            quiet, busy = Path(folder) / f"quiet-{number}", Path(folder) / f"busy-{number}"
            for each in (quiet, busy):
                each.mkdir()
                traded(each, 0)
            alone.append(run(quiet))
            with read(busy, given.readers, given.each):
                beside.append(run(busy))
    for name, times in (("alone", alone), (f"{given.readers} readers", beside)):
        clock, processor = (statistics.median(each) for each in zip(*times, strict=True))
        print(f"{name:12} {clock:6.2f} s on the clock, {processor:5.2f} s of the processor, on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
