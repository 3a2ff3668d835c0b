"""Which symbols Alpaca trades, read once a day."""

from collections.abc import Iterable, Mapping
from datetime import date
from urllib.parse import quote

from rebalancer.model import Symbol
from rebalancer.venues.alpaca import parse
from rebalancer.venues.alpaca.body import Body, bodies
from rebalancer.venues.alpaca.client import AlpacaClient, Reply

MOST_SINGLE = 30
"""Above this number one request for all assets (about 10,000) is faster."""
UNKNOWN = "Alpaca knows no such symbol, or does not trade it any more"


class Assets:
    def __init__(self, client: AlpacaClient) -> None:
        self._client = client
        self._day = date.min
        self._known: dict[Symbol, str | None] = {}

    def untradable(self, symbols: Iterable[Symbol], day: date) -> Mapping[Symbol, str]:
        """The reason for each of `symbols` that can't be traded on `day`, sorted. Raises SourceError."""
        if day != self._day:
            self._day, self._known = day, {}
        wanted = sorted(set(symbols))
        missing = [symbol for symbol in wanted if symbol not in self._known]
        if len(missing) <= MOST_SINGLE:
            self._known |= {symbol: self._ask(symbol) for symbol in missing}
        else:
            listed = self._list()
            self._known |= {symbol: listed.get(symbol, UNKNOWN) for symbol in missing}
        return {symbol: reason for symbol in wanted if (reason := self._known[symbol]) is not None}

    def _ask(self, symbol: Symbol) -> str | None:
        path = f"/assets/{quote(symbol, safe='')}"
        match self._client.ask(path):
            case Reply(404, {"code": 40410000}):
                return UNKNOWN
            case answer:
                return parse.untradable(Body.of("asset", self._client.body(answer, path)))

    def _list(self) -> Mapping[Symbol, str | None]:
        listed = self._client.read("/assets", {"status": "active", "asset_class": "us_equity"})
        return {Symbol(body.text("symbol")): parse.untradable(body) for body in bodies("asset", listed)}
