"""The plans in a journal, by the hash of their line: only what has one can be replayed."""

import pytest
from test_old_journals import unpacked

from rebalancer.journal.plans import account_numbers, bot_files, decided, plan_line, plan_lines
from rebalancer.journal.store import SqliteJournal


@pytest.mark.parametrize("schema", ["schema_5", "schema_9"])
def test_a_journal_of_an_earlier_version_has_its_plans_once_it_has_a_chain(tmp_path, schema):
    path = unpacked(schema, tmp_path)
    assert bool(plan_lines(path)) == (schema == "schema_9")
    SqliteJournal.open(path).close()
    first = min(plan_lines(path))
    assert plan_line(path, first) == plan_lines(path)[first]
    assert [type(event).__name__ for event in decided(path, first)][-2:] == ["TargetsSet", "PlanMade"]
    assert bot_files(path, first)
    assert account_numbers(path)


def test_without_a_journal_there_is_no_plan(tmp_path):
    assert plan_lines(tmp_path / "none.sqlite") == {}
    assert plan_line(tmp_path / "none.sqlite", 1) is None
