"""What a person does, and what an edit does, is told to who asked for it; the journal has it first."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from freezegun import freeze_time
from monitor import Monitor, monitor
from sim_account import main_account, new_york, write

from rebalancer.app import controls
from rebalancer.app.schedule_loop import ScheduleLoop
from rebalancer.config import Config, load
from rebalancer.errors import BadInputError
from rebalancer.events import Armed
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.clock import SimulatedClock, SystemClock
from rebalancer.model import NO_RUN

TOP = '[[notify]]\nurl = "${NOTIFY_URL}"\n'


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Monitor]:
    with monitor() as found:
        monkeypatch.setenv("NOTIFY_URL", f"json{found.url.removeprefix('http')}/hunter2")
        yield found


def told(service: Monitor) -> list[tuple[str, str]]:
    found = [json.loads(each.body) for each in service.received]
    return [(each["title"].removeprefix("rebalance "), each["message"]) for each in found]


def arm(config: Config) -> None:
    now = SystemClock().now()
    armed = Armed(now, "main", "PA3ABCDEF", main_account(config).limits.max_order_dollars, now, {}, False, "ann@desk")  # noqa: FBT003
    with SqliteJournal.open(config.journal()) as journal:
        journal.record(NO_RUN, armed)


def test_a_halt_its_end_and_a_kill_are_told(service: Monitor, tmp_path: Path):
    config = write(tmp_path, top=TOP)
    controls.halt(config, "main", "the news", "ann@desk")
    controls.resume(config, "main", "over", "ann@desk")
    controls.kill(config, None, "by hand", "ann@desk")
    assert [title for title, _ in told(service)] == ["main: halted", "main: halt lifted", "all accounts: halted"]
    assert "by ann@desk: the news." in told(service)[0][1]


def test_a_disarming_by_hand_and_one_by_an_edit_are_told(service: Monitor, tmp_path: Path):
    config = write(tmp_path, top=TOP)
    arm(config)
    controls.disarm(config, main_account(config), "holidays", "ann@desk")
    arm(config)
    assert controls.disarm_after_edit(config, config.journal(), "ann@desk")
    (_, by_hand), (_, by_edit) = told(service)
    assert "may trade real money no more, by ann@desk: holidays." in by_hand
    assert "may trade real money no more, by ann@desk: the config was edited." in by_edit


def test_an_arming_is_told_with_its_terms_and_a_masked_number(service: Monitor, tmp_path: Path):
    config = write(tmp_path, top=TOP)
    now = SystemClock().now()
    terms = Armed(now, "main", "PA3ABCDEF", main_account(config).limits.max_order_dollars, now, {}, True, "ann@desk")  # noqa: FBT003
    controls.arm(config, controls.ArmingProposal(terms, "host", terms.max_dollars, terms.max_dollars, "USD", "UTC"))
    ((title, body),) = told(service)
    assert title == "main: arming"
    assert "(account ***DEF) may trade real money, by ann@desk: up to 1,000,000.00 USD a run" in body


def test_a_config_that_can_no_longer_be_read_is_told_to_those_in_the_last_one(service: Monitor, tmp_path: Path):
    write(tmp_path, enabled=True, top=TOP)
    with freeze_time(new_york(28, 12)):
        clock = SimulatedClock(new_york(28, 12))
        loop = ScheduleLoop(lambda: load(tmp_path / "config.toml"), clock, lambda: False)
        list(loop.poll())
        (tmp_path / "config.toml").write_text("[accounts")
        for _ in range(2):
            list(loop.poll())
    ((title, body),) = told(service)
    assert title == "rebalance: no run can start"
    assert "is no valid TOML" in body


def test_a_test_message_that_is_not_taken_names_the_setting_and_what_to_try(tmp_path, rebalance, monkeypatch):
    write(tmp_path, top='[[notify]]\nname = "shut"\nurl = "${SHUT}"\n[ping]\nurl_file = "ping.txt"\n')
    monkeypatch.setenv("SHUT", "json://127.0.0.1:1/")
    (tmp_path / "ping.txt").touch(0o600)
    (tmp_path / "ping.txt").write_text("http://127.0.0.1:1/")
    tried = json.loads(rebalance("notify", "test", "--json").out)["recipients"]
    of_ping, of_shut = (each["trouble"] for each in tried)
    assert of_ping.startswith("the monitor can't be reached (ConnectionError). Look at the network")
    assert f"the address of ping in {tmp_path / 'config.toml'}" in of_ping
    assert "`rebalance notify login ping` stores another" in of_ping
    assert of_shut.startswith("the service did not take the message. Look at the network")
    assert "set another in the environment variable SHUT" in of_shut


def test_a_test_message_goes_to_everybody_and_to_the_monitors_log(service: Monitor, tmp_path, rebalance, monkeypatch):
    write(tmp_path, top=f'{TOP}[[notify]]\nname = "gone"\nurl = "${{GONE}}"\n[ping]\nurl = "${{PING_URL}}"\n')
    monkeypatch.setenv("PING_URL", f"{service.url}/ping")
    said = rebalance("notify", "test")
    assert said.code == 4
    assert [each.path for each in service.received] == ["/ping/log", "/hunter2"]
    assert "ping: taken. Look whether it arrived." in said.out
    assert "gone: " in said.out
    assert "hunter2" not in said.out
    tried = json.loads(rebalance("notify", "test", "--json").out)["recipients"]
    assert [(each["name"], bool(each["trouble"])) for each in tried] == [
        ("ping", False),
        ("notify", False),
        ("gone", True),
    ]
    write(tmp_path)
    assert "no notification would be sent" in rebalance("notify", "test").err


def test_without_anybody_to_tell_nothing_is_loaded_and_nothing_is_written(tmp_path: Path):
    config = write(tmp_path)
    controls.halt(config, "main", "the news", "ann@desk")
    assert not (config.state_dir / "observers.json").exists()
    with pytest.raises(BadInputError):
        controls.halt(config, "other", "the news", "ann@desk")
