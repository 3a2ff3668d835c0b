"""Options that several commands share, and the config they lead to."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.in_force import load_config

__all__ = ["AccountOption", "ConfigOption", "DebugOption", "JsonOption", "bot_file", "chosen_accounts", "load_config"]

if TYPE_CHECKING:
    from rebalancer.config import AccountConfig, Config

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="The settings; else REBALANCE_CONFIG, ./config.toml, your config folder, the demo."),
]
AccountOption = Annotated[str | None, typer.Option("--account", help="Only this account; else each in turn.")]
JsonOption = Annotated[bool, typer.Option("--json", help="The same facts for machines.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def chosen_accounts(config: "Config", name: str | None) -> "tuple[AccountConfig, ...]":
    """Raises BadInputError for a name the config does not have."""
    from rebalancer.errors import BadInputError, Problem

    if name is None:
        return config.accounts
    chosen = tuple(account for account in config.accounts if account.name == name)
    if not chosen:
        known = ", ".join(account.name for account in config.accounts)
        raise BadInputError(
            [Problem(str(config.path), "accounts", f"there is no account {name!r}; there are: {known}")]
        )
    return chosen


def bot_file(config: "Config", bot: str) -> Path:
    """The file of an invested bot, or `bot` as a path. Raises BadInputError where it is neither."""
    from rebalancer.errors import BadInputError, Problem

    invested = {name: path for account in config.accounts for name, path in account.bots.items()}
    if bot in invested:
        return invested[bot]
    if Path(bot).is_file():
        return Path(bot)
    known = ", ".join(sorted(invested))
    raise BadInputError([Problem(str(config.path), "", f"{bot!r} is no file and no invested bot; there are: {known}")])


def own_config(path: Path | None) -> "Config":
    """The config as the owner wrote it, to be changed. Raises BadInputError where there is only the demo."""
    from rebalancer import config
    from rebalancer.errors import BadInputError, Problem

    found = config.find(path, os.environ, Path.cwd())
    if found is None:
        text = "there are no settings of yours yet: `rebalance init` writes the first"
        raise BadInputError([Problem("config.toml", "", text)])
    return config.load(found, os.environ)


def one_account(config: "Config", name: str | None) -> "AccountConfig":
    """The account called `name`, or the only one. Raises BadInputError where it is not clear which is meant."""
    from rebalancer.errors import BadInputError, Problem

    accounts = chosen_accounts(config, name)
    if len(accounts) > 1:
        known = ", ".join(account.name for account in accounts)
        raise BadInputError([Problem("--account", "", f"is needed, since there are several accounts: {known}")])
    return accounts[0]
