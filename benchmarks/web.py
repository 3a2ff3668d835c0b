"""What the pages of `rebalance web` cost: milliseconds from request to answer on this machine, and bytes.

usage: python benchmarks/web.py [--evenings 60] [--rounds 20]

The demo's account trades for so many evenings first. A time is the median of the rounds, with the lowest and the
highest; the goals of the first page are 50 ms and 150 kB with all that it loads.
"""

import argparse
import http.client
import os
import re
import shutil
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from threading import Thread
from time import perf_counter
from urllib.parse import urlencode

from rebalancer import config, demo
from rebalancer.app.runs import run_by_hand
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SystemClock
from rebalancer.web.door import token_of
from rebalancer.web.server import loopback, server
from rebalancer.web.site import site_of

LAST = date(2016, 7, 1)
PAGES = (
    *("/", "/tonight", "/bots", "/bot?name=Dual%20momentum", "/buy", "/runs", "/run?id=1", "/orders", "/settings"),
    *("/journal", "/performance", "/bot?name=Dual%20momentum&backtest=1", "/static/style.css", "/static/charts.css"),
)
BY = "benchmark, web"


def traded(folder: Path, evenings: int) -> Path:
    """The demo's config in `folder`, after so many evenings."""
    made = demo.config_path()
    shutil.copytree(made.with_name("bots"), folder / "bots")
    path = folder / "config.toml"
    path.write_text(f'state_dir = "state"\n{made.read_text("utf-8")}', "utf-8")
    settings = config.load(path)
    calendar = ExchangeCalendar(SystemClock(), "NYSE", settings.state_dir)
    sessions = calendar.sessions(date(2012, 1, 1), LAST)
    for day in sessions[len(sessions) - evenings :]:
        run_by_hand(settings, settings.accounts[0], confirm=print, as_of=day)
    return path


@contextmanager
def serving(path: Path) -> Iterator[tuple[int, str]]:
    """The server's port, and its token."""
    load = partial(config.load, path, os.environ)
    token = token_of(load().state_dir)
    listening = loopback(0)
    served = server(site_of(load, SystemClock(), BY, token))
    thread = Thread(target=served.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield listening.getsockname()[1], token
    finally:
        served.should_exit = True
        thread.join()


def entered(port: int, token: str) -> Mapping[str, str]:
    """The headers of a person who has entered."""
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        origin = f"http://127.0.0.1:{port}"
        form = {"content-type": "application/x-www-form-urlencoded", "origin": origin}
        connection.request("POST", "/login", urlencode({"token": token}), form)
        return {"cookie": connection.getresponse().headers["set-cookie"].partition(";")[0]}


def asked(connection: http.client.HTTPConnection, page: str, headers: Mapping[str, str]) -> tuple[float, bytes]:
    begun = perf_counter()
    connection.request("GET", page, headers=dict(headers))
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{page}: {answer.status}")
    return 1000 * (perf_counter() - begun), body


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--evenings", type=int, default=60)
    words.add_argument("--rounds", type=int, default=20)
    asked_for = words.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(traded(Path(folder), asked_for.evenings)) as (port, token):
        headers = entered(port, token)
        with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            print(f"{'page':42} {'ms':>7} {'lowest':>7} {'highest':>8} {'bytes':>8}")
            for page in PAGES:
                times, bodies = zip(*(asked(connection, page, headers) for _ in range(asked_for.rounds)), strict=True)
                print(
                    f"{page:42} {statistics.median(times):7.1f} {min(times):7.1f} {max(times):8.1f} {len(bodies[0]):8,}"
                )
            _, first = asked(connection, "/", headers)
            loaded = re.findall(r'(?:href|src)="(/static/[^"]+)"', first.decode())
            whole = len(first) + sum(len(asked(connection, each, headers)[1]) for each in loaded)
            print(f"the first page with all that it loads: {whole:,} bytes")


if __name__ == "__main__":
    main()
