"""One way to take a number that others wrote."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.model.numbers import amount, number


@pytest.mark.parametrize(
    "text", ["0", "-0", "1", "+1.50", "-1.5", ".5", "5.", "1e-7", "1.2345678901234567e-20", "12E3", "0.000", "9" * 21]
)
def test_a_number_is_taken_as_it_is_written(text: str) -> None:
    found = number(text)
    assert found is not None
    assert found.as_tuple() == Decimal(text).as_tuple()


@pytest.mark.parametrize(
    "text", ["", ".", "-", "1e", "1,5", "1_000", " 1", "1\n", "0x1", "NaN", "sNaN", "-Infinity", "\u0661", "\u00bd"]
)
def test_what_is_no_number_in_ascii_digits_is_none(text: str) -> None:
    assert number(text) is None


@pytest.mark.parametrize(
    "text", ["1e999999999", "1e-999999999", "0e999", "0e-999", "1e21", "1e-41", "9" * 22, "1." + "1" * 30, "9" * 10**6]
)
def test_a_number_that_arithmetic_could_not_bear_is_none(text: str) -> None:
    assert number(text) is None


@given(st.text() | st.decimals().map(str) | st.floats().map(str) | st.integers().map(str))
def test_whatever_the_text_a_number_can_be_added_and_printed(text: str) -> None:
    found = number(text)
    assert found is None or len(f"{found + 1:f}") < 100


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        *((text, True) for text in ("6000", "12.5", "0", "0.01")),
        *((text, False) for text in ("6,000", "06", "-1", "1e3", "nan", "", ".5", "5.", "\u0967\u0968", "1\n")),
        *((text, False) for text in ("1e999999999", "9" * 400)),
    ],
)
def test_an_amount_is_a_plain_number(text: str, is_one: bool) -> None:  # noqa: FBT001
    assert amount(text) == (Decimal(text) if is_one else None)
