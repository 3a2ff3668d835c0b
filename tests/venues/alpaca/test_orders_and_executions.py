"""Lists are read to their last page, replaced orders are followed, and fills are returned once complete."""

from datetime import timedelta
from decimal import Decimal

import pytest
from local_alpaca import faults, order_scripts

from rebalancer.errors import SourceError
from rebalancer.venues.alpaca.parse import Body
from rebalancer.venues.alpaca.reads import Executions, follow_replacements, open_orders, orders_since

ORDER = {"symbol": "SPY", "side": "buy", "type": "market", "time_in_force": "day"}


@pytest.fixture
def place(client):
    def place(client_id, qty="2", **changes):
        sent = {**ORDER, "client_order_id": client_id, "qty": qty, **changes}
        return client.send("POST", "/orders", sent).body["id"]

    return place


@pytest.fixture
def look(client):
    def look(order_id):
        return follow_replacements(client, Body.of("order", client.read(f"/orders/{order_id}")))

    return look


def activities(venue):
    return [request for request in venue.requests if request.path == "/v2/account/activities/FILL"]


# ------------------------------------------------------------------------------------------------ orders


def test_open_and_all_orders_are_listed_oldest_first(venue, client, place):
    before = venue.clock.now() - timedelta(seconds=1)
    venue.script_orders("SPY", order_scripts.halted(), times=1)
    for client_id in ("rb1", "rb2", "rb3"):
        place(client_id)
        venue.clock.sleep(1)
    assert [body.text("client_order_id") for body in open_orders(client)] == ["rb1"]
    assert [body.text("client_order_id") for body in orders_since(client, before)] == ["rb1", "rb2", "rb3"]
    assert len(orders_since(client, venue.clock.now())) == 0


def test_a_list_that_never_ends_is_an_error(venue, client, place):
    place("rb1", type="limit", limit_price="1.00")
    page = client.read("/orders") * 500
    venue.faults.on("GET", "/v2/orders", fault=faults.answering(page), times=None)
    with pytest.raises(SourceError, match="does not come to an end"):
        open_orders(client)


def test_a_replaced_order_is_followed_to_its_replacement(venue, place, look):
    venue.script_orders("SPY", order_scripts.replaced(), times=1)
    first = place("rb1")
    venue.clock.sleep(2)
    seen = look(first)
    assert len(seen.broker_ids) == 2
    assert (seen.state.id, seen.state.quantity) == ("rb1", 2)
    assert seen.state.reason == "replaced at Alpaca by another order"
    assert seen.state.status != "replaced"


def test_the_fills_of_a_replaced_order_are_those_of_both(venue, client, place, look):
    first, second = place("rb1", "2"), place("by-hand", "3")
    venue.clock.sleep(2)
    venue.faults.on("GET", f"/v2/orders/{first}", fault=faults.edited(status="replaced", replaced_by=second))
    seen = look(first)
    assert (seen.state.status, seen.state.filled) == ("filled", 5)
    assert seen.state.average_price == Decimal("500.01")
    assert sum(fill.quantity for fill in Executions(client).fills_of(seen)) == 5
    assert {fill.order_id for fill in Executions(client).fills_of(seen)} == {"rb1"}


def test_orders_that_replace_each_other_in_a_circle_are_open(venue, place, look):
    first = place("rb1")
    circle = faults.edited(status="replaced", replaced_by=first)
    venue.faults.on("GET", f"/v2/orders/{first}", fault=circle, times=None)
    assert look(first).state.status == "open"


# ------------------------------------------------------------------------------------------------ executions


def test_one_request_reads_the_fills_of_many_orders(venue, client, place, look):
    orders = [place("rb1"), place("rb2")]
    venue.clock.sleep(2)
    executions = Executions(client)
    fills = [executions.fills_of(look(order))[0] for order in orders]
    assert [fill.order_id for fill in fills] == ["rb1", "rb2"]
    assert len(activities(venue)) == 1


def test_unfilled_orders_need_no_request(venue, client, place, look):
    seen = look(place("rb1", type="limit", limit_price="1.00"))
    assert Executions(client).fills_of(seen) == ()
    assert not activities(venue)


def test_fills_not_yet_shown_are_an_error(venue, client, place, look):
    venue.activities_lag = timedelta(seconds=5)
    order = place("rb1")
    venue.clock.sleep(2)
    executions, seen = Executions(client), look(order)
    with pytest.raises(SourceError, match="does not show every execution yet"):
        executions.fills_of(seen)
    venue.clock.sleep(5)
    assert sum(fill.quantity for fill in executions.fills_of(seen)) == 2


def test_a_fill_after_the_poll_is_left_for_the_next_one(venue, client, place, look):
    venue.script_orders("SPY", order_scripts.part("0.5", rest_after=2))
    order = place("rb1")
    venue.clock.sleep(1)
    before = look(order)
    venue.clock.sleep(5)
    executions = Executions(client)
    assert sum(fill.quantity for fill in executions.fills_of(before)) == before.state.filled == 1
    assert sum(fill.quantity for fill in executions.fills_of(look(order))) == 2


def test_a_fill_that_is_listed_twice_counts_once(venue, client, place, look):
    order = place("rb1")
    venue.clock.sleep(2)
    page = client.read("/account/activities/FILL") * 2
    venue.faults.on("GET", "/v2/account/activities/FILL", fault=faults.answering(page))
    assert len(Executions(client).fills_of(look(order))) == 1


def test_executions_that_never_end_are_an_error(venue, client, place, look):
    order = place("rb1")
    venue.clock.sleep(2)
    page = client.read("/account/activities/FILL") * 100
    other = [{**entry, "order_id": "another"} for entry in page]
    venue.faults.on("GET", "/v2/account/activities/FILL", fault=faults.answering(other), times=None)
    with pytest.raises(SourceError, match="does not come to an end"):
        Executions(client).fills_of(look(order))
