"""`rebalance notify`: addresses of messages and of the monitor."""

import sys
from typing import Annotated

from typer import Argument, Option

from rebalancer.cli.config_file import own_config
from rebalancer.cli.options import Answer, Commands, OwnConfigOption
from rebalancer.errors import BadInputError, Problem, RunFailedError

app = Commands(help="Store and test the addresses of messages and of the monitor.", no_args_is_help=True)


@app.with_json()
def login(
    name: Annotated[str, Argument(help='"ping", or the name of a [[notify]].')],
    stdin: Annotated[bool, Option("--stdin", help="Read the address from a pipe.")] = False,
    config: OwnConfigOption = None,
) -> Answer:
    """Store a secret address in its url_file, else in the system keyring. It is never shown."""
    from rebalancer.app.addresses import store_address
    from rebalancer.report.notify import address_screen

    where = store_address(own_config(config), name, _from_pipe if stdin else _from_terminal)
    return Answer({"name": name, "stored_in": where}, address_screen(name, where))


@app.with_json("test")
def try_(config: OwnConfigOption = None) -> Answer:
    """Send a test message to every [[notify]], and a line to the monitor's log. Exit code 4 if one was not taken."""
    from rebalancer.app.addresses import sources, try_all
    from rebalancer.report.notify import delivery_screen

    settings = own_config(config)
    if not sources(settings):
        raise BadInputError.of(settings.path, "there is no [ping] and no [[notify]]: no notification would be sent")
    tried = try_all(settings)
    exit_code = RunFailedError.exit_code if any(each.trouble for each in tried) else 0
    return Answer({"recipients": tried}, delivery_screen(tried), exit_code)


def _from_terminal() -> str:
    from getpass import getpass

    if not sys.stdin.isatty():
        raise BadInputError(
            [Problem("notify login", "", "needs a terminal: use --stdin to read the address from a pipe")]
        )
    return getpass("Address (not shown): ").strip()


def _from_pipe() -> str:
    return sys.stdin.read(10_000).strip()
