"""The request to start a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class RunRequest:
    """`files` maps the config and each bot to its bytes, which are stored by SHA-256.

    `venue` is where orders are sent, such as a host name. `force` starts another run of a session that already had one.
    `notes` are sentences for every screen that shows the run.
    """

    at: datetime
    account: str
    broker: str
    mode: str
    session: date
    closes: datetime
    version: str
    files: Mapping[str, bytes]
    dry_run: bool = False
    force: bool = False
    notes: tuple[str, ...] = ()
    venue: str = ""
    purpose: Literal["evening", "trial"] = "evening"
