"""What the templates write: everything escaped and visible, how far ahead a time is, a change with its sign."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from jinja2 import UndefinedError

from rebalancer.web.rendering import change, environment, until

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(-5, "now"), (0, "now"), (0.5, "in 1 min"), (59, "in 59 min"), (60, "in 1 h 00 min"), (185, "in 3 h 05 min")],
)
def test_a_time_ahead_in_words(minutes, text):
    assert until(NOW + timedelta(minutes=minutes), NOW) == text
    assert until(NOW + timedelta(days=3, hours=2), NOW) == "in 3 d 2 h"


def test_a_change_has_its_sign_unless_nothing_is_left_of_it():
    shown = [change(each) for each in (0.0123, Decimal("-0.5"), -0.000001, 0, 12.3456)]
    assert shown == ["+1.23 %", "-50.00 %", "0.00 %", "0.00 %", "+1,234.56 %"]


def test_a_name_is_escaped_and_what_a_screen_obeys_is_shown():
    made = environment().from_string("{{ name }}").render(name="<b>\u202e\x1b")
    assert made == "&lt;b&gt;\\u202e\\x1b"


def test_a_value_that_is_missing_is_an_error():
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nothing }}").render()
