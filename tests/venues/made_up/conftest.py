"""The made-up venue is installed as a third party's package: a folder with metadata on the search path."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from frankfurt_account import write_account

INSTALLED = Path(__file__).parent / "installed"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(INSTALLED)
    return INSTALLED


@pytest.fixture
def account(tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes the account's config in the current folder, and returns that."""
    monkeypatch.chdir(tmp_path)
    return partial(write_account, tmp_path)
