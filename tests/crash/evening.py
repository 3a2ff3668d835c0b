"""The evening that is killed: two sells and two buys, one of them filled in two parts, one of them only in part."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from crash.board import Board, SharedClock
from crash.points import WRITES, Fuse, Watched, watch_inside
from rebalancer import config
from rebalancer.app.evening import evening
from rebalancer.ports import AlreadyRun
from rebalancer.trading.context import RunContext
from rebalancer.trading.run import claim_session, run_evening

FRIDAY, MONDAY = datetime(2026, 11, 20, 20, 30, tzinfo=UTC), datetime(2026, 11, 23, 20, 30, tzinfo=UTC)
"""Half an hour before the close: time enough for three quiet periods."""
BEFORE: Mapping[str, float] = {"SPY": 0.4, "TLT": 0.3}
AFTER: Mapping[str, float] = {"SPY": 0.1, "QQQ": 0.4, "IEF": 0.3}
CONFIG = """\
schema = 1
state_dir = "state"
[data]
since = 2026-11-02
[trading]
sell_timeout_seconds = 20
buy_timeout_seconds = 2
[accounts.paper]
broker = "alpaca"
key_id = "${{PAPER_KEY}}"
secret = "${{PAPER_SECRET}}"
base_url = "{url}"
data_url = "{url}"
[[accounts.paper.investments]]
bot = "mix.json"
amount = 100
weight_mode = "percent"
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """One start of the program. `die_at` is the point it is killed at, 0 for none.

    With `inside` the points are those of `points.watch_inside`, else those at the calls of broker and journal.
    """

    die_at: int = 0
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Home:
    """The folder with the config, the bot and the state of one account at one venue."""

    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def journal(self) -> Path:
        return self.state / "journal.sqlite"

    @property
    def last_words(self) -> Path:
        return self.folder / "last-words.txt"

    def furnish(self, url: str, key_id: str, secret: str) -> None:
        (self.folder / "config.toml").write_text(CONFIG.format(url=url))
        environment = {"PAPER_KEY": key_id, "PAPER_SECRET": secret, "HOME": str(self.folder)}
        (self.folder / "environment.json").write_text(json.dumps(environment))

    def want(self, weights: Mapping[str, float]) -> None:
        """The bot wants these weights every day, and the rest in cash."""
        shares = [{"percent": 100 * share, "chart": {"asset": symbol}} for symbol, share in weights.items()]
        shares.append({"percent": 100 - sum(100 * share for share in weights.values()), "chart": {"cash": True}})
        chart = {"specified": shares}
        bot = {"format": "rebalancer/bot", "version": 1, "name": "Mix", "chart": chart}
        (self.folder / "mix.json").write_text(json.dumps(bot))


def watched(context: RunContext, home: Home, board: Board, turn: Turn) -> RunContext:
    fuse = Fuse(board, turn.die_at)
    if turn.inside:
        watch_inside(context.journal._db.conn, home.state, fuse)
        return context
    return replace(
        context, broker=Watched(context.broker, fuse), journal=Watched(context.journal, fuse, WRITES.__contains__)
    )


def walk(home: Home, board: Board, turn: Turn) -> None:
    """Start the program once, as a person would: settle what is left, then go on or begin."""
    os.environ.update(json.loads((home.folder / "environment.json").read_text()))
    settings = config.load(home.folder / "config.toml")
    (account,) = settings.accounts
    with evening(settings, account, clock=SharedClock(board)) as tonight:
        context = watched(tonight.context, home, board, turn)
        cut_off = tonight.interrupted
        run = claim_session(context, tonight.claim, tonight.session, cut_off)
        if not isinstance(run, AlreadyRun):
            run_evening(context, run, tonight.session, cut_off.plan if cut_off else None)
