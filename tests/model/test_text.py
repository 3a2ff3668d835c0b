"""Money, fractions and times as text: what is less than half a cent has no sign."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from rebalancer.model.text import ago, cents, money, percent, percentage, signed_cents, signed_percentage, until

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (cents(Decimal("-0.004")), "0.00"),
        (cents(-1234.5), "-1,234.50"),
        (money(Decimal("-0.001"), "USD"), "0.00 USD"),
        (money(Decimal("-0.001"), "USD", signed=True), "0.00 USD"),
        (money(-1.0, "USD", signed=True), "-1.00 USD"),
        (signed_cents(-0.001), "0.00"),
        (percent(-0.00001), "0 %"),
        (percentage(-0.00001), "0.00 %"),
        (signed_percentage(Decimal("-0.00001")), "0.00 %"),
        (signed_percentage(12.5), "+1,250.00 %"),
    ],
)
def test_what_rounds_to_nothing_is_no_loss(text, shown):
    assert text == shown


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(-5, "now"), (0, "now"), (0.5, "in 1 min"), (59, "in 59 min"), (60, "in 1 h 00 min"), (185, "in 3 h 05 min")],
)
def test_a_time_ahead_in_words(minutes, text):
    assert until(NOW + timedelta(minutes=minutes), NOW) == text
    assert until(NOW + timedelta(days=3, hours=2), NOW) == "in 3 d 2 h"


@pytest.mark.parametrize(
    ("minutes", "text"), [(-5, "just now"), (0.5, "just now"), (1, "1 min ago"), (185, "3 h 05 min ago")]
)
def test_a_time_past_in_words(minutes, text):
    assert ago(NOW - timedelta(minutes=minutes), NOW) == text
    assert ago(NOW - timedelta(days=3, hours=2), NOW) == "3 d 2 h ago"
