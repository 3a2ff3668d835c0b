"""A web server on this machine that keeps what it is sent, and answers well, badly or not at all."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from typing import Literal, NamedTuple

Mood = Literal["well", "500", "redirects", "hangs", "drips", "breaks off"]


class Received(NamedTuple):
    path: str
    body: str


@dataclass
class Monitor:
    url: str = ""
    mood: Mood = "well"
    well_at_first: int = 0
    """How many requests it answers well before its mood."""
    received: list[Received] = field(default_factory=list)
    arrival: Condition = field(default_factory=Condition)
    over: Event = field(default_factory=Event)

    @property
    def paths(self) -> list[str]:
        """The paths asked for, without the id of the run."""
        return [each.path.partition("?")[0] for each in self.received]

    def keep(self, path: str, body: str) -> None:
        with self.arrival:
            self.received.append(Received(path, body))
            self.arrival.notify_all()

    def wait_for(self, count: int) -> None:
        """Until so many requests have arrived: what the program gives up may be on its way still."""
        with self.arrival:
            assert self.arrival.wait_for(lambda: len(self.received) >= count, 300), self.paths


@contextmanager
def monitor(mood: Mood = "well", well_at_first: int = 0) -> Iterator[Monitor]:
    found = Monitor(mood=mood, well_at_first=well_at_first)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(found))
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        found.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(found: Monitor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            found.keep(self.path, body)
            moods: Mapping[Mood, Callable[[], object]] = {
                "well": lambda: self.answer(200),
                "500": lambda: self.answer(500),
                "redirects": lambda: self.answer(302),
                "hangs": found.over.wait,
                "drips": self.drip,
                "breaks off": lambda: None,
            }
            moods["well" if len(found.received) <= found.well_at_first else found.mood]()

        def drip(self) -> None:
            while not found.over.wait(0.02):
                self.wfile.write(b"H")

        def do_GET(self) -> None:
            found.keep(self.path, "GET")
            self.answer(200)

        def answer(self, code: int) -> None:
            self.send_response(code)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"OK")

        def handle(self) -> None:
            with suppress(OSError):  # the other side has given up
                super().handle()

        def log_message(self, *words: object) -> None:
            """Quiet."""

    return Handler
