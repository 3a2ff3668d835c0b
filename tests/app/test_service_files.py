"""What starts the program, as text: systemd, launchd and cron read it as it is meant."""

import os
import plistlib
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rebalancer.app.service_files import Setup, Way, block_in, cron_block, property_list, seal_of, texts_of, with_block

SETUP = Setup(
    name="rebalance",
    program=(sys.executable,),
    config=Path("/srv/a folder/100%/$HOME/config.toml"),
    state_dir=Path("/srv/a folder/state"),
    stop_seconds=480,
    watchdog_seconds=290,
    minutes=5,
    writable=(Path("/srv/accounts"),),
)
MACHINE_WIDE = replace(SETUP, user="daemon", credentials={"keys-paper": Path("/srv/a folder/paper.keys")})
THEIRS = "MAILTO=ann\n0 3 * * *  tidy\n"


def lines(way: Way, setup: Setup) -> list[str]:
    return "".join(texts_of(way, setup).values()).splitlines()


# ------------------------------------------------------------------------------------------------ systemd


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
@pytest.mark.parametrize("way", ["schedule", "timer"])
@pytest.mark.parametrize("setup", [SETUP, MACHINE_WIDE], ids=["user", "system"])
def test_systemd_finds_no_fault_in_a_unit(tmp_path: Path, way: Way, setup: Setup):
    texts = texts_of(way, setup)
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    manager = [] if setup.user else ["--user"]
    words = [str(shutil.which("systemd-analyze")), *manager, "verify", *(str(tmp_path / name) for name in texts)]
    done = subprocess.run(  # noqa: S603
        words,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")  # an unknown key is told on stderr alone


def test_the_schedule_is_watched_and_has_the_time_to_await_its_orders():
    unit = lines("schedule", SETUP)
    command = f'ExecStart={sys.executable} schedule --config "/srv/a folder/100%%/$$HOME/config.toml"'
    expected = {"Type=notify", "WatchdogSec=290", "TimeoutStopSec=480", "LimitCORE=0", command}
    assert expected <= set(unit)


def test_a_unit_may_write_what_a_run_writes_and_nothing_else():
    for way in ("schedule", "timer"):
        unit = lines(way, SETUP)
        assert 'ReadWritePaths="/srv/a folder/state" /srv/accounts' in unit
        assert {"ProtectSystem=strict", "ProtectHome=read-only", "NoNewPrivileges=yes", "UMask=0077"} <= set(unit)


def test_a_unit_of_the_whole_machine_runs_as_the_configs_owner_who_gets_the_keys_delivered():
    unit = lines("schedule", MACHINE_WIDE)
    delivered = "LoadCredential=keys-paper:/srv/a folder/paper.keys"
    assert {"User=daemon", delivered, "CapabilityBoundingSet=", "WantedBy=multi-user.target"} <= set(unit)


def test_a_timer_only_asks_and_what_it_slept_through_is_not_made_up_for():
    unit = lines("timer", SETUP)
    assert {"OnCalendar=*:0/5", "Persistent=false", "AccuracySec=1s", "Type=oneshot"} <= set(unit)
    assert any("run --when-due" in line for line in unit)


# ------------------------------------------------------------------------------------------------ launchd


def test_launchd_reads_the_command_and_how_long_it_may_take_to_end():
    text = property_list(SETUP)
    found = plistlib.loads(text.encode())
    assert found["ProgramArguments"][:4] == [sys.executable, "schedule", "--config", str(SETUP.config)]
    assert (found["Label"], found["ExitTimeOut"], found["KeepAlive"]) == (
        "local.rebalance",
        480,
        {"SuccessfulExit": False},
    )


# ------------------------------------------------------------------------------------------------ cron


def as_cron_reads(block: str) -> list[str]:
    """The words of the command of its only line: a bare % ends it, and \\% is one."""
    (line,) = (line for line in block.splitlines() if not line.startswith("#"))
    command, *rest = line.split(" ", 5)[5].replace("\\%", "\0").split("%")
    assert rest == []
    return shlex.split(command.replace("\0", "%"))


def test_cron_runs_the_command_with_its_paths_whole():
    env, state, program, *words = as_cron_reads(cron_block(SETUP))
    assert (env, state, program) == ("env", "REBALANCE_STATE=/srv/a folder/state", sys.executable)
    assert words[:4] == ["run", "--when-due", "--config", "/srv/a folder/100%/$HOME/config.toml"]


@pytest.mark.parametrize(("minutes", "often"), [(5, "*/5 * * * * env "), (1, "* * * * * env ")])
def test_cron_asks_as_often_as_the_windows_need(minutes, often):
    assert f"\n{often}" in cron_block(replace(SETUP, minutes=minutes))


@pytest.mark.parametrize(
    "crontab", ["", THEIRS, THEIRS.rstrip("\n"), cron_block(replace(SETUP, name="rebalance-live"))]
)
def test_a_block_is_put_beside_what_is_there_once_and_taken_away_again(crontab):
    block = cron_block(SETUP)
    once = with_block(crontab, "rebalance", block)
    assert with_block(once, "rebalance", block) == once
    assert once.replace(block, "").rstrip("\n") == crontab.rstrip("\n")
    assert with_block(once, "rebalance", "").rstrip("\n") == crontab.rstrip("\n")


def test_a_new_block_takes_the_place_of_the_old_one():
    once = with_block(THEIRS, "rebalance", cron_block(replace(SETUP, minutes=1))) + "5 5 * * *  more\n"
    assert with_block(once, "rebalance", cron_block(SETUP)) == f"{THEIRS}{cron_block(SETUP)}5 5 * * *  more\n"


@pytest.mark.parametrize(
    "crontab", ["# BEGIN rebalance:\n", "# END rebalance: x\n", "# END rebalance:\n# BEGIN rebalance:\n"]
)
def test_a_block_that_lost_an_end_is_not_guessed_at(crontab):
    with pytest.raises(ValueError, match="mend it with `crontab -e`"):
        block_in(f"{THEIRS}{crontab}", "rebalance")


# ------------------------------------------------------------------------------------------------ whose a text is


@pytest.mark.parametrize("way", ["schedule", "timer", "cron", "launchd"])
def test_a_text_of_ours_is_told_from_one_that_was_changed_and_from_anothers(way: Way):
    for text in texts_of(way, SETUP).values():
        assert seal_of(text) == "ours"
        assert seal_of(text.replace("rebalance", "rebalanced", 1)) == "edited"
        assert seal_of(text + "# more\n") == "edited"
        assert seal_of("".join(text.splitlines(keepends=True)[:-1])) == "foreign"
    assert (seal_of(None), seal_of(""), seal_of(THEIRS)) == ("absent", "foreign", "foreign")
