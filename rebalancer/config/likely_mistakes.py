"""Settings that are legal and almost surely wrong, as problems of which a run takes no notice."""

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from rebalancer.config.document import leaves, line_of, lines_of
from rebalancer.config.tables import AccountConfig, Config
from rebalancer.errors import Problem
from rebalancer.venues import registry
from rebalancer.venues.plugin import AddressKey, is_loopback

Found = Iterator[tuple[str, str]]
"""Dotted keys, each with what is odd about its value."""
TRADING_PERCENTS = ("max_allocation_percent", "max_distance_percent", "max_jump_percent")
LIMIT_PERCENTS = ("max_symbol_percent", "max_turnover_percent", "max_daily_loss_percent")
"""Percents that make no sense below 1; others, such as limit_percent, do."""


def unlikely_settings(config: Config) -> tuple[Problem, ...]:
    """What is odd in `config`, in the order of its file, each once."""
    written, lines = leaves(config.document), lines_of(config.content.decode("utf-8-sig"))
    found = dict.fromkeys(
        (key if key in written else _shared(key), text)
        for account in config.accounts
        for key, text in (*_of_account(account, f"accounts.{account.name}"), *_of_prices(config, account))
    )
    problems = [Problem(str(config.path), key, text, line_of(key, lines)) for key, text in found]
    return tuple(sorted(problems, key=lambda problem: problem.line or 0))


def _shared(key: str) -> str:
    """Where a key of an account's table is set for all accounts: trading.x for accounts.main.trading.x."""
    *_, own = key.split(".", 2)
    return own if own.startswith(("trading", "limits", "on_result")) else key


def _of_prices(config: Config, account: AccountConfig) -> Found:
    if account.enabled and account.venue.simulated and config.data_source == "sample":
        text = "the sample ends in 2016, where no scheduled run finds a price: set false, or bring prices of your own"
        yield f"accounts.{account.name}.enabled", text
    if config.data_folder is not None and not config.data_folder.is_dir():
        yield "data.folder", f"there is no folder {config.data_folder}: no run has prices until it is there"


def _of_account(account: AccountConfig, here: str) -> Found:
    for index, each in enumerate(account.investments):
        if each.weight_mode == "percent":
            yield from _small_percent(f"{here}.investments[{index}].amount", each.amount)
    if account.reserve.mode == "percent":
        yield from _small_percent(f"{here}.cash_reserve.amount", account.reserve.amount)
    for key in TRADING_PERCENTS:
        yield from _small_percent(f"{here}.trading.{key}", getattr(account.trading, key))
    for key in LIMIT_PERCENTS:
        yield from _small_percent(f"{here}.limits.{key}", getattr(account.limits, key))
    yield from _beyond_the_whole(account, here)
    yield from _real_money_on_this_machine(account, here)
    if account.on_result and shutil.which(account.on_result[0]) is None:
        name = Path(account.on_result[0]).name
        yield (
            f"{here}.on_result",
            f"the program {name} can't be found: write its full path, else it is not run",
        )


def _small_percent(key: str, percent: Decimal) -> Found:
    if 0 < percent < 1:
        meant = f"{(percent * 100).normalize():f}"
        yield key, f"{percent:f} is less than 1 percent: write {meant} if {meant} % is meant"


def _beyond_the_whole(account: AccountConfig, here: str) -> Found:
    """Where amounts are weights (commit = "whole_account"), any sum is right."""
    total = sum((each.amount for each in account.investments if each.weight_mode == "percent"), Decimal(0))
    if account.trading.commit == "amounts" and total > 100:
        yield f"{here}.investments", f"together {total:f} percent of what may be invested: all are scaled down to 100"


def _real_money_on_this_machine(account: AccountConfig, here: str) -> Found:
    for key, spec in registry.plugin(account.broker).account_keys.items():
        value = account.settings[key]
        if account.mode == "live" and isinstance(spec, AddressKey) and is_loopback(value):
            text = f'{value} is on this machine, and mode = "live" is for real money: take one of the two lines out'
            yield f"{here}.{key}", text
