"""Since when each account is enabled, by the journal: a session counts as missed only after that."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime

from rebalancer.config import Config
from rebalancer.errors import RebalancerError
from rebalancer.events import SettingChanged
from rebalancer.journal import read
from rebalancer.model import NO_RUN
from rebalancer.ports import Clock


def enabled_since(config: Config, clock: Clock) -> Mapping[str, datetime]:
    """When each enabled account was first seen to be enabled, in UTC.

    An account that was enabled or disabled since the last call is journalled as a changed setting, at the clock's time.
    A journal that can't be written is reported by the run that needs it, not here. Raises RunFailedError for one that
    can't be read.
    """
    known, now = read.enabled_changes(config.journal()), clock.now()
    changed = tuple(_changed(config, known, now))
    if changed:
        _record(config, changed)
    last = {**known, **{change.account: change for change in changed}}
    return {account.name: last[account.name].at for account in config.accounts if account.enabled}


def _changed(config: Config, known: Mapping[str, SettingChanged], now: datetime) -> Iterator[SettingChanged]:
    """Where config and journal differ. A disabled account that the journal never saw enabled is no change.

    Accounts of the journal that the config lacks are left alone: two configs may share a state folder.
    """
    for account in config.accounts:
        before = known[account.name].new if account.name in known else None
        if account.enabled != (before == "true"):
            key, after = f"accounts.{account.name}.enabled", str(account.enabled).lower()
            yield SettingChanged(now, account.name, key, before, after)


def _record(config: Config, changed: tuple[SettingChanged, ...]) -> None:
    from rebalancer.journal.store import SqliteJournal  # noqa: PLC0415 - nothing is written most of the time

    with suppress(RebalancerError), SqliteJournal.open(config.journal()) as journal:
        journal.record(NO_RUN, *changed)
