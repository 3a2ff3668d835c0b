"""Numbers that others wrote: in the answer of a broker, in a file, on a command line."""

import re
from decimal import Decimal
from typing import Final

MOST_DIGITS: Final = 30
LARGEST, FINEST = 20, -40
"""Powers of ten: of the first digit at most, and of the last digit at least. A float of 1e-20 has its last at -37."""

WRITTEN = re.compile(r"[+-]?(?:[0-9]{1,60}(?:\.[0-9]{0,60})?|\.[0-9]{1,60})(?:[eE][+-]?[0-9]{1,3})?")
AMOUNT = re.compile(r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?")


def number(text: str) -> Decimal | None:
    """The number that `text` writes in ASCII digits, such as "-1.50" or "1e-7", unchanged.

    None for anything else, for NaN and infinity, and for one beyond the bounds above: arithmetic with it could take
    gigabytes, or raise.
    """
    found = Decimal(text) if WRITTEN.fullmatch(text) else None
    return found if found is not None and in_bounds(found) else None


def amount(text: str) -> Decimal | None:
    """An amount as a person types it: not below 0, in plain digits, which TOML reads too; None for any other text."""
    return Decimal(text) if AMOUNT.fullmatch(text) else None


def in_bounds(number: Decimal) -> bool:
    """Whether it is finite, and arithmetic can bear it."""
    _, digits, power = number.as_tuple()
    fine = isinstance(power, int) and power >= FINEST  # of NaN and infinity it is a letter
    return fine and len(digits) <= MOST_DIGITS and number.adjusted() <= LARGEST
