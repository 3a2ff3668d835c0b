"""`rebalance service`: shown first, written once, never over what is another's.

systemctl, loginctl, launchctl and crontab are small programs of these names, on the PATH.
"""

import json
import os
import stat
from pathlib import Path

import pytest
from accounts import write_config

from rebalancer import config
from rebalancer.app import service_setup
from rebalancer.app.service_installation import ran
from rebalancer.errors import BadInputError

SYSTEMCTL = """\
#!/bin/sh
echo "systemctl $*" >> "$SAID"
case "$*" in
*is-active*) test -e "$SAID.active" ;;
*enable*--now*) touch "$SAID.active" ;;
*disable*--now*) rm -f "$SAID.active" ;;
esac
"""
CRONTAB = """\
#!/bin/sh
echo "crontab $*" >> "$SAID"
case "$1" in
-l) test -e "$SAID.broken" && { echo "crontab: the disk is full" >&2; exit 1; }
    test -e "$SAID.crontab" && exec cat "$SAID.crontab"
    echo "no crontab for ann" >&2; exit 1 ;;
-) exec cat > "$SAID.crontab" ;;
esac
"""
LAUNCHCTL = """\
#!/bin/sh
echo "launchctl $*" >> "$SAID"
case "$1" in
print) test -e "$SAID.loaded" ;;
bootstrap) touch "$SAID.loaded" ;;
bootout) test -e "$SAID.loaded" && rm "$SAID.loaded" ;;
esac
"""
LOGINCTL = '#!/bin/sh\necho "Linger=${LINGER:-no}"\n'


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with systemd, cron and launchd, which keep what they were told in the returned file."""
    programs = tmp_path / "bin"
    programs.mkdir()
    scripts = {"systemctl": SYSTEMCTL, "crontab": CRONTAB, "launchctl": LAUNCHCTL, "loginctl": LOGINCTL}
    for name, script in scripts.items():
        (programs / name).write_text(script)
        (programs / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.defpath}")
    monkeypatch.setenv("SAID", str(tmp_path / "said"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USER", "ann")
    write_config(tmp_path)
    return tmp_path / "said"


@pytest.fixture
def units(machine: Path, rebalance, monkeypatch) -> Path:
    """The folder of the user's units; the command line's own fixture sets another one."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(machine.with_name("conf")))
    return machine.with_name("conf") / "systemd" / "user"


def flat(text: str) -> str:
    return " ".join(text.split())


# ------------------------------------------------------------------------------------------------ installing


def test_a_unit_is_shown_asked_about_written_and_started(rebalance, machine, units, tmp_path):
    refused = rebalance("service", "install", "--schedule")
    assert refused.code == 2
    assert "Type=notify" in refused.out
    assert "use --yes to confirm" in refused.err
    assert not units.exists()
    done = rebalance("service", "install", "--schedule", "--yes")
    assert done.code == 0, done.err
    assert "Type=notify" in (units / "rebalance.service").read_text()
    said = machine.read_text().splitlines()
    assert said[-2:] == ["systemctl --user daemon-reload", "systemctl --user enable --now rebalance.service"]
    assert "`loginctl enable-linger ann`" in done.out
    assert f"rebalance service status --name rebalance --config {tmp_path / 'config.toml'}" in done.out


def test_print_writes_nothing_and_asks_nobody(rebalance, machine, units):
    for kind, word in {
        "schedule": "WatchdogSec=",
        "timer": "OnCalendar=",
        "cron": "*/5 * * * *",
        "launchd": "<plist",
    }.items():
        shown = rebalance("service", "install", f"--{kind}", "--print")
        assert shown.code == 0
        assert word in shown.out
    assert not machine.exists()
    assert not units.exists()


def test_the_folders_that_a_run_writes_are_made_and_may_be_written(rebalance, machine, units, tmp_path):
    write_config(tmp_path, top='[metrics]\ntextfile = "figures/rebalance.prom"')
    assert rebalance("service", "install", "--schedule", "--yes").code == 0
    unit = (units / "rebalance.service").read_text()
    for folder in ("state", "home/.local/state/rebalancer/accounts", "figures"):
        assert f"{tmp_path / folder}" in unit.partition("ReadWritePaths=")[2].partition("\n")[0]
        assert (tmp_path / folder).is_dir()


