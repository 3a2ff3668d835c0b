from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alpaca_stage import AlpacaStage, alpaca_stage, local_venue
from gate_run import GateRun, RealMoneyBroker, open_gate_run
from local_alpaca import LocalAlpaca
from stage import DAYS, OPENED, one_bot

from rebalancer.journal.store import SqliteJournal
from rebalancer.model import RunId


@pytest.fixture(autouse=True)
def no_broker_stays_open() -> Iterator[None]:
    with OPENED:
        yield


@pytest.fixture
def venue() -> Iterator[LocalAlpaca]:
    with local_venue() as venue:
        yield venue


@pytest.fixture
def alpaca(tmp_path: Path, venue: LocalAlpaca, monkeypatch: pytest.MonkeyPatch) -> AlpacaStage:
    """An account at the local Alpaca; a test says what its bot `wants`."""
    return alpaca_stage(tmp_path, venue, monkeypatch)


@pytest.fixture
def gate_run(tmp_path: Path) -> Iterator[GateRun]:
    with open_gate_run(tmp_path, "paper") as gate_run:
        yield gate_run


@pytest.fixture
def live(tmp_path: Path) -> Iterator[GateRun]:
    with open_gate_run(tmp_path, "live") as live:
        broker = RealMoneyBroker(live.stage.broker())
        yield replace(live, context=replace(live.context, broker=broker, pinned="sim"))


@pytest.fixture
def new_account(tmp_path: Path) -> Iterator[GateRun]:
    """A trial, the first run of its account."""
    stage = one_bot(tmp_path, SPY=50).on(DAYS[1])
    with SqliteJournal.open(stage.journal_file) as journal:
        run = journal.start_run(replace(stage.request(), purpose="trial"))
        assert isinstance(run, int)
        yield GateRun(stage.context(stage.broker(), journal), RunId(run), stage)
