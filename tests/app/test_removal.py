"""A bot whose shares are handed over: wherever the process is killed, no run sells them, nor buys for the bot again."""

import json
import os
import re
import shutil
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from sim_account import BOT, main_account, new_york, write

from rebalancer import files
from rebalancer.app import removal, settings
from rebalancer.app.doctor import checkups
from rebalancer.app.evening import bare_request
from rebalancer.app.removal import cut_off_removals, removals_finished, remove
from rebalancer.app.runs import run_account
from rebalancer.app.settings import change_amount, invest
from rebalancer.app.views import RunResult
from rebalancer.bookings import HandedOver
from rebalancer.config import Config, load
from rebalancer.config import files as config_files
from rebalancer.errors import BadInputError
from rebalancer.events import Armed, Event, SettingChanged
from rebalancer.journal import read, setting_history
from rebalancer.journal.books import books
from rebalancer.journal.connection import reading
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import NO_RUN, Session, Symbol
from rebalancer.portfolio.attribution import UNASSIGNED
from rebalancer.report.run import recovered_screen

ANN, SPY = "ann@desk", Symbol("SPY")
STEPS = {
    *(removal.remove.__code__, settings.replace_config.__code__),
    *(config_files.replace_content.__code__, files.replace_atomically.__code__),
}
"""At each line of these a process may be killed."""
KILLED = 9
SESSION = Session(date(2016, 6, 30), new_york(30, 9, 30), new_york(30, 16))


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two bots after their first evening: `hold` has SPY, `other` TLT."""
    folder = tmp_path_factory.mktemp("begun") / "account"
    config = write(folder, enabled=True)
    (folder / "other.json").write_text(json.dumps({**BOT, "name": "Other", "chart": {"asset": "TLT"}}))
    invest(config, main_account(config), "other.json", "25", percent=True, name=None, by=ANN)
    evening(load(config.path), 29)
    return folder


@pytest.fixture
def config(begun: Path, tmp_path: Path) -> Config:
    return copy_of(begun, tmp_path / "account")


def copy_of(begun: Path, folder: Path) -> Config:
    shutil.copytree(begun, folder)
    return load(folder / "config.toml")


def evening(config: Config, day: int, *, dry_run: bool = False) -> RunResult:
    clock = SimulatedClock(new_york(day, 15, 50))
    return run_account(config, main_account(config), clock, debug=True, dry_run=dry_run)


def traded(result: RunResult) -> set[str]:
    assert result.run is not None
    return {order.symbol for order in result.run.orders}


def hand_over(config: Config) -> None:
    remove(config, main_account(config), "hold", "owner", ANN)


def killed_at(config: Config, step: int) -> bool:
    """Whether a process that hands over, and is killed when it has done so many steps, ever came that far."""
    child = os.fork()
    if child == 0:
        _die_at(step)
        hand_over(config)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED


def _die_at(step: int) -> None:
    left = iter(range(step))

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code not in STEPS:
            return None
        if event == "line" and next(left, None) is None:
            os._exit(KILLED)
        return trace

    sys.settrace(trace)


def state(config: Config) -> tuple[bool, bool]:
    """Whether the shares are their owner's by the journal, and whether the config still has the bot."""
    handed = "SPY" in books(config.journal(), "main").books[UNASSIGNED].shares
    return handed, "hold" in main_account(load(config.path)).bots


@pytest.mark.posix
def test_wherever_it_is_killed_the_shares_are_the_bots_or_their_owners_and_never_for_sale(
    begun: Path, tmp_path: Path
) -> None:
    seen: dict[tuple[bool, bool], Config] = {}
    for step in range(1000):
        config = copy_of(begun, tmp_path / str(step))
        killed = killed_at(config, step)
        seen.setdefault(state(config), config)
        if not killed:
            break
    assert [*seen] == [(False, True), (True, True), (True, False)]
    assert step > 30
    cut_off, removed = seen[True, True], seen[True, False]
    for config in (cut_off, removed):
        assert "SPY" not in traded(evening(load(config.path), 30))
        assert state(config) == (True, False)


def cut_off(config: Config) -> Config:
    """The process was killed before it wrote the config."""
    held = books(config.journal(), "main").books["hold"].shares[SPY]
    record(config, HandedOver(new_york(29, 17), "main", "hold", SPY, held, ANN, config_follows=True))
    return config


def record(config: Config, *events: Event) -> None:
    with SqliteJournal.open(config.journal()) as journal:
        journal.record(NO_RUN, *events)


def test_a_dry_run_knows_what_was_cut_off_and_writes_nothing(config: Config) -> None:
    before = cut_off(config).path.read_bytes()
    assert "SPY" not in traded(evening(config, 30, dry_run=True))
    assert config.path.read_bytes() == before


