"""The monitor hears of every run, and no observer changes one: the journal is the same to the last byte."""

import json
import shutil
import socket
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from monitor import Monitor, Mood, monitor
from sim_account import main_account, new_york, write

from rebalancer.app.observers import Observers, troubles
from rebalancer.app.observers_due import anything_to_tell
from rebalancer.app.runs import run_due
from rebalancer.app.views import RunResult
from rebalancer.config import Config, load
from rebalancer.config.tables import KeySource
from rebalancer.errors import RunFailedError
from rebalancer.market.clock import SimulatedClock
from rebalancer.notify.deadline import within
from rebalancer.notify.observer_state import FILE, load_state
from rebalancer.notify.ping import run_uuid
from rebalancer.notify.systemd import Supervisor

PING = '[ping]\nurl = "${PING_URL}"\n'


class Raising(Mapping[str, str]):
    """An environment that no program foresaw."""

    def __getitem__(self, name: str) -> str:
        raise RuntimeError("hunter2")

    def __iter__(self):
        raise RuntimeError("hunter2")

    def __len__(self) -> int:
        raise RuntimeError("hunter2")


def look(
    config: Config, day: int, hour: int, minute: int, environ: Mapping[str, str], seconds: float = 60
) -> list[str]:
    """The statuses of what a look at that time runs, in June of 2016."""
    observing = partial(Observers, environ=environ, seconds=seconds)
    return [each.status for each in run_due(config, SimulatedClock(new_york(day, hour, minute)), observing=observing)]


def events(config: Config) -> list[tuple[object, ...]]:
    """Every line of the journal, with its hash."""
    with closing(sqlite3.connect(config.journal())) as journal:
        return journal.execute("SELECT * FROM events ORDER BY seq").fetchall()


def unobserved(config: Config) -> list[tuple[object, ...]]:
    """The journal of an evening that nobody observes; then everything is as before it."""
    assert look(replace(config, ping=None), 28, 15, 50, {}) == ["success"]
    found = events(config)
    shutil.rmtree(config.state_dir)
    return found


def test_a_run_is_pinged_at_its_start_and_its_end_with_the_same_id(tmp_path: Path):
    config = write(tmp_path, enabled=True, top=PING)
    with monitor() as taking:
        assert look(config, 28, 15, 50, {"PING_URL": f"{taking.url}/abc"}) == ["success"]
    rid = run_uuid("main", 1)
    assert taking.received == [
        (f"/abc/start?rid={rid}", ""),
        (f"/abc?rid={rid}", "main: 1 of 1 orders done"),
    ]
    assert troubles(config) == {}


def test_a_missed_and_a_failed_session_are_pinged_with_their_exit_code_until_a_run_is_good_again(tmp_path: Path):
    config = write(tmp_path, enabled=True, top=PING)
    with monitor() as taking:
        environ = {"PING_URL": taking.url}
        look(config, 27, 12, 0, environ)
        (tmp_path / "hold.json").rename(tmp_path / "away.json")
        assert look(config, 28, 15, 50, environ) == ["missed", "failed"]
        (tmp_path / "away.json").rename(tmp_path / "hold.json")
        assert look(config, 28, 15, 53, environ) == ["success"]
    assert taking.paths == ["/4", "/2", "/start", "/"]
    assert "no run was started between 15:50 and 15:59 New York time" in taking.received[0].body


def test_on_a_day_without_a_session_the_monitor_is_pinged_once_at_the_time_of_a_run(tmp_path: Path):
    config = write(tmp_path, enabled=True, top=PING)
    times = [(24, 15, 50), (25, 15, 49), (25, 15, 50), (25, 15, 51), (26, 15, 50), (26, 18, 0)]
    with monitor() as taking:
        for day, hour, minute in times:
            look(config, day, hour, minute, {"PING_URL": taking.url})
    assert [each.body for each in taking.received] == [
        "",
        "main: 1 of 1 orders done",
        "The exchange is closed today.",
        "The exchange is closed today.",
    ]


