"""Whichever part of what observes an evening fails, and at whichever step: the orders sent are the same to the byte.

The evening sells and buys at the local Alpaca, or buys at the simulated broker, with a monitor, a recipient of messages
and a file of figures.
"""

import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from local_alpaca import LocalAlpaca, Tape
from local_alpaca.config import paper_config
from local_alpaca.venue import Request
from monitor import Mood, monitor
from sim_account import new_york, write

import rebalancer
from rebalancer.app.observers import Observers
from rebalancer.app.runs import run_due
from rebalancer.config import Config, load
from rebalancer.market.clock import SimulatedClock
from rebalancer.ports import Clock

OBSERVED = """
[ping]
url = "${PING_URL}"
[metrics]
textfile = "figures.prom"
[[notify]]
url = "${NOTIFY_URL}"
on = ["success", "warnings"]
"""
PACKAGE = Path(rebalancer.__file__).parent
OBSERVERS = {
    PACKAGE / "notify",
    *(PACKAGE / "app" / f"{name}.py" for name in ("observers", "outbox", "messages", "gauges")),
}
REQUESTS = 3
"""The start, the message, and the end."""


def addresses(url: str) -> Mapping[str, str]:
    return {"PING_URL": f"{url}/ping", "NOTIFY_URL": f"json{url.removeprefix('http')}/notify"}


def unobserved(config: Config) -> Config:
    return replace(config, ping=None, metrics=None, notify=())


def look(config: Config, clock: Clock, environ: Mapping[str, str], seconds: float = 60) -> None:
    observing = partial(Observers, environ=environ, seconds=seconds)
    (result,) = run_due(config, clock, observing=observing)
    assert (result.status, result.message) == ("success", "")


# ------------------------------------------------------------------------------------------------ by the network


def evening_at_alpaca(folder: Path, observers: Callable[[Config], Config], **how: Any) -> tuple[list[Request], Config]:
    """What was sent to the venue beside reads: SPY is sold, then GLD and TLT are bought."""
    folder.mkdir()
    shares = [{"percent": 30, "chart": {"asset": symbol}} for symbol in ("SPY", "GLD", "TLT")]
    rest = {"percent": 10, "chart": {"cash": True}}
    bot = {"format": "rebalancer/bot", "version": 1, "name": "Mix", "chart": {"specified": [*shares, rest]}}
    (folder / "mix.json").write_text(json.dumps(bot))
    with LocalAlpaca(
        new_york(28, 15, 50).replace(year=2026, month=11, day=20, hour=20), cash=1_000, market=Tape.sample()
    ) as venue:
        venue.hold("SPY", 150)
        text = paper_config(venue.url, bot="mix.json", enabled=True).replace(
            "[trading]", '[trading]\nmanage = "account"'
        )
        (folder / "config.toml").write_text(text + OBSERVED)
        keys = {"KEY_ID": venue.key_id, "SECRET": venue.secret}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in keys.items():
                patch.setenv(name, value)
            config = load(folder / "config.toml")
            look(observers(config), venue.clock, **how)
        return [each for each in venue.requests if each.method != "GET"], config


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> list[Request]:
    found, _ = evening_at_alpaca(tmp_path_factory.mktemp("unobserved") / "evening", unobserved, environ={})
    assert [(each.params["side"], each.params["symbol"]) for each in found] == [
        ("sell", "SPY"),
        ("buy", "GLD"),
        ("buy", "TLT"),
    ]
    return found


@pytest.mark.parametrize("well", range(REQUESTS))
@pytest.mark.parametrize("mood", ["well", "500", "redirects", "hangs", "drips", "breaks off"])
def test_whatever_is_answered_from_any_request_on_the_orders_are_the_same(
    tmp_path: Path, orders: list[Request], mood: Mood, well: int
) -> None:
    with monitor(mood, well) as listening:
        seconds = 2 if mood in {"hangs", "drips"} else 60
        found, _ = evening_at_alpaca(
            tmp_path / "evening", lambda config: config, environ=addresses(listening.url), seconds=seconds
        )
        listening.wait_for(REQUESTS)
    assert len(listening.received) == REQUESTS
    assert found == orders


# ------------------------------------------------------------------------------------------------ by an error within


def events(config: Config) -> list[tuple[object, ...]]:
    """Every line of the journal, with its hash."""
    with closing(sqlite3.connect(config.journal())) as journal:
        return journal.execute("SELECT * FROM events ORDER BY seq").fetchall()


class Raising:
    """Raises at the first arrival at a line of the observers, once it has let so many other lines pass."""

    def __init__(self, passing: int) -> None:
        self._passing = passing
        self._seen: set[tuple[str, int]] = set()
        self.raised_in = ""

    def __call__(self, frame: FrameType, event: str, _: object) -> Any:
        if not observes(frame.f_code.co_filename):
            return None
        place = (frame.f_code.co_filename, frame.f_lineno)
        if event == "line" and not self.raised_in and place not in self._seen:
            self._seen.add(place)
            if len(self._seen) > self._passing:
                self.raised_in = Path(place[0]).name
                raise RuntimeError(place)
        return self


@cache
def observes(file: str) -> bool:
    path = Path(file)
    return path in OBSERVERS or path.parent in OBSERVERS


@contextmanager
def in_other_threads(trace: Raising) -> Iterator[None]:
    """Threads that are begun meanwhile, the observers' among them; what they raise at last is nobody's."""
    before, hook = threading.gettrace(), threading.excepthook
    threading.settrace(trace)
    threading.excepthook = lambda _: None
    try:
        yield
    finally:
        threading.settrace(before)
        threading.excepthook = hook


EVERY = 5
"""Of some 230 lines every fifth: with 1 it takes a minute."""


@pytest.mark.no_cover
def test_at_whatever_line_the_observers_fail_the_journal_is_the_same_to_the_byte(tmp_path: Path) -> None:
    config, clock = write(tmp_path, enabled=True, top=OBSERVED), SimulatedClock(new_york(28, 15, 50))
    look(unobserved(config), clock, {})
    expected, raised_in = events(config), set[str]()
    with monitor() as listening:
        for passing in range(0, 1000, EVERY):
            shutil.rmtree(config.state_dir)
            raising = Raising(passing)
            with in_other_threads(raising):
                look(config, SimulatedClock(new_york(28, 15, 50)), addresses(listening.url))
            assert events(config) == expected, raising.raised_in
            if not raising.raised_in:
                break
            raised_in.add(raising.raised_in)
    assert not raising.raised_in
    assert raised_in > {"observers.py", "outbox.py", "messages.py", "gauges.py", "ping.py", "message.py", "metrics.py"}
