"""Alpaca's adapter beyond the broker contract: paper only, few requests, no order that can't be looked up."""

from datetime import timedelta
from decimal import Decimal

import pytest
from local_alpaca import faults, order_scripts
from paper import PaperStreet, client_of, evening
from street import BIL, SPY, XYZ, buy, sell

from rebalancer.errors import RunFailedError, SourceError
from rebalancer.model import Absent, Accepted, Order, OrderId, OrderState, Refused, Symbol, Unknown
from rebalancer.venues.alpaca.broker import AlpacaBroker


@pytest.fixture
def venue():
    with evening(Decimal(10_000)) as venue:
        PaperStreet(venue)
        yield venue


@pytest.fixture
def broker(venue):
    return AlpacaBroker(client_of(venue), venue.clock)


def auction(quantity="3", side="buy") -> Order:
    return Order(OrderId("rb1"), SPY, side, Decimal(quantity), "moc", None, "")


def asked(venue, path="/v2/"):
    return [(request.method, request.path) for request in venue.requests if request.path.startswith(path)]


def sent(venue):
    return [request.params for request in venue.requests if request.method == "POST"]


# ------------------------------------------------------------------------------------------------ the account


def test_the_broker_declares_its_venue(broker):
    venue = broker.venue
    assert (venue.title, venue.simulated, venue.fee_per_order, venue.quiet_seconds, venue.takes_auction_orders) == (
        "Alpaca",
        False,
        0,
        30,
        True,
    )


def test_an_account_that_is_not_a_paper_one_is_refused_whatever_its_host(venue, broker):
    venue.account["account_number"] = "123456789"
    with pytest.raises(RunFailedError, match="123456789 is no paper account"):
        broker.account()


def test_a_blocked_account_says_so(venue, broker):
    venue.account["trading_blocked"] = True
    assert broker.account().blocked == "Alpaca has blocked its trading"


def test_only_non_marginable_buying_power_can_be_spent(venue, broker):
    venue.withhold(250)
    account = broker.account()
    assert (account.cash, account.spendable) == (10_000, 9_750)


def test_held_shares_shorts_and_other_classes_are_shown_as_they_are(venue, broker):
    venue.script_orders(SPY, order_scripts.halted())
    venue.hold(SPY, "10")
    venue.hold(BIL, "-3")
    venue.hold("BTCUSD", "0.5", asset_class="crypto")
    broker.submit(sell("rb1", SPY, "4"))
    shown = {position.symbol: position for position in broker.positions()}
    assert (shown[SPY].quantity, shown[SPY].available) == (10, 6)
    assert shown[BIL].quantity == -3
    assert shown["BTCUSD"].asset_class == "crypto"


def test_a_position_without_a_value_counts_at_the_value_implied_by_equity(venue, broker):
    venue.hold(SPY, "10")
    venue.hold(BIL, "4")
    venue.positions[SPY] = {"market_value": None}
    shown = {position.symbol: (position.market_value, position.valued) for position in broker.positions()}
    assert shown == {SPY: (1000, False), BIL: (200, True)}


def test_positions_without_a_value_share_the_value_implied_by_equity(venue, broker):
    venue.hold(SPY, "10")
    venue.hold(BIL, "4")
    venue.positions |= {SPY: {"market_value": None}, BIL: {"market_value": None}}
    assert [position.market_value for position in broker.positions()] == [600, 600]


def test_a_position_that_the_equity_does_not_count_is_worth_nothing(venue, broker):
    venue.hold(SPY, "10")
    venue.positions[SPY] = {"market_value": None}
    venue.account["equity"] = "10000"
    assert [position.market_value for position in broker.positions()] == [0]


@pytest.mark.parametrize(("said", "shorts"), [({}, True), ({"shorting_enabled": False}, False)])
def test_shorting_follows_the_accounts_configuration(venue, broker, said, shorts):
    venue.account |= said
    assert broker.may_short() is shorts


def test_its_configuration_can_forbid_shorts(venue, broker):
    venue.terms.no_shorting = True
    assert broker.may_short() is False


def test_a_position_that_can_not_be_read_hides_the_whole_account(venue, broker):
    venue.hold(SPY, "10")
    venue.faults.on("GET", "/v2/positions", fault=faults.without("market_value"))
    with pytest.raises(SourceError, match="market_value is missing"):
        broker.positions()


