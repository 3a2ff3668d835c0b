import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_site import LocalSite, Person, local_site, write_demo_account


@pytest.fixture(scope="session")
def evening_done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's account after one evening, to be copied."""
    return write_demo_account(tmp_path_factory.mktemp("demo")).parent


@pytest.fixture
def site(evening_done: Path, tmp_path: Path) -> Iterator[LocalSite]:
    """A server with an account that a test may change."""
    folder = tmp_path / "mine"
    shutil.copytree(evening_done, folder)
    with local_site(folder / "config.toml") as running:
        yield running


@pytest.fixture(scope="module")
def shared(evening_done: Path) -> Iterator[LocalSite]:
    """One server for the tests of a module that change nothing.

    Not for longer: freezegun, in a test elsewhere, would stop the clock of its event loop for ever.
    """
    with local_site(evening_done / "config.toml") as running:
        yield running


@pytest.fixture
def person(shared: LocalSite) -> Person:
    return shared.enter()
