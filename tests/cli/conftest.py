"""The command line as a person has it: words in, an exit code and two streams out; state in the test's folder."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from rebalancer.cli import main


class Said(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def rebalance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setenv("REBALANCE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nothing"))
    monkeypatch.delenv("REBALANCE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)

    def command(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["rebalance", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return command
