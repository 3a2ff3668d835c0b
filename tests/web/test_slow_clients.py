"""Clients that dawdle lose their connection, and others are served meanwhile; a stream does not hold up the end."""

import socket
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from threading import Thread
from typing import Never

import pytest
from local_site import LocalSite, PatientProtocol, local_site

from rebalancer.web.server import MOST_CONNECTIONS, PunctualProtocol

BEGINNINGS = {
    "nothing at all": b"",
    "half a header": b"GET / HTTP/1.1\r\nHost: 127.0",
    "half a body": b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\ntoken",
}


class HastyProtocol(PunctualProtocol):
    seconds = 0.3


class HastyFromTheSecondRequestOn(PatientProtocol):
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.seconds = HastyProtocol.seconds


@pytest.fixture(scope="module")
def hasty(evening_done):
    with local_site(evening_done / "config.toml", HastyProtocol) as running:
        yield running


def connected(site: LocalSite) -> socket.socket:
    return socket.create_connection(("127.0.0.1", site.port), timeout=300)


def is_given_up(client: socket.socket) -> bool:
    """Waits until the server has closed, which is a reset where it had not read all that was sent."""
    try:
        return client.recv(1000) == b""
    except ConnectionError:
        return True


def ask_for_ever(client: socket.socket) -> Never:
    while True:
        client.sendall(b"GET /static/style.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")


@pytest.mark.parametrize("sent", BEGINNINGS.values(), ids=BEGINNINGS)
def test_a_request_that_does_not_arrive_whole_in_time_is_given_up(hasty, sent):
    with connected(hasty) as slow:
        with suppress(ConnectionError):  # this thread may be the slower one
            slow.sendall(sent)
        assert is_given_up(slow)


def test_a_second_request_on_the_same_connection_has_no_more_time(evening_done):
    config = evening_done / "config.toml"
    with local_site(config, HastyFromTheSecondRequestOn) as running, connected(running) as slow:
        slow.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        answer = b""
        while not answer.endswith(b'"ok"}'):
            answer += slow.recv(1000)
        slow.sendall(b"GET /hea")
        assert is_given_up(slow)


def test_sixty_of_them_keep_nobody_else_waiting(shared):
    with ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(connected(shared)).sendall(b"GET / HTTP/1.1\r\n")
        assert shared.ask("GET", "/health").status == 200


def test_more_connections_than_the_server_has_room_for_keep_nobody_out(shared):
    """They send nothing, or were answered and stay: each for itself would be left alone."""
    with ExitStack() as stack:
        idle = [stack.enter_context(connected(shared)) for _ in range(MOST_CONNECTIONS + 50)]
        for each in idle[::2]:
            with suppress(ConnectionError):  # the first ones had to go
                each.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert [shared.ask("GET", "/health").status for _ in range(20)] == [200] * 20
        assert shared.enter().get("/").status == 200


def test_an_answer_that_nobody_reads_is_given_up(hasty):
    with connected(hasty) as deaf, pytest.raises(ConnectionError):  # one that is waited for would time out
        ask_for_ever(deaf)


def test_a_body_without_an_end_is_cut_off_at_its_limit(shared):
    with connected(shared) as endless:
        endless.sendall(b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n")
        endless.sendall(b"Content-Type: application/x-www-form-urlencoded\r\n\r\n")
        with suppress(ConnectionError):  # it may be cut off before all of it is sent
            for _ in range(70):
                endless.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")
        assert endless.recv(1000).startswith(b"HTTP/1.1 413")


def test_a_stream_has_what_is_journalled_and_ends_with_the_server(evening_done):
    with local_site(evening_done / "config.toml") as running:
        running.server.config.timeout_graceful_shutdown = 300  # else the server would end the stream on a busy machine
        headers = {"authorization": f"Bearer {running.token}", "last-event-id": "0"}
        with closing(HTTPConnection("127.0.0.1", running.port, timeout=300)) as connection:
            connection.request("GET", "/api/v1/events", headers=headers)
            stream = connection.getresponse()
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert [stream.readline() for _ in range(3)] == [b": from line 0\n", b"\n", b"id: 1\n"]
            rest: list[bytes] = []
            reader = Thread(target=lambda: rest.append(stream.read()))
            reader.start()
            running.server.should_exit = True
            reader.join(120)
            assert not reader.is_alive()
        assert b'"kind": "RunEnded"' in rest[0]
