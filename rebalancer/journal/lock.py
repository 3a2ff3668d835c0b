"""Locks between the processes of one machine. Each ends with its process, however that ends."""

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from rebalancer.errors import BusyError


def acquire(path: Path, busy: Callable[[], str]) -> FileLock:
    """Hold the lock file at `path` until `release`; it and its folder are made, for their owner alone.

    Raises BusyError, with the sentence `busy`, while another process holds it, and OSError where it can't be made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(path, blocking=False, mode=0o600)
    try:
        lock.acquire()
    except Timeout as error:
        raise BusyError(busy()) from error
    return lock
