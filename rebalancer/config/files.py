"""Config and bot files on disk: replaced atomically, and never over what another program has changed meanwhile."""

from collections.abc import Mapping
from pathlib import Path

from rebalancer import demo
from rebalancer.config.document import MAX_BYTES
from rebalancer.config.parsers import account_name
from rebalancer.errors import BadInputError, Problem
from rebalancer.files import create_private, read_regular, replace_atomically, try_to_replace
from rebalancer.venues import registry


def replace_content(path: Path, before: bytes, after: bytes) -> None:
    """Replace `before`, the content that was read, by `after`; the file's permissions stay.

    Raises BadInputError, and changes nothing, where the file has other content by now or can't be written.
    """
    try:
        require_content(path, before)
        replace_atomically(path, after)
    except OSError as error:
        raise _unwritable(path, error) from error


def require_replaceable(path: Path, before: bytes) -> None:
    """Raises what `replace_content` would raise now; nothing is changed."""
    try:
        require_content(path, before)
        try_to_replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def require_content(path: Path, before: bytes) -> None:
    """Raises BadInputError where the file has other content by now, OSError where it can't be read."""
    if read_regular(path, MAX_BYTES) != before:
        raise BadInputError.of(path, "was changed meanwhile by another program: try again")


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

BOTS = ("ten_month_average.json", "dual_momentum.json", "inverse_volatility.json")
"""Those of the demo that a new user gets; the first one is invested."""


def write_first_files(folder: Path, venue: str, account: str) -> tuple[Path, ...]:
    """Write config.toml and bots/ for an account at a built-in venue into `folder`, and return their paths.

    Raises BadInputError, and writes nothing, for a name that no account can have, and where a file exists already.
    """
    try:
        account_name(account)
    except ValueError as error:
        raise BadInputError.of(f"--{venue}", str(error)) from error
    wanted = _first_files(folder, venue, account)
    if existing := [path for path in wanted if path.exists()]:
        text = "exists already and is never overwritten: name another folder, or move it away"
        raise BadInputError([Problem(str(path), "", text) for path in existing])
    for path, content in wanted.items():
        create(path, content.encode())
    return tuple(wanted)


def _first_files(folder: Path, venue: str, account: str) -> Mapping[Path, str]:
    config = registry.first_config(venue).replace("ACCOUNT_NAME", account)
    simulated, bots = registry.plugin(venue).venue.simulated, demo.config_path().with_name("bots")
    texts = {name: bots.joinpath(name).read_text("utf-8") for name in BOTS}
    return {
        folder / "config.toml": config,
        **{folder / "bots" / name: text if simulated else _traded(text) for name, text in texts.items()},
    }


def _traded(bot: str) -> str:
    """A bot of the demo with funds that are traded in the place of the sample's own."""
    for ticker, fund in demo.TRADED.items():
        bot = bot.replace(f'"{ticker}"', f'"{fund}"')
    return bot
