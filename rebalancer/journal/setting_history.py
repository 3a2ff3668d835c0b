"""Changes of settings, as the journal noted them. Read-only; nothing is found where there is no journal."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from rebalancer.events import SettingChanged
from rebalancer.journal.connection import reading


def changes(path: Path, account: str | None = None, limit: int = 50) -> tuple[SettingChanged, ...]:
    """The last `limit` changes of settings, newest first."""
    with reading(path) as journal:
        rows = journal.execute(
            "SELECT at, account, key, old, new FROM setting_changes WHERE :account IS NULL OR account = :account"
            " ORDER BY seq DESC LIMIT :limit",
            {"account": account, "limit": limit},
        ).fetchall()
    return tuple(SettingChanged(datetime.fromisoformat(at), *others) for at, *others in rows)


def enabled_changes(path: Path) -> Mapping[str, SettingChanged]:
    """Each account's last change of `enabled` that was noted outside a run, whose clock may be simulated."""
    with reading(path) as journal:
        if not journal.execute("SELECT 1 FROM sqlite_master WHERE name = 'setting_changes'").fetchone():
            return {}
        rows = journal.execute(
            "SELECT account, at, key, old, new, MAX(seq) FROM setting_changes"
            " WHERE run = 0 AND key = 'accounts.' || account || '.enabled' GROUP BY account"
        ).fetchall()
    return {
        name: SettingChanged(datetime.fromisoformat(at), name, key, old, new) for name, at, key, old, new, _ in rows
    }
