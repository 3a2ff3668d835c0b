"""One account in two configs with separate state folders: one run at a time."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from alpaca_stage import AlpacaStage, alpaca_stage
from local_alpaca import LocalAlpaca

from rebalancer.app.account import broker_alone
from rebalancer.app.controls import cancel_all
from rebalancer.app.evening import evening
from rebalancer.app.recover import recovery
from rebalancer.errors import BusyError


@pytest.fixture
def first(tmp_path: Path, venue: LocalAlpaca, monkeypatch: pytest.MonkeyPatch) -> AlpacaStage:
    (tmp_path / "first").mkdir()
    return alpaca_stage(tmp_path / "first", venue, monkeypatch).wants(SPY=0.99)


@pytest.fixture
def second(tmp_path: Path, venue: LocalAlpaca) -> AlpacaStage:
    (tmp_path / "second").mkdir()
    return AlpacaStage(tmp_path / "second", venue).wants(GLD=0.99)


@pytest.fixture
def running(first: AlpacaStage, venue: LocalAlpaca) -> Iterator[None]:
    """The run of the first config is going on."""
    settings = first.settings()
    with evening(settings, settings.accounts[0], clock=venue.clock):
        yield


def test_the_second_evening_of_an_account_sends_nothing_while_the_first_goes_on(
    running: None, second: AlpacaStage, venue: LocalAlpaca
) -> None:
    with pytest.raises(BusyError, match=r"another run trades account .* with the state folder .*first/state"):
        second.run()
    assert [asked for asked in venue.requests if asked.method != "GET"] == []


def test_the_second_evening_runs_once_the_first_is_over(first: AlpacaStage, second: AlpacaStage) -> None:
    assert first.run().run.status == "success"
    with ExitStack() as stack:
        settings = second.settings()
        stack.enter_context(evening(settings, settings.accounts[0], clock=second.venue.clock))


def test_a_recovery_is_refused_while_a_run_goes_on(running: None, second: AlpacaStage) -> None:
    settings = second.settings()
    with pytest.raises(BusyError), recovery(settings, settings.accounts[0]):
        pass


def test_a_dry_run_works_during_a_run(running: None, second: AlpacaStage) -> None:
    assert second.run(dry_run=True).run.status == "success"


def test_a_kill_works_during_a_run(running: None, second: AlpacaStage) -> None:
    settings = second.settings()
    with broker_alone(settings, settings.accounts[0]) as (broker, clock):
        _, left = cancel_all(broker, clock)
        assert left == ()
