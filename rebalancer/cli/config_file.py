"""Which config the command line means. Without typer, because the quick answer for cron does without it."""

import os
import sys
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
