"""What is to be started by itself, from the settings; and what a process without a terminal would lack."""

import os
import pwd
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from rebalancer.app.account import accounts_folder
from rebalancer.app.service_files import Setup, Way, texts_of, unescaped
from rebalancer.app.service_installation import (
    Installation,
    Planned,
    Run,
    Started,
    install,
    installation,
    is_active,
    require_ours,
)
from rebalancer.app.time_limits import minutes_between_looks, seconds_of_silence, seconds_to_stop
from rebalancer.config import Config
from rebalancer.config.credentials import delivered_keys
from rebalancer.config.environment import variables_in
from rebalancer.config.observers import delivered_url
from rebalancer.config.tables import KeySource, UrlSource
from rebalancer.errors import BadInputError, Problem

THERE_ANYWAY = frozenset({"HOME", "USER", "LOGNAME"})
"""Variables that every service has, and cron too."""
SYSTEM_FOLDER = Path("/etc/systemd/system")
WAYS: tuple[Way, ...] = get_args(Way)


def usual_way() -> Way:
    if sys.platform == "darwin":
        return "launchd"
    return "schedule" if Path("/run/systemd/system").is_dir() else "cron"


def folder_of(way: Way, environ: Mapping[str, str], *, system: bool) -> Path:
    """Where its files belong."""
    if system:
        return SYSTEM_FOLDER
    if way == "launchd":
        return Path.home() / "Library" / "LaunchAgents"
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def setup_of(config: Config, name: str, *, system: bool = False) -> Setup:
    """From `config`, for a service called `name`; with `system` for the whole machine, as the config's owner."""
    owner = pwd.getpwuid(config.path.absolute().stat().st_uid)
    accounts = Path(owner.pw_dir) / accounts_folder().relative_to(Path.home()) if system else accounts_folder()
    beside = [config.metrics.absolute().parent] if config.metrics else []
    return Setup(
        name=name,
        program=_program(),
        config=config.path.absolute(),
        state_dir=config.state_dir.absolute(),
        stop_seconds=seconds_to_stop(config),
        watchdog_seconds=seconds_of_silence(config),
        minutes=minutes_between_looks(config),
        user=owner.pw_name if system else None,
        writable=tuple(dict.fromkeys((accounts, *beside))),
        credentials=dict(_credentials(config)) if system else {},
    )


def require_fit(config: Config, setup: Setup) -> None:
    """Raises BadInputError with everything in the settings that would keep it from running."""
    if problems := [*_unfit(config), *_unspeakable(setup), *_lacking(config, setup)]:
        raise BadInputError(problems)


def make_folders(setup: Setup) -> None:
    """Those that it writes: systemd starts no unit where one is missing. Raises BadInputError."""
    owner = pwd.getpwnam(setup.user) if setup.user else None
    for folder in (setup.state_dir, *setup.writable):
        for each in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
            try:
                each.mkdir(mode=0o700)
                if owner:
                    os.chown(each, owner.pw_uid, owner.pw_gid)
            except OSError as error:
                raise BadInputError.of(each, f"can't be made: {error.strerror}") from error


def _program() -> tuple[str, ...]:
    """The program of this environment; a link that leads to its Python stays one, or the environment is lost."""
    script = Path(sys.executable).absolute().with_name("rebalance")
    return (str(script),) if script.is_file() else (str(Path(sys.executable).absolute()), "-m", "rebalancer")


def _credentials(config: Config) -> Iterator[tuple[str, Path]]:
    for account in config.accounts:
        if account.key_source and account.key_source.file:
            yield delivered_keys(account.name), account.key_source.file.absolute()
    for source in _addresses(config):
        if source.file:
            yield delivered_url(source.entry), source.file.absolute()


def _addresses(config: Config) -> Iterator[UrlSource]:
    if config.ping:
        yield config.ping
    yield from (each.url for each in config.notify)


# ------------------------------------------------------------------------------------------------ what is lacking


