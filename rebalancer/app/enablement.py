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
    return {name: change.at for name, change in last.items() if change.new == "true"}


def _changed(config: Config, known: Mapping[str, SettingChanged], now: datetime) -> Iterator[SettingChanged]:
    """Where config and journal differ. A disabled account that the journal never saw enabled is no change."""
    found = {account.name: account.enabled for account in config.accounts}
    for name in sorted({*found, *known}):
        before = known[name].new if name in known else None
        enabled = found.get(name, False)
        if enabled != (before == "true"):
            yield SettingChanged(now, name, f"accounts.{name}.enabled", before, str(enabled).lower())


def _record(config: Config, changed: tuple[SettingChanged, ...]) -> None:
    from rebalancer.journal.store import SqliteJournal  # noqa: PLC0415 - nothing is written most of the time

    with suppress(RebalancerError), SqliteJournal.open(config.journal()) as journal:
        journal.record(NO_RUN, *changed)
