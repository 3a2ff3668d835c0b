"""`rebalance init`, `config`, `login` and `logout`."""

import inspect
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from rebalancer.cli import completion
from rebalancer.cli.config_file import config_path, load_account, load_config
from rebalancer.cli.options import (
    MOST,
    AccountOption,
    Answer,
    Commands,
    ConfigOption,
    JsonOption,
    OwnConfigOption,
    person,
    showing_progress,
)
from rebalancer.cli.screen import say
from rebalancer.venues.registry import BUILT_IN

if TYPE_CHECKING:
    from rebalancer.errors import BadInputError
    from rebalancer.model.keys import Keys

app = Commands(help="Check and show your settings.", no_args_is_help=True)


def init(
    folder: Annotated[Path, Argument(help="The folder; default: the current one.")] = Path(),
    **accounts: str | None,
) -> Answer:
    """Create a commented config.toml and a folder of bots. Never overwrites a file."""
    from rebalancer.app.settings import begin
    from rebalancer.report.settings import first_files_screen

    chosen = {venue: name for venue, name in accounts.items() if name is not None}
    if len(chosen) > 1:
        raise _refused(f"--{' and --'.join(chosen)}", "can't be combined: the first config has one account")
    begun = begin(folder, *chosen.popitem()) if chosen else begin(folder)
    return Answer({"written": begun.files, "next": begun.commands}, first_files_screen(begun))


def _option(venue: str) -> inspect.Parameter:
    text = "An account at this broker, by this name; default: --sim main."
    name = Annotated[str | None, Option(f"--{venue}", metavar="NAME", help=text)]
    return inspect.Parameter(venue, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=name)


_shown, _ = inspect.signature(init).parameters.values()
init.__signature__ = inspect.Signature([_shown, *map(_option, BUILT_IN)])  # type: ignore[attr-defined]


@app.with_json()
def check(config: ConfigOption = None, json: JsonOption = False) -> Answer:
    """Check the settings, bot files and keys, and show every problem."""
    from rebalancer.app.settings import check as checked
    from rebalancer.report.settings import check_screen

    path = config_path(config)
    with showing_progress(json=json) as progress:
        found = checked(path, progress)
    answer = {"file": str(path), "problems": found.problems, "warnings": found.warnings}
    return Answer(answer, check_screen(path, found), 2 if found.problems else 0)


@app.with_json()
def show(config: ConfigOption = None, account: AccountOption = None) -> Answer:
    """Show every setting in force and where its value comes from."""
    from rebalancer.app.chosen import chosen_accounts
    from rebalancer.config.effective import effective_settings, observer_settings
    from rebalancer.report.settings import settings_screen

    settings = load_config(config)
    shared, chosen = observer_settings(settings), chosen_accounts(settings, account)
    found = {each.name: (*effective_settings(settings, each), *shared) for each in chosen}
    accounts = [{"account": name, "settings": each} for name, each in found.items()]
    return Answer({"file": str(settings.path), "accounts": accounts}, settings_screen(settings.path, found))


@app.with_json()
def changes(
    account: AccountOption = None,
    limit: Annotated[int, Option("--limit", min=1, max=MOST, help="How many changes to list.")] = 50,
    config: ConfigOption = None,
) -> Answer:
    """List journalled changes of settings."""
    from rebalancer.app.chosen import exchange_zones
    from rebalancer.journal import setting_history
    from rebalancer.report.settings import changes_screen

    settings = load_config(config)
    found = setting_history.changes(settings.journal(), account, limit)
    return Answer({"changes": found}, changes_screen(found, exchange_zones(settings)))


@app.command()
def schema() -> None:
    """Print the JSON Schema of config.toml, for your editor."""
    from rebalancer.config.json_schema import config_schema
    from rebalancer.journal.codec import to_json

    say(to_json(config_schema()))


@app.with_json()
def migrate(config: ConfigOption = None) -> Answer:
    """Migrate config.toml to the newest schema. Keeps comments, and backs the old file up."""
    from rebalancer.app.settings import migrate as migrated
    from rebalancer.report.settings import migrated_screen

    found = migrated(config_path(config), person())
    return Answer(found, migrated_screen(found))


NameArgument = Annotated[
    str, Argument(metavar="ACCOUNT", help="The account's name in your settings.", autocompletion=completion.accounts)
]


def login(
    name: NameArgument,
    stdin: Annotated[
        bool, Option("--stdin", help="Read two lines from a pipe: the key's ID, then the secret.")
    ] = False,
    config: OwnConfigOption = None,
) -> Answer:
    """Store an account's API keys in its credentials_file, else in the system keyring. They are never shown."""
    from rebalancer.app.connections import store_keys
    from rebalancer.report.settings import login_screen

    settings, chosen = load_account(config, name, own=True)
    where = store_keys(settings, chosen, _from_pipe if stdin else _from_terminal)
    same = f" --config {shlex.quote(str(config))}" if config else ""
    return Answer({"account": name, "stored_in": where}, login_screen(name, where, f"rebalance logout {name}{same}"))


def logout(name: NameArgument, config: ConfigOption = None) -> Answer:
    """Remove an account's API keys from its credentials_file or the keyring. They stay valid at the broker."""
    from rebalancer.app.connections import remove_keys
    from rebalancer.report.settings import logout_screen

    removed, where = remove_keys(load_config(config, quietly=True), name)
    return Answer({"account": name, "removed": removed}, logout_screen(name, where, removed=removed))


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
