"""Numbers in text that is not ours, bounded before anything is computed with them.

To print 1e-999999999 takes gigabytes, and to add 1e999999999 to a sum raises what nobody expects.
"""

import re
from decimal import Decimal

MAX_DIGITS = 30
MAX_EXPONENT = 20
WRITTEN = re.compile(r"[+-]?([0-9]{1,60}(\.[0-9]{0,60})?|\.[0-9]{1,60})([eE][+-]?[0-9]{1,3})?", re.ASCII)
AMOUNT = re.compile(r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?", re.ASCII)


def number(text: str) -> Decimal | None:
    """The number that `text` is, without blanks and in ASCII digits; None for any other text, and beyond the bounds."""
    found = Decimal(text) if WRITTEN.fullmatch(text) else None
    return found if found is not None and in_bounds(found) else None


def amount(text: str) -> Decimal | None:
    """An amount as a person types it: not below 0, plain digits, which TOML reads too; None for any other text."""
    return Decimal(text) if AMOUNT.fullmatch(text) else None


def in_bounds(number: Decimal | int) -> bool:
    """Whether it is finite, has up to MAX_DIGITS digits, and its first one stands up to MAX_EXPONENT from the point."""
    found = Decimal(number)
    small = found.is_finite() and -MAX_EXPONENT <= found.adjusted() <= MAX_EXPONENT
    return small and len(found.as_tuple().digits) <= MAX_DIGITS
