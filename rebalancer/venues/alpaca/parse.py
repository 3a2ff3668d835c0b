"""Alpaca's JSON as values of the model: only the fields that are read need to exist, and numbers never become floats.

Every function raises SourceError for what can't be read. Shapes: docs.alpaca.markets, Trading API: Account, Position,
Order, Clock, Account Activities.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, Literal, Never, Self

from rebalancer.errors import SourceError
from rebalancer.model import (
    Account,
    Fill,
    Hours,
    OrderId,
    OrderKind,
    OrderState,
    OrderStatus,
    Payment,
    PaymentKind,
    Position,
    Side,
    Symbol,
)
from rebalancer.model.numbers import number
from rebalancer.venues.alpaca.transport import Json

ENDS: Final[tuple[OrderStatus, ...]] = ("filled", "canceled", "expired", "rejected")
NOTHING: Final = Decimal(0)
PENDING_OUT = ("accrued_fees", "pending_reg_taf_fees", "pending_transfer_out")
"""Amounts that will be deducted from `cash`."""
CONTRACT: Final = Decimal(100)
MOST_CHARACTERS: Final = 200
YEARS: Final = range(1900, 2200)
"""Of the times and days that are read: those at the ends of the calendar can't be converted or added to."""
SIDES: Final[Mapping[str, Side]] = {"buy": "buy", "sell": "sell", "sell_short": "sell"}
DONE_TODAY = frozenset({"done_for_day", "calculated"})
"""No more fills today; our orders are day orders, so this ends them."""
REASONS = {
    **dict.fromkeys(DONE_TODAY, "Alpaca is done with it for today"),
    "rejected": "Alpaca rejected it after it had taken it",
}
"""Why an order ended, by its status."""
CHARGED_ON: Mapping[str, Literal["sales", "trades"]] = {"REG": "sales", "TAF": "sales", "CAT": "trades"}
"""Regulatory fees, by what the day's orders are charged for: those of the SEC and of FINRA, and of the audit trail."""
BLOCKS = {
    "account_blocked": "Alpaca has blocked the account",
    "trading_blocked": "Alpaca has blocked its trading",
    "trade_suspended_by_user": "its trading is suspended in its own settings at Alpaca",
}


