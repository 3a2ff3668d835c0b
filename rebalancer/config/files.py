"""Config and bot files on disk: replaced atomically, and never over what another program has changed meanwhile."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from rebalancer import demo
from rebalancer.config.document import MAX_BYTES
from rebalancer.errors import BadInputError, Problem
from rebalancer.files import create_private, read_regular, replace_atomically


def replace_content(path: Path, before: bytes, after: bytes) -> None:
    """Replace `before`, the content that was read, by `after`; the file's permissions stay.

    Raises BadInputError, and changes nothing, where the file has other content by now or can't be written.
    """
    try:
        if read_regular(path, MAX_BYTES) != before:
            raise BadInputError.of(path, "was changed meanwhile by another program: try again")
        replace_atomically(path, after)
    except OSError as error:
        raise _unwritable(path, error) from error


def create(path: Path, content: bytes) -> None:
    """Create a file for its owner alone, and its folder. Raises BadInputError where it exists or can't be made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        create_private(path, content)
    except FileExistsError as error:
        raise BadInputError.of(path, "exists already and is never overwritten: move it away") from error
    except OSError as error:
        raise _unwritable(path, error) from error


def write_backup(path: Path, content: bytes) -> None:
    """Keep `content` at `path`. Raises BadInputError where a file with other content is there already."""
    try:
        kept = read_regular(path, len(content)) == content
    except OSError:  # what is there, if anything, is no such backup
        kept = False
    if not kept:
        create(path, content)


def _unwritable(path: Path, error: OSError) -> BadInputError:
    return BadInputError.of(path, f"can't be written: {error.strerror}; nothing was changed")


# ------------------------------------------------------------------------------------- the first files of a new user

BOT = "ten_month_average.json"


def write_first_files(folder: Path) -> tuple[Path, ...]:
    """Write config.toml and bots/ into `folder`, and return their paths.

    Raises BadInputError, and writes nothing, where one of them exists already.
    """
    wanted = first_files(folder)
    if existing := [path for path in wanted if path.exists()]:
        text = "exists already and is never overwritten: name another folder, or move it away"
        raise BadInputError([Problem(str(path), "", text) for path in existing])
    for path, content in wanted.items():
        create(path, content)
    return tuple(wanted)


def first_files(folder: Path) -> Mapping[Path, bytes]:
    template = files(__package__).joinpath("template.toml").read_bytes()
    bot = demo.config_path().with_name("bots") / BOT
    return {folder / "config.toml": template, folder / "bots" / BOT: bot.read_bytes()}
