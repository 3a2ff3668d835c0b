"""The way from a config of an older schema version to this one. Comments and layout stay."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import tomlkit
from tomlkit import TOMLDocument

from rebalancer.config.document import read
from rebalancer.config.kinds import SCHEMA, version
from rebalancer.errors import BadInputError, Problem

Step = Callable[[TOMLDocument], None]
STEPS: Mapping[int, Step] = {}
"""By version: what turns a document of it into one of the next. There is only one version so far."""


@dataclass(frozen=True, slots=True)
class Migration:
    """A config brought from version `old` to `new`; `backup` is where the old one goes."""

    old: int
    new: int
    content: bytes
    backup: Path


def migration(content: bytes, path: Path, steps: Mapping[int, Step] = STEPS, newest: int = SCHEMA) -> Migration | None:
    """What has to be done to the config `content` of `path`; None where it is of the version `newest`.

    Raises BadInputError for what is no TOML, and for a version that is newer or none.
    """
    old = read(content, str(path), {}).content.get("schema", 1)
    if type(old) is not int or old not in steps:
        _require(old, newest, path)
        return None
    document = tomlkit.parse(content.decode("utf-8-sig"))
    for number in range(old, newest):
        steps[number](document)
    document["schema"] = newest
    backup = path.with_name(f"{path.name}.schema-{old}")
    return Migration(old, newest, tomlkit.dumps(document).encode(), backup)


def _require(old: object, newest: int, path: Path) -> None:
    try:
        version(old, newest)
    except ValueError as error:
        raise BadInputError([Problem(str(path), "schema", str(error))]) from error