def test_hours_are_by_the_venues_clock_and_not_our_own(venue, broker):
    venue.skew = timedelta(seconds=90)
    assert broker.hours().now == venue.clock.now() + timedelta(seconds=90)


# ------------------------------------------------------------------------------------------------ symbols


def test_an_asset_is_requested_once_a_day(venue, broker):
    for _ in range(2):
        assert list(broker.untradable([SPY, XYZ, SPY])) == [XYZ]
    assert sorted(path for _, path in asked(venue, "/v2/assets")) == ["/v2/assets/SPY", "/v2/assets/XYZ"]
    venue.clock.sleep(86_400)
    assert list(broker.untradable([SPY])) == []
    assert len(asked(venue, "/v2/assets/SPY")) == 2


def test_many_assets_are_requested_in_one_list(venue, broker):
    many = [Symbol(f"X{number}") for number in range(40)]
    venue.assets[BIL] = {"tradable": False}
    venue.assets["X7"] = {"status": "inactive"}
    untradable = broker.untradable([SPY, BIL, *many])
    assert set(untradable) == {BIL, *many}
    assert asked(venue, "/v2/assets") == [("GET", "/v2/assets")]


def test_a_symbol_of_another_class_is_not_traded(venue, broker):
    venue.assets["BTCUSD"] = {"class": "crypto"}
    assert "crypto" in broker.untradable([Symbol("BTCUSD")])["BTCUSD"]


def test_an_asset_that_can_not_be_read_is_not_tradable(venue, broker):
    venue.faults.on("GET", "/v2/assets*", fault=faults.UNAVAILABLE, times=None)
    with pytest.raises(SourceError):
        broker.untradable([SPY])


# ------------------------------------------------------------------------------------------------ orders


def test_numbers_go_out_as_text_to_the_last_place(venue, broker):
    venue.hold(SPY, "0.557436865")
    broker.submit(sell("rb1", SPY, "0.557436865"))
    broker.submit(buy("rb2", BIL, "30", limit="51.10"))
    assert [order["qty"] for order in sent(venue)] == ["0.557436865", "30"]
    assert [order.get("limit_price") for order in sent(venue)] == [None, "51.10"]
    assert {order["time_in_force"] for order in sent(venue)} == {"day"}


@pytest.mark.parametrize("order", [buy("rb1", SPY, "NaN"), buy("rb1", SPY, "1.5"), buy("rb1", SPY, "1", limit="0")])
def test_a_malformed_order_is_never_sent(venue, broker, order):
    assert isinstance(broker.submit(order), Refused)
    assert not venue.requests


def test_an_order_for_the_closing_auction_is_taken_before_its_cutoff(venue, broker):
    venue.clock.set(venue.clock.now() - timedelta(minutes=10))
    answer = broker.submit(auction())
    assert isinstance(answer, Accepted)
    assert auction().same_as(answer.state)
    assert sent(venue)[0]["time_in_force"] == "cls"


def test_after_its_cutoff_it_is_refused_as_late(broker):
    assert broker.submit(auction()).kind == "late"


def test_an_answer_with_a_longer_time_in_force_is_not_our_order(venue, broker):
    venue.faults.on("POST", "/v2/orders", fault=faults.edited(time_in_force="gtc"))
    assert isinstance(broker.submit(buy("rb1", SPY, "1")), Unknown)


def test_refusals_carry_the_brokers_numbers_and_their_kind(venue, broker):
    venue.hold(BIL, "2")
    venue.script_orders(BIL, order_scripts.halted())
    broker.submit(sell("rb0", BIL, "2"))
    answers = [
        broker.submit(buy("rb1", SPY, "101")),
        broker.submit(sell("rb2", BIL, "1")),
        broker.submit(buy("rb3", BIL, "1")),
        broker.submit(buy("rb4", XYZ, "1")),
    ]
    assert [answer.kind for answer in answers] == ["funds", "held", "wash", "symbol"]
    assert "10,000.00 USD" in answers[0].reason
    assert "open orders hold 2" in answers[1].reason


def test_a_poll_of_many_orders_is_one_request(venue, broker):
    ids = [OrderId(f"rb{number}") for number in range(12)]
    for order_id in ids:
        broker.submit(buy(order_id, BIL, "1"))
    before = len(venue.requests)
    assert list(broker.orders(ids)) == ids
    assert len(venue.requests) == before + 1


