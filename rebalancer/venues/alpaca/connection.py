"""One account at Alpaca, opened by its keys."""

from collections.abc import Mapping
from typing import Any

from rebalancer.market.cache import FILE, ClosesCache
from rebalancer.ports import Broker, Calendar, Quotes
from rebalancer.venues.alpaca.broker import AlpacaBroker
from rebalancer.venues.alpaca.client import AlpacaClient
from rebalancer.venues.alpaca.history import AlpacaHistory
from rebalancer.venues.alpaca.quotes import AlpacaQuotes
from rebalancer.venues.plugin import Connection, Login, MarketView, VenueHistory


class AlpacaConnection(Connection):
    """Raises RunFailedError for a host that is refused."""

    def __init__(self, login: Login) -> None:
        if login.keys is None:
            raise TypeError(f"account {login.account} is opened without its keys")
        settings = login.settings
        self._login = login
        self._client = AlpacaClient(
            login.keys,
            login.clock,
            mode=login.mode,
            trading_url=settings["base_url"],
            data_url=settings["data_url"],
        )

    def broker(self, market: MarketView | None) -> Broker:  # noqa: ARG002 - Alpaca has its own time and prices
        return AlpacaBroker(self._client, self._login.clock)

    def quotes(self, settings: Mapping[str, Any]) -> Quotes:
        return AlpacaQuotes(self._client, self._login.clock, settings["feed"])

    def history(self, settings: Mapping[str, Any], calendar: Calendar) -> VenueHistory:
        cache = ClosesCache(self._login.state_dir / FILE)
        return AlpacaHistory(self._client, cache, calendar, self._login.clock, since=settings["since"])

    def close(self) -> None:
        self._client.close()
