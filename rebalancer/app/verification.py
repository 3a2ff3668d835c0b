"""Bots verified against back-tests that were downloaded from Composer."""

from dataclasses import dataclass
from pathlib import Path

from rebalancer.app.bot_files import load_bots
from rebalancer.app.bots import bot_file
from rebalancer.app.source import closes_up_to
from rebalancer.backtest.verify import Agreement, Difference, agreement, same_weights
from rebalancer.bots import recorded
from rebalancer.bots.base import Bot
from rebalancer.bots.findings import Parting
from rebalancer.config import Config
from rebalancer.errors import BadInputError
from rebalancer.files import read_regular
from rebalancer.model import Closes
from rebalancer.ports import Progress, unwatched


@dataclass(frozen=True, slots=True)
class Verification:
    """How far `bot` agrees with the back-test `recorded_name`.

    `parting` is the gate that best explains the first difference; where there is none, `why` says why.
    """

    bot: str
    recorded_name: str
    agreement: Agreement
    parting: Parting | None
    why: str
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        return 3 if self.agreement.first_difference else 0


def verify(config: Config, bot: str, file: Path, progress: Progress = unwatched) -> Verification:
    """Compare the decisions of `bot` with the back-test in `file`. Raises BadInputError."""
    theirs = read_recorded(file)
    loaded = load_bots({bot: bot_file(config, bot)})[bot]
    closes = closes_up_to(config, loaded.symbols, None, progress)
    progress(f"Back-testing {bot}")
    weights = loaded.weights(closes)
    found = agreement(weights, closes, theirs)
    if found is None:
        first, last = theirs.sessions[0], theirs.sessions[-1]
        text = (
            f"is recorded from {first} to {last}, and there are no closes of these days: they end on {closes.day(-1)}"
        )
        raise BadInputError.of(file, text)
    parting, why = None, ""
    if found.first_difference:
        row = int(closes.sessions.searchsorted(closes.sessions.dtype.type(found.first_difference.day)))
        parting = loaded.parting(closes, row, found.first_difference.recorded_weights, same_weights)
        why = "" if parting else _why_none(loaded, closes, row, found.first_difference)
    return Verification(bot, theirs.name, found, parting, why, closes.notes)


def _why_none(bot: Bot, closes: Closes, row: int, difference: Difference) -> str:
    """The last line of the way, which says why a decision is undefined; or that no gate is on it."""
    return "no condition or filter is on its way" if difference.decided_weights else bot.explain(closes, row)[-1]


def read_recorded(file: Path) -> recorded.RecordedBacktest:
    """Raises BadInputError for a file that can't be read, or that is no back-test of Composer."""
    try:
        content = read_regular(file, recorded.MAX_BYTES)
    except OSError as error:
        raise BadInputError.of(file, f"can't be read: {error.strerror}") from error
    found, problems = recorded.read(content, str(file))
    if found is None:
        raise BadInputError(problems)
    return found
