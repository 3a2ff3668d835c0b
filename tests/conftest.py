"""pandas comes before any freezegun: its first import under frozen time crashes the interpreter (pandas #64023)."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from hypothesis import settings

from rebalancer.cli import main

settings.register_profile("project", deadline=None, print_blob=True)
settings.load_profile("project")

assert pd.__version__


class Said(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def rebalance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line as a person has it: words in, an exit code and two streams out; state in the test's folder."""
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
