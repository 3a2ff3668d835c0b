"""A chart that was sent to be looked at: kept in the native format until it is bought. Never a Python bot."""

import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from rebalancer.app.bot_files import content_of
from rebalancer.app.bots import bots_folder
from rebalancer.app.import_bot import import_bot
from rebalancer.bots.load import to_native
from rebalancer.config import Config
from rebalancer.errors import BadInputError, RunFailedError
from rebalancer.files import create_private

FOLDER = "uploads"
MOST_KEPT = 20
ID = re.compile(r"[0-9a-f]{64}")


def keep(config: Config, name: str, content: bytes) -> str:
    """Check the chart in `content`, in any format, and keep it; the id by which it is found again.

    `name` is used in errors only. Raises BadInputError with every problem of the chart, and for a Python bot.
    """
    if name.lower().endswith(".py"):
        text = "is a program, and none is taken by upload: put the file beside the config, and add it on the terminal"
        raise BadInputError.of(name, text)
    native, problems = to_native(content, name or "the upload")
    if native is None:
        raise BadInputError(problems)
    key = sha256(native).hexdigest()
    folder = config.state_dir / FOLDER
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            create_private(folder / f"{key}.json", native)
        _forget_oldest(folder)
    except OSError as error:
        raise RunFailedError(f"{folder} can't be written: {error.strerror}. Nothing was kept.") from error
    return key


def _forget_oldest(folder: Path) -> None:
    files = sorted(folder.glob("*.json"), key=lambda file: (file.stat().st_mtime_ns, file.name))
    for file in files[:-MOST_KEPT]:
        file.unlink(missing_ok=True)


def kept(config: Config, key: str) -> Path:
    """The file of what `keep` kept. Raises BadInputError for anything else, so that no text leads to another file."""
    file = config.state_dir / FOLDER / f"{key}.json"
    if not ID.fullmatch(key) or not file.is_file():
        raise BadInputError.of("the upload", "is not kept any more: send the file again")
    return file


def save(config: Config, key: str) -> Path:
    """Write the chart into the folder of bots, by its own name. Raises BadInputError where such a file exists."""
    file = kept(config, key)
    try:
        content = content_of(file)
    except OSError as error:
        raise BadInputError.of(file, f"can't be read: {error.strerror}") from error
    return Path(import_bot("the upload", content, bots_folder(config)).file)
