"""Shared by the commands: options, confirmation, user name and JSON output."""

import getpass
import inspect
import os
import socket
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, BadParameter, Exit, Option, Typer
from typer.models import OptionInfo

from rebalancer.cli import completion
from rebalancer.cli.screen import say
from rebalancer.errors import visible

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.console import RenderableType

    from rebalancer.report.progress import ProgressLine

ConfigOption = Annotated[
    Path | None,
    Option("--config", help="Default: REBALANCE_CONFIG, ./config.toml, your config folder, the demo."),
]
OwnConfigOption = Annotated[
    Path | None,
    Option("--config", help="Default: REBALANCE_CONFIG, ./config.toml, your config folder."),
]
"""Of commands that leave the demo as it is."""
AccountOption = Annotated[
    str | None, Option("--account", help="Only this account.", autocompletion=completion.accounts)
]
BotArgument = Annotated[
    str,
    Argument(help="A bot's name, as `rebalance bots list` shows it, or a bot file.", autocompletion=completion.bots),
]
JsonOption = Annotated[bool, Option("--json", help="Print JSON.")]
DebugOption = Annotated[bool, Option("--debug", help="Show the traceback of an error.")]
IgnoreRebalanceOption = Annotated[
    bool, Option("--ignore-rebalance", help="Show what a bot targets, not what it holds by its rebalance rule.")
]
WorkersOption = Annotated[
    int | None,
    Option("--workers", min=1, max=1024, help="Processes at a time; default: all cores where that is faster."),
]
LogFileOption = Annotated[
    Path | None, Option("--log-file", help="Append a line for each event to this file, which is rotated.")
]
MOST = 1_000_000_000
"""Of runs and lines. SQLite takes no number beyond 2**63."""
YesOption = Annotated[bool, Option("--yes", help="Don't ask.")]


def day_option(name: str, text: str) -> OptionInfo:
    option: OptionInfo = Option(name, parser=_day, metavar="YYYY-MM-DD", help=text)
    return option


def _day(text: str) -> datetime:
    with suppress(ValueError):
        day = datetime.fromisoformat(text)
        if day.date().isoformat() == text:
            return day
    raise BadParameter(f"{visible(text)!r} is no day: write year, month and day, such as 2016-07-01")


def person() -> str:
    """User and host, such as ann@desk, for the journal."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in a container
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"


def ask(question: str, command: str, otherwise: str, *, yes: bool) -> None:
    """Ask for confirmation unless `yes`. Raises BadInputError, which names the consequence `otherwise`, on a no."""
    from rebalancer.errors import BadInputError, Problem

    if yes:
        return
    if not sys.stdin.isatty():
        text = f"{question} There is no terminal to answer on, so {otherwise}: use --yes to confirm"
        raise BadInputError([Problem("--yes", "", text)])
    say(f"{visible(question)} [y/N]: ", err=True, end="")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise BadInputError([Problem(command, "", f"the answer was no, so {otherwise}")])


@dataclass(frozen=True, slots=True)
class Answer:
    """A command prints: `found`, a dataclass or a mapping by name, with --json, else `screen`, run only then."""

    found: object
    screen: "Iterable[RenderableType]"
    exit_code: int = 0


Command = Callable[..., Answer | None]


class Commands(Typer):
    def with_json(self, name: str | None = None) -> Callable[[Command], Callable[..., None]]:
        """A command with --json and --debug, also where it doesn't declare them; its answer is printed."""
        return lambda command: self.command(name, short_help=_first_sentence(command))(_printing(command))


def _first_sentence(command: Command) -> str:
    """What the list of commands shows: typer would cut it at the width of the screen."""
    words = (inspect.getdoc(command) or "").split("\n\n")[0].split()
    sentence, found, _ = " ".join(words).partition(". ")
    return f"{sentence}." if found else sentence


def _printing(command: Command) -> Callable[..., None]:
    own = inspect.signature(command)

    @wraps(command)
    def printing(**options: object) -> None:
        answer = command(**{name: options[name] for name in own.parameters})
        if answer:
            show_json(answer.found, answer.exit_code) if options["json"] else show(answer.screen)
            raise Exit(answer.exit_code)

    shared = {"json": JsonOption, "debug": DebugOption}
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=option)
        for name, option in shared.items()
        if name not in own.parameters
    ]
    printing.__signature__ = own.replace(parameters=[*own.parameters.values(), *added])  # type: ignore[attr-defined]
    return printing


def showing_progress(*, json: bool) -> "AbstractContextManager[ProgressLine]":
    """Progress on standard error, while nothing else is printed; none with `json`."""
    from rebalancer.report.progress import progress_line

    return progress_line(quiet=json)


def show(screen: "Iterable[RenderableType]") -> None:
    from rebalancer.report import console

    console.show(screen)


def show_json(found: object, exit_code: int = 0) -> None:
    from rebalancer.report.answers import to_json

    say(to_json(found, exit_code))