def test_installing_again_changes_nothing_and_does_not_end_what_runs(rebalance, machine, units):
    rebalance("service", "install", "--schedule", "--yes")
    before = (units / "rebalance.service").read_bytes()
    machine.write_text("")
    again = rebalance("service", "install", "--schedule", "--yes")
    assert again.code == 0
    assert (units / "rebalance.service").read_bytes() == before
    assert not {word for word in ("enable", "restart", "stop") if word in machine.read_text()}
    assert "`systemctl --user restart rebalance.service`" in flat(again.out)


@pytest.mark.parametrize(("content", "said"), [("[Service]\n", "was not written by"), (None, "was changed by hand")])
def test_what_is_anothers_or_was_changed_by_hand_stays(rebalance, machine, units, content, said):
    rebalance("service", "install", "--schedule", "--yes")
    unit = units / "rebalance.service"
    unit.write_text(content or unit.read_text().replace("RestartSec=30", "RestartSec=5"))
    before = unit.read_text()
    for words in (["install", "--schedule", "--yes"], ["uninstall", "--schedule", "--yes"]):
        refused = rebalance("service", *words)
        assert refused.code == 2
        assert unit.read_text() == before
    assert said in rebalance("service", "install", "--schedule", "--yes").err


def test_a_block_of_the_crontab_is_put_beside_what_is_there_once(rebalance, machine):
    kept = machine.with_name("said.crontab")
    theirs = b"# caf\xe9\r\n\n0 3 * * *  tidy\n\n"
    kept.write_bytes(theirs)
    for _ in range(2):
        assert rebalance("service", "install", "--cron", "--yes").code == 0
    assert kept.read_bytes().startswith(theirs + b"# BEGIN rebalance:\n*/5 * * * * ")
    assert kept.read_bytes().count(b"--when-due") == 1
    assert rebalance("service", "uninstall", "--yes").code == 0
    assert kept.read_bytes() == theirs


def test_a_crontab_that_can_not_be_read_is_never_written(rebalance, machine):
    machine.with_name("said.broken").touch()
    refused = rebalance("service", "install", "--cron", "--yes")
    assert refused.code == 2
    assert "crontab: the disk is full" in refused.err
    assert "crontab -\n" not in machine.read_text()


def test_launchd_loads_an_agent_once_and_unloads_it(rebalance, machine):
    agents = machine.with_name("home") / "Library" / "LaunchAgents" / "local.rebalance.plist"
    for _ in range(2):
        assert rebalance("service", "install", "--launchd", "--yes").code == 0
    assert machine.read_text().count("bootstrap") == 1
    assert f"bootstrap gui/{os.getuid()} {agents}" in machine.read_text()
    assert rebalance("service", "uninstall", "--launchd", "--yes").code == 0
    assert not agents.exists()


@pytest.mark.parametrize("way", ["--schedule", "--timer", "--cron", "--launchd"])
def test_with_a_config_only_what_starts_that_config_is_taken_away(rebalance, machine, units, tmp_path, way):
    folder = tmp_path / "100 % & more"
    folder.mkdir()
    write_config(folder)
    mine = folder / "config.toml"
    assert rebalance("service", "install", way, "--yes", "--config", mine).code == 0
    for other in (tmp_path / "config.toml", folder / "config", Path("/config.toml"), Path("/", *mine.parts[2:])):
        refused = rebalance("service", "uninstall", "--yes", "--config", other)
        assert refused.code == 2
        assert f"does not start {other}: choose its --name, or leave out --config" in flat(refused.err)
    mine.unlink()
    assert rebalance("service", "uninstall", "--yes", "--config", mine).code == 0


def test_what_changed_while_the_question_stood_is_not_overwritten(machine, units, tmp_path):
    settings = config.load(tmp_path / "config.toml")
    shown = service_setup.planned(settings, "schedule", "rebalance", os.environ, ran, system=False)
    units.mkdir(parents=True)
    (units / "rebalance.service").write_text("[Service]\n")
    with pytest.raises(BadInputError, match="was changed meanwhile"):
        service_setup.carry_out(shown, os.environ, ran)
    assert (units / "rebalance.service").read_text() == "[Service]\n"


def test_one_way_is_enough_unless_it_has_another_name(rebalance, machine, units):
    rebalance("service", "install", "--schedule", "--yes")
    refused = rebalance("service", "install", "--cron", "--yes")
    assert refused.code == 2
    assert "`rebalance service uninstall --schedule --name rebalance` first" in refused.err
    assert rebalance("service", "install", "--cron", "--name", "other", "--yes").code == 0


def test_a_command_that_fails_is_named_with_what_it_said(rebalance, machine, units):
    (machine.with_name("bin") / "systemctl").write_text("#!/bin/sh\necho 'no bus' >&2\nexit 1\n")
    failed = rebalance("service", "install", "--schedule", "--yes")
    assert failed.code == 4
    assert "`systemctl --user daemon-reload` ended with 1: no bus" in failed.err


