"""Alpaca's JSON bodies: required fields are parsed exactly, other fields are ignored."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalancer.errors import SourceError
from rebalancer.model import Account, Fill, Hours, OrderState, Position
from rebalancer.venues.alpaca import parse
from rebalancer.venues.alpaca.parse import Body, bodies

NOW = datetime(2026, 3, 4, 20, 45, tzinfo=UTC)
ACCOUNT = {
    "account_number": "PA3",
    "status": "ACTIVE",
    "currency": "USD",
    "equity": "100005.83",
    "cash": "100000.00",
    "buying_power": "400023.32",
    "non_marginable_buying_power": "99788.52",
    "account_blocked": False,
    "trading_blocked": False,
    "trade_suspended_by_user": False,
    "transfers_blocked": True,
}
POSITION = {
    "symbol": "KO",
    "asset_class": "us_equity",
    "qty": "0.557436865",
    "qty_available": "0.5",
    "market_value": "48.430115",
    "side": "long",
}
ORDER = {
    "id": "61e69015-8549-4bfd-b9c3-01e75843f47d",
    "client_order_id": "rb1",
    "created_at": "2026-03-04T20:45:00.094153596Z",
    "symbol": "KO",
    "qty": "3",
    "notional": None,
    "side": "buy",
    "type": "limit",
    "time_in_force": "day",
    "limit_price": "87.10",
    "status": "partially_filled",
    "filled_qty": "2",
    "filled_avg_price": "87.05",
}
FILL = {
    "id": "20260304154500::1",
    "order_id": ORDER["id"],
    "symbol": "KO",
    "side": "buy",
    "qty": "2",
    "price": "87.05",
    "transaction_time": "2026-03-04T20:45:01.061299Z",
    "type": "partial_fill",
}
CLOCK = {
    "timestamp": "2026-03-04T15:45:00.14373588-05:00",
    "is_open": True,
    "next_open": "2026-03-05T09:30:00-05:00",
    "next_close": "2026-03-04T16:00:00-05:00",
}
ASSET = {"symbol": "KO", "class": "us_equity", "status": "active", "tradable": True, "attributes": ["has_options"]}


def body(fields, **changes) -> Body:
    return Body("body", {**fields, **changes})


def account(**changes) -> Account:
    return parse.account(body(ACCOUNT, **changes), NOW)


def order(**changes) -> OrderState:
    return parse.order(body(ORDER, **changes))


def test_own_cash_is_read_separately_from_margin():
    cash, spendable, power = Decimal("100000.00"), Decimal("99788.52"), Decimal(ACCOUNT["buying_power"])
    assert account() == Account("PA3", Decimal("100005.83"), cash, spendable, NOW, buying_power=power)


def test_fees_and_transfers_that_are_not_taken_from_cash_yet_are_added_up():
    parsed = account(
        accrued_fees="1.50", pending_transfer_out="200", pending_reg_taf_fees="0.25", long_market_value="7"
    )
    assert (parsed.pending_out, parsed.long_value) == (Decimal("201.75"), Decimal(7))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"account_blocked": True}, "Alpaca has blocked the account"),
        ({"trading_blocked": True}, "Alpaca has blocked its trading"),
        ({"trade_suspended_by_user": True}, "suspended in its own settings"),
        ({"status": "ACCOUNT_CLOSED_PENDING"}, "ACCOUNT_CLOSED_PENDING, not ACTIVE"),
        ({"currency": "EUR"}, "EUR, not USD"),
    ],
)
def test_an_account_that_can_not_trade_says_why(change, words):
    assert words in account(**change).blocked


def test_a_position_is_read_to_the_last_place():
    assert parse.position(body(POSITION)) == Position(
        "KO", Decimal("0.557436865"), Decimal("48.430115"), "us_equity", Decimal("0.5")
    )


def test_a_position_may_not_say_what_is_available():
    assert parse.position(body(POSITION, qty_available=None)).available is None


def test_an_order_is_parsed_exactly():
    assert order() == OrderState(
        "rb1", "KO", "buy", Decimal(3), "limit", Decimal("87.10"), "open", Decimal(2), Decimal("87.05")
    )


@pytest.mark.parametrize("status", ["filled", "canceled", "expired", "rejected"])
def test_an_ended_order_keeps_its_fills(status):
    assert (order(status=status).status, order(status=status).filled) == (status, 2)


@pytest.mark.parametrize("status", ["new", "pending_cancel", "held", "replaced", "of a later year"])
def test_every_other_status_is_open(status):
    assert order(status=status).status == "open"


@pytest.mark.parametrize(("filled", "status"), [("2", "expired"), ("3", "filled")])
def test_an_order_done_for_day_is_terminal(filled, status):
    assert order(status="done_for_day", filled_qty=filled).status == status


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"limit_price": None, "type": "market"}, "market"),
        ({"limit_price": None, "type": "market", "time_in_force": "cls"}, "moc"),
        ({}, "limit"),
    ],
)
def test_an_order_is_of_the_kind_it_was_sent_as(change, kind):
    assert order(**change).kind == kind


def test_an_order_in_dollars_claims_as_many_dollars():
    other = order(qty=None, notional="250.5", limit_price=None, filled_qty="0", filled_avg_price=None)
    assert other.quantity * other.limit == Decimal("250.5")


def test_a_fill_is_read_with_its_own_id():
    at = datetime(2026, 3, 4, 20, 45, 1, 61299, tzinfo=UTC)
    fill = Fill("20260304154500::1", "rb1", "KO", "buy", Decimal(2), Decimal("87.05"), Decimal(0), at)
    assert parse.fill(body(FILL), "rb1") == fill


def test_the_clock_is_read_in_utc():
    closes = datetime(2026, 3, 4, 21, tzinfo=UTC)
    assert parse.hours(body(CLOCK)) == Hours(NOW.replace(microsecond=143735), open=True, closes=closes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"class": "crypto"}, "class crypto"),
        ({"status": "inactive"}, "inactive"),
        ({"tradable": False}, "can't be traded"),
        ({"attributes": ["ipo"]}, "for the first time"),
        ({"attributes": ["ptp_no_exception"]}, "partnership"),
    ],
)
def test_an_asset_that_can_not_be_traded_says_why(change, words):
    assert words in parse.untradable(body(ASSET, **change))


@pytest.mark.parametrize("change", [{}, {"attributes": None}, {"easy_to_borrow": 7}])
def test_an_ordinary_asset_can_be_traded(change):
    assert parse.untradable(body(ASSET, **change)) is None


READERS: Mapping[str, tuple[Callable[[Any], object], Mapping[str, Any], set[str]]] = {
    "account": (lambda each: parse.account(each, NOW), ACCOUNT, {"buying_power", "transfers_blocked"}),
    "position": (parse.position, POSITION, {"qty_available", "side"}),
    "order": (parse.order, ORDER, {"id", "created_at", "notional", "type", "limit_price", "filled_avg_price"}),
    "fill": (lambda each: parse.fill(each, "rb1"), FILL, {"order_id", "type"}),
    "clock": (parse.hours, CLOCK, {"next_open"}),
    "asset": (parse.untradable, ASSET, {"symbol", "attributes"}),
}
REQUIRED = [(name, field) for name, (_, fields, free) in READERS.items() for field in fields if field not in free]


@pytest.mark.parametrize(("name", "field"), REQUIRED)
@pytest.mark.parametrize("value", ["missing", None, "", [], {}, float("nan")], ids=repr)
def test_a_missing_required_field_is_named(name, field, value):
    read, fields, _ = READERS[name]
    broken = {key: each for key, each in fields.items() if key != field}
    if value != "missing":
        broken[field] = value
    with pytest.raises(SourceError, match=f"{field} is"):
        read(body(broken))


ODD = ["NaN", "sNaN", "Infinity", "-inf", "1e", "12,5", "1e999999999", "1e-999999999", "9" * 400, "\u0661\u0660"]


@pytest.mark.parametrize("value", [*ODD, True, float("inf"), 10**4000], ids=lambda value: f"{value!r:.20}")
def test_a_number_that_is_not_finite_is_refused(value):
    with pytest.raises(SourceError, match="cash is"):
        account(cash=value)


@pytest.mark.parametrize("value", ["PA\x1b[2J", "two\nlines", "P" * 201], ids=repr)
def test_a_text_that_no_screen_could_bear_is_refused(value):
    with pytest.raises(SourceError, match="account_number is"):
        account(account_number=value)


@pytest.mark.parametrize(
    "value",
    ["2026-03-04", "2026-03-04T15:45:00", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "soon", 5],
)
def test_a_time_without_a_zone_is_refused(value):
    with pytest.raises(SourceError, match="timestamp is"):
        parse.hours(body(CLOCK, timestamp=value))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(["buy", "9e9"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=40)
@given(data=st.data())
def test_any_response_is_parsed_or_reported_as_a_venue_error(name, data):
    read, fields, _ = READERS[name]
    sent = data.draw(json_values | st.fixed_dictionaries({key: st.just(fields[key]) | json_values for key in fields}))
    with suppress(SourceError):
        read(Body.of(name, sent))
    with suppress(SourceError):
        bodies(name, sent)


@given(st.decimals(-(10**20), 10**20, allow_nan=False, places=9))
def test_a_number_is_never_rounded(number):
    assert body({"qty": str(number)}).number("qty") == number


@pytest.mark.parametrize("value", [None, {}, "text", 7])
def test_a_malformed_list_is_not_read_as_empty(value):
    with pytest.raises(SourceError, match="no list of positions"):
        bodies("position", value)
