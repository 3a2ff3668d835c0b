"""A made-up venue: funds in lots of 0.001, in EUR, during Xetra's hours, with order ids that are not idempotent."""

from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rebalancer.model import Instrument, Symbol, Venue
from rebalancer.ports import Broker
from rebalancer.venues.plugin import ChoiceKey, Connection, Login, SimulatedMarket, VenuePlugin

if TYPE_CHECKING:
    from frankfurt_example.broker import FrankfurtBroker

FRANKFURT = Venue(
    "frankfurt",
    simulated=True,
    title="the Frankfurt example",
    currency="EUR",
    exchange="XETR",
    zone=ZoneInfo("Europe/Berlin"),
    idempotent_ids=False,
)
ANSWERS = ChoiceKey("How orders are answered.", ("prompt", "order lost", "answer lost"))


def fund(symbol: Symbol) -> Instrument:
    return Instrument(symbol, "fund", "EUR", Decimal("0.001"), Decimal("0.005"), least_order=Decimal(25))


class FrankfurtConnection(Connection):
    """The account is a file in the state folder, as a simulated venue keeps one."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._broker: FrankfurtBroker | None = None

    def broker(self, market: SimulatedMarket | None) -> Broker:
        from frankfurt_example.broker import FrankfurtBroker

        if market is None:
            raise TypeError("this venue trades by the market that it is given")
        self._broker = FrankfurtBroker.of_login(self._login, market)
        return self._broker

    def close(self) -> None:
        if self._broker is not None:
            self._broker.close()


PLUGIN = VenuePlugin(FRANKFURT, FrankfurtConnection, account_keys={"answers": ANSWERS})
