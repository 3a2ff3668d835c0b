"""Options that several commands share, and the config they lead to."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rebalancer.config import AccountConfig, Config

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="The settings; else REBALANCE_CONFIG, ./config.toml, your config folder, the demo."),
]
AccountOption = Annotated[str | None, typer.Option("--account", help="Only this account; else each in turn.")]
JsonOption = Annotated[bool, typer.Option("--json", help="The same facts for machines.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def load_config(path: Path | None) -> "Config":
    """The config in force; the demo's where none is found. Raises BadInputError."""
    from rebalancer import config, demo

    found = config.find(path, os.environ, Path.cwd())
    if found:
        return config.load(found, os.environ)
    settings = config.load(demo.config_path(), os.environ)
    return replace(settings, state_dir=settings.state_dir / "demo")


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
