"""The ways to Alpaca, one an account, opened when they are first needed."""

from contextlib import closing
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rebalancer.config import AccountConfig, Config
from rebalancer.config.credentials import read_keys
from rebalancer.config.vault import Keyring, Vault
from rebalancer.market.clock import AheadClock, SystemClock
from rebalancer.ports import Clock
from rebalancer.venues.alpaca.hosts import is_loopback

if TYPE_CHECKING:  # a simulated account needs none of it, and trades without it
    from rebalancer.venues.alpaca.client import Alpaca


class Connections:
    """Give out connections, and close them all together. `clock` is the present: what they wait, they wait by it."""

    def __init__(self, config: Config, clock: Clock, vault: Vault | None = None) -> None:
        self._accounts = {account.name: account for account in config.accounts}
        self.clock = clock
        self._vault = vault or Keyring()
        self._open: dict[str, Alpaca] = {}

    def to(self, account: str) -> "Alpaca":
        """Raises BadInputError where its keys can't be read, RunFailedError for a host that is refused."""
        if account not in self._open:
            self._open[account] = dial(self._accounts[account], self.clock, self._vault)
        return self._open[account]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for line in self._open.values():
            line.close()


def dial(account: AccountConfig, clock: Clock, vault: Vault) -> "Alpaca":
    from rebalancer.venues.alpaca.client import Alpaca  # noqa: PLC0415 - only where it is used

    keys = read_keys(account, vault)
    return Alpaca(keys, clock, mode=account.mode, trading_url=account.base_url, data_url=account.data_url)


def clock_of(account: AccountConfig, vault: Vault | None = None) -> Clock:
    """The machine's clock; for a venue on this machine, which may live at any time, that venue's.

    Raises SourceError where that venue does not answer.
    """
    machine = SystemClock()
    if account.broker != "alpaca" or not is_loopback(account.base_url):
        return machine
    from rebalancer.venues.alpaca.broker import AlpacaBroker  # noqa: PLC0415 - only where it is used

    with closing(dial(account, machine, vault or Keyring())) as line:
        return AheadClock(machine, AlpacaBroker(line, machine).hours().now - machine.now())
