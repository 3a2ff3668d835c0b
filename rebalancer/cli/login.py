"""`rebalance login` and `rebalance logout`: the keys of an account, into the system's keyring and out of it."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.config_file import own_config
from rebalancer.cli.options import ConfigOption, DebugOption, JsonOption

if TYPE_CHECKING:
    from rebalancer.config import AccountConfig
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
    from rebalancer.app.selection import one_account
    from rebalancer.config.vault import Keyring
    from rebalancer.report.console import line, show, show_json

    settings = own_config(config)
    _require_the_keyring_is_asked(one_account(settings, name), str(settings.path))
    vault = Keyring()
    where = vault.name
    keys = _piped() if stdin else _asked()
    if not keys.well_formed:
        raise _refused(name, "the key's ID or its secret is empty or has blanks in it; nothing was stored")
    vault.put(name, keys)
    if vault.get(name) != keys:
        raise _refused(name, f"{where} did not keep the keys; name them by key_id and secret, or by credentials_file")
    if json:
        show_json({"account": name, "stored_in": where})
    else:
        show(line(f"The keys of account {name} are in {where} now. `rebalance logout {name}` removes them.", "green"))


def logout(name: NameArgument, json: JsonOption = False, debug: DebugOption = False) -> None:
    """Remove an account's keys from this system's keyring. At the broker they stay valid."""
    from rebalancer.config.vault import Keyring
    from rebalancer.report.console import line, show, show_json

    vault = Keyring()
    removed = vault.delete(name)
    if json:
        show_json({"account": name, "removed": removed})
    elif removed:
        show(line(f"The keys of account {name} are no longer in {vault.name}. At the broker they stay valid."))
    else:
        show(line(f"{vault.name} has no keys of account {name}: nothing to do."))


def _require_the_keyring_is_asked(account: "AccountConfig", config: str) -> None:
    from rebalancer.errors import BadInputError, Problem

    source = account.key_source
    if source is None:
        text = f'has broker = "{account.broker}", which needs no keys'
    elif source.variables:
        text = "takes its keys from key_id and secret: take these two lines out first"
    elif source.file:
        text = f"takes its keys from {source.file}: take credentials_file out first"
    else:
        return
    raise BadInputError([Problem(config, f"accounts.{account.name}", text)])


def _asked() -> "Keys":
    from getpass import getpass

    from rebalancer.model.keys import Keys

    if not sys.stdin.isatty():
        raise _refused("login", "asks for the keys on a terminal, and this is none: --stdin reads them from a pipe")
    return Keys(getpass("Key ID (not shown): "), getpass("Secret (not shown): "))


def _piped() -> "Keys":
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
