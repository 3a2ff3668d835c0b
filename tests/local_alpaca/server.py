"""HTTP server on loopback: sends the venue's answer, complete or broken by a fault."""

import json
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

from local_alpaca.faults import Way

DRIP_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class HttpRequest:
    method: str
    path: str
    params: Mapping[str, str]
    headers: Message
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """`raw` is what is sent; `length` what the header announces."""

    status: int
    raw: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    way: Way = "answer"
    length: int | None = None


class Server(ThreadingHTTPServer):
    """Answers each request by `answer`. An exception in it is kept in `broken` and answered with a 500."""

    daemon_threads = True

    def __init__(self, port: int, answer: Callable[[HttpRequest], Reply]) -> None:
        self.answer = answer
        self.broken: list[BaseException] = []
        self.closing = threading.Event()
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def stop(self) -> None:
        """Stop serving, release silent answers and close all connections."""
        self.closing.set()
        self.shutdown()
        self.server_close()
        for connection in list(self.connections):
            _hang_up(connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that closes its connection is not an error."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.broken.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise every reply takes 40 ms: Nagle's algorithm waits for a delayed acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        asked = HttpRequest(
            self.command,
            unquote(parts.path),
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            self.headers,
            self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        reply = self.server.answer(asked)
        HAND_OVER[reply.way](self, reply)

    do_GET = do_POST = do_DELETE = do_PATCH = do_PUT = _serve  # noqa: N815 - the names of the standard library

    def _whole(self, reply: Reply) -> None:
        self._head(reply)
        self.wfile.write(reply.raw)
        self.wfile.flush()
        self.close_connection |= reply.length is not None

    def _silence(self, _reply: Reply) -> None:
        self.close_connection = True
        self.server.closing.wait()

    def _reset(self, _reply: Reply) -> None:
        self.close_connection = True
        # With a linger of 0 seconds, close sends a reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.wfile.close()
        self.connection.close()
        raise ConnectionResetError

    def _drip(self, reply: Reply) -> None:
        self._head(reply)
        self._byte_by_byte(reply.raw)

    def _drip_headers(self, reply: Reply) -> None:
        self._byte_by_byte(f"HTTP/1.1 {reply.status} OK\r\nX-Slow: {'.' * 100_000}\r\n".encode())

    def _byte_by_byte(self, raw: bytes) -> None:
        """Wait until the client disconnects or the server stops."""
        self.close_connection = True
        self.wfile.flush()
        for byte in raw:
            if self.server.closing.wait(DRIP_SECONDS):
                return
            self.wfile.write(bytes([byte]))
            self.wfile.flush()

    def _head(self, reply: Reply) -> None:
        self.send_response(reply.status)
        # A 204 has neither a body nor a Content-Length.
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.raw) if reply.length is None else reply.length))
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the standard library
        """Logs nothing."""


HAND_OVER: dict[Way, Callable[[_Handler, Reply], None]] = {
    "answer": _Handler._whole,
    "silence": _Handler._silence,
    "reset": _Handler._reset,
    "drip": _Handler._drip,
    "drip headers": _Handler._drip_headers,
}


def written(body: object) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has disconnected already
