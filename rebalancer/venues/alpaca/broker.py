"""The broker port for an account at Alpaca. Any response that is not parsed and known is `Unknown`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from rebalancer.errors import RunFailedError, SourceError
from rebalancer.market.cache import FILE, ClosesCache
from rebalancer.model import (
    NEW_YORK,
    Absent,
    Accepted,
    Account,
    Fill,
    Found,
    Hours,
    Instrument,
    Order,
    OrderId,
    OrderState,
    Payment,
    Position,
    Refused,
    Submitted,
    Symbol,
    Unknown,
    us_equity,
)
from rebalancer.ports import Broker, Calendar, Clock, Quotes
from rebalancer.venues.alpaca import parse, reads
from rebalancer.venues.alpaca.client import AlpacaClient, message
from rebalancer.venues.alpaca.history import AlpacaHistory
from rebalancer.venues.alpaca.parse import Body
from rebalancer.venues.alpaca.quotes import AlpacaQuotes
from rebalancer.venues.alpaca.refusals import refusal
from rebalancer.venues.alpaca.transport import TOO_MANY_REQUESTS, Json, NoReply, Reply, retry_after
from rebalancer.venues.alpaca.venue import ALPACA
from rebalancer.venues.order_rules import malformed
from rebalancer.venues.plugin import Connection, Login, OnProgress, SimulatedMarket, VenueHistory


class AlpacaBroker:
    """`submit`, `find` and `cancel` never raise for a network failure; everything else raises SourceError."""

    venue = ALPACA

    def __init__(self, client: AlpacaClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._tracked: dict[OrderId, reads.TrackedOrder] = {}
        self._assets = reads.Assets(client)
        self._executions = reads.Executions(client)
        self._deposits = reads.Deposits(client)

    def hours(self) -> Hours:
        return parse.hours(Body.of("clock", self._client.read("/clock")))

    def account(self) -> Account:
        """Raises RunFailedError for a live account in paper mode or the other way round, whatever the host."""
        body = Body.of("account", self._client.read("/account"))
        account = parse.account(body, self._clock.now())
        if ALPACA.mode_of(account.number) != self._client.mode:
            raise RunFailedError(
                f"the account {account.number} is no {self._client.mode} account: the numbers of paper accounts begin "
                f"with {ALPACA.paper_prefix}, and no others do. Use the keys of a {self._client.mode} account."
            )
        day = parse.balance_day(body)
        return account if day is None else replace(account, deposits=self._deposits.since(day))

    def positions(self) -> tuple[Position, ...]:
        return reads.positions(self._client)

    def payments(self, since: date) -> tuple[Payment, ...]:
        return reads.payments(self._client, since)

    def may_short(self) -> bool:
        """Whether shorting is enabled in the account and its configuration, which this program never changes."""
        account = Body.of("account", self._client.read("/account"))
        configured = Body.of("configuration", self._client.read("/account/configurations"))
        return account.flag("shorting_enabled") and configured.fields.get("no_shorting") is not True

    def untradable(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, str]:
        return self._assets.untradable(symbols, self._clock.now().astimezone(NEW_YORK).date())

    def instruments(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, Instrument]:
        return {symbol: us_equity(symbol) for symbol in symbols}

    def open_orders(self) -> tuple[OrderState, ...]:
        return tuple(self._track(body) for body in reads.open_orders(self._client))

    def named(self, ours: Callable[[OrderId], bool], since: datetime) -> tuple[OrderState, ...]:
        # Alpaca excludes orders of exactly that time.
        listed = reads.orders_since(self._client, since - timedelta(milliseconds=1))
        return tuple(self._track(body) for body in listed if ours(OrderId(body.text("client_order_id"))))

    def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
        """Reads one list of the orders since yesterday, New York time, and each older order by itself."""
        if not ids:
            return {}
        midnight = datetime.combine(self._clock.now().astimezone(NEW_YORK), time(), NEW_YORK)
        listed = reads.orders_since(self._client, midnight - timedelta(days=1))
        bodies_by_id = {OrderId(body.text("client_order_id")): body for body in listed}
        found = {
            order_id: self._track(bodies_by_id[order_id]) if order_id in bodies_by_id else self.find(order_id)
            for order_id in ids
        }
        if lost := [answer.reason for answer in found.values() if isinstance(answer, Unknown)]:
            raise SourceError(lost[0])
        return {order_id: state for order_id, state in found.items() if isinstance(state, OrderState)}

    def find(self, order_id: OrderId) -> Found:
        answer = self._client.ask("/orders:by_client_order_id", {"client_order_id": order_id})
        match answer:
            case Reply(404, {"code": 40410000, "message": str(text)}) if "endpoint" not in text:
                return Absent()
        try:
            state = self._track(Body.of("order", self._client.body(answer, f"/orders ({order_id})")))
        except SourceError as error:
            return Unknown(str(error))
        return state if state.id == order_id else Unknown(f"Alpaca was asked for {order_id} and showed {state.id}")

    def submit(self, order: Order) -> Submitted:
        """One attempt. An order that no venue could accept is refused here and not sent."""
        if (reason := malformed(order, us_equity(order.symbol))) is not None:
            return Refused(reason)
        answer = self._client.send("POST", "/orders", _body(order))
        match answer:
            case Reply(status, body) if 200 <= status < 300:
                return self._echoed(order, body)
            case Reply(status, body, headers):
                said = f"Alpaca answered {status} {message(body)}".rstrip()
                wait = retry_after(headers, self._clock.now()) if status == TOO_MANY_REQUESTS else None
                return refusal(order, status, body) or Unknown(said, wait)
            case NoReply(reason):
                return Unknown(reason)

    def _echoed(self, order: Order, body: Json) -> Accepted | Unknown:
        """Accepted only if the response repeats the order as it was sent."""
        try:
            echo = Body.of("order", body)
            state = self._track(echo)
            same = order.same_as(state) and echo.text("time_in_force") == _time_in_force(order)
        except SourceError as error:
            return Unknown(str(error))
        return Accepted(state) if same else Unknown("Alpaca's answer shows another order than the one that was sent")

    def cancel(self, order_id: OrderId) -> None:
        """Only `orders` shows whether it was too late, or there was no such order."""
        if order_id not in self._tracked:
            self.find(order_id)
        if (seen := self._tracked.get(order_id)) is not None:
            self._client.send("DELETE", f"/orders/{seen.broker_ids[-1]}")

    def fills(self, order_id: OrderId) -> tuple[Fill, ...]:
        """Executions of the order as it was last returned; none for an order that Alpaca does not know."""
        seen = self._tracked.get(order_id)
        if seen is None or not (seen.state.filled or seen.state.terminal):
            if isinstance(found := self.find(order_id), Unknown):
                raise SourceError(found.reason)
            seen = self._tracked.get(order_id)
        return self._executions.fills_of(seen) if seen else ()

    def _track(self, body: Body) -> OrderState:
        seen = reads.follow_replacements(self._client, body)
        self._tracked[seen.state.id] = seen
        return seen.state


def _body(order: Order) -> dict[str, str]:
    """Numbers as text, so that none becomes a float."""
    body = {
        "symbol": order.symbol,
        "qty": f"{order.quantity:f}",
        "side": order.side,
        "type": "limit" if order.kind == "limit" else "market",
        "time_in_force": _time_in_force(order),
        "client_order_id": order.id,
    }
    if order.side == "sell":
        # Lets Alpaca refuse a sell that would open a short by its own record of the position.
        body["position_intent"] = "sell_to_close"
    return body if order.limit is None else {**body, "limit_price": f"{order.limit:f}"}


def _time_in_force(order: Order) -> str:
    return "cls" if order.kind == "moc" else "day"


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
            waiting=login.waiting,
        )

    def broker(self, market: SimulatedMarket | None) -> Broker:  # noqa: ARG002 - Alpaca has its own time and prices
        return AlpacaBroker(self._client, self._login.clock)

    def quotes(self, settings: Mapping[str, Any]) -> Quotes:
        return AlpacaQuotes(self._client, self._login.clock, settings["feed"])

    def history(self, settings: Mapping[str, Any], calendar: Calendar, progress: OnProgress) -> VenueHistory:
        cache = ClosesCache(self._login.state_dir / FILE)
        return AlpacaHistory(self._client, cache, calendar, self._login.clock, settings["since"], progress)

    def close(self) -> None:
        self._client.close()
