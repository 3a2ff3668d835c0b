"""The first files of somebody who begins: a config that explains itself, and a bot."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from rebalancer import demo
from rebalancer.config.files import create
from rebalancer.errors import BadInputError, Problem

BOT = "trend_gate.json"


def write_first_files(folder: Path) -> tuple[Path, ...]:
    """Write config.toml and bots/ into `folder`, and return their paths.

    Raises BadInputError, and writes nothing, where one of them exists already.
    """
    wanted = first_files(folder)
    if standing := [path for path in wanted if path.exists()]:
        text = "exists already and is never overwritten: name another folder, or move it away"
        raise BadInputError([Problem(str(path), "", text) for path in standing])
    for path, content in wanted.items():
        create(path, content)
    return tuple(wanted)


def first_files(folder: Path) -> Mapping[Path, bytes]:
    template = files(__package__).joinpath("template.toml").read_bytes()
    bot = demo.config_path().with_name("bots") / BOT
    return {folder / "config.toml": template, folder / "bots" / BOT: bot.read_bytes()}
