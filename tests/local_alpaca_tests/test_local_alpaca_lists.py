"""Lists, pages and the bodies of the local Alpaca: orders, activities, the account, assets, days."""

from datetime import UTC, date, datetime, timedelta

import pandas_market_calendars
import pytest
from local_alpaca import order_scripts
from local_alpaca.sessions import Sessions


def resting(wire, times):
    return [wire.taken("buy", "SPY", 1, limit_price=100) for _ in range(times)]


def ids(rows):
    return [row["id"] for row in rows]


def test_by_default_the_fifty_newest_open_orders_are_shown(wire):
    placed = resting(wire, 55)
    assert ids(wire.get("/v2/orders")) == placed[:4:-1]


def test_orders_are_shown_by_status(venue, wire):
    filled, standing = wire.taken("buy", "SPY", 1), wire.taken("buy", "TLT", 1, limit_price=10)
    venue.clock.sleep(1)
    assert ids(wire.get("/v2/orders")) == [standing]
    assert ids(wire.get("/v2/orders", status="closed")) == [filled]
    assert ids(wire.get("/v2/orders", status="all", direction="asc")) == [filled, standing]


def test_orders_are_shown_by_symbol_side_and_client_id(venue, wire):
    venue.hold("SPY", 1)
    buy, sell = wire.taken("buy", "TLT", 1), wire.taken("sell", "SPY", 1, client_order_id="eve/1.a b")
    assert ids(wire.get("/v2/orders", symbols="SPY,QQQ")) == [sell]
    assert ids(wire.get("/v2/orders", side="buy")) == [buy]
    assert wire.get("/v2/orders:by_client_order_id", client_order_id="eve/1.a b")["id"] == sell


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_all_orders_are_reached_by_pages_in_time(wire, direction):
    placed = resting(wire, 7)
    seen, edge = [], {}
    while page := wire.get("/v2/orders", limit=3, direction=direction, **edge):
        seen += ids(page)
        edge = {"after" if direction == "asc" else "until": page[-1]["submitted_at"]}
    assert seen == (placed if direction == "asc" else placed[::-1])


def test_all_orders_are_reached_by_pages_after_an_order(wire):
    placed = resting(wire, 5)
    assert ids(wire.get("/v2/orders", direction="asc", after_order_id=placed[1], limit=2)) == placed[2:4]


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/v2/orders?limit=501", 422, "invalid limit"),
        ("/v2/orders?status=some", 422, "invalid status"),
        ("/v2/orders?after=yesterday", 422, "invalid after"),
        ("/v2/orders?direction=up", 422, "invalid direction"),
        ("/v2/orders/7", 422, "order_id is missing"),
        (
            "/v2/orders/11111111-1111-4111-8111-111111111111",
            404,
            "order not found for 11111111-1111-4111-8111-111111111111",
        ),
        ("/v2/orders:by_client_order_id?client_order_id=none", 404, "order not found"),
        ("/v2/positions/SPY", 404, "position does not exist"),
        ("/v2/assets/NOPE", 404, "asset not found for NOPE"),
        ("/v2/calendar?start=monday", 422, "invalid date"),
        ("/v2/elsewhere", 404, "endpoint not found"),
    ],
)
def test_unknown_resources_and_invalid_parameters_are_refused_by_name(wire, path, status, message):
    reply = wire.send("GET", path)
    assert (reply.status_code, reply.json()["message"]) == (status, message)


# ------------------------------------------------------------------------------------- activities


def test_executions_are_listed_with_what_is_left_the_newest_first(venue, wire):
    venue.script_orders("SPY", order_scripts.part("0.4", rest_after=5))
    order = wire.taken("buy", "SPY", 10)
    venue.clock.sleep(10)
    rest, part = wire.get("/v2/account/activities/FILL")
    assert (part["type"], part["qty"], part["cum_qty"], part["leaves_qty"]) == ("partial_fill", "4", "4", "6")
    assert (rest["type"], rest["qty"], rest["cum_qty"], rest["leaves_qty"]) == ("fill", "6", "10", "0")
    assert part["order_id"] == rest["order_id"] == order
    assert part["id"].startswith("20240304153000600::")


def test_activities_come_in_pages_of_a_hundred_at_most(venue, wire):
    placed = [wire.taken("buy", "SUB", 2) for _ in range(5)]
    venue.clock.sleep(1)
    seen, token = [], {}
    while page := wire.get("/v2/account/activities/FILL", page_size=2, direction="asc", **token):
        seen += [entry["order_id"] for entry in page]
        token = {"page_token": page[-1]["id"]}
    assert seen == placed
    assert wire.send("GET", "/v2/account/activities/FILL", page_size=101).status_code == 422


def test_activities_may_lag_behind_the_orders(venue, wire):
    venue.activities_lag = timedelta(seconds=5)
    order = wire.taken("buy", "SPY", 1)
    venue.clock.sleep(2)
    assert wire.status(order) == "filled"
    assert wire.get("/v2/account/activities/FILL") == []
    venue.clock.sleep(5)
    assert len(wire.get("/v2/account/activities/FILL")) == 1


def test_activities_are_found_by_time_and_day(venue, wire):
    wire.taken("buy", "SPY", 1)
    venue.clock.sleep(1)
    made = wire.get("/v2/account/activities/FILL")[0]["transaction_time"]
    assert wire.get("/v2/account/activities/FILL", after=made) == []
    assert len(wire.get("/v2/account/activities/FILL", after="2024-03-04T20:30:00Z")) == 1
    assert len(wire.get("/v2/account/activities/FILL", date="2024-03-04")) == 1
    assert wire.get("/v2/account/activities/FILL", date="2024-03-05") == []


# ------------------------------------------------------------------------------------- the account