def test_what_was_cut_off_is_finished_once_and_said(config: Config) -> None:
    finished, account = removals_finished(cut_off(config), main_account(config), write=True)
    assert [*account.bots] == ["other"]
    assert removals_finished(finished, account, write=True) == (finished, account)
    assert config.path.read_bytes() == finished.content
    *_, edited, note = notes(config)
    assert edited.startswith(f"{ANN} changed settings: ")
    assert re.match(r"hold was handed over to its owner by ann@desk at \S+ \S+ E[SD]T, ", note)
    assert note.endswith("and its removal from the config was cut off: it is finished now")


def notes(config: Config) -> list[str]:
    with reading(config.journal()) as journal:
        rows = journal.execute("SELECT body FROM events WHERE kind = 'Noted' AND run = 0")
        return [json.loads(body)["text"] for (body,) in rows]


def test_the_doctor_and_recover_name_what_was_cut_off_until_it_is_finished(config: Config) -> None:
    account = main_account(config)
    assert cut_off_removals(config, account) == ()
    (sentence,) = cut_off_removals(cut_off(config), account)
    assert "its removal from the config was cut off: the next run finishes it" in sentence
    *_, found = checkups(lambda: config, None)
    assert [check.found for check in found.checks if check.name == "removal"] == [sentence]
    assert sentence in "".join(str(part) for part in recovered_screen({"main": None}, {"main": (sentence,)}))
    removals_finished(config, account, write=True)
    assert cut_off_removals(load(config.path), account) == ()


def test_the_same_command_again_finishes_what_was_cut_off(config: Config) -> None:
    remove(cut_off(config), main_account(config), "hold", "market", ANN)
    assert state(config) == (True, False)
    assert setting_history.unfinished_removals(config.journal(), "main") == {}


def test_another_setting_of_the_bot_finishes_nothing_and_a_bot_that_is_added_again_stays(config: Config) -> None:
    change_amount(cut_off(config), main_account(config), "other", "20", percent=None, by=ANN)
    changed = load(config.path)
    assert [*setting_history.unfinished_removals(config.journal(), "main")] == ["hold"]
    finished, account = removals_finished(changed, main_account(changed), write=True)
    invest(finished, account, "hold.json", "30", percent=True, name=None, by=ANN)
    again = load(config.path)
    assert removals_finished(again, main_account(again), write=True) == (again, main_account(again))


def test_shares_that_were_handed_over_by_an_earlier_version_are_no_unfinished_removal(config: Config) -> None:
    """It wrote the config first."""
    record(config, HandedOver(new_york(29, 17), "main", "hold", SPY, Decimal(1), ANN))
    assert setting_history.unfinished_removals(config.journal(), "main") == {}


def test_a_bot_that_somebody_took_out_of_the_config_by_hand_is_no_unfinished_removal(config: Config) -> None:
    key = 'accounts.main.investments."hold".bot'
    record(cut_off(config), SettingChanged(new_york(30, 16), "main", key, "hold.json", None))
    assert setting_history.unfinished_removals(config.journal(), "main") == {}


def test_the_disarming_stands_in_the_journal_with_the_shares(config: Config) -> None:
    until = datetime.now(UTC) + timedelta(days=3)
    record(config, Armed(datetime.now(UTC), "main", "SIM-1", Decimal(500), until, {}, first_order_only=False, by=ANN))
    (sentence,) = remove(config, main_account(config), "hold", "owner", ANN).disarmed
    assert sentence.startswith("account main was armed until")
    with reading(config.journal()) as journal:
        rows = journal.execute(
            "SELECT kind FROM events WHERE run = 0 AND kind NOT IN ('SettingChanged', 'Noted') ORDER BY seq"
        )
        assert [kind for (kind,) in rows] == ["Armed", "Disarmed", "HandedOver"]


def test_an_interrupted_run_is_settled_before_shares_are_handed_over(config: Config) -> None:
    with SqliteJournal.open(config.journal()) as journal:
        request = bare_request(config, main_account(config), SESSION, new_york(30, 15, 50))
        assert journal.start_run(request) == 2
    with pytest.raises(BadInputError, match="a run was interrupted and may go on: run `rebalance recover` first"):
        hand_over(config)
    assert state(config) == (False, True)


def test_a_run_that_read_the_config_before_its_bot_was_handed_over_does_not_begin(config: Config) -> None:
    remove(load(config.path), main_account(config), "hold", "owner", ANN)
    with pytest.raises(BadInputError, match="was changed meanwhile by another program: try again"):
        evening(config, 30)
    assert read.runs(config.journal(), "main", limit=1)[0].id == 1
    assert "SPY" not in traded(evening(load(config.path), 30))


def test_nothing_is_journalled_where_the_config_can_not_be_replaced(config: Config) -> None:
    config.path.write_bytes(config.content + b"\n")
    with pytest.raises(BadInputError, match="changed meanwhile"):
        hand_over(config)
    assert state(config) == (False, True)
