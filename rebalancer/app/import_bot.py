"""Writes a flowchart of another program in the native format."""

import re
from pathlib import Path

from rebalancer.app.bot_files import content_of, load_bot
from rebalancer.app.bot_views import ImportedBot
from rebalancer.bots.file_size import most_bytes
from rebalancer.bots.load import format_of, to_native
from rebalancer.config.files import create
from rebalancer.errors import BadInputError, Problem


def import_bot(source: str, content: bytes, folder: Path, out: Path | None = None) -> ImportedBot:
    """Write the flowchart in `content` to `out`, else into `folder` under its own name.

    Raises BadInputError with every problem of the flowchart, and where a file is there already; then nothing is
    written.
    """
    native, problems = to_native(content, source)
    bot, _ = load_bot(content, "", source)
    if native is None or bot is None:
        raise BadInputError(problems)
    findings = bot.findings()
    file = out or folder / f"{_stem(findings.name)}.json"
    create(file, native)
    return ImportedBot(source, format_of(content, source), str(file), findings)


def read_file(file: Path) -> bytes:
    """Raises BadInputError where `file` can't be read, or is larger than any bot."""
    try:
        return content_of(file)
    except OSError as error:
        raise BadInputError.of(file, f"can't be read: {error.strerror}") from error


def most_input() -> int:
    """The most bytes of a flowchart."""
    return most_bytes("")


def _stem(name: str) -> str:
    stem = re.sub(r"\W+", "_", name.lower()).strip("_")[:100]
    if not stem:
        raise BadInputError([Problem("-o", "", f"{name!r} has no letter or digit to name a file by: name one")])
    return stem
