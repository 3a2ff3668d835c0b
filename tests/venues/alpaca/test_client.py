"""Reads are retried, orders are sent once, every request has a deadline, and keys are never shown."""

import gc
import json
import os
import socket
import subprocess
import sys
import threading
import traceback
import zlib
from datetime import timedelta
from itertools import count
from types import SimpleNamespace

import pytest
from alpaca.common.rest import RESTClient
from local_alpaca import faults
from local_alpaca.faults import BadAnswer
from requests import Request

from rebalancer.errors import RunFailedError, SourceError
from rebalancer.model import NEW_YORK
from rebalancer.model.keys import Keys
from rebalancer.model.text import time_to_the_second
from rebalancer.venues.alpaca.client import AlpacaClient
from rebalancer.venues.alpaca.transport import NoReply, Reply, Transport
from rebalancer.venues.alpaca.venue import PAPER

KEYS = Keys("PKSOMEBODY", "a-secret")
ORDER = {"symbol": "SPY", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day", "client_order_id": "rb1"}
HANGING = {
    "silence": faults.SILENCE,
    "a slow body": faults.DRIP,
    "a slow head": faults.DRIP_HEADERS,
}
BROKEN = {
    "a reset": faults.RESET,
    "an empty body": faults.EMPTY,
    "half a body": faults.TRUNCATED,
    "a redirect": faults.REDIRECT,
}
ANSWERED = {
    "429": faults.TOO_MANY,
    "429 without a word": faults.TOO_MANY_BARE,
    "500": faults.INTERNAL,
    "500 as a page": faults.HTML,
    "503": faults.UNAVAILABLE,
    "504": faults.TIMEOUT_AFTER,
}
PASSING = HANGING | BROKEN | ANSWERED


def asked(venue, path):
    return [request.status for request in venue.requests if request.path == path]


# ------------------------------------------------------------------------------------------------ questions


@pytest.mark.parametrize("fault", (BROKEN | ANSWERED).values(), ids=BROKEN | ANSWERED)
def test_a_read_is_retried_until_it_is_answered(venue, client, fault):
    venue.faults.on("GET", "/v2/account", fault=fault)
    assert client.read("/account")["currency"] == "USD"
    assert len(asked(venue, "/v2/account")) == 2


@pytest.mark.parametrize("fault", HANGING.values(), ids=HANGING)
def test_a_read_that_hangs_is_retried_until_it_is_answered(venue, hasty, fault):
    venue.faults.on("GET", "/v2/account", fault=fault)
    assert hasty.read("/account")["currency"] == "USD"
    assert len(asked(venue, "/v2/account")) >= 2


@pytest.mark.parametrize("fault", ANSWERED.values(), ids=ANSWERED)
def test_reads_of_a_failing_venue_are_retried_until_the_deadline(venue, client, fault):
    venue.faults.on("GET", "/v2/account", fault=fault, times=None)
    began = venue.clock.now()
    with pytest.raises(SourceError, match=r"Alpaca (is out of order|got too many requests)"):
        client.read("/account")
    assert timedelta(seconds=15) < venue.clock.now() - began <= timedelta(seconds=30)
    assert 5 <= len(asked(venue, "/v2/account")) <= 10


def unhurried(venue, waiting):
    return AlpacaClient(Keys(venue.key_id, venue.secret), venue.clock, trading_url=venue.url, waiting=waiting)


def use_up_the_minute(venue):
    while venue.trading_limit.take(venue.clock.now()):
        pass


def test_beyond_the_limit_a_read_waits_for_the_next_minute_where_a_person_is_told(venue, client):
    told = []
    use_up_the_minute(venue)
    with pytest.raises(SourceError, match="got too many requests"):
        client.read("/account")
    use_up_the_minute(venue)
    since = time_to_the_second(venue.clock.now(), NEW_YORK)
    assert unhurried(venue, told.append).read("/account")["status"] == "ACTIVE"
    assert set(told) == {f"Waiting since {since}, 90 s at most: Alpaca takes no more requests in this minute"}


@pytest.mark.parametrize("fault", [faults.TOO_MANY, faults.UNAVAILABLE])
def test_a_limit_without_end_is_waited_for_a_minute_longer_than_another_fault(venue, fault):
    venue.faults.on("GET", "/v2/account", fault=fault, times=None)
    began, told = venue.clock.now(), []
    assert unhurried(venue, told.append).ask("/account").status == fault.status
    longest = timedelta(seconds=90 if told else 30)
    assert longest - timedelta(seconds=15) < venue.clock.now() - began <= longest


def test_beyond_the_limit_a_cancel_is_sent_again_where_a_person_is_told_and_an_order_never(venue, client):
    for each, statuses in ((client, [429]), (unhurried(venue, lambda _: None), [429, 422])):
        venue.requests.clear()
        venue.faults.on("DELETE", "/v2/orders/x", fault=faults.TOO_MANY)
        venue.faults.on("POST", "/v2/orders", fault=faults.TOO_MANY)
        each.send("DELETE", "/orders/x")
        assert each.send("POST", "/orders", ORDER).status == 429
        assert asked(venue, "/v2/orders/x") == statuses
        assert asked(venue, "/v2/orders") == [429]


def test_retries_end_even_if_the_clock_stands_still(venue):
    class Still:
        def now(self):
            return venue.clock.now()

        def sleep(self, seconds):
            pass

    venue.faults.on("GET", "/v2/account", fault=faults.UNAVAILABLE, times=None)
    client = AlpacaClient(Keys(venue.key_id, venue.secret), Still(), trading_url=venue.url, patience=0.2)
    assert client.ask("/account").status in {429, 503}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "did not accept the key"),
        (403, "does not permit this .403: told.*market data plan"),
        (404, "has nothing of that name"),
        (422, "did not accept the request"),
    ],
)
def test_a_permanent_error_is_not_retried_and_names_the_remedy(venue, client, status, words):
    venue.faults.on("GET", "/v2/account", fault=faults.answering({"message": "told"}, status), times=None)
    with pytest.raises(SourceError, match=words):
        client.read("/account")
    assert asked(venue, "/v2/account") == [status]


