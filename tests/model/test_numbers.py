"""A number in text that is not ours is bounded before it is computed with."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.model import numbers


@pytest.mark.parametrize(
    "text", ["0", "-1.50", "+.5", "12.", "1e-7", "1.5E+16", "0.000000001", "123456789012.123456789", "9" * 21]
)
def test_a_number_is_read_to_its_last_digit(text: str) -> None:
    assert str(numbers.number(text)) == str(Decimal(text))


@pytest.mark.parametrize(
    "text",
    [
        *("1e999999999", "1e-999999999", "-1e999999999", "0e999999999", "0e-999999999", "1e21", "1e-21", "1e400"),
        *("9" * 22, "9" * 31, "0." + "9" * 31, "9" * 400, "9" * 1_000_000, "1e" + "9" * 1_000_000),
        *("NaN", "sNaN", "Infinity", "-inf", "NaN" + "1" * 400),
        *("", " 1", "1 ", "1\n", "1_000", "0x1", "1,5", "1.2.3", "e5", ".", "+", "True"),
        *("\uff11\uff12", "\u0967\u0968", "\u0661"),
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_what_is_no_number_or_beyond_the_bounds_is_none(text: str) -> None:
    assert numbers.number(text) is None


@given(st.text() | st.decimals().map(str) | st.floats().map(str) | st.integers().map(str))
def test_whatever_the_text_a_number_can_be_added_printed_and_compared(text: str) -> None:
    found = numbers.number(text)
    if found is not None:
        assert len(f"{found + 1:f}") < 100
        assert -Decimal("1e21") < found < Decimal("1e21")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        *((text, True) for text in ("6000", "12.5", "0", "0.01")),
        *((text, False) for text in ("6,000", "06", "-1", "1e3", "nan", "", ".5", "5.", "\u0967\u0968", "1\n")),
        *((text, False) for text in ("1e999999999", "9" * 400)),
    ],
)
def test_an_amount_is_a_plain_number(text: str, is_one: bool) -> None:  # noqa: FBT001
    assert numbers.amount(text) == (Decimal(text) if is_one else None)
