"""Every change of a setting gets into the journal with its old and its new value, whoever made it."""

import json
from dataclasses import replace
from datetime import timedelta

from evenings import NOW, REQUEST, start
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.events import SettingChanged
from rebalancer.journal import read, setting_history
from rebalancer.journal.account_state import SETTINGS, setting_changes
from rebalancer.model import NO_RUN

FIRST = {"trading.drift_percent": "0", "investments.trend.amount": "6000"}
TEXTS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["1", "2"]))


def request(settings, *, day=0, account="demo"):
    files = {**REQUEST.files, SETTINGS: json.dumps(settings).encode()}
    return replace(REQUEST, account=account, session=REQUEST.session + timedelta(days=day), files=files)


def change(key, old, new, account="demo"):
    return SettingChanged(NOW, account, key, old, new)


def journalled(path):
    return [(made.key, made.old, made.new) for made in setting_history.changes(path)][::-1]


@given(TEXTS, TEXTS)
def test_the_changes_lead_from_the_old_settings_to_the_new_ones_and_no_further(old, new):
    made = setting_changes(NOW, "demo", old, new)
    after = {**old, **{each.key: each.new for each in made}}

    assert {key: value for key, value in after.items() if value is not None} == new
    assert all(each.old == old.get(each.key) != each.new for each in made)


def test_the_first_run_journals_no_change_of_settings(journal, path):
    start(journal, request(FIRST))

    assert journalled(path) == []


def test_a_manual_edit_is_found_by_the_next_run(journal, path):
    start(journal, request(FIRST))
    run = start(journal, request({"trading.drift_percent": "2", "investments.mix.amount": "5"}, day=1))

    expected = [
        ("investments.mix.amount", None, "5"),
        ("investments.trend.amount", "6000", None),
        ("trading.drift_percent", "0", "2"),
    ]
    assert journalled(path) == expected
    assert [each.key for each in read.run(path, run).changes] == [key for key, _, _ in expected]


def test_settings_that_stayed_are_not_journalled_again(journal, path):
    for day in range(3):
        start(journal, request(FIRST, day=day))

    assert journalled(path) == []


def test_a_change_journalled_by_a_command_is_not_journalled_again_by_the_run(journal, path):
    start(journal, request(FIRST))
    journal.record(NO_RUN, change("investments.trend.amount", "6000", "7000"))
    start(journal, request({**FIRST, "investments.trend.amount": "7000"}, day=1))

    assert journalled(path) == [("investments.trend.amount", "6000", "7000")]


def test_a_setting_removed_by_command_and_restored_manually_is_a_change(journal, path):
    start(journal, request(FIRST))
    journal.record(NO_RUN, change("investments.trend.amount", "6000", None))
    start(journal, request(FIRST, day=1))

    assert journalled(path)[-1] == ("investments.trend.amount", None, "6000")


def test_the_settings_of_another_account_are_its_own(journal, path):
    start(journal, request(FIRST))
    start(journal, request({}, account="other"))

    assert journalled(path) == []
    assert setting_history.changes(path, "other") == ()


def test_a_run_that_keeps_no_settings_says_nothing_about_them(journal, path):
    start(journal, request(FIRST))
    start(journal, replace(REQUEST, session=REQUEST.session + timedelta(days=1)))

    assert journalled(path) == []


def test_the_latest_changes_come_first(journal, path):
    journal.record(NO_RUN, change("a", "1", "2"), change("b", "1", "2"))

    assert [each.key for each in setting_history.changes(path, limit=1)] == ["b"]
    assert setting_history.changes(path.with_name("nowhere.sqlite")) == ()
