"""Install, remove and look at what starts the program by itself: a systemd unit, a timer, launchd or cron.

Nothing is written over, or removed, that is not ours as we left it.
"""

import os
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rebalancer.app import service_files
from rebalancer.app.service_files import CRONTAB, Seal, Setup, Way
from rebalancer.errors import BadInputError, RunFailedError
from rebalancer.files import read_regular, replace_atomically

LONGEST_COMMAND = 120.0
"""Longer than systemd waits for a service to be ready."""
MOST_BYTES = 1_000_000
Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str


Run = Callable[[Sequence[str], str], Ran]
"""Runs a command with a text on its standard input. Raises BadInputError where there is no such command."""


WAYS = {
    "systemctl": "--schedule or --timer with systemd",
    "crontab": "--cron",
    "launchctl": "--launchd on a Mac",
}


def ran(words: Sequence[str], text: str = "") -> Ran:
    """By the operating system. Bytes that are no text come through as they are, as a crontab may have them."""
    try:
        done = subprocess.run(  # noqa: S603 - systemctl, loginctl, crontab or launchctl
            words, input=os.fsencode(text), capture_output=True, timeout=LONGEST_COMMAND, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        why = "did not end" if isinstance(error, subprocess.TimeoutExpired) else "can't be run"
        others = ", ".join(way for program, way in WAYS.items() if program != words[0])
        raise BadInputError.of(words[0], f"{why} on this machine: choose another way, such as {others}") from error
    return Ran(done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr).strip())


@dataclass(frozen=True, slots=True)
class Piece:
    """A file, or our block of the crontab where `path` is None. `there` is what is there now, None for nothing."""

    name: str
    path: Path | None
    there: str | None

    @property
    def place(self) -> str:
        return str(self.path or self.name)

    @property
    def seal(self) -> Seal:
        return service_files.seal_of(self.there)


