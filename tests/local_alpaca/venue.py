"""A local Alpaca: stateful, strict, on loopback. It shares no code with what it tests."""

import json
import threading
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from email.message import Message
from types import TracebackType
from typing import NamedTuple, Self

from local_alpaca import json_bodies
from local_alpaca.audit import Audit, audit
from local_alpaca.book import Book, Holding
from local_alpaca.exchange import Exchange
from local_alpaca.faults import BadAnswer, Faults
from local_alpaca.limits import RateLimit
from local_alpaca.money import counted
from local_alpaca.order_scripts import OrderScript, OrderScripts
from local_alpaca.routes import Answer, answer
from local_alpaca.server import HttpRequest, Reply, Server, written
from local_alpaca.tape import Tape
from local_alpaca.terms import Terms
from local_alpaca.virtual_clock import VirtualClock

NO_ANSWER = 0
A_DOLLAR = Decimal(1)


class Request(NamedTuple):
    """`params` are those of the query, for an order the fields of its body. `status` is 0 where there was no answer."""

    method: str
    path: str
    params: Mapping[str, object]
    status: int


class LocalAlpaca:
    """Serves inside a `with` block: `with LocalAlpaca(now) as venue: ... venue.url`.

    account          fields of the account's body that a test wants otherwise: `venue.account["status"] = "LIMITED"`
    deposits         activities of other kinds than FILL, as Alpaca words them
    positions        the same per symbol of what is held: `venue.positions["SPY"] = {"market_value": None}`
    assets           the same per symbol; None for an asset that does not exist
    skew             how far the time the venue tells is from its own
    activities_lag   how long an execution is not yet among the activities
    terms            how its money is counted and what it may do; see Terms
    lends            whether buys may use margin
    """

    def __init__(
        self,
        now: datetime,
        *,
        cash: Decimal | int = 100_000,
        market: Tape | None = None,
        port: int = 0,
        running: bool = False,
    ) -> None:
        self.key_id, self.secret = "PKLOCALALPACA0000001", "local/alpaca+secret/of/forty/characters0"
        self.account: dict[str, object] = {}
        self.positions: dict[str, dict[str, object]] = {}
        self.deposits: list[dict[str, object]] = []
        self.assets: dict[str, dict[str, object] | None] = {}
        self.skew = self.activities_lag = timedelta()
        self.market = market or Tape()
        self.sessions = self.market.sessions
        self.faults, self.scripts = Faults(), OrderScripts()
        self.book = Book(Decimal(cash))
        self.exchange = Exchange(self.book, self.market, self.sessions, self.scripts, self.asset)
        self.trading_limit, self.data_limit = RateLimit(200), RateLimit(200)
        self.requests: list[Request] = []
        self._trading_times: list[datetime] = []
        self._under_way: list[tuple[datetime, HttpRequest]] = []
        self._lock = threading.RLock()
        self.clock = VirtualClock(now, self._advance, running=running)
        self._port = port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._server = Server(self._port, self._reply)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raises an internal error of the venue, unless the block has raised already."""
        self._server.stop()
        if self._server.broken and error is None:
            raise self._server.broken[0]

    # ------------------------------------------------------------------------------------- what a test sets

    @property
    def cash(self) -> Decimal:
        return self.book.cash

    @cash.setter
    def cash(self, dollars: Decimal | int) -> None:
        self.book.cash = self.book.lowest_cash = Decimal(dollars)

    def pay(self, kind: str, amount: str, day: str, **more: object) -> None:
        """A payment beside trades, such as a dividend: its cash comes at once, and it is listed from then on."""
        body = {"activity_type": kind, "net_amount": amount, "date": day, "status": "executed"}
        self.deposits.append({"id": f"{day}::{len(self.deposits)}", **body, **more})
        self.book.cash += Decimal(amount)

    @property
    def terms(self) -> Terms:
        return self.exchange.terms

    @property
    def lends(self) -> bool:
        return self.terms.limit == "buying power"

    @lends.setter
    def lends(self, lends: bool) -> None:
        self.terms.limit = "buying power" if lends else "own cash"

    def withhold(self, dollars: Decimal | int) -> None:
        """Mark this much of the cash as unsettled."""
        self.book.withheld = Decimal(dollars)

    def hold(self, symbol: str, qty: Decimal | int | str, *, asset_class: str = "us_equity") -> None:
        """So many shares are held from now on, none for 0, short for less; bought at today's price."""
        shares = Decimal(qty)
        self.book.holdings.pop(symbol, None)
        if shares:
            self.book.holdings[symbol] = Holding(shares, shares * self._price(symbol), asset_class)

    def shares(self, symbol: str) -> Decimal:
        return self.book.shares(symbol)

    def script_orders(
        self, symbol: str, script: OrderScript, *, side: str | None = None, times: int | None = None
    ) -> None:
        """Script the next orders of `symbol`: see OrderScripts.on."""
        self.scripts.on(symbol, script, side=side, times=times)

    def trade_by_hand(self, symbol: str, shares: Decimal | int | str) -> None:
        """A manual trade at the market price, at once and without a listed order; negative `shares` sell."""
        amount = Decimal(shares)
        with self._lock:
            now = self.clock.now()
            price = self.market.far_side(symbol, "buy" if amount > 0 else "sell", now) or self._price(symbol)
            self.book.trade(symbol, amount, price, now)

    def order_from_elsewhere(
        self,
        side: str,
        symbol: str,
        qty: Decimal | int | None = None,
        *,
        client_id: str | None = None,
        **fields: object,
    ) -> str:
        """Another program's order, or one made by hand, by any id; its id at the venue. Raises RefusalError."""
        kind = "limit" if "limit_price" in fields else "market"
        asked = {"side": side, "symbol": symbol, "qty": qty, "type": kind, "time_in_force": "day"}
        with self._lock:
            body = {**asked, "client_order_id": client_id, **fields}
            return self.exchange.submit(body, self.account_body(), self.clock.now()).id

    def at(self, now: datetime) -> None:
        self.clock.set(now)

    def closed(self, day: date) -> None:
        """An unannounced closure."""
        self.sessions.closed.add(day)

    def closes_early(self, day: date, at: time) -> None:
        self.sessions.early[day] = at

    def audit(self) -> Audit:
        ids = [str(r.params.get("client_order_id")) for r in self.requests if (r.method, r.path) == ORDERS]
        return audit(self.book, ids, self._trading_times)

    # ------------------------------------------------------------------------------------- what the routes ask

    def account_body(self) -> json_bodies.Json:
        now = self.clock.now()
        money = counted(self.book, self._price, self.sessions, now)
        return {**json_bodies.account(money, self.terms, now), **self.account}

    def position_body(self, symbol: str) -> json_bodies.Json:
        held = self.book.held(symbol, self.clock.now())
        shown = json_bodies.position(symbol, self.book.holdings[symbol], self._price(symbol), held)
        return {**shown, **self.positions.get(symbol, {})}

    def asset(self, symbol: str) -> json_bodies.Json | None:
        """Every symbol of the market is an ordinary asset, unless `assets` says otherwise."""
        if symbol in self.assets:
            said = self.assets[symbol]
            return None if said is None else {**json_bodies.asset(symbol), **said}
        known = self.market.last(symbol, self.clock.now()) is not None
        return json_bodies.asset(symbol) if known else None

    def _price(self, symbol: str) -> Decimal:
        """A symbol without a price is worth a dollar a share."""
        return self.market.last(symbol, self.clock.now()) or A_DOLLAR

    # ------------------------------------------------------------------------------------- a request

    def _advance(self, now: datetime) -> None:
        with self._lock:
            self._deliver(now)
            self.exchange.advance(now)

    def _deliver(self, now: datetime) -> None:
        """Deliver delayed requests that are due."""
        due = [asked for at, asked in self._under_way if at <= now]
        self._under_way = [sent for sent in self._under_way if sent[0] > now]
        for asked in due:
            answer(self, asked.method, asked.path, asked.params, asked.body)

    def _reply(self, asked: HttpRequest) -> Reply:
        with self._lock:
            now = self.clock.now()
            self._advance(now)
            fault = self.faults.next(asked.method, asked.path)
            if fault and fault.late is not None:
                self._under_way.append((now + timedelta(seconds=fault.late), asked))
            reply = self._answered(asked, fault, now)
            status = NO_ANSWER if reply.way in {"silence", "reset"} else reply.status
            self.requests.append(Request(asked.method, asked.path, _params(asked), status))
            if not _is_data(asked.path):
                self._trading_times.append(now)
            if fault and fault.then is not None:
                fault.then()
            return reply

    def _answered(self, asked: HttpRequest, fault: BadAnswer | None, now: datetime) -> Reply:
        limit = self.data_limit if _is_data(asked.path) else self.trading_limit
        if not self._knows(asked.headers):
            return Reply(401, written({"message": "unauthorized."}))
        if not limit.take(now):
            return Reply(429, written({"message": "too many requests."}), limit.headers(now))
        said = Answer(200, None)
        if fault is None or fault.commits:
            said = answer(self, asked.method, asked.path, asked.params, asked.body)
        reply = Reply(said.status, written(said.body), limit.headers(now))
        return broken(reply, said, fault) if fault else reply

    def _knows(self, headers: Message) -> bool:
        shown = headers.get("APCA-API-KEY-ID"), headers.get("APCA-API-SECRET-KEY")
        return shown == (self.key_id, self.secret)


ORDERS = ("POST", "/v2/orders")


def broken(reply: Reply, said: Answer, fault: BadAnswer) -> Reply:
    """The venue's answer as changed by `fault`."""
    raw = reply.raw
    if fault.change is not None:
        raw = written(fault.change(said.body))
    if fault.raw is not None:
        raw = fault.raw
    sent = raw[: len(raw) // 2] if fault.cut else raw
    # A server that loses its upstream has no count of the requests to tell.
    headers = fault.headers if fault.status else reply.headers
    return Reply(fault.status or reply.status, sent, headers, fault.way)


def _is_data(path: str) -> bool:
    return path.startswith(("/v2/stocks/", "/v1"))


def _params(asked: HttpRequest) -> Mapping[str, object]:
    if asked.method != "POST":
        return asked.params
    try:
        fields = json.loads(asked.body)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