def test_an_answer_of_any_status_can_be_had_as_it_is(client):
    assert client.ask("/orders/x") == Reply(422, {"code": 40010001, "message": "order_id is missing"})


def test_data_has_its_own_address_and_the_version_can_be_chosen(venue, client):
    client.ask("/stocks/snapshots", {"symbols": "SPY", "feed": "iex"}, data=True)
    client.ask("/corporate-actions", {"symbols": "SPY"}, data=True, version="v1")
    assert [request.path for request in venue.requests] == ["/v2/stocks/snapshots", "/v1/corporate-actions"]


def test_the_rate_of_any_minute_stays_below_the_venues(venue, client):
    for number in range(300):
        client.ask("/clock")
        venue.clock.sleep(0.1 * (number % 3))
    assert 150 < venue.audit().busiest_minute <= 180


# ------------------------------------------------------------------------------------------------ orders


@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
def test_an_order_is_sent_once_even_without_an_answer(venue, client, fault):
    venue.faults.on("POST", "/v2/orders", fault=fault, times=None)
    assert isinstance(client.send("POST", "/orders", ORDER), NoReply)
    assert venue.audit().posts == 1


@pytest.mark.parametrize("fault", HANGING.values(), ids=HANGING)
def test_an_order_that_hangs_is_sent_once(venue, hasty, fault):
    """On a busy machine one may be given up before it was sent: the next, by another id, takes its place."""
    venue.faults.on("POST", "/v2/orders", fault=fault, times=None)
    ids = (f"rb{number}" for number in count(1))
    while not venue.audit().posts:
        assert isinstance(hasty.send("POST", "/orders", {**ORDER, "client_order_id": next(ids)}), NoReply)
    assert venue.audit().repeated == ()


