"""Which message is sent to whom and when: kinds, repeats, quiet hours, and retries."""

from datetime import UTC, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from rebalancer.app.outbox import REPEATED_WITHIN, TRIES, Sending, anything_waiting, due, retry_later
from rebalancer.app.outbox import to_send as to_send_in
from rebalancer.config.tables import Recipient, UrlSource
from rebalancer.model import QuietHours
from rebalancer.notify.message import Message
from rebalancer.notify.observer_state import ObserverState

URL = UrlSource("config.toml", "notify[0]", "phone", "NOTIFY_URL")
PHONE = Recipient("phone", URL)
NIGHT = QuietHours(time(22), time(7), ZoneInfo("Europe/Berlin"))
to_send = partial(to_send_in, zone=NIGHT.zone)
ASLEEP = Recipient("asleep", URL, quiet_hours=NIGHT)
NOON, MIDNIGHT = datetime(2026, 11, 27, 12, tzinfo=UTC), datetime(2026, 11, 27, 23, 30, tzinfo=UTC)
ARMED, FAILED = Message("arming", "armed", "Armed.", "armed"), Message("failed", "failed", "It failed.", "failed")


def bodies(sendings: list[Sending]) -> list[tuple[str, str]]:
    return [(each.recipient.name, each.message.body) for each in sendings]


def test_each_is_told_the_kinds_that_it_asks_for_and_by_default_all_but_an_uneventful_success():
    all_of_it = Recipient("all", URL, on=frozenset({"success", "failed"}))
    success = Message("success", "done", "Done.")
    assert bodies(to_send(ObserverState(), [PHONE, all_of_it], success, NOON)) == [("all", "Done.")]
    assert bodies(to_send(ObserverState(), [PHONE, all_of_it], ARMED, NOON)) == [("phone", "Armed.")]


def test_a_repeat_is_told_once_in_twelve_hours_and_then_says_how_often_it_came():
    state = ObserverState()
    times = [NOON + timedelta(minutes=minutes) for minutes in range(3)]
    assert [len(to_send(state, [PHONE], FAILED, now)) for now in times] == [1, 0, 0]
    ((_, body),) = bodies(to_send(state, [PHONE], FAILED, NOON + REPEATED_WITHIN))
    assert body == "It failed.\nThe same came 2 more times after 2026-11-27 13:00 CET."
    ((_, body),) = bodies(to_send(state, [PHONE], FAILED, NOON + timedelta(days=30)))
    assert body == "It failed."


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("21:59", None),
        ("22:00", "07:00"),
        ("06:59", "07:00"),
        ("07:00", None),
    ],
)
def test_quiet_hours_go_over_midnight_by_the_clocks_of_their_zone(now, end):
    hour, minute = map(int, now.split(":"))
    found = NIGHT.end(datetime(2026, 11, 27, hour, minute, tzinfo=NIGHT.zone).astimezone(UTC))
    assert (found and f"{found:%H:%M}") == end
    at_noon = QuietHours(time(12), time(13), NIGHT.zone)
    assert (at_noon.end(NOON.replace(hour=11)) is not None, at_noon.end(NOON)) == (True, None)
    assert str(at_noon) == "12:00-13:00 Europe/Berlin"


def test_in_quiet_hours_only_what_is_urgent_is_told_and_the_rest_in_one_message_when_they_are_over():
    state = ObserverState()
    assert bodies(to_send(state, [ASLEEP], FAILED, MIDNIGHT)) == [("asleep", "It failed.")]
    lifted = Message("resume", "lifted", "Lifted.", "lifted")
    assert [to_send(state, [ASLEEP], each, MIDNIGHT) for each in (ARMED, lifted)] == [[], []]
    assert not anything_waiting(state, MIDNIGHT + timedelta(hours=6))
    morning = datetime(2026, 11, 28, 6, tzinfo=UTC)
    assert anything_waiting(state, morning)
    (sending,) = due(state, [ASLEEP], morning)
    assert (sending.message.title, sending.message.body) == (
        "rebalance: 2 messages",
        "armed\nArmed.\n\nlifted\nLifted.",
    )
    assert state.waiting == []


def test_what_nobody_took_is_sent_again_later_and_later_and_then_given_up():
    state, now, gaps = ObserverState(), NOON, []
    (sending,) = to_send(state, [PHONE], FAILED, now)
    for _ in range(TRIES - 1):
        retry_later(state, sending, now)
        began = now
        while not anything_waiting(state, now):
            now += timedelta(minutes=1)
        gaps.append((now - began).seconds // 60)
        (sending,) = due(state, [PHONE], now)
    retry_later(state, sending, now)
    assert (gaps, state.waiting) == ([5, 10, 20, 40, 80], [])
