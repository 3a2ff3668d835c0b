"""`rebalance audit verify`, and the head that every run shows."""

import json
import re
import sqlite3
from contextlib import closing

import pytest


@pytest.fixture
def journal(rebalance, tmp_path):
    assert rebalance("run").code == 0
    return tmp_path / "state" / "demo" / "journal.sqlite"


def forge(journal):
    """An edit by somebody who knows the file."""
    with closing(sqlite3.connect(journal)) as connection:
        guard = "SELECT sql FROM sqlite_master WHERE name = 'events_never_change'"
        ((sql,),) = connection.execute(guard).fetchall()
        connection.execute("DROP TRIGGER events_never_change")
        connection.execute("UPDATE events SET body = replace(body, 'SPY', 'QQQ') WHERE seq = 3")
        connection.execute(sql)
        connection.commit()


def test_the_head_is_shown_at_the_end_of_a_run_in_the_history_and_by_the_audit(rebalance):
    shown = re.search(r"Last line of this run in the journal: (\d+), hash ([0-9a-f]{64})", rebalance("run").out)
    seq, head = shown.groups()

    assert f"Last line of the journal: {seq}, hash {head}" in rebalance("history").out
    assert f"Last line of the journal: {seq}, hash {head}" in rebalance("audit", "verify").out
    assert json.loads(rebalance("history", 1, "--json").out)["record"]["head"] == {"seq": int(seq), "hash": head}


@pytest.mark.usefixtures("journal")
def test_an_intact_journal_passes(rebalance):
    output = rebalance("audit", "verify")
    assert output.code == 0
    assert "Verified: no line, file or table was altered." in output.out

    answer = json.loads(rebalance("audit", "verify", "--json").out)
    assert (answer["exit_code"], answer["faults"]) == (0, [])


def test_a_forged_line_is_named(rebalance, journal):
    forge(journal)

    output = rebalance("audit", "verify")
    assert output.code == 5
    assert re.search(r"fault: line 3 \(\w+ of run 1, .*\) is not what was written", output.out)
    assert "restore the last backup that verifies" in output.out

    answer = json.loads(rebalance("audit", "verify", "--json").out)
    assert answer["exit_code"] == 5
    assert answer["faults"][0].startswith("line 3 (")


def forge_a_table(journal):
    with closing(sqlite3.connect(journal)) as connection, connection:
        connection.execute("DELETE FROM fills")


@pytest.mark.parametrize(
    ("forged", "sentence"), [(forge, "line 3 ("), (forge_a_table, "the table 'fills' does not say what the lines say")]
)
def test_run_and_recover_refuse_a_forged_journal(rebalance, journal, forged, sentence):
    forged(journal)

    for words in (["run", "--force"], ["run", "--dry-run"], ["recover"]):
        output = rebalance(*words)
        assert output.code == 5
        assert sentence in " ".join((output.out + output.err).split())
    assert len(json.loads(rebalance("history", "--json").out)["runs"]) == 1


@pytest.mark.usefixtures("journal")
def test_an_anchor_that_is_not_in_the_journal_fails_the_audit(rebalance):
    output = rebalance("audit", "verify", "--anchor", "ab" * 32)

    assert output.code == 5
    assert "lines were cut off at the end, or the journal was written anew" in output.out


def test_without_a_journal_the_audit_is_refused(rebalance):
    output = rebalance("audit", "verify")

    assert output.code == 2
    assert "there is no journal" in output.err