@pytest.mark.parametrize("fault", ANSWERED.values(), ids=ANSWERED)
def test_an_order_is_sent_once_whatever_the_answer(venue, client, fault):
    venue.faults.on("POST", "/v2/orders", fault=fault, times=None)
    assert client.send("POST", "/orders", ORDER).status == fault.status
    assert venue.audit().posts == 1


def test_after_a_request_that_hangs_the_next_one_is_answered(venue, hasty):
    venue.faults.on("GET", "/v2/clock", fault=faults.DRIP)
    venue.faults.on("POST", "/v2/orders", fault=faults.DRIP)
    assert isinstance(hasty.send("POST", "/orders", ORDER), NoReply)
    assert hasty.read("/clock")["is_open"] is True


def test_a_cancel_is_answered_without_a_body(venue, client):
    placed = client.send("POST", "/orders", {**ORDER, "type": "limit", "limit_price": "1.00"})
    assert client.send("DELETE", f"/orders/{placed.body['id']}") == Reply(204, None)


def test_a_redirect_is_never_followed(venue, client):
    venue.faults.on("GET", "/v2/account", fault=faults.REDIRECT, times=None)
    assert client.ask("/account") == NoReply("a redirect, which is never followed (status 302)")
    assert {request.path for request in venue.requests} == {"/v2/account"}


# ------------------------------------------------------------------------------------------------ the way there


def test_a_name_server_that_never_answers_does_not_hold_up_the_program(venue, monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait() and [])
    transport = Transport(KEYS, "http://localhost:1", "https://broker.example", seconds=0.1)
    assert transport.once("GET", "/account", None, "v2") == NoReply("no complete answer within 0.1 seconds")
    over.set()


ENDLESS = """
import socket, threading, time
from rebalancer.venues.alpaca.venue import PAPER
from rebalancer.model.keys import Keys
from rebalancer.venues.alpaca.transport import Transport

def answer_for_ever():
    connection, _ = server.accept()
    while True:
        connection.send(b"H")
        time.sleep(0.02)

server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=answer_for_ever, daemon=True).start()
transport = Transport(Keys("PK", "x"), f"http://127.0.0.1:{server.getsockname()[1]}", "", seconds=2)
print(transport.once("POST", "/orders", {}, "v2"), threading.active_count())
"""


def test_an_order_abandoned_before_it_was_sent_is_never_sent(venue, hasty, monkeypatch):
    """An order that is unknown half a minute after it was sent is journalled as never sent."""
    look_up, over = socket.getaddrinfo, threading.Event()

    def stalled(*place, **more):
        over.wait()
        return look_up(*place, **more)

    monkeypatch.setattr(socket, "getaddrinfo", stalled)
    before = set(threading.enumerate())
    assert isinstance(hasty.send("POST", "/orders", ORDER), NoReply)
    (hanging,) = set(threading.enumerate()) - before
    over.set()
    hanging.join()
    assert venue.audit().posts == 0
    assert hasty.read("/clock")["is_open"] is True


def test_a_request_that_hangs_does_not_hold_up_the_end_of_the_program():
    ended = subprocess.run([sys.executable, "-c", ENDLESS], capture_output=True, text=True, timeout=600, check=True)  # noqa: S603
    assert ended.stdout == "NoReply(reason='no complete answer within 2 seconds') 3\n"