def test_cron_is_told_that_a_ping_is_due(tmp_path: Path):
    config = write(tmp_path, enabled=True, top=PING)
    assert anything_to_tell(config, SimulatedClock(new_york(25, 15, 50)))
    assert not anything_to_tell(config, SimulatedClock(new_york(25, 15, 49)))
    assert not anything_to_tell(config, SimulatedClock(new_york(28, 15, 50)))
    assert not anything_to_tell(write(tmp_path, enabled=True), SimulatedClock(new_york(25, 15, 50)))


def test_an_error_outside_of_all_runs_is_pinged_as_a_failure(tmp_path: Path):
    config = write(tmp_path, enabled=True, top=PING)
    config.state_dir.mkdir()
    config.journal().write_bytes(b"no journal")
    with monitor() as taking, pytest.raises(RunFailedError):
        look(config, 28, 15, 50, {"PING_URL": taking.url})
    assert taking.paths == ["/fail"]


def test_the_success_of_one_account_does_not_hide_the_failure_of_another(tmp_path: Path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / FILE).write_text('{"exit_codes": {"main": 4, "gone": 5}, "told": 7, "later": {}}')
    write(tmp_path, enabled=True, top=PING)
    text = (tmp_path / "config.toml").read_text()
    other = text.partition("[accounts.main]")[2].replace("accounts.main", "accounts.other")
    (tmp_path / "config.toml").write_text(f"{text}\n[accounts.other]{other}")
    config = load(tmp_path / "config.toml")
    with monitor() as taking:
        assert look(config, 28, 15, 50, {"PING_URL": taking.url}) == ["success", "success"]
    assert taking.paths == ["/start", "/", "/start", "/"]
    assert load_state(config.state_dir).exit_codes == {"main": 0, "other": 0, "gone": 5}


SILENT: frozenset[Mood] = frozenset({"hangs", "drips"})


@pytest.mark.parametrize("mood", ["well", "500", "redirects", "hangs", "drips", "breaks off"])
def test_whatever_the_monitor_does_the_journal_is_the_same_to_the_last_byte(tmp_path: Path, mood: Mood):
    config = write(tmp_path, enabled=True, top=PING)
    expected = unobserved(config)
    with monitor(mood) as watching:
        assert look(config, 28, 15, 50, {"PING_URL": watching.url}, 3 if mood in SILENT else 60) == ["success"]
        watching.wait_for(2)
    assert sorted(watching.paths) == ["/", "/start"]
    assert events(config) == expected
    assert set(troubles(config)) == (set() if mood == "well" else {"ping"})


@pytest.mark.parametrize("mood", ["500", "redirects", "hangs", "breaks off"])
def test_whatever_becomes_of_messages_the_journal_is_the_same_and_they_are_sent_again(tmp_path: Path, mood: Mood):
    config = write(tmp_path, enabled=True, top='[[notify]]\nurl = "${URL}"\non = ["success", "failed"]\n')
    expected = unobserved(config)
    with monitor(mood) as service:
        environ = {"URL": f"json{service.url.removeprefix('http')}/hunter2"}
        assert look(config, 28, 15, 50, environ, 2 if mood in SILENT else 60) == ["success"]
        assert events(config) == expected
        assert set(troubles(config)) == {"notify notify"}
        service.mood = "well"
        for minute in (54, 56):
            assert look(config, 28, 15, minute, environ) == []
    assert troubles(config) == {}
    assert json.loads(service.received[-1].body)["title"] == "rebalance main: run done"
    assert b"hunter2" not in b"".join(each.read_bytes() for each in config.state_dir.iterdir())


def test_cron_is_told_that_a_message_waits_or_a_week_is_over(tmp_path: Path):
    config = write(tmp_path, enabled=True, top='[[notify]]\nurl = "${URL}"\non = ["success"]\n')
    now = SimulatedClock(new_york(28, 15, 50))
    assert anything_to_tell(config, now)  # the first week is only remembered
    look(config, 28, 15, 50, {})
    assert not anything_to_tell(config, now)
    assert anything_to_tell(config, SimulatedClock(new_york(28, 15, 55)))
    assert "URL" in troubles(config)["notify notify"]


