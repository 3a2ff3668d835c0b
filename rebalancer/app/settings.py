"""The owner's settings: checked as a whole, and brought to this version's layout."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from rebalancer import config as settings
from rebalancer.app.bots import load_bots, read_bots
from rebalancer.app.controls import disarm_after_edit
from rebalancer.app.limits import limits_used_up
from rebalancer.app.views import Migrated, SettingsCheck
from rebalancer.config import AccountConfig
from rebalancer.config.credentials import read_keys
from rebalancer.config.files import replace_content, set_aside
from rebalancer.config.migrate import migration
from rebalancer.config.vault import Keyring
from rebalancer.config.version import SCHEMA
from rebalancer.errors import BadInputError, Problem


def check(path: Path) -> SettingsCheck:
    """Every problem of the config at `path`, of its bot files and of its keys."""
    try:
        config = settings.load(path, os.environ)
    except BadInputError as error:
        return SettingsCheck(None, error.problems, ())
    problems = tuple(problem for account in config.accounts for problem in _problems(account))
    return SettingsCheck(config, problems, () if problems else tuple(limits_used_up(config)))


def _problems(account: AccountConfig) -> Iterator[Problem]:
    checks: list[Callable[[], object]] = [lambda: load_bots(account.bots, read_bots(account.bots))]
    if account.key_source is not None:
        checks.append(lambda: read_keys(account, Keyring()))
    for check in checks:
        try:
            check()
        except BadInputError as error:
            yield from error.problems


def migrate(path: Path, by: str) -> Migrated:
    """Bring the config at `path` to this version's layout; comments stay, and the old file is kept beside it.

    Raises BadInputError, and changes nothing, for a config that can't be used.
    """
    before = settings.read(path)
    found = migration(before, path)
    if found is None:
        return Migrated(str(path), SCHEMA, None, ())
    settings.parse(found.content, path, os.environ)
    set_aside(found.backup, before)
    replace_content(path, before, found.content)
    config = settings.load(path, os.environ)
    return Migrated(str(path), SCHEMA, str(found.backup), disarm_after_edit(config, config.journal(), by))