def test_a_proxy_is_not_used_for_this_machine(venue, client, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert client.read("/clock")["is_open"] is True


def test_a_password_in_netrc_is_not_sent(monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("default login somebody password something")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    session = Transport(KEYS, PAPER, PAPER, seconds=1)._client._session
    assert "Authorization" not in session.prepare_request(Request("GET", PAPER)).headers


@pytest.mark.parametrize("address", ["trading_url", "data_url"])
def test_another_host_is_refused_before_anything_is_sent(venue, address):
    with pytest.raises(RunFailedError, match="neither"):
        AlpacaClient(KEYS, venue.clock, **{address: "https://broker.example"})


@pytest.mark.parametrize("lacking", ["_retry", "_session", "_base_url"])
def test_an_incompatible_alpaca_py_is_refused(venue, monkeypatch, lacking):
    def build(self, **settings):
        vars(self).update(_retry=3, _session=SimpleNamespace(), _base_url=settings["base_url"])
        del vars(self)[lacking]

    monkeypatch.setattr(RESTClient, "__init__", build)
    with pytest.raises(RunFailedError, match=f"alpaca-py has no {lacking}"):
        AlpacaClient(KEYS, venue.clock, trading_url=venue.url)


def test_an_alpaca_py_that_reads_its_answers_elsewhere_is_refused(venue, monkeypatch):
    monkeypatch.delattr(RESTClient, "_one_request")
    with pytest.raises(RunFailedError, match="alpaca-py has no _one_request"):
        AlpacaClient(KEYS, venue.clock, trading_url=venue.url)


# ------------------------------------------------------------------------------------------------ the key


@pytest.mark.parametrize("keys", [Keys("PK", "with a space"), Keys("PK\n", "canary"), Keys("", "canary")])
def test_invalid_keys_are_refused_without_showing_them(venue, keys):
    with pytest.raises(RunFailedError, match="copy them again") as refused:
        AlpacaClient(keys, venue.clock, trading_url=venue.url)
    assert keys.secret not in str(refused.value)


@pytest.mark.parametrize("fault", [faults.UNAUTHORIZED, *PASSING.values()])
def test_no_error_no_variable_and_no_log_shows_the_key(venue, caplog, fault):
    caplog.set_level("DEBUG")
    keys = Keys(venue.key_id, venue.secret)
    client = AlpacaClient(keys, venue.clock, trading_url=venue.url, seconds=1, patience=1)
    venue.faults.on("GET", "/v2/account", fault=fault, times=None)
    with pytest.raises(SourceError) as failed:
        client.read("/account")
    told = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
    assert "127.0.0.1" in caplog.text
    said = caplog.text + "".join(told.format()) + repr([client, *map(repr, gc.get_referents(client))])
    assert not [part for part in (venue.key_id, venue.secret) if part in said]


def test_a_key_repeated_by_the_venue_is_not_shown(venue, client):
    echoed = faults.answering({"message": f"no access for {venue.key_id}"}, 403)
    venue.faults.on("GET", "/v2/account", fault=echoed)
    with pytest.raises(SourceError, match=r"no access for \*\*\*"):
        client.read("/account")


def test_a_good_answer_that_quotes_the_key_is_shown_without_it(venue, client):
    told = {"who": f"you are {venue.key_id}", venue.secret: [{"deep": venue.secret}], "is_open": True}
    escaped = json.dumps(told).replace(venue.secret[:2], f"\\u{ord(venue.secret[0]):04x}{venue.secret[1]}").encode()
    for raw in (json.dumps(told).encode(), escaped):
        venue.faults.on("GET", "/v2/clock", fault=BadAnswer(status=200, raw=raw))
        assert client.read("/clock") == {"who": "you are ***", "***": [{"deep": "***"}], "is_open": True}


CLOCK = {"is_open": True}


def packed(piece: bytes, times: int = 1) -> bytes:
    """The piece `times` times, as gzip."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(piece) for _ in range(times)) + packer.flush()


def test_a_packed_answer_is_unpacked(venue, client):
    whole = BadAnswer(status=200, raw=packed(json.dumps(CLOCK).encode()), headers={"Content-Encoding": "gzip"})
    venue.faults.on("GET", "/v2/clock", fault=whole)
    assert client.read("/clock") == CLOCK


@pytest.mark.parametrize(
    ("coding", "raw", "why"),
    [
        ("gzip, gzip", b"x", "was not asked for"),
        ("br", b"x", "was not asked for"),
        ("gzip", packed(b"[1, 2, 3]")[:-9], "was not packed whole"),
        ("gzip", packed(b"[1]") + packed(b"[2]"), "was not packed whole"),
        ("gzip", b"no gzip", "was broken"),
    ],
)
def test_an_answer_that_cannot_be_unpacked_is_no_answer(venue, client, coding, raw, why):
    broken = BadAnswer(status=200, raw=raw, headers={"Content-Encoding": coding})
    venue.faults.on("GET", "/v2/clock", fault=broken, times=None)
    with pytest.raises(SourceError, match=why):
        client.read("/clock")


FLOODS = {
    "a bomb": (lambda: packed(b" " * 2**20, times=1000), {"Content-Encoding": "gzip"}, "more than 10,000,000 bytes"),
    "a long answer": (lambda: b" " * 40_000_000, {}, "more than 10,000,000 bytes"),
    "many values": (lambda: b"[" + b"[]," * 3_300_000 + b"1]", {}, "6,600,001 values"),
    "a text of two bytes": (lambda: '"\u2013'.encode() + b"a" * 9_900_000 + b'"', {}, "200"),
    "a wide text": (lambda: '"\U0001f600'.encode() + b"a" * 9_900_000 + b'"', {}, "with emoji"),
}
"""Each is made in its own test: packing the bomb takes seconds, and every worker of pytest imports this file."""

ASK = """
import math, resource, sys, time
from rebalancer.market.clock import SystemClock
from rebalancer.model.keys import Keys
from rebalancer.venues.alpaca.client import AlpacaClient

client = AlpacaClient(Keys(*sys.argv[2:]), SystemClock(), trading_url=sys.argv[1], seconds=120)
print(client.send("GET", "/account").status)
held = next(line for line in open("/proc/self/status") if line.startswith("VmSize"))
most = int(held.split()[1]) * 1024 + 62_000_000
resource.setrlimit(resource.RLIMIT_AS, (most, most))
seconds = math.ceil(time.process_time()) + 5
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
answer = client.send("GET", "/clock")
print(getattr(answer, "reason", None) or answer.status)
"""


@pytest.mark.linux
@pytest.mark.parametrize(("made", "headers", "why"), FLOODS.values(), ids=FLOODS)
def test_no_answer_takes_more_than_seconds_and_62_megabytes(venue, made, headers, why):
    venue.faults.on("GET", "/v2/clock", fault=BadAnswer(status=200, raw=made(), headers=headers), times=None)
    words = [sys.executable, "-c", ASK, venue.url, venue.key_id, venue.secret]
    environ = {**os.environ, "MALLOC_ARENA_MAX": "1"}  # a thread of its own would reserve 64 MB of addresses
    ended = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False, env=environ)  # noqa: S603
    assert ended.returncode == 0, ended.stderr
    first, second = ended.stdout.splitlines()
    assert first == "200"
    assert why in second


def test_an_answer_without_a_content_type_is_parsed_by_its_content(venue, client):
    untold = BadAnswer(status=200, raw=json.dumps(CLOCK).encode(), headers={"Content-Type": ""})
    venue.faults.on("GET", "/v2/clock", fault=untold)
    assert client.read("/clock") == CLOCK


def test_nine_megabytes_are_read(venue, client):
    venue.faults.on("GET", "/v2/clock", fault=BadAnswer(status=200, raw=b" " * 9_000_000 + json.dumps(CLOCK).encode()))
    assert client.read("/clock")["is_open"] is True


def test_a_server_without_a_valid_certificate_is_refused():
    transport = Transport(Keys("PKSOMEBODY", "a-secret"), "https://broker.example", "https://broker.example", 1.0)
    assert transport._client._session.verify is True
    transport.close()
