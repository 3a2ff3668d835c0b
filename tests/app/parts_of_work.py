"""Work for the tests of executors: it has to stand in a module that a worker can import."""

import os
import signal
from pathlib import Path

import numpy as np

from rebalancer.errors import BadInputError
from rebalancer.model import Bars, Closes, symbol

ONE, TWO = symbol("ONE"), symbol("TWO")


def closes() -> Closes:
    values = np.random.default_rng(1).normal(100, 1, (50, 2))
    sessions = np.datetime64("2020-01-01", "D") + np.arange(50)
    bars = Bars((TWO,), {"volume": values[:, 1:] * 1000, "high": values[:, 1:] + 1}, "a remedy")
    return Closes(sessions, (ONE, TWO), values, provisional=True, notes=("a note",), bars=bars)


def total(found: Closes, part: int) -> tuple[float, ...]:
    """Of everything, so that a lost or changed number shows."""
    assert found.bars is not None
    columns = [found.values[part:], *(found.bars.values[name][part:] for name in ("high", "volume"))]
    sums = [float(np.sin(column).sum()) for column in columns]
    return (*sums, float(len(found.sessions)), float(found.provisional), float(len(found.notes)))


def ended_by_three(_: Closes, part: int) -> int:
    if part == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return part


def raises_at_two(_: Closes, part: int) -> int:
    if part == 2:
        raise BadInputError.of("here", "the second part is wrong")
    return part


def leaves(_: Closes, part: int) -> int:
    raise SystemExit(part)


def writes_to_the_closes(found: Closes, _: int) -> bool:
    return bool(found.values.flags.writeable)


def waits_after_the_first(_: Closes, part: Path) -> int:
    if part.name == "0":
        return 0
    (part.parent / "began").write_text(str(os.getpid()))
    signal.pause()
    return 1


def ends_its_first_worker(_: Closes, part: Path) -> str:
    """The one that makes the file ends; whoever computes the part again finds it."""
    if part.name == "2":
        try:
            part.touch(exist_ok=False)
        except FileExistsError:
            return part.name
        os.kill(os.getpid(), signal.SIGKILL)
    return part.name