def test_equity_is_cash_and_what_is_held(venue, wire):
    venue.hold("SPY", 10)
    venue.hold("TLT", -2)
    body = wire.get("/v2/account")
    assert (body["cash"], body["long_market_value"], body["short_market_value"]) == ("100000", "5000", "-180")
    assert body["equity"] == "104820"
    assert body["buying_power"] != body["cash"]
    assert venue.audit().shorts == ("TLT",)


def test_the_account_shows_what_a_test_sets(venue, wire):
    venue.account.update(status="LIMITED", currency="EUR")
    body = wire.get("/v2/account")
    assert (body["status"], body["currency"], body["account_number"][:2]) == ("LIMITED", "EUR", "PA")


def test_a_position_shows_what_it_cost_and_what_it_is_worth(venue, wire):
    venue.hold("SPY", "2.5")
    venue.market.trade("SPY", 600)
    body = wire.get("/v2/positions/SPY")
    assert (body["qty"], body["avg_entry_price"], body["market_value"]) == ("2.5", "500", "1500")
    assert (body["side"], body["unrealized_pl"]) == ("long", "250")


def test_a_short_and_another_class_of_asset_are_shown_as_what_they_are(venue, wire):
    venue.hold("SPY", -3)
    venue.hold("BTCUSD", "0.1", asset_class="crypto")
    coin, short = wire.get("/v2/positions")
    assert (coin["asset_class"], coin["qty"]) == ("crypto", "0.1")
    assert (short["side"], short["qty"], short["market_value"]) == ("short", "-3", "-1500")


def test_assets_are_listed_by_status_and_class(venue, wire):
    venue.assets["TLT"] = {"status": "inactive"}
    venue.assets["SUB"] = None
    symbols = [asset["symbol"] for asset in wire.get("/v2/assets", status="active", asset_class="us_equity")]
    assert symbols == ["SPY"]
    assert wire.send("GET", "/v2/assets/SUB").status_code == 404


def test_without_the_right_keys_nothing_is_answered(venue, wire):
    wire.session.headers["APCA-API-SECRET-KEY"] = "guessed"
    for method, path in (("GET", "/v2/account"), ("POST", "/v2/orders"), ("GET", "/v2/stocks/snapshots")):
        reply = wire.send(method, path)
        assert (reply.status_code, reply.json()) == (401, {"message": "unauthorized."})


# ------------------------------------------------------------------------------------- the days


def test_the_clock_shows_todays_close_while_open(venue, wire):
    assert wire.get("/v2/clock") == {
        "timestamp": "2024-03-04T15:30:00.000000-05:00",
        "is_open": True,
        "next_open": "2024-03-05T09:30:00-05:00",
        "next_close": "2024-03-04T16:00:00-05:00",
    }
    venue.clock.sleep(1800)
    assert (wire.get("/v2/clock")["is_open"], wire.get("/v2/clock")["next_close"][:10]) == (False, "2024-03-05")


def test_the_clock_of_the_venue_can_be_wrong(venue, wire):
    venue.skew = timedelta(seconds=-90)
    assert wire.get("/v2/clock")["timestamp"] == "2024-03-04T15:28:30.000000-05:00"


def test_the_calendar_tells_half_days_and_when_a_trade_settles(wire):
    thursday_off = wire.get("/v2/calendar", start="2026-11-26", end="2026-11-28")
    assert thursday_off == [
        {
            "date": "2026-11-27",
            "open": "09:30",
            "close": "13:00",
            "session_open": "0400",
            "session_close": "1700",
            "settlement_date": "2026-11-30",
        }
    ]


def test_an_unannounced_closure_is_not_in_the_calendar(venue, wire):
    venue.closed(date(2024, 3, 5))
    days = wire.get("/v2/calendar", start="2024-03-04", end="2024-03-06")
    assert [day["date"] for day in days] == ["2024-03-04", "2024-03-06"]


def test_the_venue_keeps_the_days_and_hours_of_new_york():
    first, last = date(2013, 1, 1), date(2028, 12, 31)
    schedule = pandas_market_calendars.get_calendar("NYSE").schedule(first, last, tz="UTC")
    expected = [(row.Index.date(), row.market_open, row.market_close) for row in schedule.itertuples()]
    assert [(s.day, s.opens, s.closes) for s in Sessions().between(first, last)] == expected


# ------------------------------------------------------------------------------------- how much is too much


def test_more_than_two_hundred_requests_a_minute_are_rejected(venue, wire):
    for _ in range(200):
        wire.get("/v2/clock")
    refused = wire.send("GET", "/v2/clock")
    assert refused.status_code == 429
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert int(refused.headers["X-RateLimit-Reset"]) == datetime(2024, 3, 4, 20, 31, tzinfo=UTC).timestamp()
    assert wire.send("GET", "/v2/stocks/snapshots", symbols="SPY", feed="iex").status_code == 200
    venue.clock.sleep(60)
    assert wire.send("GET", "/v2/clock").status_code == 200
    assert venue.audit().busiest_minute == 201


def test_the_venue_records_every_request_and_response(venue, wire):
    wire.order("buy", "SPY", 2, client_order_id="first")
    wire.order("buy", "SPY", 0, client_order_id="second")
    wire.get("/v2/orders", limit=5)
    asked = [
        (r.method, r.path, r.params.get("client_order_id", r.params.get("limit")), r.status) for r in venue.requests
    ]
    assert asked == [
        ("POST", "/v2/orders", "first", 200),
        ("POST", "/v2/orders", "second", 422),
        ("GET", "/v2/orders", "5", 200),
    ]
    assert venue.audit().posts == 2
    assert [order.ticket.client_id for order in venue.audit().orders["SPY"]] == ["first"]
