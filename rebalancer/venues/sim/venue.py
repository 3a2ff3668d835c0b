"""The simulated broker as a venue: orders meet market prices, and no real money moves."""

from typing import TYPE_CHECKING

from rebalancer.model import Venue
from rebalancer.ports import Broker
from rebalancer.venues.plugin import Connection, Login, SimulatedMarket, VenuePlugin

if TYPE_CHECKING:  # opens a database, which reading a config does without
    from rebalancer.venues.sim.broker import SimBroker

SIM = Venue("sim", simulated=True, title="the simulated broker", idempotent_ids=True)


class SimConnection(Connection):
    """The account's SQLite file in the state folder; made when its broker is first opened."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._brokers: list[SimBroker] = []

    def broker(self, market: SimulatedMarket | None) -> Broker:
        """Raises SourceError where the file can't be made or used."""
        from rebalancer.venues.sim.broker import SimBroker  # noqa: PLC0415 - only where an account is opened

        if market is None:
            raise TypeError("the simulated broker trades by the market that it is given")
        file = self._login.state_dir / f"sim-{self._login.account}.sqlite"
        self._brokers.append(SimBroker(file, market.clock, market.quotes, market.calendar, **self._login.settings))
        return self._brokers[-1]

    def close(self) -> None:
        for broker in self._brokers:
            broker.close()


PLUGIN = VenuePlugin(SIM, SimConnection)