@dataclass(frozen=True, slots=True)
class Installation:
    """A way to start the program, called `name`, as it is on this machine: its pieces, and the commands about it.

    `begin` starts it now and whenever the machine does; `end` the opposite; `reread` after its files have changed;
    `restart` is a person's, since it tells a run that is under way to end; `asks` is whether it is active.
    """

    way: Way
    name: str
    pieces: tuple[Piece, ...]
    begin: tuple[Words, ...] = ()
    end: tuple[Words, ...] = ()
    reread: tuple[Words, ...] = ()
    restart: Words = ()
    asks: Words = ()

    @property
    def there(self) -> bool:
        return any(piece.seal in {"ours", "edited"} for piece in self.pieces)

    def is_current(self, texts: Mapping[str, str]) -> bool:
        """Whether `texts` would be written again."""
        return all(piece.there == texts[piece.name] for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Planned:
    """What would be written into each place of `found`, and what a person should know before."""

    found: Installation
    setup: Setup
    texts: Mapping[str, str]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Started:
    """A way to start the program that is installed, in `places`. `troubles` are what a person has to mend."""

    way: Way
    system: bool
    places: tuple[str, ...]
    active: bool
    troubles: tuple[str, ...]


def installation(way: Way, name: str, folder: Path, run: Run, *, system: bool = False) -> Installation:
    """That in `folder`, or in the user's crontab. Raises BadInputError where it can't be read."""
    files = service_files.files_of(way, name)
    if way == "cron":
        return Installation(way, name, (Piece(CRONTAB, None, _block(name, run)),))
    pieces = tuple(Piece(file, folder / file, _read(folder / file)) for file in files)
    if way == "launchd":
        return _launchd(name, pieces)
    return _systemd(way, name, pieces, ("systemctl",) if system else ("systemctl", "--user"))


def _systemd(way: Way, name: str, pieces: tuple[Piece, ...], systemctl: Words) -> Installation:
    started, reread = pieces[0].name, (*systemctl, "daemon-reload")
    return Installation(
        way,
        name,
        pieces,
        begin=((*systemctl, "enable", "--now", started),),
        end=((*systemctl, "disable", "--now", "--no-block", started),),  # a run may await its orders for minutes
        reread=(reread,),
        restart=(*systemctl, "restart", started),
        asks=(*systemctl, "is-active", started),
    )


def _launchd(name: str, pieces: tuple[Piece, ...]) -> Installation:
    (piece,) = pieces
    domain = f"gui/{os.getuid()}"
    agent = f"{domain}/{Path(piece.name).stem}"
    return Installation(
        "launchd",
        name,
        pieces,
        begin=(("launchctl", "bootstrap", domain, piece.place),),
        end=(("launchctl", "bootout", agent),),
        restart=("launchctl", "kickstart", "-k", agent),
        asks=("launchctl", "print", agent),
    )


def _read(path: Path) -> str | None:
    try:
        return read_regular(path, MOST_BYTES).decode("utf-8", "replace") if os.path.lexists(path) else None
    except OSError as error:
        raise BadInputError.of(path, f"can't be read: {error.strerror}") from error


def _block(name: str, run: Run) -> str | None:
    try:
        return service_files.block_in(crontab(run), name)
    except ValueError as error:
        raise BadInputError.of(CRONTAB, str(error)) from error


def crontab(run: Run) -> str:
    """The user's, "" where there is none. Raises BadInputError where crontab's answer is ambiguous."""
    found = run(("crontab", "-l"), "")
    if found.code == 0:
        return found.out
    if "no crontab for" in found.err.lower():
        return ""
    why = found.err or f"exit code {found.code}"
    raise BadInputError.of("crontab -l", f"failed ({why}), so nothing is written over what may be there: mend it first")


def is_active(found: Installation, run: Run) -> bool:
    """A block of the crontab is active where it is there."""
    if not found.there:
        return False
    return run(found.asks, "").code == 0 if found.asks else True


# ------------------------------------------------------------------------------------------------ changing it


def require_ours(found: Installation) -> None:
    """Raises BadInputError where a text of others, or one changed by hand, is in the place of one of ours."""
    for piece in found.pieces:
        if piece.seal == "foreign":
            text = "was not written by `rebalance service install`: move it away, or choose another --name"
            raise BadInputError.of(piece.place, text)
        if piece.seal == "edited":
            keep = "in a drop-in, by `systemctl edit`" if piece.path else "in lines outside of the block"
            text = f"was changed by hand, so it stays as it is: keep your changes {keep}, take it away, and try again"
            raise BadInputError.of(piece.place, text)


def install(found: Installation, texts: Mapping[str, str], run: Run) -> None:
    """Write `texts`, and start it where it is not active already. Raises BadInputError, RunFailedError."""
    require_ours(found)
    active = is_active(found, run)
    for piece in found.pieces:
        if piece.path is None:
            _write_crontab(service_files.with_block(crontab(run), found.name, texts[piece.name]), run)
        else:
            _write(piece.path, texts[piece.name])
    _run_each([*found.reread, *(() if active else found.begin)], run)


def uninstall(found: Installation, run: Run) -> None:
    """Stop it, then remove its pieces. A run in progress is asked to shut down: it awaits the orders that it sent.

    Raises BadInputError, RunFailedError.
    """
    require_ours(found)
    if found.way != "launchd" or is_active(found, run):  # launchctl refuses to end what is not loaded
        _run_each(found.end, run)
    for piece in found.pieces:
        if piece.path is None:
            _write_crontab(service_files.with_block(crontab(run), found.name, ""), run)
        else:
            _remove(piece.path)
    _run_each(found.reread, run)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_atomically(path, text.encode(), mode=0o644)
    except OSError as error:
        text = f"can't be written: {error.strerror}. --print shows it, for you to put there"
        raise BadInputError.of(path, text) from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise BadInputError.of(path, f"can't be removed: {error.strerror}") from error


def _write_crontab(text: str, run: Run) -> None:
    done = run(("crontab", "-"), text)
    if done.code:
        raise RunFailedError(f"`crontab -` ended with {done.code}: {done.err}. The crontab is as it was.")


def _run_each(commands: Iterable[Words], run: Run) -> None:
    for words in commands:
        done = run(words, "")
        if done.code:
            said = f"`{' '.join(words)}` ended with {done.code}: {done.err or done.out.strip()}"
            raise RunFailedError(f"{said}. The files stay as they are: fix that and try again.")
