"""What many bots decide on every session: in this process while that is quick, else on all cores."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rebalancer.app.bot_files import load_bot
from rebalancer.app.executor import Executor, LostPart, cores
from rebalancer.bots.base import Bot
from rebalancer.bots.decisions import Decisions
from rebalancer.bots.together import decide_all, first_works_for_all
from rebalancer.errors import BadInputError, RunFailedError
from rebalancer.market.clock import SystemClock
from rebalancer.model import Closes
from rebalancer.model.text import listed
from rebalancer.ports import Clock, Progress

QUICK_SECONDS = 1.0
"""How long bots are asked here before it is estimated what the rest would take."""
PARTS_OF_A_WORKER = 4
"""Into so many parts work is divided for each process, since some bots take longer than others."""
WORTH_PROCESSES = 4.0
"""Seconds of work below which starting other processes takes longer than it saves."""


@dataclass(frozen=True, slots=True)
class BotFiles:
    """Bots by name, as their files are. Called with closes and names, it asks these."""

    paths: Mapping[str, Path]
    contents: Mapping[str, bytes]
    ignore_rebalance: bool

    def __call__(self, closes: Closes, names: Sequence[str]) -> list[Decisions]:
        return [decisions for _, decisions in decide_all({name: self._loaded(name) for name in names}, closes)]

    def _loaded(self, name: str) -> Bot:
        source = str(self.paths[name])
        bot, problems = load_bot(self.contents[name], name, source, ignore_rebalance=self.ignore_rebalance)
        if bot is None:
            raise BadInputError(problems)
        return bot


def decided(
    files: BotFiles, bots: Mapping[str, Bot], closes: Closes, workers: int | None, progress: Progress
) -> dict[str, Decisions]:
    """What each of `bots`, those in `files`, decides, in their order.

    `workers` processes are used; None: as many as are worth it. Their number changes no bit. Raises RunFailedError
    where one of them ends.
    """
    found: dict[str, Decisions] = {}
    if workers is None or workers == 1:
        _ask_here(found, bots, closes, SystemClock() if workers is None else None, progress)
    rest = [name for name in bots if name not in found]
    if rest:
        from rebalancer.app.pool import here  # noqa: PLC0415 - a few bots need no processes

        workers = min(workers or cores(), len(rest))
        _ask_there(found, files, closes, parts_of(rest, workers), here(workers), progress)
    return {name: found[name] for name in bots}


def _ask_here(
    found: dict[str, Decisions], bots: Mapping[str, Bot], closes: Closes, clock: Clock | None, progress: Progress
) -> None:
    """All of them; by a `clock` only until it shows that the rest is worth other processes.

    A first answer for which all indicators were computed tells nothing of what the others take.
    """
    begun, before = clock.elapsed() if clock else 0.0, 0
    names, answers = [*bots], decide_all(bots, closes)
    for number, name in enumerate(names):
        if clock and cores() > 1 and _worth_processes(clock.elapsed() - begun, number - before, len(names) - number):
            return
        progress(f"Back-testing {name}", number, len(names))
        _, found[name] = next(answers)
        if clock and number == 0 and first_works_for_all(bots):
            begun, before = clock.elapsed(), 1


def _worth_processes(past: float, done: int, left: int) -> bool:
    return done > 0 and past > QUICK_SECONDS and past / done * left > WORTH_PROCESSES


def parts_of(names: Sequence[str], workers: int) -> list[tuple[str, ...]]:
    """`names` in some parts for each worker, each of neighbours: these share what they have in common."""
    size = max(1, len(names) // (PARTS_OF_A_WORKER * workers))
    return [tuple(names[start : start + size]) for start in range(0, len(names), size)]


def _ask_there(
    found: dict[str, Decisions],
    files: BotFiles,
    closes: Closes,
    parts: Sequence[Sequence[str]],
    executor: Executor,
    progress: Progress,
) -> None:
    total = len(found) + sum(map(len, parts))
    progress("Back-testing", len(found), total)
    with closing(executor.results(files, closes, parts)) as results:
        for number, made in results:
            if isinstance(made, LostPart):
                text = f"{listed(parts[number])} could not be back-tested: {made.why}. With --workers 1 it runs in this"
                raise RunFailedError(f"{text} process alone, where it has all the memory.")
            found.update(zip(parts[number], made, strict=True))
            progress("Back-testing", len(found), total)
