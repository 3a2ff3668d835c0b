"""Orders that the local Alpaca refuses, and its messages."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_alpaca import LocalAlpaca, Tape
from local_alpaca.order_validation import RefusalError

OPEN = datetime(2024, 3, 4, 20, 30, tzinfo=UTC)
FRACTIONS_BY_DAY = "fractional orders must be DAY orders"
PENNIES = "sub-penny increment does not fulfill minimum pricing criteria"


@pytest.mark.parametrize(
    ("fields", "status", "code", "message"),
    [
        ({"symbol": ""}, 422, 40010001, "symbol is required"),
        ({"qty": None}, 422, 40010001, "qty or notional is required"),
        ({"notional": 5}, 422, 40010001, "only one of qty or notional is accepted"),
        ({"qty": 0}, 422, 40010001, "qty must be > 0"),
        ({"qty": "-1"}, 422, 40010001, "qty must be > 0"),
        ({"qty": "NaN"}, 422, 40010001, "invalid qty"),
        ({"side": "hold"}, 422, 40010001, "invalid side"),
        ({"type": "guess"}, 422, 40010001, "invalid order type"),
        ({"time_in_force": "fok"}, 422, 40010001, "invalid time_in_force"),
        ({"type": "limit"}, 422, 40010001, "limit orders require a limit price"),
        ({"type": "market", "limit_price": 5}, 422, 40010001, "market orders require no stop or limit price"),
        ({"client_order_id": "x" * 129}, 422, 40010001, "client_order_id must be no more than 128 characters"),
        ({"symbol": "NOPE"}, 422, 42210000, 'asset "NOPE" not found'),
        ({"symbol": "DEAD"}, 422, 42210000, 'asset "DEAD" is not active'),
        ({"symbol": "HELD"}, 422, 42210000, 'asset "HELD" is not tradable'),
        ({"symbol": "WHOLE", "qty": "1.5"}, 403, 40310000, 'asset "WHOLE" is not fractionable'),
        ({"qty": "1.5", "time_in_force": "gtc"}, 422, 42210000, FRACTIONS_BY_DAY),
        ({"qty": "1.5", "time_in_force": "cls"}, 422, 42210000, FRACTIONS_BY_DAY),
        ({"qty": "1.5", "order_class": "bracket"}, 422, 42210000, "fractional orders must be simple orders"),
        ({"qty": None, "notional": "5.001"}, 422, 42210000, "notional value must be limited to 2 decimal places"),
        ({"limit_price": "290.123"}, 422, 42210000, f"invalid limit_price 290.123. {PENNIES}"),
        ({"limit_price": "0.12345"}, 422, 42210000, f"invalid limit_price 0.12345. {PENNIES}"),
        ({"extended_hours": True}, 422, 42210000, "extended hours order must be DAY or GTC limit orders"),
        ({"qty": "0.001"}, 403, 40310000, "cost basis must be >= minimal amount of order 1"),
    ],
)
def test_an_order_outside_the_rules_is_refused(venue, wire, fields, status, code, message):
    for symbol, said in {
        "DEAD": {"status": "inactive"},
        "HELD": {"tradable": False},
        "WHOLE": {"fractionable": False},
    }.items():
        venue.assets[symbol] = said
    said = wire.order("buy", "SPY", **{"qty": 1, **fields})
    assert (said.status, said.body["code"], said.body["message"]) == (status, code, message)
    assert venue.book.orders == []


@pytest.mark.parametrize("price", ["290.12", "0.1234", "1", "0.9999"])
def test_prices_on_the_tick_are_taken(wire, price):
    assert wire.order("buy", "SPY", 100, limit_price=price).status == 200


def test_a_body_that_is_no_json_object_is_refused(venue, wire):
    reply = wire.session.post(f"{venue.url}/v2/orders", data=b"{", timeout=60)
    assert (reply.status_code, reply.json()["code"]) == (400, 40010000)


def test_a_client_id_is_used_up_for_ever(venue, wire):
    assert wire.order("buy", "SPY", 1, client_order_id="tonight").status == 200
    venue.clock.sleep(86_400 * 400)
    said = wire.order("buy", "TLT", 1, client_order_id="tonight")
    assert said == (422, {"code": 40010001, "message": "client_order_id must be unique"})
    assert venue.audit().repeated == ("tonight",)


def test_a_refused_order_leaves_its_client_id_free(wire):
    assert wire.order("buy", "SPY", 0, client_order_id="tonight").status == 422
    assert wire.order("buy", "SPY", 1, client_order_id="tonight").status == 200


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"status": "ACCOUNT_UPDATED"}, "account is not authorized to trade"),
        ({"trading_blocked": True}, "account is not authorized to trade"),
        ({"account_blocked": True}, "account is not authorized to trade"),
        ({"trade_suspended_by_user": True}, "new orders are rejected by user request"),
    ],
)
def test_a_blocked_account_trades_nothing(venue, wire, flags, message):
    venue.account.update(flags)
    said = wire.order("buy", "SPY", 1)
    assert (said.status, said.body["message"]) == (403, message)


# ------------------------------------------------------------------------------------- the wash table

MARKET, STOP = {"type": "market"}, {"type": "stop", "stop_price": 80}
LOW, SAME, HIGH = ({"type": "limit", "limit_price": price} for price in (400, 500, 600))
STOP_LIMIT = {"type": "stop_limit", "stop_price": 500, "limit_price": 500}


@pytest.mark.parametrize(
    ("standing", "new", "washes"),
    [
        (STOP, MARKET, True),
        (STOP, LOW, True),
        (HIGH, MARKET, True),
        (HIGH, STOP, True),
        (HIGH, LOW, False),
        (HIGH, SAME, False),
        (SAME, SAME, True),
        (SAME, HIGH, True),
        (STOP_LIMIT, LOW, False),
        (STOP_LIMIT, HIGH, True),
        (HIGH, STOP_LIMIT, False),
    ],
)
def test_a_buy_against_an_open_sell_follows_the_wash_trade_table(venue, wire, standing, new, washes):
    venue.hold("SPY", 10)
    resting = wire.taken("sell", "SPY", 1, **standing)
    said = wire.order("buy", "SPY", 1, **new)
    assert said.status == (403 if washes else 200)
    if washes:
        assert said.body["message"] == "potential wash trade detected. use complex orders"
        assert said.body["existing_order_id"] == resting


def test_a_sell_against_an_open_buy_is_a_wash_trade_too(venue, wire):
    venue.hold("SPY", 10)
    wire.taken("buy", "SPY", 1, limit_price=400)
    assert wire.order("sell", "SPY", 1, limit_price=401).status == 200
    assert wire.order("sell", "SPY", 1, limit_price=400).status == 403
    assert wire.order("sell", "SPY", 1).status == 403


def test_an_order_in_pending_cancel_still_counts_for_wash_trades(venue, wire):
    venue.hold("SPY", 10)
    order = wire.taken("sell", "SPY", 1, limit_price=600)
    wire.cancel(order)
    assert wire.order("buy", "SPY", 1).status == 403
    venue.clock.sleep(1)
    assert wire.order("buy", "SPY", 1).status == 200


def test_orders_of_one_side_or_of_two_symbols_are_not_wash_trades(venue, wire):
    venue.hold("SPY", 10)
    for side, symbol in (("sell", "SPY"), ("sell", "SPY"), ("buy", "TLT"), ("buy", "TLT")):
        assert wire.order(side, symbol, 1).status == 200


# ------------------------------------------------------------------------------------- what is held and reserved


def test_shares_that_an_open_sale_holds_cannot_be_sold_again(venue, wire):
    venue.hold("SPY", 10)
    wire.taken("sell", "SPY", 7, limit_price=600)
    said = wire.order("sell", "SPY", 4)
    assert said.status == 403
    assert said.body == {
        "code": 40310000,
        "message": "insufficient qty available for order (requested: 4, available: 3)",
        "available": "3",
        "existing_qty": "10",
        "held_for_orders": "7",
        "symbol": "SPY",
    }


def test_an_account_that_may_not_go_short_sells_nothing_that_is_not_held(venue, wire):
    venue.terms.no_shorting = True
    said = wire.order("sell", "SPY", 1)
    assert (said.status, said.body["message"]) == (403, "account is not allowed to short")


def test_an_open_buy_reserves_its_limit_until_it_ends(venue, wire):
    venue.cash = 1000
    order = wire.taken("buy", "SPY", 1, limit_price=400)
    assert wire.get("/v2/account")["non_marginable_buying_power"] == "600"
    said = wire.order("buy", "TLT", 7)
    assert (said.status, said.body["message"]) == (403, "insufficient buying power")
    assert (said.body["buying_power"], said.body["cost_basis"]) == ("600", "630.07")
    wire.cancel(order)
    venue.clock.sleep(1)
    assert wire.order("buy", "TLT", 7).status == 200


def test_a_sale_frees_money_only_once_it_is_done(venue, wire):
    venue.cash = 0
    venue.hold("SPY", 1)
    wire.taken("sell", "SPY", 1)
    assert wire.order("buy", "TLT", 1).status == 403
    venue.clock.sleep(1)
    assert wire.order("buy", "TLT", 1).status == 200


def test_a_margin_account_can_go_into_debt_and_the_audit_reports_it(venue, wire):
    venue.cash = 1000
    venue.lends = True
    assert wire.get("/v2/account")["buying_power"] == "4000"
    wire.taken("buy", "SPY", 4)
    venue.clock.sleep(1)
    assert venue.audit().lowest_cash == 1000 - 4 * Decimal("500.01")


orders = st.tuples(
    st.sampled_from(["buy", "sell"]),
    st.sampled_from(["AAA", "BBB"]),
    st.decimals("0.001", "30", places=3),
    st.sampled_from([None, Decimal(90), Decimal(100), Decimal(110)]),
    st.booleans(),
)


@given(st.lists(orders, max_size=25))
def test_no_sequence_of_requests_ends_short_or_in_debt(asked):
    venue = LocalAlpaca(OPEN, cash=1500, market=Tape())
    venue.terms.no_shorting = True
    for symbol in ("AAA", "BBB"):
        venue.market.list(symbol, {OPEN.date(): Decimal(100)})
    for side, symbol, qty, limit, pause in asked:
        kind = {"type": "market"} if limit is None else {"type": "limit", "limit_price": str(limit)}
        body = {"symbol": symbol, "side": side, "qty": str(qty), "time_in_force": "day", **kind}
        with suppress(RefusalError):
            venue.exchange.submit(body, venue.account_body(), venue.clock.now())
        venue.clock.sleep(1.0 if pause else 0.1)
    assert venue.audit().lowest_cash >= 0
    assert venue.audit().shorts == ()
