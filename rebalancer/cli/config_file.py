"""Finds the config file, and answers `run --when-due` quickly when nothing is due.

cron calls that every minute, so this module does not import typer.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rebalancer.cli.screen import say

if TYPE_CHECKING:
    from rebalancer.config import AccountConfig, Config


def load_config(path: Path | None, *, quietly: bool = False) -> "Config":
    """The user's config, else the demo's, which is noted on stderr unless `quietly`.

    Raises BadInputError.
    """
    from rebalancer import config, demo

    found = config.find(path, os.environ, Path.cwd())
    if found:
        return config.load(found, os.environ)
    if not quietly:
        say(demo.NOTE, err=True)
    settings = config.load(demo.config_path(), os.environ)
    return replace(settings, state_dir=settings.state_dir / "demo")


def own_config(path: Path | None) -> "Config":
    """The user's config. Raises BadInputError if there is only the demo's."""
    from rebalancer import config
    from rebalancer.errors import BadInputError, Problem

    found = config.find(path, os.environ, Path.cwd())
    if found is None:
        text = "there are no settings of yours yet: `rebalance init` writes the first; others are named by --config"
        raise BadInputError([Problem("config.toml", "", text)])
    return config.load(found, os.environ)


def load_account(path: Path | None, account: str | None, *, own: bool = False) -> "tuple[Config, AccountConfig]":
    """The config, with `own` the user's, and its account of that name, or its only one. Raises BadInputError."""
    from rebalancer.app.chosen import one_account

    settings = own_config(path) if own else load_config(path)
    return settings, one_account(settings, account)


def config_path(path: Path | None) -> Path:
    """The path of the user's config, else of the demo's. Raises BadInputError."""
    from rebalancer import config, demo

    return config.find(path, os.environ, Path.cwd()) or demo.config_path()


def nothing_due(words: Sequence[str]) -> bool:
    """Whether the command is `run --when-due`, with no option but files, and no run is due, missed or to be settled.

    Raises BadInputError for an invalid config, RunFailedError if the calendar or the journal can't be read.
    """
    match [*words]:
        case ["run", *options] if "--when-due" in options:
            options.remove("--when-due")
        case _:
            return False
    named = dict(zip(options[::2], options[1::2], strict=False))
    if not (2 * len(named) == len(options) and named.keys() <= {"--config", "--log-file"}):
        return False
    path = Path(named["--config"]) if "--config" in named else None
    from rebalancer.app.schedule import due_now
    from rebalancer.errors import RunFailedError
    from rebalancer.market.clock import SystemClock

    config, clock = load_config(path, quietly=True), SystemClock()
    if not (config.ping or config.notify):
        return all(work.nothing for work in due_now(config, clock))
    from rebalancer.app.observers_due import anything_to_tell

    try:
        return all(work.nothing for work in due_now(config, clock)) and not anything_to_tell(config, clock)
    except RunFailedError:
        return False  # the whole command meets the same error, and tells of it
