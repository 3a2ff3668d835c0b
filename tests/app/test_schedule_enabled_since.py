"""When an account was enabled is read from the journal, so that deleting a cache hides no missed session."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rebalancer.app.schedule import due_now, enabled_since
from rebalancer.config import Config, load
from rebalancer.journal import setting_history
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import RunRequest

NOW = datetime(2016, 6, 27, 12, tzinfo=UTC)
KEY = "accounts.main.enabled"
CONFIG = """
state_dir = "state"
[accounts.main]
broker = "sim"
enabled = true
[[accounts.main.investments]]
bot = "bot.json"
amount = 100
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "config.toml").write_text(CONFIG)
    return load(tmp_path / "config.toml")


def at(days: int) -> SimulatedClock:
    return SimulatedClock(NOW + timedelta(days=days))


def disabled(config: Config) -> Config:
    return replace(config, accounts=tuple(replace(account, enabled=False) for account in config.accounts))


def changes(config: Config) -> list[tuple[str, str | None, str | None]]:
    return [(change.key, change.old, change.new) for change in reversed(setting_history.changes(config.journal()))]


def test_the_first_check_of_an_enabled_account_is_journalled_and_stays(config: Config) -> None:
    assert enabled_since(config, at(0)) == {"main": NOW}
    assert enabled_since(config, at(3)) == {"main": NOW}
    assert changes(config) == [(KEY, None, "true")]


def test_an_account_that_is_enabled_again_counts_from_then_on(config: Config) -> None:
    enabled_since(config, at(0))
    assert enabled_since(disabled(config), at(1)) == {}
    assert enabled_since(config, at(2)) == {"main": NOW + timedelta(days=2)}
    assert changes(config) == [(KEY, None, "true"), (KEY, "true", "false"), (KEY, "false", "true")]


def test_an_account_that_was_never_enabled_is_not_journalled(config: Config) -> None:
    assert enabled_since(disabled(config), at(0)) == {}
    assert not config.journal().exists()


def test_two_configs_that_share_a_journal_do_not_undo_each_others_accounts(config: Config) -> None:
    enabled_since(config, at(0))
    assert enabled_since(replace(config, accounts=()), at(1)) == {}
    assert enabled_since(config, at(2)) == {"main": NOW}
    assert changes(config) == [(KEY, None, "true")]


def test_a_setting_change_journalled_by_a_run_of_a_past_day_does_not_count(config: Config) -> None:
    """A run of a past day journals a changed setting at that day's time."""
    with SqliteJournal.open(config.journal()) as journal:
        for days, enabled in ((0, "false"), (1, "true")):
            time = at(days).now()
            files = {"settings": json.dumps({KEY: enabled}).encode()}
            journal.start_run(RunRequest(time, "main", "sim", "paper", time.date(), time, "0.1", files))
    assert changes(config) == [(KEY, "false", "true")]
    assert enabled_since(config, at(5)) == {"main": NOW + timedelta(days=5)}


def test_all_caches_deleted_the_missed_session_is_still_missed(config: Config) -> None:
    list(due_now(config, at(0)))
    for file in config.state_dir.glob("sessions-*.json"):
        file.unlink()
    ((missed,),) = (work.missed for work in due_now(config, at(1)))
    assert missed.session.day == NOW.date()


def test_an_unwritable_journal_is_left_for_the_run_to_report(config: Config, tmp_path: Path) -> None:
    enabled_since(config, at(0))
    config.journal().unlink()  # the mark beside it remembers more lines than a new one has
    assert enabled_since(config, at(3)) == {"main": NOW + timedelta(days=3)}


def test_a_deleted_journal_is_not_replaced_by_an_empty_one(config: Config) -> None:
    """A backup must be restorable to its place; its high-water mark shows that there was a journal."""
    enabled_since(config, at(0))
    for file in config.journal().parent.glob("journal.sqlite*"):
        if file.suffix != ".head":
            file.unlink()
    assert enabled_since(config, at(1)) == {"main": NOW + timedelta(days=1)}
    assert not config.journal().exists()
