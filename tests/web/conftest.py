import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_site import LocalSite, Person, local_site, wait_for, write_new_account

from rebalancer import config
from rebalancer.app.tonight import execute, tonight


@pytest.fixture(scope="session")
def evening_done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's account after one evening, which was seen by a dry run and then executed, to be copied."""
    path = write_new_account(tmp_path_factory.mktemp("demo"))
    settings = config.load(path)
    (account,) = settings.accounts
    begun = execute(settings, account, tonight(settings, account).plan, "ann@desk", confirmed=False)
    wait_for(settings.state_dir, begun.execution)
    return path.parent


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