def test_an_unreadable_journal_is_told_once_and_named_by_what_to_do(tmp_path: Path):
    config = write(tmp_path, enabled=True, top='[[notify]]\nurl = "${URL}"\n')
    config.state_dir.mkdir()
    config.journal().write_bytes(b"no journal")
    with monitor() as service:
        for minute in (50, 51):
            with pytest.raises(RunFailedError):
                look(config, 28, 15, minute, {"URL": f"json{service.url.removeprefix('http')}/x"})
    (received,) = service.received
    assert "`rebalance doctor` checks what a run needs" in json.loads(received.body)["message"]


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        (Raising(), "2016-06-28 15:50 EDT: failed with RuntimeError"),
        ({}, "needs the environment variable PING_URL: set it"),
        ({"PING_URL": "two words"}, "its address has blanks or line breaks in it: copy it anew"),
    ],
)
def test_an_observer_that_raises_changes_nothing_and_keeps_its_secret(tmp_path: Path, environ, said):
    config = write(tmp_path, enabled=True, top=PING)
    expected = unobserved(config)
    assert look(config, 28, 15, 50, environ) == ["success"]
    assert events(config) == expected
    assert troubles(config)["ping"].endswith(said)


def test_a_state_folder_without_room_for_what_observers_remember_stops_no_run(tmp_path: Path):
    config = write(tmp_path, enabled=True, top=PING)
    config.state_dir.mkdir()
    (config.state_dir / FILE).mkdir()
    with monitor() as taking:
        assert look(config, 28, 15, 50, {"PING_URL": taking.url}) == ["success"]
    assert taking.paths == ["/start"]


@pytest.fixture
def no_more_threads() -> Iterator[None]:
    """Each one would need more memory than there is."""
    before = threading.stack_size(1 << 46)
    yield
    threading.stack_size(before)


@pytest.mark.linux
def test_a_machine_without_another_thread_runs_unobserved(tmp_path: Path, no_more_threads: None):
    config = write(tmp_path, enabled=True, top=PING)
    assert look(config, 28, 15, 50, {"PING_URL": "http://127.0.0.1:9"}) == ["success"]
    assert (
        within(60, lambda: None)
        == "no thread could be started: the machine has too many processes or too little memory"
    )


def told(service: Monitor) -> list[str]:
    return [json.loads(each.body)["title"] for each in service.received]


def test_keys_that_can_not_be_read_and_what_keeps_an_account_from_trading_are_told(tmp_path: Path):
    config = write(tmp_path, top='[[notify]]\nurl = "${URL}"\n')
    account = replace(main_account(config), key_source=KeySource("config.toml", ("KEY", "SECRET")))
    failed = RunResult("main", 2, "needs the environment variable KEY", None, "failed", "America/New_York")
    with monitor() as service:
        environ = {"URL": f"json{service.url.removeprefix('http')}/x"}
        with Observers(config, SimulatedClock(new_york(28, 12)), environ, seconds=60) as observers:
            observers.blocked(["main: account main is not armed any more"])
            observers.ended(account, failed)
            observers.ended(account, replace(failed, status="skipped"))
        keys = {"KEY": "an-id", "SECRET": "a-secret"}
        with Observers(config, SimulatedClock(new_york(28, 12, 1)), {**environ, **keys}, seconds=60) as observers:
            observers.ended(account, replace(failed, message="no prices"))
    assert told(service) == [
        "rebalance main: no orders are sent",
        "rebalance main: the API keys fail",
        "rebalance main: run failed",
    ]


@pytest.mark.parametrize("listener", ["full", "absent"])
def test_a_systemd_that_reads_nothing_or_is_not_there_changes_no_run(tmp_path: Path, listener: str):
    config = write(tmp_path, enabled=True)
    expected = unobserved(config)
    clock, reported = SimulatedClock(new_york(28, 15, 50)), list[str]()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        if listener == "full":
            systemd.bind(str(tmp_path / "notify"))
        supervisor = Supervisor(str(tmp_path / "notify"), clock, reported.append)
        while not reported:
            supervisor.alive("." * 500)
        (result,) = run_due(config, clock, progress=supervisor.working)
    assert (result.status, len(reported)) == ("success", 1)
    assert events(config) == expected
