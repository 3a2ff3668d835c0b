"""A month of every kind of day (success, missed, failed, partial, halt, closed): what the monitor and a person heard.

`python tests/app/observed_month.py` prints all of it.
"""

from pathlib import Path

import pytest
from observed_month import FAILED, HALTED, MISSED, PARTIAL, RESUMED, Day, month

WEEKENDS = {4, 5, 11, 12, 18, 19, 25, 26}


@pytest.fixture(scope="module")
def june(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Day]:
    folder: Path = tmp_path_factory.mktemp("june")
    with month(folder) as found:
        return {each.day: each for each in found.days()}


def titles(day: Day) -> list[str]:
    return [each["title"].removeprefix("rebalance ").removeprefix("main: ") for each in day.messages]


def test_every_day_but_the_one_without_a_machine_has_its_ping(june):
    assert [day for day, each in june.items() if not each.pings] == [MISSED]
    assert {june[day].pings for day in WEEKENDS} == {("",)}
    eventful = {MISSED, MISSED + 1, FAILED, PARTIAL, HALTED, HALTED + 1, *WEEKENDS}
    assert {june[day].pings for day in june.keys() - eventful} == {("/start", "")}
    assert {day: june[day].pings for day in sorted(eventful - WEEKENDS)} == {
        MISSED: (),
        MISSED + 1: ("/4", "/start", ""),
        FAILED: ("/2", "/2"),
        PARTIAL: ("/start", "/3"),
        HALTED: ("/start", "/4", "/start", "/4"),
        HALTED + 1: ("/start", "/4", "/start", "/4"),
    }


def test_uneventful_days_tell_nobody_and_every_other_one_tells_once(june):
    told = {day: titles(each) for day, each in june.items() if each.messages}
    assert told == {
        4: ["rebalance: the week of 2016-05-30"],
        MISSED + 1: ["run missed", "run good again"],
        11: ["rebalance: the week of 2016-06-06"],
        FAILED: ["run failed"],
        FAILED + 1: ["run good again"],
        PARTIAL: ["run partly done"],
        PARTIAL + 1: ["run good again"],
        18: ["rebalance: the week of 2016-06-13"],
        HALTED: ["halted", "run failed"],
        HALTED + 1: ["run failed"],
        RESUMED: ["halt lifted", "run good again"],
        25: ["rebalance: the week of 2016-06-20"],
    }


def test_a_message_says_what_happened_what_it_is_worth_and_what_to_do(june):
    (partial,) = june[PARTIAL].messages
    happened, equity, *_, to_do = partial["message"].split("\n")
    assert happened.startswith("Session of 2016-06-16, run 13: ")
    assert "USD" in equity
    assert equity.endswith(" USD since the session before.")
    assert to_do == "What is missing is traded by the next run: `rebalance history 13` says why it was not."
    assert partial["type"] == "failure"


def test_a_good_run_after_a_bad_one_says_so_and_a_repeat_says_how_often_it_came(june):
    assert "The run before this one was not good; this one was." in june[FAILED + 1].messages[0]["message"]
    assert "The same came 1 more time after 2016-06-21 15:50 EDT." in june[HALTED + 1].messages[0]["message"]


def test_the_week_has_equity_what_each_bot_earned_and_its_runs(june):
    runs, equity, bot = june[11].messages[0]["message"].split("\n")
    assert runs == "main: 5 runs (4 success, 1 missed), 2 orders."
    assert equity.startswith("Equity 99,954.21 USD, -48.16 USD this week.")
    assert bot == "- hold: -48.16 USD"
