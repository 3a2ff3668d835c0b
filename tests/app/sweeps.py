"""A small bot, a spec and executors for the tests of sweeps."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rebalancer import demo
from rebalancer.app.executor import Executor, LostPart, Serial
from rebalancer.app.sweep import Sweep, sweep
from rebalancer.app.variants import Outcome
from rebalancer.config import Config, load
from rebalancer.config.sweep import SweepSpec
from rebalancer.config.sweep import load as load_spec
from rebalancer.market.clock import SystemClock

AVERAGE = {"moving-average-price": {"of": "SPY", "window": 200}}
BOT = {
    "format": "rebalancer/bot",
    "version": 1,
    "name": "Average",
    "chart": {
        "if": {"left": {"current-price": {"of": "SPY"}}, "is": "gt", "right": AVERAGE},
        "then": {"asset": "SPY"},
        "else": {"asset": "BND"},
    },
}
WINDOW = '[parameters.window]\nat = "chart.if.right.moving-average-price.window"\nvalues = [100, 150, 200]\n'
BOND = '[parameters.bond]\nat = "chart.else.asset"\nvalues = ["BND", "TLT"]\n'
TOP = 'bot = "average.json"\nfrom = 2012-01-01\nblocks = 4\n'


def write(folder: Path, top: str = TOP, parameters: str = WINDOW + BOND) -> SweepSpec:
    """The spec of six variants, beside its bot."""
    (folder / "average.json").write_text(json.dumps(BOT))
    (folder / "spec.toml").write_text(top + parameters)
    return load_spec(folder / "spec.toml")


def settings() -> Config:
    return load(demo.config_path())


def swept(folder: Path, spec: SweepSpec | None = None, store: str = "store.sqlite", **more) -> Sweep:
    return sweep(settings(), spec or write(folder), SystemClock(), store=folder / store, **more)


@dataclass
class Counting:
    """Serial, and knows which parts it computed; it ends with an error after `most` parts."""

    workers: int = 1
    most: int = 1000
    error: BaseException = field(default_factory=KeyboardInterrupt)
    parts: list[object] = field(default_factory=list)

    def results(self, work, closes, parts) -> Iterator[tuple[int, object]]:
        for number, found in Serial().results(work, closes, parts):
            if len(self.parts) == self.most:
                raise self.error
            self.parts.append(parts[number])
            yield number, found


@dataclass
class Interrupted:
    """`executor`; once the first part is done, and before it has any other, `then` happens."""

    executor: Executor
    then: Callable[[], object]

    @property
    def workers(self) -> int:
        return self.executor.workers

    def results(self, work, closes, parts) -> Iterator[tuple[int, object]]:
        yield from self.executor.results(work, closes, parts[:1])
        self.then()
        for number, found in self.executor.results(work, closes, parts[1:]):
            yield number + 1, found


@dataclass
class Backwards:
    """As a pool may: the last part first."""

    workers: int = 1

    def results(self, work, closes, parts) -> Iterator[tuple[int, object]]:
        for number in reversed(range(len(parts))):
            yield number, work(closes, parts[number])


@dataclass
class Losing:
    """Loses each part with one of `points` in it, as a worker does that a variant ends."""

    points: Sequence[object]
    workers: int = 1

    def results(self, work, closes, parts) -> Iterator[tuple[int, tuple[Outcome, ...] | LostPart]]:
        for number, part in enumerate(parts):
            if {*part} & {*self.points}:
                yield number, LostPart("its process was ended by SIGKILL")
            else:
                yield number, work(closes, part)