def _require_enabled(config: Config) -> None:
    if not any(account.enabled for account in config.accounts):
        text = "no account is enabled, so there is nothing to start: set enabled = true in [accounts.NAME]"
        raise BadInputError.of(config.path, text, "accounts")


def _unfit(config: Config) -> Iterator[Problem]:
    source = str(config.path)
    for place, name, remedy in _variables(config):
        if name not in THERE_ANYWAY:
            text = f"needs the environment variable {name}, which a service and cron do not have: {remedy}"
            yield Problem(source, place, text)


def _variables(config: Config) -> Iterator[tuple[str, str, str]]:
    """By dotted key each environment variable that the config is filled in from, and what to write in its place."""
    for account in config.accounts:
        remedy = f'write credentials_file = "{account.name}.keys" there, and `rebalance login {account.name}`'
        for name in (account.key_source.variables if account.key_source else None) or ():
            yield f"accounts.{account.name}", name, remedy
    for each in _addresses(config):
        if each.variable:
            remedy = f'write url_file = "{each.entry}-url" there, and `rebalance notify login {each.entry}`'
            yield each.key, each.variable, remedy
    for place, name in _filled_in("", config.document):
        yield place, name, "write the value itself there"


def _filled_in(place: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any value of a file
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _filled_in(f"{place}.{key}" if place else key, item)
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for number, item in enumerate(value):
            yield from _filled_in(f"{place}[{number}]", item)
    else:
        yield from ((place, name) for name in variables_in(value))


def _lacking(config: Config, setup: Setup) -> Iterator[Problem]:
    """What a unit of the whole machine can't guess: whose state folder it is, and keys that are not there yet."""
    if setup.user and "state_dir" not in config.document:
        text = "is missing: the usual folder is another one for each user, and another journal knows no order of yours"
        yield Problem(str(config.path), "state_dir", text)
    for path in setup.credentials.values():
        if not path.exists():
            text = "is not there, and systemd starts nothing without it: `rebalance login` or `notify login` writes it"
            yield Problem(str(path), "", text)


def _unspeakable(setup: Setup) -> Iterator[Problem]:
    """Paths that the files of systemd and cron have no way to write."""
    for path in (setup.config, setup.state_dir, *setup.writable, *setup.credentials.values()):
        if not str(path).isprintable() or set(str(path)) & set("\\\"'`\n"):
            yield Problem(str(path), "", "has a quote, a backslash or a line break in it: use a folder without")


def remarks(config: Config, found: Installation, setup: Setup, environ: Mapping[str, str], run: Run) -> Iterator[str]:
    """What a person should know before it is installed, and what is left to do."""
    way = found.way
    yield from _of_keyring(config, way)
    if setup.user == "root":
        yield "The service would run as root: give the config and the state folder to a user of their own."
    if way in {"schedule", "timer"} and setup.user is None:
        user = environ.get("USER") or pwd.getpwuid(os.getuid()).pw_name
        yield from _of_lingering(user, run)
    if is_active(found, run) and found.restart:
        again = " ".join(found.restart)
        yield f"It is running, and goes on by its old files until you start it anew, outside of a run: `{again}`."
    if way == "cron":
        yield "cron mails you what a run prints: see that mail of this user is read, or have [[notify]] tell you."


def _of_keyring(config: Config, way: Way) -> Iterator[str]:
    if way == "launchd":
        return
    kept = [each.name for each in config.accounts if each.key_source and each.key_source == KeySource(str(config.path))]
    kept += [each.entry for each in _addresses(config) if not (each.variable or each.file)]
    if kept:
        yield (
            f"The keyring keeps what {' and '.join(kept)} needs, and is locked while you are not logged in: a file of "
            "yours alone (credentials_file, url_file) always works."
        )


def _of_lingering(user: str, run: Run) -> Iterator[str]:
    try:
        answer = run(("loginctl", "show-user", user, "--property=Linger"), "")
    except BadInputError:
        answer = None
    if answer is None or answer.out.strip() != "Linger=yes":
        yield f"A unit of your own ends when you log out, unless you linger: `loginctl enable-linger {user}`."


# ------------------------------------------------------------------------------------------------ doing it


def texts(config: Config, way: Way, name: str, *, system: bool) -> Mapping[str, str]:
    """What would be written, by file. Raises BadInputError for settings that would keep it from running."""
    setup = setup_of(config, name, system=system)
    require_fit(config, setup)
    return texts_of(way, setup)


def planned(config: Config, way: Way, name: str, environ: Mapping[str, str], run: Run, *, system: bool) -> Planned:
    """Raises BadInputError, also where it is installed in another way, or in the place of what is not ours."""
    setup = setup_of(config, name, system=system)
    require_fit(config, setup)
    _require_enabled(config)
    for other, whole in found_here(name, environ, run):
        if (other.way, whole) != (way, system):
            options = f"--{other.way}{' --system' if whole else ''} --name {name}"
            text = f"is installed already, and one way is enough: `rebalance service uninstall {options}` first"
            raise BadInputError.of(other.pieces[0].place, text)
    found = installation(way, name, folder_of(way, environ, system=system), run, system=system)
    require_ours(found)
    return Planned(found, setup, texts_of(way, setup), tuple(remarks(config, found, setup, environ, run)))


def carry_out(planned: Planned, environ: Mapping[str, str], run: Run) -> None:
    """Raises BadInputError, also where what was there when it was shown is another text by now; RunFailedError."""
    found, system = planned.found, planned.setup.user is not None
    if installation(found.way, found.name, folder_of(found.way, environ, system=system), run, system=system) != found:
        raise BadInputError.of(found.pieces[0].place, "was changed meanwhile by another program: try again")
    make_folders(planned.setup)
    install(planned.found, planned.texts, run)


def to_uninstall(name: str, environ: Mapping[str, str], run: Run, *, way: Way | None, system: bool) -> Installation:
    """The only way that is installed, or that by `way`. Raises BadInputError where there is not exactly one."""
    there = [each for each, whole in found_here(name, environ, run) if way in {None, each.way} and system == whole]
    if len(there) != 1:
        ways = " and ".join(f"--{each.way}" for each in there)
        text = f"there are {ways}: name one of them" if there else f"nothing called {name} is installed"
        raise BadInputError.of("service uninstall", text)
    require_ours(there[0])
    return there[0]


def require_for(found: Installation, config: Path) -> None:
    """Raises BadInputError where another config than `config` is named by what is installed."""
    path = config.expanduser().absolute()
    whole = re.compile(rf"(?<![\w./-]){re.escape(str(path))}(?![\w./-])")
    if not any(whole.search(unescaped(piece.there or "")) for piece in found.pieces):
        raise BadInputError.of(
            found.pieces[0].place, f"does not start {path}: choose its --name, or leave out --config"
        )


# ------------------------------------------------------------------------------------------------ what is there


def found_here(name: str, environ: Mapping[str, str], run: Run) -> Iterator[tuple[Installation, bool]]:
    """Every way that is installed under `name`, and whether for the whole machine."""
    for way in WAYS:
        for system in (False, True) if way in {"schedule", "timer"} else (False,):
            try:
                found = installation(way, name, folder_of(way, environ, system=system), run, system=system)
            except BadInputError:
                continue  # there is no crontab on this machine, or it can't be read: nothing of ours is known there
            if found.there:
                yield found, system


def started(config: Config, name: str, environ: Mapping[str, str], run: Run) -> Iterator[Started]:
    for found, system in found_here(name, environ, run):
        active = is_active(found, run)
        troubles = [] if active else [f"it is not active: `{' '.join(found.begin[0])}` starts it"]
        setup = setup_of(config, name, system=system)
        if any(piece.seal == "edited" for piece in found.pieces):
            troubles.append("it was changed by hand: `rebalance service install` does not write over it")
        elif not found.is_current(texts_of(found.way, setup)):
            troubles.append("it was written by other settings, or another version: `rebalance service install` again")
        yield Started(found.way, system, tuple(piece.place for piece in found.pieces), active, tuple(troubles))
