"""`rebalance login` and `rebalance logout`: the keys of an account, into the system's keyring and out of it."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.config_file import own_config
from rebalancer.cli.options import ConfigOption, DebugOption, JsonOption

if TYPE_CHECKING:
    from rebalancer.errors import BadInputError
    from rebalancer.model.keys import Keys

NameArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account, as your settings name it.")]


def login(
    name: NameArgument,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read them from a pipe: the key's ID in a line, the secret in the next.")
    ] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Ask for the keys of an account at its broker, and keep them in this system's keyring. They are never shown."""
    from rebalancer.app.credentials import store_keys
    from rebalancer.app.selection import one_account
    from rebalancer.report.console import line, show, show_json

    settings = own_config(config)
    where = store_keys(settings, one_account(settings, name), _from_pipe if stdin else _from_terminal)
    if json:
        show_json({"account": name, "stored_in": where})
    else:
        show(line(f"The keys of account {name} are in {where} now. `rebalance logout {name}` removes them.", "green"))


def logout(name: NameArgument, json: JsonOption = False, debug: DebugOption = False) -> None:
    """Remove an account's keys from this system's keyring. At the broker they stay valid."""
    from rebalancer.app.credentials import remove_keys
    from rebalancer.report.console import line, show, show_json

    removed, where = remove_keys(name)
    if json:
        show_json({"account": name, "removed": removed})
    elif removed:
        show(line(f"The keys of account {name} are no longer in {where}. At the broker they stay valid."))
    else:
        show(line(f"{where} has no keys of account {name}: nothing to do."))


def _from_terminal() -> "Keys":
    from getpass import getpass

    from rebalancer.model.keys import Keys

    if not sys.stdin.isatty():
        raise _refused("login", "asks for the keys on a terminal, and this is none: --stdin reads them from a pipe")
    return Keys(getpass("Key ID (not shown): "), getpass("Secret (not shown): "))


def _from_pipe() -> "Keys":
    from rebalancer.model.keys import Keys

    if sys.stdin.isatty():
        raise _refused("--stdin", "reads a pipe, and a terminal would show what you type: leave it out")
    lines = sys.stdin.read().splitlines()
    if len(lines) != 2:
        raise _refused("--stdin", f"has to bring two lines, the key's ID and the secret; there were {len(lines)}")
    return Keys(*lines)


def _refused(source: str, text: str) -> "BadInputError":
    from rebalancer.errors import BadInputError, Problem

    return BadInputError([Problem(source, "", text)])
