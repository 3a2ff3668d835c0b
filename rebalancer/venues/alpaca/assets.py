"""Which symbols Alpaca trades, as it says itself once a day."""

from collections.abc import Iterable, Mapping
from datetime import date
from urllib.parse import quote

from rebalancer.model import Symbol
from rebalancer.venues.alpaca import parse
from rebalancer.venues.alpaca.body import Body, bodies
from rebalancer.venues.alpaca.client import Alpaca, Reply

MOST_SINGLE = 30
"""Above this many the list of all (some 10,000) is quicker."""
UNKNOWN = "Alpaca knows no such symbol, or does not trade it any more"


class Assets:
    def __init__(self, client: Alpaca) -> None:
        self._client = client
        self._day = date.min
        self._known: dict[Symbol, str | None] = {}

    def untradable(self, symbols: Iterable[Symbol], day: date) -> Mapping[Symbol, str]:
        """With the reason, sorted; asked once a `day`. Raises SourceError where Alpaca does not say."""
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
