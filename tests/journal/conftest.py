import pytest

from rebalancer.journal.store import SqliteJournal


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "journal.sqlite"


@pytest.fixture
def journal(path):
    with SqliteJournal.open(path) as journal:
        yield journal