@dataclass(frozen=True, slots=True)
class Body:
    """A JSON object; `what` names it in errors. Every method raises SourceError with the field that can't be read.

    Other fields may hold anything: Alpaca adds and removes some.
    """

    what: str
    fields: Mapping[str, Json]

    @classmethod
    def of(cls, what: str, value: Json) -> Self:
        if not isinstance(value, dict):
            raise SourceError(f"Alpaca's answer is no {what}, but {_shown(value)}. Look at Alpaca's status page.")
        return cls(what, value)

    def text(self, name: str) -> str:
        """Printable characters, at most MOST_CHARACTERS: they are journalled and shown."""
        value = self.fields.get(name)
        accepted = isinstance(value, str) and 0 < len(value) <= MOST_CHARACTERS and value.isprintable()
        return str(value) if accepted else self.fail(name)

    def flag(self, name: str) -> bool:
        value = self.fields.get(name)
        return value if isinstance(value, bool) else self.fail(name)

    def number(self, name: str) -> Decimal:
        """A finite number; Alpaca sends most of them as text."""
        found = finite(self.fields.get(name))
        return self.fail(name) if found is None else found

    def number_or_none(self, name: str) -> Decimal | None:
        """None where the field is null or missing."""
        return None if self.fields.get(name) is None else self.number(name)

    def moment(self, name: str) -> datetime:
        """In UTC; a time without a zone, or of another century, can't be read."""
        try:
            moment = datetime.fromisoformat(self.text(name))
            return moment.astimezone(UTC) if moment.tzinfo and moment.year in YEARS else self.fail(name)
        except ValueError:
            return self.fail(name)

    def day(self, name: str) -> date:
        try:
            day = date.fromisoformat(self.text(name))
            return day if day.year in YEARS else self.fail(name)
        except ValueError:
            return self.fail(name)

    def words(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty where the field is null or missing."""
        value = self.fields.get(name) or []
        if not (isinstance(value, list) and all(isinstance(word, str) for word in value)):
            return self.fail(name)
        return tuple(value)

    def fail(self, name: str) -> Never:
        """Raises SourceError: the field `name` has an unusable value."""
        value = _shown(self.fields[name]) if name in self.fields else "missing"
        raise SourceError(f"Alpaca's {self.what} can't be read: {name} is {value}. Look at Alpaca's status page.")


def bodies(what: str, value: Json) -> list[Body]:
    """A JSON list of objects, each a `what`."""
    if not isinstance(value, list):
        raise SourceError(f"Alpaca's answer is no list of {what}s, but {_shown(value)}. Look at Alpaca's status page.")
    return [Body.of(what, item) for item in value]


def finite(value: Json) -> Decimal | None:
    """The number in its shortest text, so that no digit is lost or added. None for anything else, and beyond bounds."""
    return number(value if isinstance(value, str) else repr(value)) if isinstance(value, str | int | float) else None


def _shown(value: Json) -> str:
    return f"{value!r:.60}"


def account(body: Body, at: datetime) -> Account:
    return Account(
        number=body.text("account_number"),
        equity=body.number("equity"),
        cash=body.number("cash"),
        spendable=body.number("non_marginable_buying_power"),
        at=at,
        currency=body.text("currency"),
        blocked=_blocked(body),
        previous_equity=body.number_or_none("last_equity"),
        long_value=body.number_or_none("long_market_value"),
        pending_out=sum((abs(body.number_or_none(name) or NOTHING) for name in PENDING_OUT), NOTHING),
        multiplier=body.number_or_none("multiplier"),
        buying_power=body.number_or_none("buying_power"),
    )


def balance_day(body: Body) -> date | None:
    """The session at whose close `last_equity` was recorded; None where the body has none."""
    return None if body.fields.get("balance_asof") is None else body.day("balance_asof")


def deposit(body: Body) -> Decimal:
    """Dollars deposited, below 0 for a withdrawal, 0 for a cancelled one."""
    return Decimal(0) if body.fields.get("status") == "canceled" else body.number("net_amount")


def payment(body: Body, kinds: Mapping[str, PaymentKind]) -> Payment:
    kind = kinds.get(body.text("activity_type")) or body.fail("activity_type")
    symbol = None if body.fields.get("symbol") is None else Symbol(body.text("symbol"))
    per_share = body.number_or_none("per_share_amount")
    of_trades = CHARGED_ON.get(_kind_of_fee(body)) if kind == "fee" else None
    return Payment(body.text("id"), kind, body.number("net_amount"), body.day("date"), symbol, per_share, of_trades)


def _kind_of_fee(body: Body) -> str:
    """As in "TAF"; older ones have it in the description alone: "TAF fee for proceed of 10 shares"."""
    return str(body.fields.get("activity_sub_type") or body.fields.get("description") or "").partition(" ")[0]


def _blocked(body: Body) -> str | None:
    """Why the account can't trade. Buying power is ignored: it is borrowed money."""
    reasons = [reason for flag, reason in BLOCKS.items() if body.flag(flag)]
    if body.text("status") != "ACTIVE":
        reasons.append(f"its status is {body.text('status')}, not ACTIVE")
    if body.text("currency") != "USD":
        reasons.append(f"it is kept in {body.text('currency')}, not USD")
    return "; ".join(reasons) or None


def position(body: Body, value: Decimal | None = None) -> Position:
    """`value` replaces a market value that Alpaca does not show."""
    return Position(
        Symbol(body.text("symbol")),
        body.number("qty"),
        body.number("market_value") if value is None else value,
        asset_class=body.text("asset_class"),
        available=body.number_or_none("qty_available"),
        valued=value is None,
        average_cost=body.number_or_none("avg_entry_price"),
    )


def hours(body: Body) -> Hours:
    return Hours(body.moment("timestamp"), body.flag("is_open"), body.moment("next_close"))


def order(body: Body) -> OrderState:
    dollars = body.number_or_none("notional")
    filled = body.number("filled_qty")
    quantity = body.number("qty") if dollars is None else dollars
    return OrderState(
        id=OrderId(body.text("client_order_id")),
        symbol=Symbol(body.text("symbol")),
        side=_side(body),
        quantity=quantity,
        kind=_kind(body),
        limit=_limit(body) if dollars is None else Decimal(1),
        status=_status(body, is_full=filled == quantity),
        filled=filled,
        average_price=body.number_or_none("filled_avg_price"),
        reason=REASONS.get(body.text("status"), ""),
        by_amount=dollars is not None,
    )


def fill(body: Body, order_id: OrderId) -> Fill:
    """Fee 0: Alpaca charges no commission on shares, and regulatory fees of sales are charged the next day."""
    return Fill(
        body.text("id"),
        order_id,
        Symbol(body.text("symbol")),
        _side(body),
        body.number("qty"),
        body.number("price"),
        Decimal(0),
        body.moment("transaction_time"),
    )


def untradable(body: Body) -> str | None:
    """Why this asset can't be traded; None where it can."""
    if (kind := body.text("class")) != "us_equity":
        return f"at Alpaca it is of the class {kind}; only US shares and funds are traded"
    if (status := body.text("status")) != "active":
        return f"at Alpaca it is {status}"
    if not body.flag("tradable"):
        return "it can't be traded at Alpaca"
    attributes = body.words("attributes")
    if "ipo" in attributes:
        return "it is being offered for the first time, and takes no orders of this kind yet"
    if "ptp_no_exception" in attributes:
        return "it is a partnership whose sales are taxed at the source, and Alpaca refuses to buy it by default"
    return None


def _side(body: Body) -> Side:
    return SIDES.get(body.text("side")) or body.fail("side")


def _kind(body: Body) -> OrderKind:
    without_limit: OrderKind = "moc" if body.text("time_in_force") == "cls" else "market"
    return without_limit if body.fields.get("limit_price") is None else "limit"


def _status(body: Body, *, is_full: bool) -> OrderStatus:
    """An unknown status counts as open: the order may still fill."""
    status = body.text("status")
    if status in DONE_TODAY:
        return "filled" if is_full else "expired"
    return next((end for end in ENDS if end == status), "open")


def _limit(body: Body) -> Decimal | None:
    """Dollars per unit of quantity; an options contract covers a hundred shares."""
    limit = body.number_or_none("limit_price")
    options = body.fields.get("asset_class") == "us_option" or body.fields.get("order_class") == "mleg"
    return limit * CONTRACT if limit is not None and options else limit
