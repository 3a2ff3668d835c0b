"""Connections to the venues of a config's accounts, opened when they are first needed."""

from contextlib import closing
from dataclasses import asdict
from types import TracebackType
from typing import Self

from rebalancer.config import AccountConfig, Config
from rebalancer.config.credentials import Keyring, read_keys
from rebalancer.market.clock import AheadClock, SystemClock
from rebalancer.ports import Clock
from rebalancer.venues import registry
from rebalancer.venues.plugin import Connection, Login


class Connections:
    """One connection an account, all closed together. `clock` is the present time, by which they wait."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config
        self._accounts = {account.name: account for account in config.accounts}
        self._clock = clock
        self._open: dict[str, Connection] = {}

    def to(self, account: str) -> Connection:
        """Raises BadInputError where the account's keys can't be read, RunFailedError for a host that is refused."""
        if account not in self._open:
            self._open[account] = _connect(self._config, self._accounts[account], self._clock)
        return self._open[account]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in self._open.values():
            connection.close()


def clock_of(config: Config, account: AccountConfig) -> Clock:
    """The machine's clock, or that of a venue which lives at another time.

    Raises SourceError where such a venue does not answer.
    """
    machine = SystemClock()
    if not registry.plugin(account.broker).has_own_clock(account.settings):
        return machine
    with closing(_connect(config, account, machine)) as connection:
        return AheadClock(machine, connection.broker(None).hours().now - machine.now())


def _connect(config: Config, account: AccountConfig, clock: Clock) -> Connection:
    plugin = registry.plugin(account.broker)
    simulation = asdict(account.sim) if plugin.venue.simulated else {}
    login = Login(
        account=account.name,
        mode=account.mode,
        settings={**account.settings, **simulation},
        keys=read_keys(account, Keyring()) if plugin.needs_keys else None,
        clock=clock,
        state_dir=config.state_dir,
    )
    return plugin.connect(login)
