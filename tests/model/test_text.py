"""Money and fractions as text: what is less than half a cent has no sign."""

from decimal import Decimal

import pytest

from rebalancer.model.text import cents, money, percent, percentage, signed_cents, signed_percentage


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (cents(Decimal("-0.004")), "0.00"),
        (cents(-1234.5), "-1,234.50"),
        (money(Decimal("-0.001"), "USD"), "0.00 USD"),
        (money(Decimal("-0.001"), "USD", signed=True), "+0.00 USD"),
        (money(-1.0, "USD", signed=True), "-1.00 USD"),
        (signed_cents(-0.001), "+0.00"),
        (percent(-0.00001), "0 %"),
        (percentage(-0.00001), "0.00 %"),
        (signed_percentage(Decimal("-0.00001")), "+0.00 %"),
        (signed_percentage(12.5), "+1,250.00 %"),
    ],
)
def test_what_rounds_to_nothing_is_no_loss(text, shown):
    assert text == shown
