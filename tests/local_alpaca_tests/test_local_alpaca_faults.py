"""Faults that a test can order at the local Alpaca."""

import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from local_alpaca import LocalAlpaca, faults

BUY = {"symbol": "SPY", "qty": 1, "side": "buy", "type": "market", "time_in_force": "day", "client_order_id": "one"}


def attempt(wire, fault, *, timeout=60, **fields):
    """Send the order into `fault`; the answer, or the error of the client."""
    wire.venue.faults.on("POST", "/v2/orders", fault=fault)
    url = wire.venue.url + "/v2/orders"
    try:
        return wire.session.post(url, json={**BUY, **fields}, timeout=timeout, allow_redirects=False)
    except requests.RequestException as error:
        return error


def asking_for_the_clock(venue):
    """A raw connection with its request sent."""
    client = socket.create_connection(("127.0.0.1", int(venue.url.rsplit(":", 1)[1])), timeout=60)
    keys = f"APCA-API-KEY-ID: {venue.key_id}\r\nAPCA-API-SECRET-KEY: {venue.secret}\r\n"
    client.sendall(f"GET /v2/clock HTTP/1.1\r\nHost: here\r\n{keys}\r\n".encode())
    return client


def test_an_order_may_arrive_some_time_after_its_connection_broke(venue, wire):
    assert isinstance(attempt(wire, faults.late(30)), requests.RequestException)
    for seconds, stands in ((0, False), (29, False), (1, True)):
        venue.clock.sleep(seconds)
        found = wire.send("GET", "/v2/orders:by_client_order_id", client_order_id="one")
        assert (found.status_code == 200) is stands
    assert attempt(wire, faults.late(30)) is not None
    venue.clock.sleep(60)
    assert len(venue.book.orders) == 1


@pytest.mark.parametrize(
    ("fault", "stands"),
    [
        (faults.SILENCE, False),
        (faults.SILENCE_AFTER, True),
        (faults.RESET, False),
        (faults.RESET_AFTER, True),
    ],
)
def test_an_order_may_exist_or_not_when_no_answer_comes(venue, wire, fault, stands):
    handled = threading.Event()
    timeout = 0.2 if fault.way == "silence" else 60
    assert isinstance(attempt(wire, replace(fault, then=handled.set), timeout=timeout), requests.RequestException)
    assert handled.wait(60)  # a client that gives up may be faster than the venue
    found = wire.send("GET", "/v2/orders:by_client_order_id", client_order_id="one")
    assert (found.status_code == 200) is stands
    assert len([request for request in venue.requests if request.method == "POST"]) == 1


def test_a_reset_is_a_reset(venue, wire):
    assert isinstance(attempt(wire, faults.RESET), requests.ConnectionError)
    assert venue.requests[-1].status == 0


@pytest.mark.parametrize(
    ("fault", "status", "stands"),
    [
        (faults.TOO_MANY, 429, False),
        (faults.TOO_MANY_BARE, 429, False),
        (faults.UNAVAILABLE, 503, False),
        (faults.INTERNAL, 500, False),
        (faults.HTML, 500, False),
        (faults.HTML_AFTER, 500, True),
        (faults.TIMEOUT_AFTER, 504, True),
        (faults.REDIRECT, 302, False),
        (faults.EMPTY, 200, True),
        (faults.TRUNCATED, 200, True),
        (faults.UNAUTHORIZED, 401, False),
        (faults.FORBIDDEN, 403, False),
    ],
)
def test_an_order_may_exist_or_not_whatever_the_answer_says(venue, wire, fault, status, stands):
    assert attempt(wire, fault).status_code == status
    assert bool(venue.book.orders) is stands


def test_a_repeated_post_after_a_gateway_timeout_is_refused_as_a_duplicate(wire):
    attempt(wire, faults.TIMEOUT_AFTER)
    again = wire.order("buy", "SPY", 1, client_order_id="one")
    assert (again.status, again.body["message"]) == (422, "client_order_id must be unique")


def test_a_429_comes_with_or_without_headers(wire):
    assert attempt(wire, faults.TOO_MANY).headers["X-RateLimit-Remaining"] == "0"
    bare = attempt(wire, faults.TOO_MANY_BARE)
    assert (bare.content, bare.headers.get("X-RateLimit-Remaining")) == (b"", None)


def test_a_truncated_or_empty_answer_is_no_json(wire):
    for fault in (faults.TRUNCATED, faults.EMPTY, faults.HTML):
        with pytest.raises(requests.JSONDecodeError):
            attempt(wire, fault, client_order_id=str(id(fault))).json()


