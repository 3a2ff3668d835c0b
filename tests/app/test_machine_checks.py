"""The doctor's checks of this machine that need no account: size of what is kept, and the clock."""

from datetime import timedelta
from pathlib import Path

import pytest
from sim_account import main_account, new_york, write

from rebalancer.app.addresses import metrics_check
from rebalancer.app.controls import halt
from rebalancer.app.machine_checks import machine_clock, service_checks, state_size
from rebalancer.app.runs import run_account
from rebalancer.app.service_installation import Ran
from rebalancer.app.service_setup import folder_of, texts
from rebalancer.config import load
from rebalancer.journal.figures import last_moment
from rebalancer.model.text import minute


def test_the_largest_files_are_named_with_their_sizes(tmp_path: Path) -> None:
    for name, size in (
        ("journal.sqlite", 3_000_000),
        ("books/a.kept", 1_500_000),
        ("prices.sqlite", 200_000),
        ("x", 9),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(bytes(size))
    check = state_size(tmp_path)
    assert check.verdict == "pass"
    assert check.found == (
        f"4.7 MB are kept in {tmp_path}: journal.sqlite 3.0 MB, books/a.kept 1.5 MB, prices.sqlite 0.2 MB"
    )


def test_more_than_is_usual_is_a_warning_with_the_command(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    check = state_size(tmp_path, large=4)
    assert (check.verdict, "rebalance data compact" in check.remedy) == ("warn", True)


def test_a_folder_that_is_not_there_yet_keeps_nothing(tmp_path: Path) -> None:
    assert state_size(tmp_path / "none").found == f"0.0 MB are kept in {tmp_path / 'none'}"


def test_a_clock_behind_the_journal_fails_with_both_times(tmp_path: Path) -> None:
    config = write(tmp_path)
    run_account(config, main_account(config))
    halt(config, None, "a test", "ann@desk")
    last = last_moment(config.journal())
    assert last is not None
    (check,) = machine_clock(config.journal(), last - timedelta(days=1))
    assert check.verdict == "fail"
    assert minute(last, None) in check.found
    assert "Set the machine's clock" in check.remedy
    (check,) = machine_clock(config.journal(), last + timedelta(seconds=1))
    assert check.verdict == "pass"


def test_an_empty_journal_says_nothing_against_the_clock_and_an_unreadable_one_nothing_at_all(tmp_path: Path) -> None:
    assert [check.verdict for check in machine_clock(tmp_path / "none.sqlite", new_york(28, 12))] == ["pass"]
    (tmp_path / "broken.sqlite").write_bytes(b"no database at all")
    assert list(machine_clock(tmp_path / "broken.sqlite", new_york(28, 12))) == []


@pytest.mark.posix
def test_figures_need_a_folder_that_can_be_written_and_the_name_that_a_collector_reads(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("no folder")
    for name, verdict, words in (
        ("taken/x.prom", "fail", "can't be written"),
        ("x.txt", "warn", "does not end in .prom"),
        ("x.prom", "pass", "figures are written to"),
    ):
        check = metrics_check(tmp_path / name)
        assert (check.verdict, words in check.found) == (verdict, True)
    assert metrics_check(tmp_path / "x.txt").remedy == 'Name it textfile = "x.prom".'
    assert [path.name for path in tmp_path.iterdir()] == ["taken"], "nothing is left by the trial"


@pytest.mark.posix
def test_a_service_that_other_settings_wrote_is_a_warning_with_the_command(tmp_path: Path) -> None:
    config = write(tmp_path / "mine", enabled=True)
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    folder = folder_of("schedule", environ, system=False)
    folder.mkdir(parents=True)
    for name, text in texts(config, "schedule", "rebalance", system=False).items():
        (folder / name).write_text(text)

    def active(_words: object, _text: str) -> Ran:
        return Ran(0, "", "")

    (check,) = service_checks(config, "rebalance", environ, active)
    assert (check.name, check.verdict) == ("service schedule", "pass")
    text = config.path.read_text().replace("[trading]", "[trading]\nsell_timeout_seconds = 180")
    config.path.write_text(text)
    config = load(config.path)
    (check,) = service_checks(config, "rebalance", environ, active)
    assert check.verdict == "warn"
    assert "written by other settings" in check.found
    assert str(folder) in check.found
    assert list(service_checks(config, "another", environ, active)) == []
