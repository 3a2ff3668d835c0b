"""The figures that monitors read: of each account by its last run, and of the journal."""

import platform
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial

from rebalancer import __version__
from rebalancer.config import AccountConfig, Config
from rebalancer.journal import figures, read
from rebalancer.model.states import OrderPhase
from rebalancer.notify.metrics import Gauge, Sample
from rebalancer.notify.observer_state import ObserverState

STATUSES = ("success", "partial", "failed", "missed", "running")
STATES: tuple[OrderPhase, ...] = ("filled", "open", "canceled", "expired", "rejected", "refused", "unknown", "lost")
OTHERS: Mapping[str, OrderPhase] = {"intended": "unknown", "absent": "unknown", "accepted": "open"}
"""States that are counted with another one: a person does the same about them."""


def gauges(config: Config, state: ObserverState) -> tuple[Gauge, ...]:
    """Raises RunFailedError for a journal that can't be read."""
    skew = partial(_skew, state)

    def of_accounts(name: str, meaning: str, figure: Callable[..., Iterator[Sample]]) -> Gauge:
        found = (each for account in config.accounts for each in figure(config, account))
        return Gauge(name, meaning, tuple(found))

    return (
        of_accounts("enabled", "Whether the schedule runs the account.", _enabled),
        of_accounts("last_attempt_timestamp_seconds", "When the account's last run began.", _last_attempt),
        of_accounts("last_success_timestamp_seconds", "When its last successful run ended.", _last_success),
        of_accounts("last_run_status", "1 for the status of its last run, 0 for the others.", _status),
        of_accounts("last_run_orders", "The orders of its last run by their outcome.", _orders),
        of_accounts("halted", "1 while no order may be sent for the account.", _halted),
        of_accounts("unknown_orders", "Orders with an unknown outcome, of all runs.", _unknown),
        of_accounts("equity", "What the account was worth when a run last read it.", _equity),
        of_accounts("oldest_price_age_seconds", "Age of the oldest price that its last run traded by.", _price_age),
        of_accounts("clock_skew_seconds", "How far the venue's clock was from ours in its last run.", skew),
        Gauge("journal_bytes", "Size of the journal.", tuple(_size(config))),
        Gauge("build_info", "The version that wrote this file.", (_build(),)),
    )


def _enabled(_: Config, account: AccountConfig) -> Iterator[Sample]:
    yield _of(account, account.enabled)


def _last_attempt(config: Config, account: AccountConfig) -> Iterator[Sample]:
    for run in read.runs(config.journal(), account.name, 1):
        yield _at(account, run.started)


def _last_success(config: Config, account: AccountConfig) -> Iterator[Sample]:
    if ended := figures.last_success(config.journal(), account.name):
        yield _at(account, ended)


def _status(config: Config, account: AccountConfig) -> Iterator[Sample]:
    for run in read.runs(config.journal(), account.name, 1):
        yield from (_of(account, run.status == status, status=status) for status in STATUSES)


def _orders(config: Config, account: AccountConfig) -> Iterator[Sample]:
    for run in read.runs(config.journal(), account.name, 1):
        found: dict[str, int] = dict.fromkeys(STATES, 0)
        for state, number in figures.order_states(config.journal(), run.id).items():
            found[OTHERS.get(state, state)] += number
        yield from (_of(account, number, outcome=state) for state, number in found.items())


def _halted(config: Config, account: AccountConfig) -> Iterator[Sample]:
    yield _of(account, read.trading_status(config.journal(), account.name).halt is not None)


def _unknown(config: Config, account: AccountConfig) -> Iterator[Sample]:
    yield _of(account, figures.unknown_orders(config.journal(), account.name))


def _equity(config: Config, account: AccountConfig) -> Iterator[Sample]:
    if found := figures.last_equity(config.journal(), account.name):
        equity, currency = found
        yield _of(account, equity, currency=currency)


def _price_age(config: Config, account: AccountConfig) -> Iterator[Sample]:
    for run in read.runs(config.journal(), account.name, 1):
        if (age := figures.price_age(config.journal(), run.id)) is not None:
            yield _of(account, age)


def _skew(state: ObserverState, _: Config, account: AccountConfig) -> Iterator[Sample]:
    if account.name in state.skews:
        yield _of(account, state.skews[account.name])


def _size(config: Config) -> Iterator[Sample]:
    if config.journal().exists():
        yield Sample(config.journal().stat().st_size, {})


def _build() -> Sample:
    return Sample(1, {"version": __version__, "python": platform.python_version()})


def _of(account: AccountConfig, value: float, **labels: str) -> Sample:
    return Sample(float(value), {"account": account.name, **labels})


def _at(account: AccountConfig, at: datetime) -> Sample:
    return _of(account, at.timestamp())
