"""The notification command gets the result of a run; its failure is reported on the screen."""

import json
import os
import sys
from datetime import date
from pathlib import Path

from rebalancer.app.on_result import notify
from rebalancer.journal.chain import Head

RESULT = {
    "account": "main",
    "session": date(2026, 11, 27),
    "run": 7,
    "status": "partial",
    "message": "3 of 4 orders done; SPY: bought 0 of 1",
    "exit_code": 3,
    "head": Head(115, "5543"),
}


ENVIRON = dict(os.environ)


def python(program: str, *words: str) -> list[str]:
    return [sys.executable, "-c", program, *words]


def test_the_command_gets_the_result_as_a_line_of_json(tmp_path: Path) -> None:
    received = tmp_path / "received"
    assert (
        notify(python("import sys; open(sys.argv[1], 'w').write(sys.stdin.read())", str(received)), RESULT, ENVIRON)
        is None
    )
    assert json.loads(received.read_text()) == {
        "account": "main",
        "session": "2026-11-27",
        "run": 7,
        "status": "partial",
        "message": "3 of 4 orders done; SPY: bought 0 of 1",
        "exit_code": 3,
        "head": {"seq": 115, "hash": "5543"},
    }


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    received = tmp_path / "received"
    assert (
        notify(
            python("import sys; open(sys.argv[1], 'w').write(sys.argv[2])", str(received), "$HOME; ls"), RESULT, ENVIRON
        )
        is None
    )
    assert received.read_text() == "$HOME; ls"


def test_a_command_need_not_read_its_standard_input() -> None:
    assert notify(python("pass"), RESULT, ENVIRON) is None


def test_what_the_command_prints_does_not_mix_with_the_screen(capfd) -> None:
    assert notify(python("print('hello')"), RESULT, ENVIRON) is None
    assert capfd.readouterr().out == ""


def test_a_failing_command_is_reported_without_its_arguments() -> None:
    said = notify(python("import sys; sys.exit(3)", "my-secret-token"), RESULT, ENVIRON)
    assert said is not None
    assert "exit code 3" in said
    assert "secret" not in said


def test_a_missing_command_is_reported(tmp_path: Path) -> None:
    said = notify([str(tmp_path / "tell-me")], RESULT, ENVIRON)
    assert said is not None
    assert said.startswith("on_result: tell-me can't be run: No such file")


def test_the_command_gets_a_small_named_environment(tmp_path: Path) -> None:
    received = tmp_path / "received"
    given = {"PATH": "/bin", "HOME": "/home/ann", "LANG": "C.UTF-8", "TZ": "UTC", "REBALANCE_TOPIC": "trades"}
    program = "import json, os, sys; open(sys.argv[1], 'w').write(json.dumps(dict(os.environ)))"
    others = {"AWS_SECRET_ACCESS_KEY": "canary", "MY_KEY": "canary", "REBALANCER": "canary", "PYTHONPATH": "/canary"}
    assert notify(python(program, str(received)), RESULT, {**given, **others}) is None
    found = json.loads(received.read_text())
    assert found.items() >= given.items()
    assert "canary" not in str(found)


def test_a_command_that_does_not_end_is_ended() -> None:
    said = notify(python("import time; time.sleep(60)"), RESULT, ENVIRON, timeout=0.2)
    assert said is not None
    assert "did not end within 0.2 seconds" in said
