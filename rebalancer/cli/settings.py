"""`rebalance init` and `rebalance config`: a person's settings, begun, looked over, shown and brought up to date."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.live import disarmed_by_edit
from rebalancer.cli.options import AccountOption, ConfigOption, DebugOption, JsonOption, chosen_accounts, load_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rebalancer.config import AccountConfig, Config
    from rebalancer.errors import Problem

app = typer.Typer(help="Look at your settings.", no_args_is_help=True)


def init(
    folder: Annotated[Path, typer.Argument(help="Where to begin; the present folder if left out.")] = Path(),
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write a first config.toml, which explains itself, and a sample bot. Overwrites nothing."""
    from rebalancer.config.start import write_first_files
    from rebalancer.report.console import show_json
    from rebalancer.report.settings import show_first_files

    written = write_first_files(folder)
    if json:
        show_json({"written": [str(path) for path in written]})
    else:
        show_first_files(written)


@app.command()
def check(config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False) -> None:
    """Look over the settings, their bot files and where the keys are, and show all problems at once."""
    from rebalancer.app.limits import limits_used_up
    from rebalancer.report.console import show_json
    from rebalancer.report.settings import show_check

    path = config_path(config)
    settings, problems = _looked_over(path)
    notes = limits_used_up(settings) if settings and not problems else []
    if json:
        show_json({"file": str(path), "problems": problems, "notes": notes})
    else:
        show_check(path, settings, problems, notes)
    raise typer.Exit(2 if problems else 0)


@app.command()
def show(
    config: ConfigOption = None, account: AccountOption = None, json: JsonOption = False, debug: DebugOption = False
) -> None:
    """Show every setting in force, and where its value came from."""
    from rebalancer.config.in_force import in_force
    from rebalancer.report.console import show_json
    from rebalancer.report.settings import show_settings

    settings = load_config(config)
    found = {each.name: in_force(settings, each) for each in chosen_accounts(settings, account)}
    if json:
        show_json({"file": str(settings.path), "accounts": found})
    else:
        show_settings(settings.path, found)


@app.command()
def changes(
    account: AccountOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many changes to list.")] = 50,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List what was changed in the settings, by command or by hand, as the journal knows it."""
    from rebalancer.journal import read
    from rebalancer.report.console import show_json
    from rebalancer.report.settings import show_changes

    found = read.changes(load_config(config).journal(), account, limit)
    show_json(found) if json else show_changes(found)


@app.command()
def schema() -> None:
    """Print the JSON Schema of config.toml, for your editor."""
    from rebalancer.config.schema import config_schema
    from rebalancer.report.console import show_json

    show_json(config_schema())


@app.command()
def migrate(config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False) -> None:
    """Bring config.toml to this version's layout. Comments stay, and the old file is kept beside it."""
    from rebalancer import config as settings
    from rebalancer.config.files import replace_content, set_aside
    from rebalancer.config.migrate import migration
    from rebalancer.config.version import SCHEMA
    from rebalancer.report.brake import show_undone
    from rebalancer.report.console import line, show_json
    from rebalancer.report.console import show as say

    path, disarmed = config_path(config), list[str]()
    before = settings.read(path)
    found = migration(before, path)
    if found is not None:
        settings.parse(found.content, path, os.environ)
        set_aside(found.backup, before)
        replace_content(path, before, found.content)
        migrated = settings.load(path, os.environ)
        disarmed = disarmed_by_edit(migrated, migrated.journal())
    backup = None if found is None else str(found.backup)
    if json:
        show_json({"file": str(path), "schema": SCHEMA, "backup": backup, "disarmed": disarmed})
    elif backup is None:
        say(line(f"{path} has schema {SCHEMA}, the newest: nothing to do."))
    else:
        say(line(f"{path} has schema {SCHEMA} now; the old file is {backup}."))
        show_undone(disarmed)


def config_path(path: Path | None) -> Path:
    """The config in force, the demo's where there is none. Raises BadInputError."""
    from rebalancer import config, demo

    return config.find(path, os.environ, Path.cwd()) or demo.config_path()


def _looked_over(path: Path) -> "tuple[Config | None, Sequence[Problem]]":
    """The config, None where it can't be read, and every problem of it, of its bot files and of its keys."""
    from rebalancer import config
    from rebalancer.errors import BadInputError

    try:
        settings = config.load(path, os.environ)
    except BadInputError as error:
        return None, error.problems
    return settings, [problem for account in settings.accounts for problem in _problems(account)]


def _problems(account: "AccountConfig") -> "Iterator[Problem]":
    from rebalancer.app.bots import load_bots, read_bots
    from rebalancer.config.credentials import read_keys
    from rebalancer.config.vault import Keyring
    from rebalancer.errors import BadInputError

    checks: list[Callable[[], object]] = [lambda: load_bots(account.bots, read_bots(account.bots))]
    if account.key_source is not None:
        checks.append(lambda: read_keys(account, Keyring()))
    for check in checks:
        try:
            check()
        except BadInputError as error:
            yield from error.problems
