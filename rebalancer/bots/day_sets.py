"""Sets of days as the bits of a whole number: day 0 is the lowest. What two have in common takes one operation."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rebalancer.model import Floats

Marks = NDArray[np.bool_]


def days_of(marks: Marks) -> int:
    """Those at which `marks` (T,) is true."""
    return int.from_bytes(np.packbits(marks, bitorder="little").tobytes(), "little")


def first_of(days: int) -> int:
    """The first day of a set that is not empty."""
    return (days & -days).bit_length() - 1


def marked(days: int, length: int) -> Marks:
    """Whether each of `length` days is in the set, (T,)."""
    packed = np.frombuffer(days.to_bytes((length + 7) // 8, "little"), dtype=np.uint8)
    return np.unpackbits(packed, count=length, bitorder="little").view(np.bool_)


@lru_cache(1024)
def _of_a_byte(amount: float) -> Floats:
    """For each byte of a set `amount` on its days, (256, 8)."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, np.newaxis], axis=1, bitorder="little")
    return np.asarray(bits * amount, dtype=np.float64)


def spread(days: int, amount: float, length: int) -> Floats:
    """`amount` on each day of the set and 0 on the others, (T,)."""
    packed = np.frombuffer(days.to_bytes((length + 7) // 8, "little"), dtype=np.uint8)
    return _of_a_byte(amount).take(packed, axis=0).ravel()[:length]