def test_a_machine_without_the_command_is_told_of_the_other_ways(rebalance, machine):
    (machine.with_name("bin") / "launchctl").unlink()
    refused = rebalance("service", "install", "--launchd", "--yes")
    assert refused.code == 2
    ways = "--schedule or --timer with systemd, --cron"
    assert f"launchctl: can't be run on this machine: choose another way, such as {ways}\n" in refused.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cron", "--timer"], "can't be combined"),
        (["--cron", "--system"], "is for systemd"),
        (["--name", "a b"], "is no name of a service"),
    ],
)
def test_words_that_do_not_go_together_are_refused(rebalance, machine, words, said):
    refused = rebalance("service", "install", *words)
    assert refused.code == 2
    assert said in refused.err


# ------------------------------------------------------------------------------------------- settings that do not fit


def test_settings_that_a_service_could_not_read_are_refused_with_what_to_write(
    rebalance, machine, tmp_path, monkeypatch
):
    monkeypatch.setenv("FOLDER", "state")
    monkeypatch.setenv("HOME_OF_METRICS", "x")
    write_config(tmp_path, top='[ping]\nurl = "${PING_URL}"\n[data]\nsource = "folder"\nfolder = "${FOLDER}"')
    refused = rebalance("service", "install", "--schedule", "--yes")
    assert refused.code == 2
    assert "`rebalance notify login ping`" in refused.err
    assert "data.folder: needs the environment variable FOLDER" in refused.err


def test_without_an_enabled_account_there_is_nothing_to_start(rebalance, machine, tmp_path):
    write_config(tmp_path, enabled=False)
    refused = rebalance("service", "install", "--schedule", "--yes")
    assert refused.code == 2
    assert "set enabled = true" in refused.err


def test_a_unit_of_the_whole_machine_needs_the_state_folder_and_the_keys(rebalance, machine, tmp_path):
    write_config(tmp_path, top='[ping]\nurl_file = "ping-url"')
    refused = rebalance("service", "install", "--system", "--print")
    assert refused.code == 2
    assert "ping-url: is not there" in refused.err
    (tmp_path / "ping-url").touch()
    shown = rebalance("service", "install", "--system", "--print")
    assert f"LoadCredential=url-ping:{tmp_path}/ping-url" in shown.out
    settings = tmp_path / "config.toml"
    settings.write_text(settings.read_text().replace('state_dir = "state"\n', ""))
    refused = rebalance("service", "install", "--system", "--print")
    assert refused.code == 2
    assert "state_dir: is missing" in refused.err
    assert rebalance("service", "install", "--schedule", "--print").code == 0


def test_a_folder_that_no_unit_can_name_is_refused(rebalance, machine, tmp_path):
    folder = tmp_path / 'a "quoted" folder'
    folder.mkdir()
    write_config(folder)
    refused = rebalance("service", "install", "--schedule", "--print", "--config", folder / "config.toml")
    assert refused.code == 2
    assert "use a folder without" in refused.err


# ------------------------------------------------------------------------------------------------ how it stands


def test_status_says_what_is_installed_and_whether_it_is_active(rebalance, machine, units):
    nothing = rebalance("service", "status")
    assert (nothing.code, "Nothing is installed by the name rebalance:" in nothing.out) == (6, True)
    rebalance("service", "install", "--timer", "--yes")
    found = rebalance("service", "status", "--json")
    assert found.code == 0
    (timer,) = json.loads(found.out)["services"]
    assert (timer["way"], timer["active"], timer["troubles"]) == ("timer", True, [])
    machine.with_name("said.active").unlink()
    stopped = rebalance("service", "status")
    assert stopped.code == 6
    assert "`systemctl --user enable --now rebalance-due.timer` starts it" in flat(stopped.out)


def test_status_says_where_the_settings_want_another_unit(rebalance, machine, units, tmp_path):
    rebalance("service", "install", "--schedule", "--yes")
    settings = tmp_path / "config.toml"
    settings.write_text(settings.read_text().replace("[trading]", "[trading]\nsell_timeout_seconds = 200"))
    stale = rebalance("service", "status")
    assert stale.code == 6
    assert "written by other settings" in stale.out


def test_what_was_never_installed_can_not_be_taken_away(rebalance, machine, units):
    refused = rebalance("service", "uninstall", "--yes")
    assert refused.code == 2
    assert "nothing called rebalance is installed" in refused.err
