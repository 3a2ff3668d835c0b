"""Which differences a split or a rename could make, and how long they wait for its announcement."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from rebalancer.model import Difference, Symbol
from rebalancer.portfolio.breaks import break_text, could_be_renamed, could_be_split, may_be_announced, stay_open

SPY, QQQ, GLD = map(Symbol, ("SPY", "QQQ", "GLD"))
FRIDAY, MONDAY, TUESDAY = date(2024, 6, 7), date(2024, 6, 10), date(2024, 6, 11)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("100", "200"),  # 2 for 1
        ("7", "700"),  # 100 for 1
        ("12", "6"),  # 1 for 2
        ("347", "6"),  # 1 for 50, the fraction paid in cash
        ("10", "3.333333333"),  # 1 for 3, cut off at nine places
        ("347", "520.5"),  # 3 for 2
        ("347", "520"),  # 3 for 2, the fraction paid in cash
        ("100", "105"),  # a stock dividend of 5 %
        ("33", "33.825"),  # of 2.5 %
    ],
)
def test_a_difference_that_a_split_or_stock_dividend_may_explain_stays_open(before: str, after: str) -> None:
    assert could_be_split(Decimal(before), Decimal(after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("208", "209"),
        ("29", "30"),  # nobody splits 30 for 29
        ("347", "348"),
        ("347", "337"),
        ("100", "100"),
        ("10.5", "10"),
        ("100", "0"),
        ("100", "-100"),
        ("0", "100"),
        ("NaN", "100"),
        ("100", "NaN"),
    ],
)
def test_a_difference_that_no_split_explains_is_a_manual_trade(before: str, after: str) -> None:
    assert not could_be_split(Decimal(before), Decimal(after))


def found(**figures: tuple[int, int]) -> dict[Symbol, tuple[Decimal, Decimal]]:
    return {Symbol(name): (Decimal(there), Decimal(due)) for name, (there, due) in figures.items()}


def test_a_new_position_of_the_quantity_that_disappeared_may_be_a_rename() -> None:
    assert could_be_renamed(found(SPY=(0, 100), QQQ=(100, 0), GLD=(50, 0))) == {QQQ: SPY}
    assert could_be_renamed(found(SPY=(0, 100), QQQ=(10, 0))) == {QQQ: SPY}  # with a reverse split
    assert could_be_renamed(found(SPY=(0, 100), QQQ=(97, 0))) == {}
    assert could_be_renamed(found(SPY=(0, 100), QQQ=(100, 0), GLD=(100, 0))) == {}  # nobody can tell which
    assert could_be_renamed(found(SPY=(50, 100), QQQ=(100, 0))) == {}


def test_only_differences_in_our_shares_are_opened_and_open_ones_stay_open() -> None:
    split = found(SPY=(200, 100), QQQ=(200, 100))
    opened = stay_open(split, {SPY}, {}, FRIDAY, MONDAY)
    assert opened == {SPY: Difference(Decimal(200), FRIDAY, MONDAY)}

    later = stay_open(found(SPY=(201, 100)), (), opened, MONDAY, TUESDAY)
    assert later == {SPY: Difference(Decimal(201), FRIDAY, MONDAY)}


def test_both_names_of_a_possible_rename_stay_open() -> None:
    assert set(stay_open(found(SPY=(0, 100), QQQ=(100, 0)), {SPY}, {}, FRIDAY, MONDAY)) == {SPY, QQQ}
    assert stay_open(found(SPY=(0, 100)), {SPY}, {}, FRIDAY, MONDAY) == {}


def test_an_open_difference_waits_thirty_days_and_then_needs_a_person() -> None:
    difference = Difference(Decimal(200), FRIDAY, MONDAY)
    last = MONDAY + timedelta(days=30)

    assert may_be_announced(difference, last)
    assert not may_be_announced(difference, last + timedelta(days=1))
    assert f"or until {last}" in break_text(SPY, difference, last)
    assert "you must say whose it is: `rebalance adopt SPY`" in break_text(SPY, difference, last + timedelta(days=1))
