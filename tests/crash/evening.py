"""The evening that is interrupted: two sells and two buys, one filled in two executions, one only in part."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from crash.points import FROM_MEMORY, WRITES, Instrumented, KillPoint, instrument_journal
from crash.shared_state import SharedClock, SharedState
from rebalancer import config
from rebalancer.app.evening import evening
from rebalancer.journal.store import SqliteJournal
from rebalancer.ports import AlreadyRun
from rebalancer.trading.context import RunContext
from rebalancer.trading.run import run_evening, start_run

FRIDAY, MONDAY = datetime(2026, 11, 20, 20, 30, tzinfo=UTC), datetime(2026, 11, 23, 20, 30, tzinfo=UTC)
"""Half an hour before the close: enough for three quiet periods."""
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
class StartOptions:
    """One start of the program. `kill_at` is the point it is killed at, 0 for none.

    With `inside` the points are those of `points.instrument_journal`, else those at the calls of broker and journal.
    """

    kill_at: int = 0
    inside: bool = False


@dataclass(frozen=True, slots=True)
class AccountFolder:
    """The folder with the config, the bot and the state of one account at one venue."""

    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def journal(self) -> Path:
        return self.state / "journal.sqlite"

    @property
    def traceback_file(self) -> Path:
        return self.folder / "traceback.txt"

    def write_config(self, url: str, key_id: str, secret: str) -> None:
        (self.folder / "config.toml").write_text(CONFIG.format(url=url))
        environment = {"PAPER_KEY": key_id, "PAPER_SECRET": secret, "HOME": str(self.folder)}
        (self.folder / "environment.json").write_text(json.dumps(environment))

    def write_bot(self, weights: Mapping[str, float]) -> None:
        """A bot with these constant weights, the rest in cash."""
        shares = [{"percent": 100 * share, "chart": {"asset": symbol}} for symbol, share in weights.items()]
        shares.append({"percent": 100 - sum(100 * share for share in weights.values()), "chart": {"cash": True}})
        chart = {"specified": shares}
        bot = {"format": "rebalancer/bot", "version": 1, "name": "Mix", "chart": chart}
        (self.folder / "mix.json").write_text(json.dumps(bot))


def instrumented(context: RunContext, folder: AccountFolder, shared: SharedState, options: StartOptions) -> RunContext:
    kill_point = KillPoint(shared, options.kill_at)
    if options.inside:
        assert isinstance(context.journal, SqliteJournal)
        instrument_journal(context.journal._db.conn, folder.state, kill_point)
        return context
    return replace(
        context,
        broker=Instrumented(context.broker, kill_point, lambda name: name not in FROM_MEMORY),
        journal=Instrumented(context.journal, kill_point, WRITES.__contains__),
    )


def run_program(folder: AccountFolder, shared: SharedState, options: StartOptions) -> None:
    """Run the program once: settle what an earlier run left, then resume it or begin one."""
    os.environ.update(json.loads((folder.folder / "environment.json").read_text()))
    settings = config.load(folder.folder / "config.toml")
    (account,) = settings.accounts
    with evening(settings, account, clock=SharedClock(shared)) as tonight:
        context = instrumented(tonight.context, folder, shared, options)
        cut_off = tonight.interrupted
        run = start_run(context, tonight.request, tonight.session, cut_off)
        if not isinstance(run, AlreadyRun):
            run_evening(context, run, tonight.session, cut_off.plan if cut_off else None)
