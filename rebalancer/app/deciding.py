"""What many bots decide on every session: in this process while that is quick, else on all cores."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rebalancer.app.bot_files import load_bot
from rebalancer.app.executor import Executor, LostPart, cores
from rebalancer.bots.base import Bot
from rebalancer.errors import BadInputError, RunFailedError
from rebalancer.market.clock import SystemClock
from rebalancer.model import Closes, Floats
from rebalancer.ports import Clock, Progress

QUICK_SECONDS = 1.0
"""How long bots are asked here before it is estimated what the rest would take."""
WORTH_PROCESSES = 4.0
"""Seconds of work below which starting other processes takes longer than it saves."""


@dataclass(frozen=True, slots=True)
class BotFiles:
    """Bots by name, as their files are. Called with closes and a name, it asks one of them."""

    paths: Mapping[str, Path]
    contents: Mapping[str, bytes]
    ignore_rebalance: bool

    def __call__(self, closes: Closes, name: str) -> Floats:
        """Its weights over its own symbols, (T, n): those of all would be many times as much to send."""
        source = str(self.paths[name])
        bot, problems = load_bot(self.contents[name], name, source, ignore_rebalance=self.ignore_rebalance)
        if bot is None:
            raise BadInputError(problems)
        columns = [closes.symbols.index(symbol) for symbol in bot.symbols]
        return bot.weights(Closes(closes.sessions, bot.symbols, closes.values[:, columns], bars=closes.bars))


def decided(
    files: BotFiles, bots: Mapping[str, Bot], closes: Closes, workers: int | None, progress: Progress
) -> dict[str, Floats]:
    """The weights of each of `bots`, those in `files`, in their order: (T, N) over `closes.symbols`.

    `workers` processes are used; None: as many as are worth it. Their number changes no bit. Raises RunFailedError
    where one of them ends.
    """
    found: dict[str, Floats] = {}
    if workers is None or workers == 1:
        _ask_here(found, bots, closes, SystemClock() if workers is None else None, progress)
    rest = [name for name in bots if name not in found]
    if rest:
        from rebalancer.app.pool import here  # noqa: PLC0415 - a few bots need no processes

        _ask_there(found, files, bots, closes, rest, here(min(workers or cores(), len(rest))), progress)
    return {name: found[name] for name in bots}


def _ask_here(
    found: dict[str, Floats], bots: Mapping[str, Bot], closes: Closes, clock: Clock | None, progress: Progress
) -> None:
    """All of them; by a `clock` only until it shows that the rest is worth other processes."""
    begun = clock.elapsed() if clock else 0.0
    for number, (name, bot) in enumerate(bots.items()):
        if clock and cores() > 1 and _worth_processes(clock.elapsed() - begun, number, len(bots)):
            return
        progress(f"Back-testing {name}", number, len(bots))
        found[name] = bot.weights(closes)


def _worth_processes(past: float, done: int, total: int) -> bool:
    return done > 0 and past > QUICK_SECONDS and past / done * (total - done) > WORTH_PROCESSES


def _ask_there(
    found: dict[str, Floats],
    files: BotFiles,
    bots: Mapping[str, Bot],
    closes: Closes,
    names: Sequence[str],
    executor: Executor,
    progress: Progress,
) -> None:
    progress("Back-testing", len(found), len(bots))
    with closing(executor.results(files, closes, names)) as results:
        for number, own in results:
            name = names[number]
            if isinstance(own, LostPart):
                text = f"{name} could not be back-tested: {own.why}. With --workers 1 it runs in this process alone"
                raise RunFailedError(f"{text}, where it has all the memory.")
            found[name] = _over_all(own, bots[name], closes)
            progress("Back-testing", len(found), len(bots))


def _over_all(own: Floats, bot: Bot, closes: Closes) -> Floats:
    """`own` over `bot.symbols` as weights over all of `closes.symbols`; a row with a NaN is NaN throughout."""
    weights = np.zeros((len(own), len(closes.symbols)))
    weights[:, [closes.symbols.index(symbol) for symbol in bot.symbols]] = own
    weights[np.isnan(own).any(axis=1)] = np.nan
    return weights
