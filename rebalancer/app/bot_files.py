"""Read bot files and load the bots in them: the beginning of every night, so that it imports little."""

from collections.abc import Mapping
from pathlib import Path

from rebalancer.bots.base import Answer, Bot
from rebalancer.bots.file_size import most_bytes
from rebalancer.errors import BadInputError, Problem
from rebalancer.files import read_regular
from rebalancer.model import Closes


def read_bots(paths: Mapping[str, Path]) -> dict[str, bytes]:
    """The bytes of each bot's file. Raises BadInputError with all unreadable files."""
    contents, problems = {}, []
    for name, path in paths.items():
        try:
            contents[name] = content_of(path)
        except OSError as error:
            problems.append(Problem(str(path), "", f"bot {name!r} can't be read: {error.strerror}"))
    if problems:
        raise BadInputError(problems)
    return contents


def content_of(file: Path) -> bytes:
    """The bytes of a bot's file. Raises OSError, also for one that is larger than any bot."""
    return read_regular(file, most_bytes(str(file)))


def load_bot(
    content: bytes, name: str, source: str, *, ignore_rebalance: bool = False
) -> tuple[Bot | None, tuple[Problem, ...]]:
    """`bots.load`, with Python bots run in a child process."""
    from rebalancer.bots.load import load  # noqa: PLC0415 - looks at the journal need no charts

    return load(content, name, source, _run_python, ignore_rebalance=ignore_rebalance)


def load_bots(
    paths: Mapping[str, Path], contents: Mapping[str, bytes] | None = None, *, ignore_rebalance: bool = False
) -> dict[str, Bot]:
    """The bots by name, from `contents` if the files were read already; see `bots.load`.

    Raises BadInputError with every problem of every file.
    """
    bots: dict[str, Bot] = {}
    problems: list[Problem] = []
    for name, content in (read_bots(paths) if contents is None else contents).items():
        bot, found = load_bot(content, name, str(paths[name]), ignore_rebalance=ignore_rebalance)
        problems.extend(found)
        if bot is not None:
            bots[name] = bot
    if problems:
        raise BadInputError(problems)
    return bots


def _run_python(code: bytes, closes: Closes, lookback: int) -> list[Answer]:
    from rebalancer.app.python_bot import run_python  # noqa: PLC0415 - flowcharts need no child process

    return run_python(code, closes, lookback)
