"""What it takes to settle an evening that was killed with its orders open: python benchmarks/recovery.py [ORDERS]

The local Alpaca of the tests answers in the same process and in real time: the seconds are what a person waits, quiet
time and rate limit included. With some 50 orders the killed evening has used up the venue's requests of its minute,
which the next process can't know: it waits until the venue takes requests again.
"""

import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from local_alpaca import LocalAlpaca, Tape, order_scripts
from local_alpaca.config import paper_config

from rebalancer import config
from rebalancer.app.evening import evening
from rebalancer.app.recover import recover, recovery
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.model import RunId
from rebalancer.trading.run import run_evening, start_run

FRIDAY = datetime(2026, 11, 20, 20, 50, tzinfo=UTC)


class Killed(BaseException):
    """The process is gone."""


class Killing:
    """The account's broker until it has `orders`: the process dies before it hears of the last one."""

    def __init__(self, real: object, orders: int) -> None:
        self._real, self._left = real, orders

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def submit(self, order: object) -> object:
        answer = self._real.submit(order)
        self._left -= 1
        if not self._left:
            raise Killed
        return answer


def market(symbols: list[str]) -> Tape:
    tape, calendar = Tape(), ExchangeCalendar(LocalAlpaca(FRIDAY).clock)
    days = calendar.sessions(FRIDAY.date().replace(month=8), FRIDAY.date())
    for at, symbol in enumerate(symbols):
        tape.list(symbol, dict.fromkeys(days, Decimal(20 + at % 30)))
    return tape


def write_settings(folder: Path, venue: LocalAlpaca, symbols: list[str]) -> config.Config:
    os.environ |= {"KEY_ID": venue.key_id, "SECRET": venue.secret, "HOME": str(folder)}
    parts = [{"percent": 100 / len(symbols), "chart": {"asset": symbol}} for symbol in symbols]
    bot = {"format": "rebalancer/bot", "version": 1, "name": "Mix", "chart": {"specified": parts}}
    (folder / "mix.json").write_text(json.dumps(bot))
    (folder / "config.toml").write_text(paper_config(venue.url, bot="mix.json", fallback="S000"))
    return config.load(folder / "config.toml")


def kill_an_evening(settings: config.Config, venue: LocalAlpaca, orders: int) -> None:
    (account,) = settings.accounts
    with evening(settings, account, clock=venue.clock) as tonight:
        context = replace(tonight.context, broker=Killing(tonight.context.broker, orders))
        run = start_run(context, tonight.request, tonight.session)
        with suppress(Killed):
            run_evening(context, RunId(run), tonight.session)


def main() -> None:
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    symbols = [f"S{number:03}" for number in range(orders)]
    with LocalAlpaca(FRIDAY, market=market(symbols), running=True) as venue, tempfile.TemporaryDirectory() as folder:
        for symbol in symbols:
            venue.script_orders(symbol, order_scripts.halted())
        settings = write_settings(Path(folder), venue, symbols)
        kill_an_evening(settings, venue, orders)
        requests, start = len(venue.requests), time.perf_counter()
        (account,) = settings.accounts
        with recovery(settings, account, unhurried=True) as now:
            recover(now.context, now.request, now.session)
            quiet = now.context.broker.venue.quiet_seconds
            states = [sent.phase for sent in now.context.journal.orders(RunId(1))]
        seconds = time.perf_counter() - start
        print(f"{len(states)} orders left open, {states.count('canceled')} of them found and cancelled")
        print(f"{len(venue.requests) - requests} requests, {seconds:.1f} s")
        print(f"{seconds / (60 + quiet):.2f} of a minute and the venue's quiet time of {quiet} s together")


if __name__ == "__main__":
    main()
