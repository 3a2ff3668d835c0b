"""The server: a socket on this machine alone, and uvicorn behind it with limits for clients that are slow or many."""

import asyncio
import errno
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import h11
from uvicorn import Config as Options
from uvicorn import Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from rebalancer.errors import BadInputError
from rebalancer.web.application import application
from rebalancer.web.site import Site

MOST_CONNECTIONS = 200
MOST_WAITING = 100
"""Connections without a whole request; beyond them the one that came first is closed, so that nobody is kept out."""
REQUEST_SECONDS = 10.0
"""In which a request arrives whole, its body too; and in which what was answered is taken."""
SHUTDOWN_SECONDS = 1
"""For requests that are being answered; a stream that is open ends by itself before."""
LOOPBACK = "127.0.0.1"


class PunctualProtocol(H11Protocol):
    """Closes a connection whose request does not arrive whole in time, or whose answer nobody reads: uvicorn itself
    waits for ever.
    """

    seconds = REQUEST_SECONDS
    deadline: asyncio.TimerHandle | None = None
    unread: asyncio.TimerHandle | None = None
    begun = 0.0

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - as uvicorn has it
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # so that `pause_writing` tells of any byte that is not taken
        self.begun = self.loop.time()
        self._begin_waiting()
        self._make_room()

    def data_received(self, data: bytes) -> None:
        if self.deadline is None and self.conn.their_state in {h11.IDLE, h11.SEND_BODY}:
            self._begin_waiting()
        super().data_received(data)
        if self.conn.their_state not in {h11.IDLE, h11.SEND_BODY}:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.unread = self.loop.call_later(self.seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._taken()

    @property
    def waits(self) -> bool:
        """For a request, or for the rest of one."""
        answering = self.deadline is None and self.cycle is not None and not self.cycle.response_complete
        return not answering and not self.transport.is_closing()

    def _make_room(self) -> None:
        waiting = [each for each in self.connections if isinstance(each, PunctualProtocol) and each.waits]
        if len(waiting) > MOST_WAITING:
            min(waiting, key=lambda each: each.begun).transport.abort()

    def _taken(self) -> None:
        if self.unread is not None:
            self.unread.cancel()
            self.unread = None

    def _begin_waiting(self) -> None:
        self.deadline = self.loop.call_later(self.seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None


class EndingServer(Server):
    """Tells open streams first that it ends: they would keep it waiting."""

    def __init__(self, options: Options, ending: Event) -> None:
        super().__init__(options)
        self.ending = ending

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.ending.set()
        await super().shutdown(sockets)


def serve(site: Site, listening: socket.socket) -> None:
    """Until a signal ends it. Main thread only."""
    server(site).run(sockets=[listening])


def server(site: Site, protocol: type[H11Protocol] = PunctualProtocol) -> Server:
    """One process: sessions are in its memory."""
    return EndingServer(
        Options(
            application(site),
            http=protocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # else any program here says where a request comes from
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        ),
        site.ending,
    )


def loopback(port: int) -> socket.socket:
    """A socket that only this machine reaches; `port` 0 takes a free one. Raises BadInputError for one in use."""
    # Named, since asyncio switches Nagle's algorithm off for it alone: a page would wait 40 ms for its second packet.
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((LOOPBACK, port))
        found.listen()
    except OSError as error:
        found.close()
        raise BadInputError.of("--port", f"{port} can't be used: {error.strerror}. Use another, or 0") from error
    return found


def unix_socket(path: Path) -> socket.socket:
    """A socket that only its owner reaches. Raises BadInputError where anything but an old socket is at `path`."""
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_old(path, found)
        before = os.umask(0o177)
        try:
            found.bind(str(path))
        finally:
            os.umask(before)
        found.listen()
    except OSError as error:
        found.close()
        raise BadInputError.of("--socket", f"{path} can't be used: {error.strerror}. Use another path") from error
    return found


def _remove_old(path: Path, trying: socket.socket) -> None:
    """The socket of a server that is gone, which nobody answers at."""
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            try:
                trying.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()
            else:
                raise OSError(errno.EADDRINUSE, "another server answers there")
