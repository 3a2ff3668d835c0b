"""Connections to the venues of a config's accounts, and the keys in the system's keyring that they log in with."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import asdict

from rebalancer.config import AccountConfig, Config
from rebalancer.config.credentials import Keyring, read_keys
from rebalancer.errors import BadInputError, Problem
from rebalancer.market.clock import OffsetClock, SystemClock
from rebalancer.model.keys import Keys
from rebalancer.ports import Clock
from rebalancer.venues import registry
from rebalancer.venues.plugin import Connection, Login


class Connections(ExitStack):
    """One connection an account, all closed together. `clock` is the present time, by which they wait."""

    def __init__(self, config: Config, clock: Clock) -> None:
        super().__init__()
        self._config = config
        self._clock = clock
        self._open: dict[str, Connection] = {}

    def to(self, account: str) -> Connection:
        """Raises BadInputError where the account's keys can't be read, RunFailedError for a host that is refused."""
        if account not in self._open:
            settings = next(each for each in self._config.accounts if each.name == account)
            self._open[account] = self.enter_context(closing(_connect(self._config, settings, self._clock)))
        return self._open[account]


def clock_of(config: Config, account: AccountConfig) -> Clock:
    """The machine's clock, or that of a venue which lives at another time.

    Raises SourceError where such a venue does not answer.
    """
    machine = SystemClock()
    if not registry.plugin(account.broker).has_own_clock(account.settings):
        return machine
    with closing(_connect(config, account, machine)) as connection:
        return OffsetClock(machine, connection.broker(None).hours().now - machine.now())


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


# ---------------------------------------------------------------------------------------------------------------- keys


def store_keys(config: Config, account: AccountConfig, enter: Callable[[], Keys]) -> str:
    """Store the keys that `enter` returns; the keyring's name. `enter` is called once it is known to be usable.

    Raises BadInputError where the account takes its keys from elsewhere, for malformed keys, and for a keyring that
    does not keep them.
    """
    _require_keyring(config, account)
    keyring = Keyring()
    where, keys = keyring.name, enter()
    if not keys.well_formed:
        text = "the key's ID or its secret is empty or has blanks in it; nothing was stored"
        raise BadInputError([Problem(account.name, "", text)])
    keyring.put(account.name, keys)
    if keyring.get(account.name) != keys:
        text = f"{where} did not keep the keys; name them by key_id and secret, or by credentials_file"
        raise BadInputError([Problem(account.name, "", text)])
    return where


def remove_keys(account: str) -> tuple[bool, str]:
    """Whether keys of `account` were removed, and the keyring's name."""
    keyring = Keyring()
    return keyring.delete(account), keyring.name


def _require_keyring(config: Config, account: AccountConfig) -> None:
    source = account.key_source
    if source is None:
        text = f'has broker = "{account.broker}", which needs no keys'
    elif source.variables:
        text = "takes its keys from key_id and secret: take these two lines out first"
    elif source.file:
        text = f"takes its keys from {source.file}: take credentials_file out first"
    else:
        return
    raise BadInputError([Problem(str(config.path), f"accounts.{account.name}", text)])
