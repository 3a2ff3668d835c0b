"""Values that are computed when they are first asked for."""

import gc
import weakref

import pytest

from rebalancer.bots.flowchart.on_demand import OnDemand


class Squares:
    def __init__(self) -> None:
        self.asked = []
        self.values = OnDemand[int](self.compute)

    def compute(self, number: int) -> None:
        self.asked.append(number)
        self.values[number] = number**2


def test_a_value_is_computed_once():
    squares = Squares()
    assert [squares.values[3], squares.values[3]] == [9, 9]
    assert squares.asked == [3]


def test_values_are_freed_with_their_owner_without_a_garbage_collection():
    gc.disable()
    try:
        squares = Squares()
        freed = weakref.ref(squares)
        del squares
        assert freed() is None
    finally:
        gc.enable()


def test_without_their_owner_no_more_values_are_computed():
    values = Squares().values
    with pytest.raises(ReferenceError, match="gone"):
        values[3]
