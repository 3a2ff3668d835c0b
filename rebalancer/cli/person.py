"""The person at the keyboard: who they are, and whether they agree."""

import getpass
import os
import socket
import sys

import typer


def person() -> str:
    """The user and the machine, such as ann@desk, for the journal."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in a container
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"


def ask(question: str, command: str, otherwise: str, *, yes: bool) -> None:
    """Return if the person agrees, or said so before by --yes. `otherwise` is the consequence of a no.

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
