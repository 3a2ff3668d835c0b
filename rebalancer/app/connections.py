"""Connections of accounts to their venues, and where their API keys are stored."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import asdict

from rebalancer.config import AccountConfig, Config
from rebalancer.config.credentials import KeyFile, Keyring, KeyStore, read_keys
from rebalancer.errors import BadInputError
from rebalancer.market.clock import OffsetClock, SystemClock
from rebalancer.model.keys import Keys
from rebalancer.ports import Clock, Progress
from rebalancer.venues import registry
from rebalancer.venues.plugin import Connection, Login


class Connections(ExitStack):
    """One connection per account, opened on demand and closed together.

    `clock` is the current time; `waiting` is called while a venue's rate limit is waited for, as in `Login`.
    """

    def __init__(self, config: Config, clock: Clock, waiting: Progress | None = None) -> None:
        super().__init__()
        self._config = config
        self._clock = clock
        self._waiting = waiting
        self._open: dict[str, Connection] = {}

    def to(self, account: str) -> Connection:
        """Raises BadInputError for unreadable keys, RunFailedError for a host that is not allowed."""
        if account not in self._open:
            settings = next(each for each in self._config.accounts if each.name == account)
            self._open[account] = self.enter_context(
                closing(_connect(self._config, settings, self._clock, self._waiting))
            )
        return self._open[account]


def clock_of(config: Config, account: AccountConfig) -> Clock:
    """The machine's clock, or that of a venue whose time differs, such as a local test server.

    Raises SourceError if such a venue does not answer.
    """
    machine = SystemClock()
    if not registry.plugin(account.broker).has_own_clock(account.settings):
        return machine
    with closing(_connect(config, account, machine)) as connection:
        return OffsetClock(machine, connection.broker(None).hours().now - machine.now())


def _connect(config: Config, account: AccountConfig, clock: Clock, waiting: Progress | None = None) -> Connection:
    plugin = registry.plugin(account.broker)
    simulation = asdict(account.sim) if plugin.venue.simulated else {}
    login = Login(
        account=account.name,
        mode=account.mode,
        settings={**account.settings, **simulation},
        keys=read_keys(account, Keyring()) if plugin.needs_keys else None,
        clock=clock,
        state_dir=config.state_dir,
        waiting=waiting,
    )
    return plugin.connect(login)


def store_keys(config: Config, account: AccountConfig, enter: Callable[[], Keys]) -> str:
    """Store the keys returned by `enter` in the account's credentials_file or else in the keyring; return its name.

    `enter` is called once that is usable. Raises BadInputError if the account's keys come from elsewhere, are
    malformed, or were not stored.
    """
    store = _store(config, account)
    store.get(account.name)
    where, keys = store.name, enter()
    if not keys.well_formed:
        text = "the key's ID or its secret is empty or has blanks in it; nothing was stored"
        raise BadInputError.of(account.name, text)
    store.put(account.name, keys)
    if store.get(account.name) != keys:
        text = f"{where} did not keep the keys; name them by key_id and secret, or by credentials_file"
        raise BadInputError.of(account.name, text)
    return where


def remove_keys(config: Config, name: str) -> tuple[bool, str]:
    """Remove the keys of the account `name`: whether there were any, and where.

    An account that `config` does not have, or no longer, may have some in the keyring.
    """
    source = next((account.key_source for account in config.accounts if account.name == name), None)
    store: KeyStore = KeyFile(source.file) if source and source.file else Keyring()
    return store.delete(name), store.name


def _store(config: Config, account: AccountConfig) -> KeyStore:
    source = account.key_source
    if source is None:
        text = f'has broker = "{account.broker}", which needs no keys'
    elif source.variables:
        text = "takes its keys from key_id and secret: take these two lines out first"
    else:
        return KeyFile(source.file) if source.file else Keyring()
    raise BadInputError.of(config.path, text, f"accounts.{account.name}")
