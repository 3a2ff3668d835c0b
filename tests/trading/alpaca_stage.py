"""A complete run at the local Alpaca: config file, real client, journal, the venue's clock."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from local_alpaca import LocalAlpaca, Tape

from rebalancer import config
from rebalancer.app.evening import evening
from rebalancer.config import Config
from rebalancer.journal import read
from rebalancer.model import RunId
from rebalancer.ports import AlreadyRun, Broker
from rebalancer.trading.run import run_evening, start_run

EVENING = datetime(2026, 11, 20, 20, 50, tzinfo=UTC)
"""A Friday, ten minutes before the close."""
NEXT = EVENING + timedelta(days=3)
"""The Monday after."""


def bot_file(weights: Mapping[str, float]) -> str:
    """A bot that wants these weights every day."""
    shares = [{"percent": 100 * share, "chart": {"asset": symbol}} for symbol, share in weights.items()]
    if rest := 100 - sum(100 * share for share in weights.values()):
        shares.append({"percent": rest, "chart": {"cash": True}})
    chart = {"specified": shares}
    return json.dumps({"format": "rebalancer/bot", "version": 1, "name": "Mix", "chart": chart})


CONFIG = """\
schema = 1
state_dir = "state"
[data]
since = {since}
[trading]
fallback_ticker = "SGOV"
{trading}
[accounts.{name}]
broker = "alpaca"
key_id = "${{PAPER_KEY}}"
secret = "${{PAPER_SECRET}}"
base_url = "{url}"
data_url = "{url}"
{account}
[[accounts.{name}.investments]]
bot = "mix.json"
amount = 100
weight_mode = "percent"
"""


@dataclass
class AlpacaStage:
    """One account in a config file. Every `run` opens everything anew, as a new process would."""

    folder: Path
    venue: LocalAlpaca
    trading: str = ""
    account: str = ""
    since: str = "2026-09-01"
    name: str = "paper"
    broker_proxy: Callable[[Broker], Broker] = lambda broker: broker

    def wants(self, **weights: float) -> "AlpacaStage":
        (self.folder / "mix.json").write_text(bot_file(weights))
        return self

    @property
    def config_file(self) -> Path:
        path = self.folder / "config.toml"
        place = {"url": self.venue.url, "since": self.since, "name": self.name}
        path.write_text(CONFIG.format(trading=self.trading, account=self.account, **place))
        return path

    def settings(self) -> Config:
        return config.load(self.config_file)

    def run(self, *, dry_run: bool = False, force: bool = False) -> read.RunRecord:
        settings = self.settings()
        (account,) = settings.accounts
        with evening(settings, account, dry_run=dry_run, force=force, clock=self.venue.clock) as tonight:
            interrupted, context = (
                tonight.interrupted,
                replace(tonight.context, broker=self.broker_proxy(tonight.context.broker)),
            )
            run = start_run(context, tonight.request, tonight.session, interrupted)
            if not isinstance(run, AlreadyRun):
                run_evening(context, RunId(run), tonight.session, interrupted.plan if interrupted else None)
        return self.record(dry_run=dry_run)

    def record(self, *, dry_run: bool = False) -> read.RunRecord:
        return read.run(self.settings().journal(dry_run=dry_run), None)

    def orders(self) -> dict[str, str]:
        """The journalled state of each symbol's last order."""
        return {order.symbol: order.state for order in self.record().orders}


def alpaca_stage(folder: Path, venue: LocalAlpaca, monkeypatch: pytest.MonkeyPatch) -> AlpacaStage:
    monkeypatch.setenv("PAPER_KEY", venue.key_id)
    monkeypatch.setenv("PAPER_SECRET", venue.secret)
    return AlpacaStage(folder, venue)


def local_venue() -> LocalAlpaca:
    return LocalAlpaca(EVENING, market=Tape.sample())


def invested(venue: LocalAlpaca) -> float:
    """Long market value as a fraction of equity."""
    body = venue.account_body()
    return float(Decimal(str(body["long_market_value"])) / Decimal(str(body["equity"])))
