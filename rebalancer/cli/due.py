"""The quick answer for cron, which asks every minute: is anything due? Only a yes loads the command line."""

from collections.abc import Sequence
from pathlib import Path


def nothing_due(words: Sequence[str]) -> bool:
    """True only if `words` are `run --when-due`, `--config FILE` or not, and nothing is due and nothing was missed.

    Any other words are for the command line to read. Raises what reading the config, almanac and journal raises.
    """
    match words:
        case ["run", "--when-due"]:
            path = None
        case ["run", "--when-due", "--config", file] | ["run", "--config", file, "--when-due"]:
            path = Path(file)
        case _:
            return False
    from rebalancer.cli.in_force import load_config
    from rebalancer.cli.trigger import agenda
    from rebalancer.market.clock import SystemClock

    return not any(
        turn.missed or turn.due or turn.cut_off for turn in agenda(load_config(path, quietly=True), SystemClock())
    )
