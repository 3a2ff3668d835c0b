"""June of 2016 as its observers saw it: every kind of day, with the pings and the messages that it sent.

`PYTHONPATH=tests python tests/app/observed_month.py` prints them.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from freezegun import freeze_time
from monitor import Monitor, monitor
from sim_account import BOT, new_york, write

from rebalancer.app import controls
from rebalancer.app.runs import run_due
from rebalancer.config import Config
from rebalancer.market.clock import SimulatedClock

OBSERVED = """
[ping]
url = "${PING_URL}"
[metrics]
textfile = "rebalance.prom"
[[notify]]
url = "${NOTIFY_URL}"
"""
MISSED, FAILED, PARTIAL, HALTED, RESUMED = 8, 14, 16, 21, 23
TWICE = {FAILED, HALTED, HALTED + 1}


@dataclass(frozen=True)
class Day:
    """What a day in June sent: the signals of its pings, and its messages."""

    day: int
    pings: tuple[str, ...]
    messages: tuple[Mapping[str, str], ...]


@dataclass
class Month:
    folder: Path
    watching: Monitor

    def days(self) -> Iterator[Day]:
        for day in range(1, 31):
            seen = len(self.watching.received)
            self._live(day)
            received = self.watching.received[seen:]
            yield Day(
                day,
                tuple(each.path.partition("?")[0].removeprefix("/ping") for each in received if "/ping" in each.path),
                tuple(json.loads(each.body) for each in received if "/ping" not in each.path),
            )

    def _live(self, day: int) -> None:
        """cron looks once in the window, and once more where that may change something; one day the machine is off."""
        config = self._config(day)
        if day == MISSED:
            return
        if day in {HALTED, RESUMED}:
            with freeze_time(new_york(day, 9)):
                self._halt_or_resume(config, day)
        for minute in (50, 53) if day in TWICE else (50,):
            list(run_due(config, SimulatedClock(new_york(day, 15, minute))))

    def _config(self, day: int) -> Config:
        """The bot is no bot on one day, and wants what has no price on another."""
        config = write(self.folder, enabled=True, top=OBSERVED)
        asset = "QQQ" if day == PARTIAL else "EFA" if day > PARTIAL else "SPY"
        bot = {} if day == FAILED else {**BOT, "chart": {"asset": asset}}
        (self.folder / "hold.json").write_text(json.dumps(bot))
        return config

    def _halt_or_resume(self, config: Config, day: int) -> None:
        if day == HALTED:
            controls.halt(config, "main", "the news", "ann@desk")
        else:
            controls.resume(config, "main", "it was nothing", "ann@desk")


@contextmanager
def month(folder: Path) -> Iterator[Month]:
    with monitor() as watching, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PING_URL", f"{watching.url}/ping")
        patch.setenv("NOTIFY_URL", f"json{watching.url.removeprefix('http')}/notify")
        yield Month(folder, watching)


def _lines(day: Day) -> Iterator[str]:
    yield f"2016-06-{day.day:02}  pings: {', '.join(ping or 'success' for ping in day.pings) or 'none'}"
    for message in day.messages:
        yield f"    [{message['type']}] {message['title']}"
        yield from (f"        {line}" for line in message["message"].split("\n"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place, month(Path(place)) as found:
        for each in found.days():
            sys.stdout.writelines(f"{line}\n" for line in _lines(each))
