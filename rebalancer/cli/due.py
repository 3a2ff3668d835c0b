"""The quick answer for cron, which asks every minute: is anything due? Only a yes loads the command line."""

from collections.abc import Sequence
from pathlib import Path


def nothing_due(words: Sequence[str]) -> bool:
    """Whether `words` are `run --when-due`, `--config FILE` or not, and nothing is due, missed or to be settled.

    False for any other words. Raises BadInputError for the config, RunFailedError for the calendar and the journal.
    """
    match words:
        case ["run", "--when-due"]:
            path = None
        case ["run", "--when-due", "--config", file] | ["run", "--config", file, "--when-due"]:
            path = Path(file)
        case _:
            return False
    from rebalancer.app.schedule import due_now
    from rebalancer.cli.config_file import load_config
    from rebalancer.market.clock import SystemClock

    return all(work.nothing for work in due_now(load_config(path, quietly=True), SystemClock()))
