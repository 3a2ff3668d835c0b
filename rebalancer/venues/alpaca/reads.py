"""What an account at Alpaca shows: orders followed through replacements, executions, deposits, positions, assets."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from urllib.parse import quote

from rebalancer.errors import SourceError
from rebalancer.model import NEW_YORK, Fill, OrderState, Payment, PaymentKind, Position, Symbol
from rebalancer.venues.alpaca import parse
from rebalancer.venues.alpaca.client import MOST_PAGES, AlpacaClient
from rebalancer.venues.alpaca.parse import Body, bodies
from rebalancer.venues.alpaca.transport import Reply

PAID_IN_OR_OUT = "CSD,CSW,JNLC,ACATC"
"""Activity types: cash deposits, withdrawals, journal entries, and transfers from or to another broker."""
PAYMENTS: Mapping[str, PaymentKind] = {
    **dict.fromkeys(("DIV", "DIVCGL", "DIVCGS", "DIVFEE", "DIVFT", "DIVNRA", "DIVROC", "DIVTW", "DIVTXEX"), "dividend"),
    **dict.fromkeys(("INT", "INTNRA", "INTTW"), "interest"),
    **dict.fromkeys(("FEE", "CFEE", "PTC"), "fee"),
    "CIL": "cash in lieu",
}
"""Activity types: dividends and what is withheld from them, interest, fees and charges passed through, and what is paid
for fractions of shares.
"""
CLOSE = time(16, tzinfo=NEW_YORK)
"""When Alpaca records the equity of an account, on early closes too."""
LONGEST_CHAIN = 10
OPTIONS = "options of several legs"
"""Stands in for the symbol of an order that has none."""
ZERO = Decimal(0)
MISSING = object()
"""Unlike null, a missing field is an error."""
MOST_SINGLE = 30
"""Above this number one request for all assets (about 10,000) is faster."""
UNKNOWN = "Alpaca knows no such symbol, or does not trade it any more"


def activities(client: AlpacaClient, what: str, path: str, after: datetime, **more: str) -> Iterator[Body]:
    """Every account activity under `path` after `after`, oldest first. Raises SourceError."""
    query = {**more, "after": after.isoformat(), "page_size": "100"}
    return _pages(client, what, path, query, "page_token", 100)


def open_orders(client: AlpacaClient) -> list[Body]:
    """Every open order of the account. Raises SourceError."""
    return _orders(client, "open")


def orders_since(client: AlpacaClient, moment: datetime) -> list[Body]:
    """Every order, open or not, submitted after `moment`. Raises SourceError."""
    return _orders(client, "all", after=moment.isoformat())


def _orders(client: AlpacaClient, status: str, **first: str) -> list[Body]:
    """Legs of nested orders are listed as orders of their own. `first` is of the first page only: Alpaca does not
    combine a time with an id.
    """
    query = {"status": status, "nested": "false", "limit": "500"}
    listed = _pages(client, "order", "/orders", query, "after_order_id", 500, **first)
    return [part for body in listed for part in _parts(body)]


def _pages(
    client: AlpacaClient, what: str, path: str, query: Mapping[str, str], token: str, most: int, **first: str
) -> Iterator[Body]:
    """Every `what` under `path`, at most `most` a page. Also raises SourceError for a list without an end.

    Each later page is requested by the last id of the one before, as `token`, since two entries may have the same time.
    """
    asked = {**query, "direction": "asc", **first}
    for _ in range(MOST_PAGES):
        page = bodies(what, client.read(path, asked))
        yield from page
        if len(page) < most:
            return
        last = page[-1].text("id")
        if asked.get(token) == last:
            break
        asked = {**query, "direction": "asc", token: last}
    raise SourceError(f"Alpaca's list of {what}s does not come to an end. Look at Alpaca's status page.")


@dataclass(slots=True)
class Deposits:
    """Net deposits, read once for each close: money that arrives during a run counts in the next one."""

    _client: AlpacaClient
    _since: dict[date, Decimal] = field(default_factory=dict)

    def since(self, day: date) -> Decimal:
        """Dollars deposited since the close of `day`, less withdrawals. Raises SourceError."""
        if day not in self._since:
            after, path = datetime.combine(day, CLOSE), "/account/activities"
            found = activities(self._client, "deposit", path, after, activity_types=PAID_IN_OR_OUT)
            self._since[day] = sum(map(parse.deposit, found), ZERO)
        return self._since[day]


def payments(client: AlpacaClient, since: date) -> tuple[Payment, ...]:
    """Of the days from `since` on, without cancelled ones. Raises SourceError."""
    after = datetime.combine(since - timedelta(days=1), CLOSE)
    found = activities(client, "payment", "/account/activities", after, activity_types=",".join(PAYMENTS))
    return tuple(parse.payment(body, PAYMENTS) for body in found if body.fields.get("status") != "canceled")


@dataclass(frozen=True, slots=True)
class TrackedOrder:
    """An order's state, Alpaca's own ids of it and of its replacements, and when it was created."""

    state: OrderState
    broker_ids: tuple[str, ...]
    created: datetime


def _parts(body: Body) -> list[Body]:
    """A multi-leg options order has no symbol or side of its own: its legs have, where they are shown.

    A limit below 0 is a net credit, so it counts as a sell.
    """
    if body.fields.get("order_class") != "mleg" or body.fields.get("symbol"):
        return [body]
    if legs := body.fields.get("legs"):
        return bodies("order", legs)
    side = "sell" if (body.number_or_none("limit_price") or 0) < 0 else "buy"
    return [Body(body.what, {**body.fields, "symbol": OPTIONS, "side": side})]


def follow_replacements(client: AlpacaClient, body: Body) -> TrackedOrder:
    """The order joined with the orders that replaced it, by hand at Alpaca or after a split.

    It keeps its own id, quantity and limit, has the fills of all, and the status of the last one.
    """
    chain = [body]
    while chain[-1].text("status") == "replaced" and len(chain) < LONGEST_CHAIN:
        chain.append(Body.of("order", client.read(f"/orders/{chain[-1].text('replaced_by')}")))
    state = _joined([parse.order(each) for each in chain])
    return TrackedOrder(state, tuple(each.text("id") for each in chain), body.moment("created_at"))


def _joined(states: list[OrderState]) -> OrderState:
    if len(states) == 1:
        return states[0]
    priced = [each for each in states if each.average_price is not None]
    shares = sum((each.filled for each in priced), ZERO)
    paid = sum((each.filled * (each.average_price or 0) for each in priced), ZERO)
    return replace(
        states[0],
        status=states[-1].status,
        filled=sum((each.filled for each in states), ZERO),
        average_price=paid / shares if shares else None,
        reason="replaced at Alpaca by another order",
    )


class Executions:
    """Caches executions: one list often covers many orders."""

    def __init__(self, client: AlpacaClient) -> None:
        self._client = client
        self._known: defaultdict[str, dict[str, Body]] = defaultdict(dict)  # by Alpaca's order id, then by execution id

    def fills_of(self, seen: TrackedOrder) -> tuple[Fill, ...]:
        """The executions that make up the filled quantity, oldest first. Raises SourceError while some are missing."""
        if (fills := self._complete(seen)) is not None:
            return fills
        # From just before the order: a late execution may stand between known ones.
        after = seen.created - timedelta(minutes=1)
        for body in activities(self._client, "execution", "/account/activities/FILL", after):
            self._known[body.text("order_id")][body.text("id")] = body
        if (fills := self._complete(seen)) is not None:
            return fills
        raise SourceError(
            f"Alpaca has filled {seen.state.filled} {seen.state.symbol} of order {seen.state.id}, but does not show "
            "every execution yet."
        )

    def _complete(self, seen: TrackedOrder) -> tuple[Fill, ...] | None:
        known = [body for broker_id in seen.broker_ids for body in self._known[broker_id].values()]
        listed = [parse.fill(body, seen.state.id) for body in known]
        fills, total = [], ZERO
        for fill in sorted(listed, key=lambda fill: (fill.at, fill.execution_id)):
            if total < seen.state.filled:
                fills.append(fill)
                total += fill.quantity
        return tuple(fills) if total == seen.state.filled else None


def positions(client: AlpacaClient) -> tuple[Position, ...]:
    """A position whose `market_value` is null, as for a halted or delisted symbol, is valued by the rest of equity.

    That is equity less cash and the other positions; several positions without a value share it evenly.
    """
    rows = bodies("position", client.read("/positions"))
    valued = [row for row in rows if row.fields.get("market_value", MISSING) is not None]
    if len(valued) == len(rows):
        return tuple(map(parse.position, rows))
    account = Body.of("account", client.read("/account"))
    rest = account.number("equity") - account.number("cash")
    rest -= sum((row.number("market_value") for row in valued), ZERO)
    each = max(ZERO, rest) / (len(rows) - len(valued))
    return tuple(parse.position(row) if row in valued else parse.position(row, each) for row in rows)


@dataclass(slots=True)
class Assets:
    _client: AlpacaClient
    _day: date = date.min
    _known: dict[Symbol, str | None] = field(default_factory=dict)

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
