"""Whichever part of what observes an evening fails, and at whichever step: the orders sent are the same to the byte.

The evening sells and buys at the local Alpaca, or buys at the simulated broker, with a monitor, a recipient of messages
and a file of figures.
"""

import json
import os
import sqlite3
import sys
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
on = ["success", "warnings", "partial", "failed", "missed", "halt", "order", "keys"]
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


def look(config: Config, clock: Clock, environ: Mapping[str, str], seconds: float = 5) -> None:
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
        (folder / "config.toml").write_text(OBSERVED + text)
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
        seconds = 0.7 if mood in {"hangs", "drips"} else 5
        found, _ = evening_at_alpaca(
            tmp_path / "evening", lambda config: config, environ=addresses(listening.url), seconds=seconds
        )
        assert len(listening.received) == REQUESTS
    assert found == orders
