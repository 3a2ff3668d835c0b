"""`rebalance init`, `config`, `login` and `logout`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.config_file import config_path, load_config, own_config
from rebalancer.cli.options import AccountOption, ConfigOption, DebugOption, JsonOption, person, show_json

if TYPE_CHECKING:
    from rebalancer.errors import BadInputError
    from rebalancer.model.keys import Keys


app = typer.Typer(help="Check and show your settings.", no_args_is_help=True)


def init(
    folder: Annotated[Path, typer.Argument(help="The folder; default: the current one.")] = Path(),
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Create a commented config.toml and a sample bot. Never overwrites a file."""
    from rebalancer.config.files import write_first_files
    from rebalancer.report.settings import show_first_files

    written = write_first_files(folder)
    show_json({"written": [str(path) for path in written]}) if json else show_first_files(written)


@app.command()
def check(config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False) -> None:
    """Check the settings, bot files and keys, and show every problem."""
    from rebalancer.app.settings import check as checked
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
    """Show every setting in force and where its value comes from."""
    from rebalancer.app.account import chosen_accounts
    from rebalancer.config.effective import effective_settings
    from rebalancer.report.settings import show_settings

    settings = load_config(config)
    found = {each.name: effective_settings(settings, each) for each in chosen_accounts(settings, account)}
    show_json({"file": str(settings.path), "accounts": found}) if json else show_settings(settings.path, found)


@app.command()
def changes(
    account: AccountOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many changes to list.")] = 50,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List journalled changes of settings."""
    from rebalancer.journal import read
    from rebalancer.report.settings import show_changes

    found = read.changes(load_config(config).journal(), account, limit)
    show_json(found) if json else show_changes(found)


@app.command()
def schema() -> None:
    """Print the JSON Schema of config.toml, for your editor."""
    from rebalancer.config.json_schema import config_schema

    show_json(config_schema())


@app.command()
def migrate(config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False) -> None:
    """Migrate config.toml to the newest schema. Keeps comments, and backs the old file up."""
    from rebalancer.app.settings import migrate as migrated
    from rebalancer.report.settings import show_migrated

    found = migrated(config_path(config), person())
    show_json(found) if json else show_migrated(found)


# ---------------------------------------------------------------------------------------------------------------- keys


NameArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's name in your settings.")]


def login(
    name: NameArgument,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read two lines from a pipe: the key's ID, then the secret.")
    ] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Store an account's API keys in the system keyring. They are never shown."""
    from rebalancer.app.account import one_account
    from rebalancer.app.connections import store_keys
    from rebalancer.report.console import line, show

    settings = own_config(config)
    where = store_keys(settings, one_account(settings, name), _from_pipe if stdin else _from_terminal)
    if json:
        show_json({"account": name, "stored_in": where})
    else:
        show(
            line(f"The keys of account {name} are stored in {where}. `rebalance logout {name}` removes them.", "green")
        )


def logout(name: NameArgument, json: JsonOption = False, debug: DebugOption = False) -> None:
    """Remove an account's API keys from the system keyring. They stay valid at the broker."""
    from rebalancer.app.connections import remove_keys
    from rebalancer.report.console import line, show

    removed, where = remove_keys(name)
    if json:
        show_json({"account": name, "removed": removed})
    elif removed:
        show(line(f"The keys of account {name} were removed from {where}. They stay valid at the broker."))
    else:
        show(line(f"{where} has no keys of account {name}: nothing to do."))


def _from_terminal() -> "Keys":
    from getpass import getpass

    from rebalancer.model.keys import Keys

    if not sys.stdin.isatty():
        raise _refused("login", "needs a terminal: use --stdin to read the keys from a pipe")
    return Keys(getpass("Key ID (not shown): "), getpass("Secret (not shown): "))


def _from_pipe() -> "Keys":
    from rebalancer.model.keys import Keys

    if sys.stdin.isatty():
        raise _refused("--stdin", "reads a pipe; a terminal would show what you type: leave it out")
    lines = sys.stdin.read().splitlines()
    if len(lines) != 2:
        raise _refused("--stdin", f"needs two lines, the key's ID and the secret; there were {len(lines)}")
    return Keys(*lines)


def _refused(source: str, text: str) -> "BadInputError":
    from rebalancer.errors import BadInputError, Problem

    return BadInputError([Problem(source, "", text)])
