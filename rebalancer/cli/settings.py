"""`rebalance init` and `rebalance config`: a person's settings, begun, checked, shown and brought up to date."""

from pathlib import Path
from typing import Annotated

import typer

from rebalancer.cli.config_file import config_path, load_config
from rebalancer.cli.options import AccountOption, ConfigOption, DebugOption, JsonOption
from rebalancer.cli.person import person

app = typer.Typer(help="Look at your settings.", no_args_is_help=True)


def init(
    folder: Annotated[Path, typer.Argument(help="Where to begin; the present folder if left out.")] = Path(),
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write a first config.toml, which explains itself, and a sample bot. Overwrites nothing."""
    from rebalancer.config.files import write_first_files
    from rebalancer.report.console import show_json
    from rebalancer.report.settings import show_first_files

    written = write_first_files(folder)
    show_json({"written": [str(path) for path in written]}) if json else show_first_files(written)


@app.command()
def check(config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False) -> None:
    """Check the settings, their bot files and the keys, and show all problems at once."""
    from rebalancer.app.settings import check as checked
    from rebalancer.report.console import show_json
    from rebalancer.report.settings import show_check

    path = config_path(config)
    found = checked(path)
    if json:
        show_json({"file": str(path), "problems": found.problems, "notes": found.notes})
    else:
        show_check(path, found)
    raise typer.Exit(2 if found.problems else 0)


@app.command()
def show(
    config: ConfigOption = None, account: AccountOption = None, json: JsonOption = False, debug: DebugOption = False
) -> None:
    """Show every setting in force, and where its value came from."""
    from rebalancer.app.selection import chosen_accounts
    from rebalancer.config.in_force import in_force
    from rebalancer.report.console import show_json
    from rebalancer.report.settings import show_settings

    settings = load_config(config)
    found = {each.name: in_force(settings, each) for each in chosen_accounts(settings, account)}
    show_json({"file": str(settings.path), "accounts": found}) if json else show_settings(settings.path, found)


@app.command()
def changes(
    account: AccountOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many changes to list.")] = 50,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List the changes of settings, by command or by hand, from the journal."""
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
    from rebalancer.app.settings import migrate as migrated
    from rebalancer.report.console import show_json
    from rebalancer.report.settings import show_migrated

    found = migrated(config_path(config), person())
    show_json(found) if json else show_migrated(found)
