"""Bots verified against back-tests that were downloaded from Composer."""

from dataclasses import dataclass
from pathlib import Path

from rebalancer.app.bots import bot_file, load_bots
from rebalancer.app.source import closes_up_to
from rebalancer.backtest.verify import Agreement, agreement
from rebalancer.bots import recorded
from rebalancer.config import Config
from rebalancer.errors import BadInputError
from rebalancer.files import read_regular
from rebalancer.ports import Progress, unwatched


@dataclass(frozen=True, slots=True)
class Verification:
    """How far `bot` agrees with the back-test `recorded_name`.

    `path` is our way on the day of the first difference, with the values that decided.
    """

    bot: str
    recorded_name: str
    agreement: Agreement
    path: tuple[str, ...]
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
    path: tuple[str, ...] = ()
    if found.first_difference:
        row = int(closes.sessions.searchsorted(closes.sessions.dtype.type(found.first_difference.day)))
        path = loaded.explain(closes, row)
    return Verification(bot, theirs.name, found, path, closes.notes)


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
