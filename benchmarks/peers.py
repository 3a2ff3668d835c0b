"""How fast charts back-test here, beside what else a person might use, in one run.

    python benchmarks/peers.py              S, M, L, G and X against pandas, vectorbt, bt and the indicators alone
    python benchmarks/peers.py --quick      S, M and L against pandas and the indicators alone: nothing is installed
    python benchmarks/peers.py -w S -w M    these workloads

Every contender gets the same charts and prices (`contenders/workloads.py`) in memory and answers with equity curves,
which must agree with ours to 1e-9 before any time counts. Then ours and a peer take turns, one run each. Peers live in
environments of their own, with pinned versions, under the user's cache folder. Each computes in one thread, and times
are of CPU: milliseconds belong to one machine, the ratios travel.

Two rows show what no engine in numpy can leave out: "indicators alone" are those of the workload in the shortest code
that we know, which keeps nothing; "until it decides" is our own compilation and our own indicators.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import platformdirs

HERE = Path(__file__).parent / "contenders"
CACHE = Path(platformdirs.user_cache_dir("rebalancer-peers"))
NUMPY, PANDAS = "numpy==2.4.6", "pandas==3.1.1"
TOLERANCE = 1e-9
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Contender:
    """`packages` are installed in an environment of its own; without any, it runs in this one.

    `alone`: it computes a part of the work, so that there is no curve to compare. `of` turns a workload into another.
    """

    title: str
    script: str
    workloads: str
    packages: tuple[str, ...] = ()
    alone: bool = False
    of: str = "{}"

    def python(self) -> Path:
        """The interpreter of its environment, which is made where it is missing."""
        if not self.packages:
            return Path(sys.executable)
        folder = CACHE / "_".join(self.packages).replace("==", "-")
        python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
        if not (folder / "complete").exists():
            print(f"Installing {', '.join(self.packages)}", file=sys.stderr)
            venv.create(folder, with_pip=True, clear=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", *self.packages], check=True)
            (folder / "complete").touch()
        return python


OURS = Contender("ours", "ours.py", "SMLGX")
PEERS = (
    Contender("pandas", "with_pandas.py", "SMLGX", (NUMPY, PANDAS)),
    Contender("vectorbt", "with_vectorbt.py", "SMLG", ("vectorbt==1.2.0", "numba==0.68.1", NUMPY, PANDAS)),
    Contender("bt, an algo", "with_bt.py", "SML", ("bt==1.4.1", "ffn==1.4.1", NUMPY, PANDAS)),
    Contender("indicators alone", "kernels.py", "LX", alone=True),
    Contender("ours, until it decides", "ours_until_decided.py", "LX", alone=True),
    Contender("ours, prices with gaps", "ours.py", "SMLGX", alone=True, of="{}n"),
)
QUICK = (
    Contender("pandas", "with_pandas.py", "SML"),
    Contender("indicators alone", "kernels.py", "L", alone=True),
)


class Worker:
    """A contender's process."""

    def __init__(self, contender: Contender) -> None:
        self.contender = contender
        self._process = subprocess.Popen(
            [contender.python(), HERE / contender.script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | ONE_THREAD,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, workload: str) -> float:
        """Seconds."""
        return float(self._ask(f"run {self.contender.of.format(workload)}")["seconds"])

    def curves(self, workload: str, folder: str) -> np.ndarray:
        path = f"{folder}/{self.contender.script}.npy"
        self._ask(f"save {self.contender.of.format(workload)} {path}")
        return np.asarray(np.load(path))

    def _ask(self, line: str) -> dict[str, float]:
        asked, answers = self._process.stdin, self._process.stdout
        if asked is None or answers is None:
            raise RuntimeError("the worker was started without pipes")
        print(line, file=asked, flush=True)
        answer = answers.readline()
        if not answer:
            sys.exit(f"{self.contender.title} ended on {line!r}; its words are above")
        found: dict[str, float] = json.loads(answer)
        return found


def disagreement(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest relative difference of equity."""
    if ours.shape != theirs.shape:
        sys.exit(f"curves of different shapes: {ours.shape} and {theirs.shape}")
    return float(np.max(np.abs(theirs / ours - 1)))


def rows(workload: str, ours: Worker, peers: list[Worker], rounds: int, folder: str) -> Iterator[str]:
    """The lines of the table for a workload; nothing is timed where a curve is not ours."""
    ours.run(workload)
    for peer in peers:
        peer.run(workload)
        apart = 0.0
        if not peer.contender.alone:
            apart = disagreement(ours.curves(workload, folder), peer.curves(workload, folder))
        if not apart <= TOLERANCE:
            sys.exit(f"{workload}: {peer.contender.title} earns something else: {apart:.1e} apart")
        pairs = [(ours.run(workload), peer.run(workload)) for _ in range(rounds)]
        mine, theirs = (1000 * statistics.median(column) for column in zip(*pairs, strict=True))
        ratios = [their / my for my, their in pairs]
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} .. {max(ratios):.2f})"
        agrees = "" if peer.contender.alone else f"{apart:.0e}"
        yield f"| {workload} | {peer.contender.title} | {mine:.1f} | {theirs:.1f} | {ratio} | {agrees} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="S, M and L against pandas, nothing is installed")
    parser.add_argument("--workload", "-w", action="append", choices=OURS.workloads, help="only this one; repeatable")
    parser.add_argument("--rounds", type=int, help="default 7, or 3 with --quick")
    asked = parser.parse_args()
    contenders, rounds = (QUICK if asked.quick else PEERS), asked.rounds or (3 if asked.quick else 7)
    workloads = [each for each in OURS.workloads if each in (asked.workload or OURS.workloads)]
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        ours = stack.enter_context(Worker(OURS))
        peers = [stack.enter_context(Worker(each)) for each in contenders]
        print("| | beside ours | our ms | its ms | its / our time: median (lowest .. highest) | curves apart |")
        print("|---|---|---|---|---|---|")
        for workload in workloads:
            there = [peer for peer in peers if workload in peer.contender.workloads]
            for line in rows(workload, ours, there, rounds, folder):
                print(line, flush=True)


if __name__ == "__main__":
    main()
