"""Numbers that others wrote: in the answer of a broker, in a file, on a command line."""

import re
from decimal import Decimal
from typing import Final

MOST_DIGITS: Final = 30
LARGEST, FINEST = 20, -40
"""Powers of ten: of the first digit at most, and of the last digit at least. A float of 1e-20 has its last at -37."""

WRITTEN = re.compile(r"[+-]?(?:[0-9]{1,60}(?:\.[0-9]{0,60})?|\.[0-9]{1,60})(?:[eE][+-]?[0-9]{1,3})?")


def number(text: str) -> Decimal | None:
    """The number that `text` writes in ASCII digits, such as "-1.50" or "1e-7", unchanged.

    None for anything else, for NaN and infinity, and for one beyond the bounds above: arithmetic with it could take
    gigabytes, or raise.
    """
    if not WRITTEN.fullmatch(text):
        return None
    found = Decimal(text)
    _, digits, power = found.as_tuple()
    accepted = len(digits) <= MOST_DIGITS and isinstance(power, int) and power >= FINEST and found.adjusted() <= LARGEST
    return found if accepted else None
