"""Values that are computed when they are first asked for."""

from collections.abc import Callable
from typing import TypeVar
from weakref import WeakMethod

Value = TypeVar("Value")


class OnDemand(dict[int, Value]):
    """Values by index of their node. `compute` is a method that puts one in, of an object that outlives them.

    It is not kept alive, so that it is freed with its values when it is done with, not when garbage is collected.
    """

    def __init__(self, compute: Callable[[int], None]) -> None:
        super().__init__()
        self._compute = WeakMethod(compute)

    def __missing__(self, node: int) -> Value:
        compute = self._compute()
        if compute is None:
            raise ReferenceError("what computes these values is gone")
        compute(node)
        return self[node]
