"""Names for the shell's completion, from the settings in force. Where these can't be used there are none to offer."""

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from typer import Context

from rebalancer.cli.config_file import load_config
from rebalancer.errors import RebalancerError

if TYPE_CHECKING:
    from rebalancer.config import Config

Completion = Callable[[Context], list[str]]


def _completing(names: "Callable[[Config], Iterable[str]]") -> Completion:
    """Typer leaves out what does not begin as typed."""

    def completed(context: Context) -> list[str]:
        path = context.params.get("config")
        try:
            settings = load_config(Path(path) if path else None, quietly=True)
        except RebalancerError:
            return []
        return [_as_word(name) for name in names(settings)]

    return completed


def _as_word(name: str) -> str:
    """Bash puts it in the command line as it is; other shells escape it."""
    bash = os.environ.get("_REBALANCE_COMPLETE") == "complete_bash"
    return re.sub(r"([^\w.,:/+-])", r"\\\1", name) if bash else name


def _bots(config: "Config") -> Iterable[str]:
    from rebalancer.app.bots import bot_files

    return bot_files(config)


bots = _completing(_bots)
invested = _completing(lambda config: dict.fromkeys(name for account in config.accounts for name in account.bots))
accounts = _completing(lambda config: (account.name for account in config.accounts))
