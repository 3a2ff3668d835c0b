"""The real server on a free port of this machine, in a thread, with the demo's account and the journal of one evening.

For http.client and for a browser. tests/web/conftest.py has the fixtures.
"""

import http.client
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from fcntl import LOCK_SH, flock
from functools import partial
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

from uvicorn import Server

from rebalancer import config, demo
from rebalancer.app.runs import run_by_hand
from rebalancer.market.clock import SystemClock
from rebalancer.web.door import token_of
from rebalancer.web.server import PunctualProtocol, loopback, server
from rebalancer.web.site import Site, site_of

BY = "ann@desk, web"


def write_demo_account(folder: Path, edited: Callable[[str], str] = str) -> Path:
    """The demo's config with its bots and a state folder of its own, after one evening; the config's path."""
    path = write_new_account(folder, edited)
    settings = config.load(path)
    run_by_hand(settings, settings.accounts[0], confirm=print)
    return path


def write_new_account(folder: Path, edited: Callable[[str], str] = str) -> Path:
    """The same before its first evening."""
    made = demo.config_path()
    shutil.copytree(made.with_name("bots"), folder / "bots")
    path = folder / "config.toml"
    path.write_text(f'state_dir = "state"\n{edited(made.read_text("utf-8"))}', "utf-8")
    return path


def wait_for(state_dir: Path, execution: str) -> None:
    """The run's process holds a lock on its answer while it lives."""
    with (state_dir / "executions" / execution / "answer.json").open() as answer:
        flock(answer, LOCK_SH)


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class LocalSite:
    """`config` is the path of the config file; a test may change what it names."""

    config: Path
    port: int
    token: str
    site: Site
    server: Server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One request exactly as given, beside Host and Content-Length."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)) as connection:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())

    def api(self, method: str, path: str, body: str | None = None, **headers: str) -> Reply:
        """With the bearer token, as a program asks."""
        own = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        return self.ask(method, path, body, {**own, **headers})

    def enter(self) -> "Person":
        """A person who has pasted the token."""
        form = urlencode({"token": self.token})
        answer = self.ask("POST", "/login", form, form_headers(self.url))
        assert answer.status == 303
        return Person(self, answer.headers["set-cookie"].partition(";")[0])


@dataclass
class Person:
    """A browser with a session, but without the browser."""

    site: LocalSite
    cookie: str
    hidden: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Reply:
        """A page; the hidden fields of its last form are kept for `post`."""
        answer = self.site.ask("GET", path, headers={"cookie": self.cookie})
        found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.body.decode("utf-8", "replace"))
        self.hidden.update(found)
        return answer

    def post(self, path: str, fields: Mapping[str, str] | None = None, **headers: str) -> Reply:
        """A form with the hidden fields of the page read before."""
        form = urlencode({**self.hidden, **(fields or {})})
        return self.site.ask("POST", path, form, {**form_headers(self.site.url), "cookie": self.cookie, **headers})


def form_headers(origin: str) -> dict[str, str]:
    """What a browser sends with a form of a page of `origin`."""
    return {
        "content-type": "application/x-www-form-urlencoded",
        "origin": origin,
        "sec-fetch-site": "same-origin",
    }


class PatientProtocol(PunctualProtocol):
    """For a test whose client, on a busy machine, may take a while."""

    seconds = 300


@contextmanager
def local_site(path: Path, protocol: type[PunctualProtocol] = PatientProtocol) -> Iterator[LocalSite]:
    """The server for the config at `path`; it has ended when the context ends."""
    load = partial(config.load, path, os.environ)
    token = token_of(load().state_dir)
    site = site_of(load, SystemClock(), BY, token)
    listening = loopback(0)  # listens before the server runs, so that nobody has to wait for it
    served = server(site, protocol)
    thread = Thread(target=served.run, kwargs={"sockets": [listening]}, name="web server")
    thread.start()
    try:
        yield LocalSite(path, listening.getsockname()[1], token, site, served)
    finally:
        served.should_exit = True
        thread.join(300)
        assert not thread.is_alive()
