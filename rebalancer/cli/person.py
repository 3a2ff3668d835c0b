"""The person at the keyboard: who they are, whether they agree, and what they decide outside of any run."""

import getpass
import os
import socket
import sys
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rebalancer.config import Config
    from rebalancer.events import Event


def person() -> str:
    """The user and the machine, such as ann@desk: who a halt, an arming and the like are by."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a number without an entry among the users, as in a container
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"


def ask(question: str, command: str, otherwise: str, *, yes: bool) -> None:
    """Go on only where the person agrees, or has said so before with --yes; `otherwise` is what then comes of it.

    Raises BadInputError.
    """
    from rebalancer.errors import BadInputError, Problem

    if yes:
        return
    if not sys.stdin.isatty():
        text = f"{question} Nobody can answer here, so {otherwise}: --yes goes on without asking"
        raise BadInputError([Problem("--yes", "", text)])
    if not typer.confirm(question, err=True):
        raise BadInputError([Problem(command, "", f"the answer was no, so {otherwise}")])


def write_down(settings: "Config", *events: "Event") -> None:
    """Journal what was decided, together."""
    from rebalancer.journal.store import SqliteJournal
    from rebalancer.model import NO_RUN

    with SqliteJournal.open(settings.journal()) as journal:
        journal.record(NO_RUN, *events)
