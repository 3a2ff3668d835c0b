"""Which config is in force. Apart from the options, because the quick answer for cron does without typer."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rebalancer.config import Config


def load_config(path: Path | None, *, quietly: bool = False) -> "Config":
    """The config in force; the demo's where none is found, which is said unless the screen says it itself.

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
