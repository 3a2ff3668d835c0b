"""A run is interrupted by a power cut, and the next command resumes or settles it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from accounts import CONFIG, HOLD_SPY, write_config
from fakes import PowerCut, PowerCutProxy
from live_account import live_venue, write_live_config
from local_alpaca import faults

from rebalancer import config
from rebalancer.app import controls, recover
from rebalancer.app.evening import evening
from rebalancer.ports import Clock
from rebalancer.trading.run import run_evening, start_run


@pytest.fixture
def interrupted_run(tmp_path: Path, rebalance: object) -> None:
    """The run of the last session, which bought SPY, and was interrupted with its only order at the broker."""
    write_config(tmp_path, enabled=False)
    run_until_the_power_cut(tmp_path)


def run_until_the_power_cut(folder: Path, clock: Clock | None = None) -> None:
    settings = config.load(folder / "config.toml")
    with evening(settings, settings.accounts[0], clock=clock) as tonight:
        context = replace(
            tonight.context, broker=PowerCutProxy(tonight.context.broker, frozenset({"submit"}), at=1, after=True)
        )
        run = start_run(context, tonight.request, tonight.session)
        with pytest.raises(PowerCut):
            run_evening(context, run, tonight.session)


def filled(rebalance):
    return [
        (order["run"], order["symbol"], order["state"])
        for order in json.loads(rebalance("orders", "--json").out)["orders"]
    ]


@pytest.mark.usefixtures("interrupted_run")
def test_the_next_run_resumes_an_interrupted_run_and_sends_nothing_twice(rebalance):
    output = rebalance("run")
    assert output.code == 0, output.err
    assert "this run was cut off" in output.out
    assert "success: 1 of 1 orders done" in output.out
    assert filled(rebalance) == [(1, "SPY", "filled")]


@pytest.mark.usefixtures("interrupted_run")
def test_a_run_resumes_with_its_recorded_config_and_bots(rebalance, tmp_path):
    write_config(tmp_path, enabled=False, bot={**HOLD_SPY, "chart": {"asset": "QQQ"}})
    (tmp_path / "hold.json").unlink()
    output = rebalance("run")
    assert output.code == 0, output.err
    assert "bot hold has changed since this run began: it goes on as it began" in output.out
    assert filled(rebalance) == [(1, "SPY", "filled")]


@pytest.mark.usefixtures("interrupted_run")
def test_recover_counts_the_fills_of_an_interrupted_run_and_ends_it(rebalance):
    output = rebalance("recover")
    assert output.code == 0, output.err
    assert "account main: run 1 for the session of 2016-07-01 is settled; orders: 1 filled\n" in output.out
    assert "  SPY: bought 471 of 471 at 209.92 USD\n" in output.out
    assert "`rebalance history 1` shows all of this one." in output.out
    assert filled(rebalance) == [(1, "SPY", "filled")]
    assert rebalance("recover").out == "account main: nothing to settle\n"


def test_a_broken_bot_does_not_prevent_settling_at_alpaca(rebalance, tmp_path, monkeypatch):
    """Whose prices come from Alpaca too: there the bots say which prices to fetch, and settling needs none."""
    with live_venue() as venue:
        monkeypatch.setenv("KEY_ID", venue.key_id)
        monkeypatch.setenv("SECRET", venue.secret)
        venue.account["account_number"] = "PA123456789"
        write_live_config(tmp_path, venue.url, mode="paper", number="PA123456789")
        run_until_the_power_cut(tmp_path, venue.clock)
        (tmp_path / "mix.json").write_text("{")
        venue.clock.sleep(60)
        output = rebalance("recover")
        assert output.code == 0, output.err
        assert "is settled; orders: 1 filled" in output.out
        assert [(run, state) for run, _, state in filled(rebalance)] == [(1, "filled")]


def test_recover_and_kill_say_that_they_wait_for_the_limit_of_requests(tmp_path, monkeypatch):
    with live_venue() as venue:
        monkeypatch.setenv("KEY_ID", venue.key_id)
        monkeypatch.setenv("SECRET", venue.secret)
        venue.account["account_number"] = "PA123456789"
        write_live_config(tmp_path, venue.url, mode="paper", number="PA123456789")
        settings = config.load(tmp_path / "config.toml")
        (account,) = settings.accounts
        run_until_the_power_cut(tmp_path, venue.clock)
        venue.clock.sleep(60)
        for path, command in (("/v2/positions", recovered), ("/v2/account", kill_one)):
            venue.faults.on("GET", path, fault=faults.TOO_MANY)
            told = TracksWork()
            command(settings, account, told)
            assert any(
                "New York time, 90 s at most: Alpaca takes no more requests in this minute" in work
                for work in told.works
            )


class TracksWork:
    """A progress that keeps what it is told."""

    def __init__(self) -> None:
        self.works: list[str] = []

    def __call__(self, work: str, done: int = 0, total: int = 0) -> None:
        self.works.append(work)


def recovered(settings, account, progress):
    assert recover.recovered(settings, account, progress, unhurried=True)


def kill_one(settings, account, progress):
    assert controls.kill(settings, account.name, "by hand", "ann@desk", progress=progress).exit_code == 0


@pytest.mark.usefixtures("interrupted_run")
def test_a_dry_run_leaves_an_interrupted_run_alone(rebalance):
    assert rebalance("run", "--dry-run").code == 0
    assert filled(rebalance) == [(1, "SPY", "intended")]


@pytest.mark.usefixtures("interrupted_run")
def test_without_its_journal_nothing_is_sent_until_a_person_accounts_for_the_order(rebalance, tmp_path):
    """A journal that was deleted would let the evening be traded twice."""
    (order,) = json.loads(rebalance("orders", "--json").out)["orders"]
    for file in (tmp_path / "state").glob("journal.sqlite*"):
        file.unlink()
    output = rebalance("run")
    assert output.code == 5
    assert "orders with this program's names that this journal does not know" in output.out
    assert order["order_id"] in output.out

    assert rebalance("recover", "--account-for", order["order_id"]).code == 2
    vouched = rebalance("recover", "--account-for", order["order_id"], "--reason", "I deleted the journal")
    assert vouched.code == 0, vouched.err
    assert "halted" in rebalance("run").out
    assert rebalance("resume", "--reason", "I know").code == 0
    assert rebalance("adopt", "SPY", "--yes").code == 0
    output = rebalance("run")
    assert output.code == 0, output.out
    assert [run for run, *_ in filled(rebalance)] == []


@pytest.mark.usefixtures("interrupted_run")
def test_an_order_can_not_be_accounted_for_in_the_wrong_account(rebalance, tmp_path):
    (order,) = json.loads(rebalance("orders", "--json").out)["orders"]
    another = CONFIG.format(enabled="false", top="").partition("[accounts.main]")[2].replace("main", "other")
    with (tmp_path / "config.toml").open("a") as file:
        file.write(f"[accounts.other]{another}")
    output = rebalance("recover", "--account", "other", "--account-for", order["order_id"], "--reason", "a typo")
    assert output.code == 2
    assert "is of account main, not of account other: account for it with --account main" in " ".join(
        output.err.split()
    )
    assert filled(rebalance) == [(1, "SPY", "intended")]
