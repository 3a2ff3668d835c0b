"""Tonight's plan is executed as it was shown, or not at all, by a process of its own."""

import json
from datetime import datetime
from fcntl import LOCK_SH, flock
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from local_alpaca import LocalAlpaca, Tape
from local_alpaca.config import paper_config

from rebalancer.app import controls
from rebalancer.app.proposals import Execution
from rebalancer.app.tonight import confirmed_plan, execute, executions, tonight
from rebalancer.config import Config, load
from rebalancer.errors import BadInputError, RunFailedError
from rebalancer.journal import audit, read

CONFIG = """
state_dir = "state"
[trading]
fallback_ticker = "TBILL"
[accounts.main]
broker = "sim"
[[accounts.main.investments]]
bot = "hold.json"
amount = 100
weight_mode = "percent"
[accounts.other]
broker = "sim"
[[accounts.other.investments]]
bot = "hold.json"
amount = 100
weight_mode = "percent"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "config.toml").write_text(CONFIG)
    write_bot(tmp_path, "SPY")
    return load(tmp_path / "config.toml")


def write_bot(folder: Path, ticker: str) -> None:
    bot = {"format": "rebalancer/bot", "version": 1, "name": "Hold", "chart": {"asset": ticker}}
    (folder / "hold.json").write_text(json.dumps(bot))


def ended(config: Config, started: Execution) -> Execution:
    """Waits for the process: it holds a lock on its answer while it lives."""
    with (config.state_dir / "executions" / started.execution / "answer.json").open() as answer:
        flock(answer, LOCK_SH)
    return executions(config)[0]


def test_the_plan_of_a_dry_run_is_executed_once(config):
    main = config.accounts[0]
    seen = tonight(config, main)
    assert (seen.question, seen.refused, read.runs(config.journal())) == ("", "", ())

    done = ended(config, execute(config, main, seen.plan, "ann@desk, web", confirmed=False))

    assert (done.state, done.exit_code, done.run, done.by) == ("ended", 0, 1, "ann@desk, web")
    record = read.run(config.journal(), 1)
    assert seen.result.run is not None
    assert record.plan == seen.result.run.plan
    assert f"{seen.plan[:12]}, which ann@desk, web confirmed" in " ".join(record.notes)
    assert audit.verify(config.journal(), None).faults == ()
    assert "is done (run 1" in tonight(config, main).refused
    with pytest.raises(RunFailedError, match="is done"):
        execute(config, main, seen.plan, "ann@desk, web", confirmed=True)


def test_a_plan_that_is_another_by_now_is_not_executed(config, tmp_path):
    main = config.accounts[0]
    seen = tonight(config, main)
    write_bot(tmp_path, "QQQ")
    done = ended(config, execute(config, main, seen.plan, "ann", confirmed=False))
    assert (done.state, done.exit_code) == ("ended", 4)
    assert "SPY: no order, confirmed was buy" in done.message
    assert read.run(config.journal(), 1).orders == ()


def test_a_plan_is_named_by_its_hash_or_by_the_number_of_its_dry_run(config):
    main = config.accounts[0]
    seen = tonight(config, main)
    assert confirmed_plan(config, main, "1", "ann") == confirmed_plan(config, main, seen.plan, "ann")
    with pytest.raises(BadInputError, match="no dry run here has made the plan 2"):
        confirmed_plan(config, main, "2", "ann")


def test_a_plan_of_nobody_or_of_another_account_is_refused(config):
    main, other = config.accounts
    seen = tonight(config, main)
    for account, line, said in ((main, "0" * 64, "no dry run here"), (other, seen.plan, "is of account main")):
        with pytest.raises(BadInputError, match=said):
            confirmed_plan(config, account, line, "ann")


def test_a_halted_account_says_so_and_executes_nothing(config):
    main = config.accounts[0]
    controls.halt(config, None, "a test", "ann")
    seen = tonight(config, main)
    assert "halted" in seen.refused
    with pytest.raises(RunFailedError, match="halted"):
        execute(config, main, seen.plan, "ann", confirmed=True)
    assert executions(config) == ()


def write_execution(config: Config, name: str, account: str = "main") -> None:
    """One whose process is gone."""
    folder = config.state_dir / "executions" / name
    folder.mkdir(parents=True)
    asked = {"account": account, "plan": "0" * 64, "by": "ann", "started": "2024-03-04T20:50:00+00:00"}
    (folder / "asked.json").write_text(json.dumps(asked))
    (folder / "answer.json").touch()


def test_executions_are_listed_by_account_and_page_by_page(config):
    for day, account in enumerate(("main", "other", "main", "other", "other")):
        write_execution(config, f"2024030{day}", account)
    names = [each.execution for each in executions(config, 2, ["main"])]
    assert names == ["20240302", "20240300"]
    assert [each.execution for each in executions(config, 2, None, names[0])] == ["20240301", "20240300"]


def test_a_process_that_is_gone_without_an_answer_is_cut_off(config):
    write_execution(config, "20240304")
    assert (executions(config)[0].state, executions(config)[0].exit_code) == ("cut off", None)
    assert "see the runs" in executions(config)[0].message


# --------------------------------------------------------------------------------------------- at a real broker's hours


@pytest.mark.parametrize(
    ("hour", "question", "refused"),
    [(12, "belongs between 15:50", ""), (15, "", ""), (18, "", "is open between 09:30 and 16:00")],
    ids=["before the window", "in it", "after the close"],
)
def test_before_the_window_a_person_is_asked_and_outside_exchange_hours_refused(
    tmp_path, monkeypatch, hour, question, refused
):
    friday = datetime(2026, 11, 20, hour, 52, tzinfo=ZoneInfo("America/New_York"))
    with LocalAlpaca(friday, market=Tape.sample()) as venue:
        (tmp_path / "config.toml").write_text(paper_config(venue.url))
        write_bot(tmp_path, "SPY")
        monkeypatch.setenv("KEY_ID", venue.key_id)
        monkeypatch.setenv("SECRET", venue.secret)
        config = load(tmp_path / "config.toml")
        (account,) = config.accounts
        seen = tonight(config, account)
        assert question in seen.question
        assert refused in seen.refused
        if question:
            with pytest.raises(BadInputError, match=question):
                execute(config, account, seen.plan, "ann", confirmed=False)
        if refused:
            with pytest.raises(RunFailedError, match=refused):
                execute(config, account, seen.plan, "ann", confirmed=True)
        assert executions(config) == ()
        assert venue.audit().posts == 0
