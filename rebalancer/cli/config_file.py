"""Which config the command line means, and whether a run of it is due.

cron asks every minute: nothing here loads typer.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rebalancer.config import Config


def load_config(path: Path | None, *, quietly: bool = False) -> "Config":
    """The config in force; the demo's where none is found, which is noted on stderr unless `quietly`.

    Raises BadInputError.
    """
    from rebalancer import config, demo

    found = config.find(path, os.environ, Path.cwd())
    if found:
        return config.load(found, os.environ)
    if not quietly:
        print(demo.NOTE, file=sys.stderr)
    settings = config.load(demo.config_path(), os.environ)
    return replace(settings, state_dir=settings.state_dir / "demo")


def own_config(path: Path | None) -> "Config":
    """The owner's config, to be edited or armed. Raises BadInputError where there is only the demo."""
    from rebalancer import config
    from rebalancer.errors import BadInputError, Problem

    found = config.find(path, os.environ, Path.cwd())
    if found is None:
        text = "there are no settings of yours yet: `rebalance init` writes the first"
        raise BadInputError([Problem("config.toml", "", text)])
    return config.load(found, os.environ)


def config_path(path: Path | None) -> Path:
    """The file of the config in force, the demo's where there is none. Raises BadInputError."""
    from rebalancer import config, demo

    return config.find(path, os.environ, Path.cwd()) or demo.config_path()


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
