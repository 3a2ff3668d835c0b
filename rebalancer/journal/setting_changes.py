"""The settings of the last run, and what has changed since."""

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime

from rebalancer.events import SettingChanged

SETTINGS = "settings"
"""The file name under which a run stores its settings: a JSON object, dotted key to text."""

Settings = Mapping[str, str]


def changes(at: datetime, account: str, old: Settings, new: Settings) -> tuple[SettingChanged, ...]:
    """The changes from `old` to `new`, sorted by key."""
    return tuple(
        SettingChanged(at, account, key, old.get(key), new.get(key))
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    )


def last_settings(connection: sqlite3.Connection, account: str) -> Settings | None:
    """The settings of the account's last run with all later changes applied; None before its first run."""
    row = connection.execute(
        "SELECT run_files.run, content FROM run_files JOIN files USING (sha256) JOIN runs ON runs.id = run_files.run"
        " WHERE runs.account = ? AND run_files.name = ? ORDER BY run_files.run DESC LIMIT 1",
        [account, SETTINGS],
    ).fetchone()
    if row is None:
        return None
    run, content = row
    settings: dict[str, str | None] = json.loads(content)
    since = connection.execute(
        "SELECT key, new FROM setting_changes WHERE account = ? AND seq > (SELECT MIN(seq) FROM events WHERE run = ?)"
        " ORDER BY seq",
        [account, run],
    )
    settings.update(since.fetchall())
    return {key: value for key, value in settings.items() if value is not None}
