"""Closes on the ex-date of a split or dividend."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from numpy.testing import assert_allclose

from rebalancer.model import Closes, CorporateAction, Symbol
from rebalancer.venues.alpaca.bars import adjusted_for

SPY, TLT = Symbol("SPY"), Symbol("TLT")
MONDAY, TUESDAY, WEDNESDAY = date(2024, 3, 4), date(2024, 3, 5), date(2024, 3, 6)
NAN = float("nan")

SPLIT = CorporateAction(SPY, WEDNESDAY, "split", ratio=Decimal(10), words="10 for 1 split of 2024-03-06")
REVERSE = CorporateAction(SPY, WEDNESDAY, "split", ratio=Decimal("0.125"), words="1 for 8 reverse split")
DIVIDEND = CorporateAction(SPY, WEDNESDAY, "dividend", dollars=Decimal("1.5"), words="dividend of 1.5 USD")


def closes(monday: float, tuesday: float) -> Closes:
    values = np.array([[monday, 50.0], [tuesday, 51.0]])
    return Closes(np.array([MONDAY, TUESDAY], dtype="datetime64[D]"), (SPY, TLT), values, notes=("a note",))


@pytest.mark.parametrize(
    ("actions", "factor"),
    [([SPLIT], 0.1), ([REVERSE], 8.0), ([DIVIDEND], 0.985), ([DIVIDEND, SPLIT], 0.0985)],
)
def test_closes_not_adjusted_for_tonights_action_are_adjusted(actions: list[CorporateAction], factor: float) -> None:
    found = adjusted_for(closes(90.0, 100.0), {SPY: {TUESDAY: 100.0}}, actions)
    assert_allclose(found.values[:, 0], [90.0 * factor, 100.0 * factor])
    assert_allclose(found.values[:, 1], [50.0, 51.0])


def test_the_note_has_the_numbers() -> None:
    found = adjusted_for(closes(90.0, 100.0), {SPY: {TUESDAY: 100.0}}, [SPLIT])
    assert found.notes == (
        "a note",
        (
            "SPY: 10 for 1 split of 2024-03-06: Alpaca's closes are not adjusted for it yet, so they are multiplied by "
            "0.1 here: 100.0000 USD of 2024-03-05 became 10.0000 USD."
        ),
    )


@pytest.mark.parametrize(("action", "adjusted"), [(SPLIT, 10.0), (DIVIDEND, 98.5)])
def test_closes_already_adjusted_are_unchanged(action: CorporateAction, adjusted: float) -> None:
    known = closes(9.0, adjusted)
    found = adjusted_for(known, {SPY: {TUESDAY: 100.0}}, [action])
    assert_allclose(found.values, known.values)
    assert found.notes == known.notes


def test_without_a_traded_close_nothing_is_guessed() -> None:
    known = closes(90.0, 100.0)
    found = adjusted_for(known, {SPY: {MONDAY: 90.0}}, [SPLIT])
    assert_allclose(found.values, known.values)
    assert "whether its closes are adjusted for it can't be told" in found.notes[-1]


def test_a_dividend_above_the_price_is_ignored() -> None:
    absurd = CorporateAction(SPY, WEDNESDAY, "dividend", dollars=Decimal(150), words="dividend of 150 USD")
    known = closes(90.0, 100.0)
    found = adjusted_for(known, {SPY: {TUESDAY: 100.0}}, [absurd])
    assert_allclose(found.values, known.values)
    assert "can't be told" in found.notes[-1]


def test_the_last_known_close_decides() -> None:
    found = adjusted_for(closes(100.0, NAN), {SPY: {MONDAY: 100.0}}, [SPLIT])
    assert_allclose(found.values[:, 0], [10.0, NAN])


@pytest.mark.parametrize("kind", ["other", "rename"])
def test_an_action_of_unknown_effect_marks_its_symbol(kind: str) -> None:
    known = closes(90.0, 100.0)
    spun = CorporateAction(SPY, WEDNESDAY, kind, words="spin off of 2024-03-06 (SPY, NEW)")
    found = adjusted_for(known, {}, [spun])
    assert_allclose(found.values, known.values)
    assert found.notes[-1].startswith("SPY: spin off of 2024-03-06 (SPY, NEW): its closes are not adjusted for it")