def test_an_order_of_an_earlier_week_is_looked_up_by_its_id(venue, broker):
    broker.submit(buy("rb1", BIL, "1"))
    venue.clock.sleep(7 * 86_400)
    later = AlpacaBroker(client_of(venue), venue.clock)
    assert later.orders([OrderId("rb1")])["rb1"].status == "filled"
    assert later.fills(OrderId("rb1"))[0].quantity == 1


def test_no_orders_need_no_request(venue, broker):
    assert broker.orders([]) == {}
    assert not venue.requests


def test_an_order_that_did_not_arrive_is_absent_and_half_a_minute_is_the_quiet_time(venue, broker):
    venue.faults.on("POST", "/v2/orders", fault=faults.RESET)
    broker.submit(buy("rb1", SPY, "1"))
    assert broker.find(OrderId("rb1")) == Absent()
    assert broker.venue.quiet_seconds == 30


def test_an_order_sent_in_the_very_moment_is_listed_since_it(venue, broker):
    now = venue.clock.now()
    broker.submit(buy("rb1", SPY, "1"))
    assert [state.id for state in broker.named(bool, now)] == ["rb1"]


def of_several_legs() -> dict[str, object]:
    """As Alpaca shows an order in options of several legs: neither a symbol nor a side of its own."""
    leg = {
        "id": "00000000-0000-0000-0000-000000000002",
        "client_order_id": "a leg",
        "symbol": "BIL260116C00090000",
        "side": "buy",
        "qty": "1",
        "filled_qty": "0",
        "filled_avg_price": None,
        "limit_price": None,
        "notional": None,
        "order_class": "mleg",
        "time_in_force": "day",
        "status": "new",
        "created_at": "2016-06-30T19:00:00Z",
        "legs": None,
    }
    whole = {"id": "00000000-0000-0000-0000-000000000001", "client_order_id": "a spread", "symbol": "", "side": ""}
    return {**leg, **whole, "legs": [leg, {**leg, "client_order_id": "another", "symbol": BIL, "side": "sell"}]}


def test_an_order_of_several_legs_is_seen_as_its_legs(venue, broker):
    listing = faults.BadAnswer(change=lambda page: [of_several_legs(), *page])
    venue.faults.on("GET", "/v2/orders", fault=listing)
    assert [(state.id, state.symbol, state.side) for state in broker.open_orders()] == [
        ("a leg", "BIL260116C00090000", "buy"),
        ("another", BIL, "sell"),
    ]


def test_an_order_of_several_legs_that_shows_none_is_still_an_order(venue, broker):
    listing = faults.BadAnswer(change=lambda page: [{**of_several_legs(), "legs": None}, *page])
    venue.faults.on("GET", "/v2/orders", fault=listing)
    assert [(state.id, state.symbol) for state in broker.open_orders()] == [("a spread", "options of several legs")]


@pytest.mark.parametrize(("limit", "side", "dollars"), [("2.50", "buy", 250), ("-2.50", "sell", -250)])
def test_a_spread_is_bought_or_sold_by_the_sign_of_its_limit_for_a_hundred_shares(venue, broker, limit, side, dollars):
    spread = {**of_several_legs(), "legs": None, "limit_price": limit}
    venue.faults.on("GET", "/v2/orders", fault=faults.answering([spread]))
    (state,) = broker.open_orders()
    assert (state.side, state.limit) == (side, dollars)


def test_an_order_in_shares_without_its_symbol_is_never_left_out(venue, broker):
    broker.submit(buy("rb1", SPY, "1"))
    venue.faults.on("GET", "/v2/orders", fault=faults.without("symbol"), times=None)
    for look in (broker.open_orders, lambda: broker.named(bool, venue.clock.now() - timedelta(hours=1))):
        with pytest.raises(SourceError, match="symbol is missing"):
            look()


@pytest.mark.parametrize(
    "fault",
    [
        faults.answering({"code": 40410000, "message": "endpoint not found."}, 404),
        faults.BadAnswer(status=404, raw=b"<html>404</html>"),
        faults.UNAUTHORIZED,
    ],
)
def test_an_error_other_than_order_not_found_is_not_an_absence(venue, broker, fault):
    venue.clock.sleep(600)
    venue.faults.on("GET", "/v2/orders:by_client_order_id", fault=fault, times=None)
    assert isinstance(broker.find(OrderId("rb1")), Unknown)


