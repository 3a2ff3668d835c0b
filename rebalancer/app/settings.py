"""The owner's settings: checked as a whole, and brought to this version's layout."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path

from rebalancer import config as settings
from rebalancer.app.bots import load_bots, read_bots
from rebalancer.app.controls import disarm_after_edit
from rebalancer.app.views import Migrated, SettingsCheck
from rebalancer.config import AccountConfig, Config
from rebalancer.config.credentials import read_keys
from rebalancer.config.files import replace_content, set_aside
from rebalancer.config.kinds import SCHEMA
from rebalancer.config.migrate import migration
from rebalancer.config.vault import Keyring
from rebalancer.errors import BadInputError, Problem
from rebalancer.journal import read
from rebalancer.model import Symbol
from rebalancer.model.text import minute
from rebalancer.portfolio.limits import used_up


def check(path: Path) -> SettingsCheck:
    """Every problem of the config at `path`, of its bot files and of its keys."""
    try:
        config = settings.load(path, os.environ)
    except BadInputError as error:
        return SettingsCheck(None, error.problems, ())
    problems = tuple(problem for account in config.accounts for problem in _problems(account))
    return SettingsCheck(config, problems, () if problems else tuple(_used_up_limits(config)))


def _problems(account: AccountConfig) -> Iterator[Problem]:
    checks: list[Callable[[], object]] = [lambda: load_bots(account.bots, read_bots(account.bots))]
    if account.key_source is not None:
        checks.append(lambda: read_keys(account, Keyring()))
    for check in checks:
        try:
            check()
        except BadInputError as error:
            yield from error.problems


def _used_up_limits(config: Config) -> list[str]:
    """A sentence for each symbol whose holding leaves no room under its limits, as the last run recorded it."""
    return [sentence for account in config.accounts for sentence in _used_up(config, account)]


def _used_up(config: Config, account: AccountConfig) -> Iterator[str]:
    for last in read.runs(config.journal(), account.name, limit=1):
        wanted = _wanted(account)
        for record in read.run(config.journal(), last.id).holdings[-1:]:
            values = {holding.symbol: holding.value for holding in record.holdings if holding.symbol in wanted}
            seen = record.account
            for symbol, why in used_up(values, seen.equity, account.limits, seen.currency).items():
                yield f"account {account.name}: {symbol}: {why} (as of {minute(record.at, UTC)})"


def _wanted(account: AccountConfig) -> set[Symbol]:
    bots = load_bots(account.bots, read_bots(account.bots)).values()
    held = {symbol for bot in bots for symbol in bot.holdable}
    return held | ({account.trading.fallback_ticker} if account.trading.fallback_ticker else set())


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
