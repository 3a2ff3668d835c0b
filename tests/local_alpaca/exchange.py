"""The order engine: accepts, fills, cancels and expires orders as time passes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from local_alpaca import order_validation, short_sales, wash_trades
from local_alpaca.book import Book
from local_alpaca.money import cost, counted
from local_alpaca.order_scripts import ORDINARY, OrderScript, OrderScripts, ScriptStep
from local_alpaca.order_validation import FORBIDDEN, MALFORMED, UNPROCESSABLE, Asset, RefusalError, check
from local_alpaca.orders import NINE_PLACES, Order, Step, Ticket, number
from local_alpaca.sessions import Sessions
from local_alpaca.tape import Tape
from local_alpaca.terms import Terms

GOOD_TILL_CANCELED = timedelta(days=90)
A_DOLLAR = Decimal(1)
TRIGGERED = {"stop", "stop_limit"}
"""Order types that stay open here and are never triggered."""


class Exchange:
    """`asset_of` returns the asset of a symbol; `terms` say what the account may do and spend."""

    def __init__(
        self,
        book: Book,
        market: Tape,
        sessions: Sessions,
        scripts: OrderScripts,
        asset_of: Callable[[str], Asset | None],
    ) -> None:
        self.book = book
        self.terms = Terms()
        self._market = market
        self._sessions = sessions
        self._scripts = scripts
        self._asset_of = asset_of

    # ------------------------------------------------------------------------------------- submit

    def submit(self, body: Mapping[str, object], account: Mapping[str, object], now: datetime) -> Order:
        """Raises RefusalError, in the order the real venue checks."""
        ticket = order_validation.ticket_of(body)
        order_validation.check_account(account)
        order_validation.check_asset(ticket, self._asset_of(ticket.symbol))
        order_validation.check_terms(ticket)
        order_validation.check_auction(ticket, self._sessions, now)
        taken = any(order.ticket.client_id == ticket.client_id for order in self.book.orders)
        check(taken, MALFORMED, "client_order_id must be unique")
        self._check_wash(ticket)
        price = ticket.limit or ticket.stop or self._reference(ticket, now)
        ticket = short_sales.with_intent(_sized(ticket, price), self.book, self.terms)
        if ticket.side == "sell":
            asset = self._asset_of(ticket.symbol)
            short_sales.check_sale(ticket, self.book, account, asset, self.terms, now)
        collared = ticket.kind == "market" and self.terms.collars
        counts = cost(price, collared=collared, short=ticket.side == "sell")
        self._check_money(ticket, counts * short_sales.opened(ticket, self.book), now)
        check(price * ticket.shares < 1, FORBIDDEN, "cost basis must be >= minimal amount of order 1")
        return self._enter(ticket, counts, now, self._scripts.of(ticket.symbol, ticket.side))

    def _reference(self, ticket: Ticket, now: datetime) -> Decimal:
        """The opposite side of the quote during the session, the last trade after it."""
        if self._sessions.under_way(now):
            price = self._market.far_side(ticket.symbol, ticket.side, now)
        else:
            price = self._market.last(ticket.symbol, now)
        if not price:
            raise RefusalError(UNPROCESSABLE, f'no price is known for asset "{ticket.symbol}"')
        return price

    def _check_wash(self, ticket: Ticket) -> None:
        if standing := wash_trades.opposite(ticket, self.book.open_orders()):
            raise RefusalError(
                FORBIDDEN,
                "potential wash trade detected. use complex orders",
                existing_order_id=standing.id,
                reject_reason=f"opposite side {standing.ticket.kind} order exists",
            )

    # The body as recorded in alpacahq/alpaca-py#225.
    def _check_money(self, ticket: Ticket, cost: Decimal, now: datetime) -> None:
        money = counted(self.book, lambda symbol: self._price(symbol, now), self._sessions, now)
        power = money.limit(self.terms) if ticket.side == "buy" else money.power(self.terms)
        if cost > power:
            raise RefusalError(
                FORBIDDEN, "insufficient buying power", buying_power=number(power), cost_basis=number(cost)
            )

    def _price(self, symbol: str, now: datetime) -> Decimal:
        return self._market.last(symbol, now) or A_DOLLAR

    def _enter(self, ticket: Ticket, price: Decimal, now: datetime, script: OrderScript) -> Order:
        """A unique time for each order. An order sent after the close waits for the next session."""
        newest = self.book.orders[-1].created if self.book.orders else datetime.min.replace(tzinfo=UTC)
        created = max(now, newest + timedelta(microseconds=1))
        session = self._sessions.ending_after(now)
        waits = now < session.opens
        order = Order(
            number=len(self.book.orders) + 1,
            ticket=ticket,
            script=script,
            created=created,
            expires=now + GOOD_TILL_CANCELED if ticket.time_in_force == "gtc" else session.closes,
            status="accepted" if waits else "pending_new",
            reserved=price,
            steps=[],
        )
        order.steps = _steps(order, script.steps, max(created, session.opens))
        self.book.orders.append(order)
        return order

    # ------------------------------------------------------------------------------------- cancel

    def cancel(self, order: Order, now: datetime) -> None:
        """Request a cancel; the order keeps its reservation until it is canceled. Raises RefusalError if too late."""
        asked = order.status == "pending_cancel"
        check(asked or not order.open, UNPROCESSABLE, f'order is already in "{order.status}" state')
        order.status, order.changed = "pending_cancel", now
        too_late = _in_auction(order) and now >= order.expires - order_validation.AUCTION_CUTOFF
        if not too_late:
            order.steps = _steps(order, order.script.cancel, now)

    # ------------------------------------------------------------------------------------- time passes

    def advance(self, now: datetime) -> None:
        """Carry out every step that is due by `now`, by time."""
        moved = True
        while moved:
            due = sorted((_due(order), order.number) for order in self.book.open_orders() if _due(order) <= now)
            outcomes = [self._move(self.book.orders[number - 1], now) for _, number in due]
            moved = any(outcomes)

    def _move(self, order: Order, now: datetime) -> bool:
        """Carry out the next step of the script of `order`; False where it has to wait."""
        step = order.steps[0] if order.steps else None
        if step is not None:
            at = now if step.waited else step.at
            in_time = at <= now and (at < order.expires or _in_auction(order))
            if in_time and self._act(order, step, at):
                if order.open:
                    order.steps.pop(0)
                return True
            step.waited = True
        if order.expires <= now:
            _end(order, "canceled" if _in_auction(order) else "expired", order.expires)
            return True
        return False

    def _act(self, order: Order, step: Step, at: datetime) -> bool:
        if step.act == "fill":
            return self._fill(order, step.share, at)
        if step.act == "new":
            order.status, order.changed = "new", at
        elif step.act == "replaced":
            self._replace(order, at)
        else:
            _end(order, step.act, at)
        return True

    def _fill(self, order: Order, share: Decimal, at: datetime) -> bool:
        """Fill up to `share` of the order at the opposite quote or the auction price; False if it can't trade there."""
        ticket = order.ticket
        if _in_auction(order):
            price = self._market.last(ticket.symbol, at)
        elif not self._sessions.under_way(at):
            return False
        else:
            price = self._market.far_side(ticket.symbol, ticket.side, at)
        if not price or not _within(ticket, price):
            return False
        whole = Decimal(1) if ticket.shares % 1 == 0 else NINE_PLACES
        shares = (ticket.shares * share).quantize(whole, ROUND_DOWN) - order.filled
        if shares > 0:
            self.book.execute(order, shares, price, at)
            order.changed = at
            if order.status == "new":
                order.status = "partially_filled"
        if not order.left:
            _end(order, "filled", at)
        return True

    def _replace(self, order: Order, at: datetime) -> None:
        """Replace the order by another one for its unfilled rest."""
        _end(order, "replaced", at)
        rest = replace(order.ticket, shares=order.left, client_id=f"replaces-{order.id}")
        heir = self._enter(rest, order.reserved, at, ORDINARY)
        heir.replaces, order.replaced_by = order.id, heir.id


def _sized(ticket: Ticket, price: Decimal) -> Ticket:
    if ticket.notional is None:
        return ticket
    return replace(ticket, shares=(ticket.notional / price).quantize(NINE_PLACES, ROUND_DOWN))


def _steps(order: Order, script: tuple[ScriptStep, ...], start: datetime) -> list[Step]:
    """The script's steps with their times; an auction fills at the close."""
    steps = [Step(start + timedelta(seconds=each.seconds), each.act, each.share) for each in script]
    for step in steps:
        if step.act == "fill" and _in_auction(order):
            step.at = order.expires
    return [step for step in steps if step.act != "fill" or order.ticket.kind not in TRIGGERED]


def _due(order: Order) -> datetime:
    return min(order.steps[0].at, order.expires) if order.steps else order.expires


def _in_auction(order: Order) -> bool:
    return order.ticket.time_in_force == "cls"


def _within(ticket: Ticket, price: Decimal) -> bool:
    if ticket.limit is None:
        return True
    return price <= ticket.limit if ticket.side == "buy" else price >= ticket.limit


def _end(order: Order, status: str, at: datetime) -> None:
    order.status, order.changed, order.ended = status, at, at
    order.steps = []
