"""The made-up venue is installed as a third party's package: a folder with metadata on the search path."""

from pathlib import Path

import pytest

INSTALLED = Path(__file__).parent / "installed"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(INSTALLED)
    return INSTALLED
