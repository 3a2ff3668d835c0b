"""An account at the local Alpaca for the contract tests."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from local_alpaca import LocalAlpaca, faults, order_scripts
from local_alpaca.faults import BadAnswer
from local_alpaca.order_scripts import NEW, OrderScript, ScriptStep
from scripted_sim import ScriptedFault
from street import BIL, EVENING, SPY

from rebalancer.model import Symbol
from rebalancer.model.keys import Keys
from rebalancer.venues.alpaca.broker import AlpacaBroker
from rebalancer.venues.alpaca.client import AlpacaClient

FAULTS: Mapping[str, BadAnswer] = {
    "nothing in time": faults.SILENCE_AFTER,
    "a reset": faults.RESET_AFTER,
    "a page in HTML": faults.HTML_AFTER,
    "a gateway's timeout": faults.TIMEOUT_AFTER,
    "too many requests": faults.TOO_MANY,
    "a redirect": faults.REDIRECT,
    "nothing at all": faults.EMPTY,
    "half an answer": faults.TRUNCATED,
    "another symbol": faults.edited(symbol=BIL),
    "another quantity": faults.edited(qty="4"),
    "another id": faults.edited(client_order_id="rb7"),
    "no quantity": faults.without("qty"),
    "an unknown status": faults.edited(status="pending_review"),
    "one byte at a time": faults.DRIP,
    "one byte of its head at a time": faults.DRIP_HEADERS,
}


class PaperStreet:
    """The venue's clock and market, as the contract moves them. SPY and BIL are listed."""

    def __init__(self, venue: LocalAlpaca) -> None:
        self.venue = venue
        for symbol, price in ((SPY, "100.00"), (BIL, "50.00")):
            venue.market.list(symbol, {EVENING.date(): Decimal(price)})

    def now(self) -> datetime:
        return self.venue.clock.now()

    def sleep(self, seconds: float) -> None:
        self.venue.clock.sleep(seconds)

    def trades_at(self, symbol: Symbol, price: str) -> None:
        self.venue.market.trade(symbol, Decimal(price))

    def quotes_at(self, symbol: Symbol, bid: str, ask: str) -> None:
        self.venue.market.quote(symbol, Decimal(bid), Decimal(ask))


def client_of(venue: LocalAlpaca, *, seconds: float = 10.0, patience: float = 30.0) -> AlpacaClient:
    keys = Keys(venue.key_id, venue.secret)
    return AlpacaClient(
        keys, venue.clock, trading_url=venue.url, data_url=venue.url, seconds=seconds, patience=patience
    )


def opened(venue: LocalAlpaca, holdings: Mapping[Symbol, str]) -> AlpacaBroker:
    for symbol, quantity in holdings.items():
        venue.hold(symbol, quantity)
    return AlpacaBroker(client_of(venue), venue.clock)


def misbehave(venue: LocalAlpaca, fault: ScriptedFault) -> None:
    """Makes the venue fail for orders in SPY as the simulated broker does under `fault`."""
    if fault.refuse:
        venue.faults.on("POST", "/v2/orders", fault=faults.refusing(403, 40310000, fault.refuse))
    if fault.lost:
        venue.faults.on("POST", "/v2/orders", fault=faults.RESET, times=fault.lost)
    if fault.silent:
        venue.faults.on("POST", "/v2/orders", fault=faults.RESET_AFTER)
    venue.script_orders(SPY, order_scripts.rejected() if fault.reject else OrderScript(_steps(fault), _cancel(fault)))


def _steps(fault: ScriptedFault) -> tuple[ScriptStep, ...]:
    if fault.waits:
        return (NEW,)
    share = min(Decimal(1), fault.fills_at_most / 5)
    return (NEW, ScriptStep(0.6, "fill", share))


def _cancel(fault: ScriptedFault) -> tuple[ScriptStep, ...]:
    match fault.cancel:
        case "refused":
            return ()
        case "beaten":
            return (ScriptStep(0.4, "fill"), ScriptStep(0.8, "canceled"))
        case _:
            return (ScriptStep(0.8, "canceled"),)


class AlpacaWire:
    """Breaks the venue's answers and counts its requests."""

    def __init__(self, venue: LocalAlpaca) -> None:
        self.venue = venue
        self.allowed_a_minute = 200
        self.secrets = (venue.key_id, venue.secret)

    def submits(self, what: str) -> None:
        self.venue.faults.on("POST", "/v2/orders", fault=FAULTS[what])

    def reads(self, what: str) -> None:
        self.venue.faults.on("GET", "/v2/*", fault=FAULTS[what], times=None)

    def cancels(self, what: str) -> None:
        self.venue.faults.on("DELETE", "/v2/orders*", fault=FAULTS[what])

    def lock_out(self) -> None:
        self.venue.secret = "another one since"  # noqa: S105

    def others_buy(self, symbol: Symbol, orders: int, limit: str) -> None:
        order = {"symbol": symbol, "qty": "1", "side": "buy", "type": "limit", "limit_price": limit}
        now = self.venue.clock.now()
        for _ in range(orders):
            sent = {**order, "time_in_force": "day"}
            self.venue.exchange.submit(sent, self.venue.account_body(), now)

    def took(self, client_id: str) -> bool:
        return any(order.ticket.client_id == client_id for order in self.venue.book.orders)

    @property
    def posts(self) -> int:
        return self.venue.audit().posts

    @property
    def busiest_minute(self) -> int:
        return self.venue.audit().busiest_minute


def evening(cash: Decimal) -> LocalAlpaca:
    return LocalAlpaca(EVENING.astimezone(UTC), cash=cash)