def test_external_orders_are_seen_and_can_be_cancelled(venue, broker):
    by_hand = {"symbol": BIL, "side": "buy", "time_in_force": "gtc", "qty": "5", "type": "limit", "limit_price": "40"}
    client_of(venue).send("POST", "/orders", by_hand)
    (other,) = broker.open_orders()
    assert (other.symbol, other.quantity, other.limit) == (BIL, 5, 40)
    broker.cancel(other.id)
    venue.clock.sleep(2)
    assert broker.open_orders() == ()
    assert broker.orders([other.id])[other.id].status == "canceled"


def test_an_external_order_by_amount_reserves_its_dollars(venue, broker):
    venue.script_orders(BIL, order_scripts.halted())
    by_hand = {"symbol": BIL, "side": "buy", "time_in_force": "day", "notional": "75.50", "type": "market"}
    client_of(venue).send("POST", "/orders", by_hand)
    (other,) = broker.open_orders()
    assert (other.quantity - other.filled) * other.limit == Decimal("75.50")
    assert other.by_amount


def test_only_a_sell_says_that_it_closes_what_is_held(venue, broker):
    venue.hold(SPY, "10")
    for order in (sell("rb1", SPY, "4"), buy("rb2", BIL, "1")):
        assert isinstance(broker.submit(order), Accepted)
    assert [order.get("position_intent") for order in sent(venue)] == ["sell_to_close", None]


@pytest.mark.parametrize("enforces", [True, False])
def test_a_sell_of_shares_sold_meanwhile_is_refused_where_position_intent_is_supported(venue, broker, enforces):
    venue.terms.enforces_intent = enforces
    answer = broker.submit(sell("rb1", SPY, "4"))
    assert isinstance(answer, Refused if enforces else Accepted)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"X-RateLimit-Reset": "{in_20}"}, 20),
        ({"Retry-After": "3600"}, 60),
        ({"Retry-After": "soon"}, 5),
        ({"Retry-After": "-4"}, 0),
        ({"Retry-After": "NaN", "X-RateLimit-Reset": "inf"}, 5),
        ({}, 5),
    ],
)
def test_after_too_many_requests_the_client_pauses_as_long_as_the_venue_says(venue, broker, headers, seconds):
    reset = str(int(venue.clock.now().timestamp()) + 20)
    filled = {name: value.format(in_20=reset) for name, value in headers.items()}
    venue.faults.on("POST", "/v2/orders", fault=faults.BadAnswer(commits=False, status=429, raw=b"", headers=filled))
    answer = broker.submit(buy("rb1", SPY, "1"))
    assert isinstance(answer, Unknown)
    assert answer.pause == pytest.approx(seconds, abs=1)


def test_only_too_many_requests_are_answered_with_a_pause(venue, broker):
    venue.faults.on("POST", "/v2/orders", fault=faults.UNAVAILABLE)
    answer = broker.submit(buy("rb1", SPY, "1"))
    assert isinstance(answer, Unknown)
    assert answer.pause is None


def test_an_order_stuck_in_pending_cancel_stays_open(venue, broker):
    venue.script_orders(SPY, order_scripts.stuck_in_cancel())
    broker.submit(buy("rb1", SPY, "1"))
    broker.cancel(OrderId("rb1"))
    venue.clock.sleep(60)
    state = broker.find(OrderId("rb1"))
    assert isinstance(state, OrderState)
    assert not state.terminal


def test_a_cancel_of_an_order_that_is_not_known_here_finds_it_first(venue, broker):
    venue.script_orders(SPY, order_scripts.halted())
    broker.submit(buy("rb1", SPY, "1"))
    AlpacaBroker(client_of(venue), venue.clock).cancel(OrderId("rb1"))
    venue.clock.sleep(2)
    assert broker.orders([OrderId("rb1")])["rb1"].status == "canceled"


def test_unreadable_fills_are_not_taken_for_no_fills(venue, broker):
    broker.submit(buy("rb1", SPY, "1"))
    venue.faults.on("GET", "/v2/orders:by_client_order_id", fault=faults.UNAVAILABLE, times=None)
    with pytest.raises(SourceError):
        broker.fills(OrderId("rb1"))
