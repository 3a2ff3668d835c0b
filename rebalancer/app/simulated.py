"""A simulated account and its journal, for what a person does to it between two runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from rebalancer.app.recovery import Recovery, recovery
from rebalancer.config import AccountConfig, Config
from rebalancer.venues.sim.broker import SimBroker


@contextmanager
def simulated(config: Config, account: AccountConfig) -> Iterator[tuple[Recovery, SimBroker]]:
    """Call it for a simulated account alone. Raises as `recovery` does."""
    with recovery(config, account) as now:
        broker = now.context.broker
        if not isinstance(broker, SimBroker):
            raise TypeError(f"account {account.name} is at {broker.venue.name}")
        yield now, broker
