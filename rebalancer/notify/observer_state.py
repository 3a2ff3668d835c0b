"""What observers keep from one process to the next, in a file of the state folder. No run reads it.

A file that is lost, or can't be read, costs at most a message that is sent twice or not at all.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rebalancer.files import read_regular, replace_atomically

FILE = "observers.json"
MOST_BYTES = 1_000_000
LOCK_SECONDS = 5.0


@dataclass(slots=True)
class ObserverState:
    """`exit_codes` has that of each account's last run. `closed_day` is the last day without a session that the monitor
    was pinged on, `digest` the last week that was sent, as 2026-W48.

    `told` has by message when it was last sent, and how often it came since. `waiting` are messages that quiet hours
    hold back. `troubles` has by observer what went wrong the last time, and when. `skews` has by account how many
    seconds the venue's clock was from ours in its last run.
    """

    exit_codes: dict[str, int] = field(default_factory=dict)
    closed_day: str = ""
    digest: str = ""
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    troubles: dict[str, str] = field(default_factory=dict)
    skews: dict[str, float] = field(default_factory=dict)


def load_state(folder: Path) -> ObserverState:
    """Raises nothing: what can't be read is left at its default."""
    try:
        found = json.loads(read_regular(folder / FILE, MOST_BYTES))
        kept = {
            name: found[name] for name in found if isinstance(found[name], type(getattr(ObserverState(), name, None)))
        }
        return ObserverState(**kept)
    except (OSError, ValueError, TypeError):
        return ObserverState()


@contextmanager
def changed_state(folder: Path) -> Iterator[ObserverState]:
    """The state, to be changed, and written at the end. Raises OSError where the folder can't be written."""
    from filelock import FileLock  # noqa: PLC0415 - not needed while nothing is due

    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{FILE}.lock", timeout=LOCK_SECONDS):
        state = load_state(folder)
        yield state
        replace_atomically(folder / FILE, json.dumps(asdict(state), indent=1).encode())
