"""Changes of settings, as the journal noted them. Read-only; nothing is found where there is no journal."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from rebalancer.bookings import HandedOver
from rebalancer.events import SettingChanged
from rebalancer.journal.codec import from_body
from rebalancer.journal.connection import reading
from rebalancer.model import NO_RUN


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


def bots_handed_over(path: Path, account: str) -> frozenset[str]:
    """The bots that ever left shares to their owner."""
    with reading(path) as journal:
        rows = journal.execute(
            "SELECT json_extract(body, '$.bot') FROM events WHERE run = ? AND kind = ?"
            " AND json_extract(body, '$.account') = ?",
            [NO_RUN, HandedOver.__name__, account],
        ).fetchall()
    return frozenset(bot for (bot,) in rows)


def unfinished_removals(path: Path, account: str) -> Mapping[str, HandedOver]:
    """The bots whose shares were handed over to their owner, and of whose removal from the config nothing is known yet.

    By the bot's name, its last shares.
    """
    with reading(path) as journal:
        rows = journal.execute(
            """SELECT kind, body FROM events WHERE run = :no_run AND kind = :kind
            AND json_extract(body, '$.account') = :account AND json_extract(body, '$.config_follows')
            AND NOT EXISTS (SELECT 1 FROM setting_changes AS later WHERE later.seq > events.seq
                AND later.account = :account
                AND later.key = 'accounts.' || :account || '.investments."' || json_extract(body, '$.bot') || '".bot')
            ORDER BY seq""",
            {"no_run": NO_RUN, "kind": HandedOver.__name__, "account": account},
        ).fetchall()
    handed: Iterable[HandedOver] = (from_body(*row) for row in rows)
    return {each.bot: each for each in handed}
