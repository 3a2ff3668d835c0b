"""Only one run at a time trades a brokerage account on this machine, whatever configs and state folders name it."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from rebalancer.config import AccountConfig
from rebalancer.errors import RunFailedError
from rebalancer.files import replace_atomically
from rebalancer.journal.lock import acquire
from rebalancer.ports import Broker


@contextmanager
def account_lock(account: AccountConfig, broker: Broker, state_dir: Path) -> Iterator[None]:
    """Hold the lock of the account that `broker` shows; a second run's error names `state_dir`.

    A simulated account needs none: its file is in the state folder, whose journal is locked already. Raises
    BusyError while another process holds it, RunFailedError where it can't be written.
    """
    with ExitStack() as stack:
        if not broker.venue.simulated:
            venue = urlsplit(account.address).netloc.lower()
            stack.enter_context(_held(f"account {broker.account().number} at {venue}", state_dir))
        yield


@contextmanager
def _held(whose: str, state_dir: Path) -> Iterator[None]:
    folder, name = accounts_folder(), sha256(whose.encode()).hexdigest()[:16]
    # The holder is named in a second file: a lock file may be truncated by others, and is unreadable on Windows.
    lock, holder = folder / f"{name}.lock", folder / f"{name}.txt"
    with ExitStack() as stack:
        with _writable(folder, whose):
            stack.callback(acquire(lock, lambda: _busy(whose, lock, holder)).release)
            process = f"process {os.getpid()} with the state folder {state_dir.absolute()}"
            replace_atomically(holder, f"{whose}\n{process}\n".encode())
        yield


def accounts_folder() -> Path:
    """In the user's home folder: cron, systemd and a login shell agree about that, unlike other variables."""
    try:
        return Path.home() / ".local" / "state" / "rebalancer" / "accounts"
    except RuntimeError as error:
        raise RunFailedError(
            "this user has no home folder, in which two runs of one account would find each other: set HOME. Nothing "
            "was sent."
        ) from error


@contextmanager
def _writable(folder: Path, whose: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunFailedError(
            f"the folder {folder} can't be written: {error.strerror}. It keeps two runs of {whose} apart: make it "
            "writable for this user, then run again. Nothing was sent."
        ) from error


def _busy(whose: str, lock: Path, holder: Path) -> str:
    try:
        _, who, *_ = holder.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        who = "a process that has not written its name down yet"
    return (
        f"another run trades {whose} at this moment: {who} (it holds {lock}). Wait until it ends, then run again. "
        "Nothing was sent; one state folder should have this account, since only its journal knows the orders."
    )
