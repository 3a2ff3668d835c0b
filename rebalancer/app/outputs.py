"""Files written where a person says: over nothing but an older output of the same kind, and never among our own."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rebalancer.config import Config
from rebalancer.errors import BadInputError, Problem
from rebalancer.files import open_regular, replace_atomically, try_to_replace


@dataclass(frozen=True, slots=True)
class Output:
    """A file to be written. A file there is replaced if it begins as `option` writes it; with `begins` b"" none is.

    Errors name the `option`.
    """

    option: str
    path: Path
    begins: bytes = b""

    def write(self, content: str | bytes) -> None:
        """Raises BadInputError, and then changes nothing."""
        if obstacle := self.obstacle():
            raise BadInputError([obstacle])
        try:
            replace_atomically(self.path, content.encode() if isinstance(content, str) else content, mode=0o666)
        except OSError as error:
            raise BadInputError([self._unwritable(error)]) from error

    def obstacle(self) -> Problem | None:
        """Why nothing can be written there, or must not."""
        if str(self.path).startswith("--"):
            return self.refused("is an option, and no file")
        try:
            try_to_replace(self.path)
            with suppress(FileNotFoundError), open_regular(self.path) as there:
                if not self.begins or there.read(len(self.begins)) != self.begins:
                    return self.refused(f"is there already, and is no output of {self.option}")
        except OSError as error:
            return self._unwritable(error)
        return None

    def refused(self, why: str) -> Problem:
        return Problem(self.option, "", f"{self.path} {why}: name another file")

    def _unwritable(self, error: OSError) -> Problem:
        return self.refused(f"can't be written ({error.strerror})")


def check_outputs(config: Config, *outputs: Output) -> None:
    """Refuse, before any work begins, what must not or can't be written. Raises BadInputError and changes nothing."""
    if problems := list(_problems(config, outputs)):
        raise BadInputError(problems)


def _problems(config: Config, outputs: Iterable[Output]) -> Iterator[Problem]:
    taken: list[Path] = []
    for output in outputs:
        file = Path(os.path.realpath(output.path))
        own = _own(config, file)
        problem = output.refused(f"is {own}") if own else output.obstacle()
        if problem is None and file in taken:
            problem = output.refused("is named twice")
        if problem:
            yield problem
        taken.append(file)


def _own(config: Config, file: Path) -> str | None:
    """What of the config, the bots, the prices and the state `file` is or would become."""
    bots = (bot for account in config.accounts for bot in account.bots.values())
    for own, what in [
        (config.journal(), "the journal"),
        (config.path, "the config"),
        *((bot, "a bot") for bot in bots),
    ]:
        if _same(own, file):
            return what
    if any(_same(config.state_dir, folder) for folder in file.parents):
        return "in the state folder"
    if config.data_folder and _same(config.data_folder, file.parent):
        from rebalancer.market.folder import ENDINGS  # noqa: PLC0415 - slow to import, and few have such a folder

        if file.name.lower().endswith(ENDINGS):
            return "in the folder of prices"
    return None


def _same(one: Path, other: Path) -> bool:
    """Also by a link, a hard link or another case of letters."""
    with suppress(OSError):  # one of them isn't there
        return one.samefile(other)
    return False
