"""`rebalance backup`: a complete, private copy that overwrites no file."""

import json
import shutil
import stat
from pathlib import Path

import pytest

from rebalancer.journal import read
from rebalancer.journal.connection import head
from rebalancer.journal.store import SqliteJournal


@pytest.fixture
def journal(rebalance, tmp_path):
    assert rebalance("run").code == 0
    return tmp_path / "state" / "demo" / "journal.sqlite"


@pytest.mark.posix
def test_a_backup_has_the_content_of_the_journal_and_is_private(rebalance, journal, tmp_path):
    output = rebalance("backup", "copy.sqlite")

    assert output.code == 0
    copy = tmp_path / "copy.sqlite"
    last = head(journal)
    assert f"Last line of the journal: {last.seq}, hash {last.hash}" in output.out
    assert read.run(copy) == read.run(journal)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert rebalance("audit", "verify", "copy.sqlite", "--anchor", last.hash).code == 0


def test_a_backup_can_be_made_during_a_run(rebalance, journal):
    with SqliteJournal.open(journal) as running:
        before = running.head()
        running._db.execute("BEGIN IMMEDIATE")
        output = rebalance("backup", "copy.sqlite", "--json")
        running._db.execute("ROLLBACK")

    assert json.loads(output.out)["head"] == {"seq": before.seq, "hash": before.hash}
    assert json.loads(output.out)["size"] == Path("copy.sqlite").stat().st_size


def test_a_backup_never_overwrites_another_file(rebalance, journal, tmp_path):
    (tmp_path / "letters.txt").write_text("dear bank")

    output = rebalance("backup", "letters.txt")

    assert (output.code, (tmp_path / "letters.txt").read_text()) == (2, "dear bank")
    assert "is there already, and is no output of backup: name another file" in output.err


def test_a_backup_into_no_folder_is_refused_before_it_begins(rebalance, journal, tmp_path):
    output = rebalance("backup", "nowhere/copy.sqlite")

    assert output.code == 2
    assert "nowhere/copy.sqlite can't be written (No such file or directory)" in output.err


def test_without_a_journal_there_is_nothing_to_copy(rebalance, tmp_path):
    output = rebalance("backup", "copy.sqlite")

    assert output.code == 2
    assert "there is no journal yet" in output.err
    assert not (tmp_path / "copy.sqlite").exists()


def test_a_restored_backup_is_refused_until_a_person_accepts_it(rebalance, journal):
    rebalance("backup", "copy.sqlite")
    assert rebalance("run", "--force").code == 0
    shutil.copy("copy.sqlite", journal)

    refused = rebalance("run", "--force")
    assert refused.code == 5
    assert "is older than the one last written here" in refused.err

    unasked = rebalance("audit", "accept-restore")
    assert (unasked.code, rebalance("run", "--force").code) == (2, 5)
    assert "--yes" in unasked.err

    accepted = rebalance("audit", "accept-restore", "--yes")
    assert accepted.code == 0
    assert "later lines written on this machine, and the trades in them" in accepted.out
    assert "older" not in rebalance("run", "--force").err