@pytest.mark.parametrize("fault", [faults.DRIP, faults.DRIP_HEADERS])
def test_a_slow_response_arrives_byte_by_byte_and_no_socket_timeout_ends_it(venue, fault):
    venue.faults.on("GET", "/v2/clock", fault=replace(fault, raw=b" " * 10_000))
    with asking_for_the_clock(venue) as client:
        pieces = [client.recv(4096) for _ in range(4)]
    assert pieces[0].startswith(b"H")
    assert all(1 <= len(piece) < 1_000 for piece in pieces[1:])  # of a client that is late, several at once


def test_fields_are_changed_added_and_left_out(wire):
    changed = attempt(wire, faults.edited(symbol="TLT", status="mystery", colour="blue")).json()
    assert (changed["symbol"], changed["status"], changed["colour"]) == ("TLT", "mystery", "blue")
    left = attempt(wire, faults.without("qty", "status"), client_order_id="two").json()
    assert left.keys().isdisjoint({"qty", "status"})
    assert left["symbol"] == "SPY"


def test_a_list_is_changed_in_each_of_its_entries(venue, wire):
    venue.hold("SPY", 1)
    venue.hold("TLT", 1)
    venue.faults.on("GET", "/v2/positions", fault=faults.edited(exchange="MOON"))
    assert [position["exchange"] for position in wire.get("/v2/positions")] == ["MOON", "MOON"]


def test_a_test_chooses_the_message_of_a_refusal(wire):
    said = attempt(wire, faults.refusing(403, 40310000, "account is restricted to liquidation only", available="0"))
    assert said.json() == {
        "code": 40310000,
        "message": "account is restricted to liquidation only",
        "available": "0",
    }


def test_faults_are_counted_from_when_they_are_ordered(venue, wire):
    wire.get("/v2/clock")
    venue.faults.on("GET", "/v2/clock", nth=2, fault=faults.UNAVAILABLE, times=2)
    assert [wire.send("GET", "/v2/clock").status_code for _ in range(4)] == [200, 503, 503, 200]


def test_a_path_with_a_star_is_a_prefix_and_one_without_matches_exactly(venue, wire):
    order = wire.taken("buy", "SPY", 1)
    venue.faults.on("GET", "/v2/orders", fault=faults.UNAVAILABLE)
    assert wire.status(order) == "pending_new"
    venue.faults.clear()
    venue.faults.on("GET", "/v2/orders*", fault=faults.UNAVAILABLE, times=None)
    assert wire.send("GET", f"/v2/orders/{order}").status_code == 503
    assert wire.send("GET", "/v2/orders").status_code == 503


def test_missing_and_absurd_quotes_are_served_unchanged(venue, wire):
    venue.market.quote("SPY", 0, 0, at=datetime(2024, 3, 4, 15, tzinfo=UTC))
    quote = wire.get("/v2/stocks/snapshots", symbols="SPY", feed="iex")["SPY"]["latestQuote"]
    assert (quote["ap"], quote["bp"], quote["t"][:13]) == (0, 0, "2024-03-04T15")


def test_an_internal_error_of_the_simulation_fails_the_test_that_caused_it():
    def ask(venue):
        venue.market = None
        keys = {"APCA-API-KEY-ID": venue.key_id, "APCA-API-SECRET-KEY": venue.secret}
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{venue.url}/v2/assets/SPY", headers=keys, timeout=60)

    with pytest.raises(AttributeError), LocalAlpaca(datetime(2024, 3, 4, tzinfo=UTC)) as venue:
        ask(venue)


def test_closing_the_venue_closes_waiting_connections():
    heard = threading.Event()
    with LocalAlpaca(datetime(2024, 3, 4, tzinfo=UTC)) as venue:
        venue.faults.on("GET", "/v2/clock", fault=faults.BadAnswer("silence", change=lambda _: heard.set()))
        client = asking_for_the_clock(venue)
        assert heard.wait(60)
    with client:
        assert client.recv(1) == b""


def test_it_can_be_started_from_the_command_line():
    folder = Path(__file__).parent.parent / "local_alpaca"
    words = [sys.executable, str(folder), "--port", "0", "--now", "2024-03-04T15:50:00-05:00"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as started:  # noqa: S603 - our own folder
        try:
            said = dict(started.stdout.readline().split() for _ in range(3))
            keys = {"APCA-API-KEY-ID": said["key_id"], "APCA-API-SECRET-KEY": said["secret"]}
            clock = requests.get(f"{said['url']}/v2/clock", headers=keys, timeout=60).json()
        finally:
            started.send_signal(signal.SIGINT)
    assert clock["timestamp"].startswith("2024-03-04T15:50")
    assert started.returncode == 0
