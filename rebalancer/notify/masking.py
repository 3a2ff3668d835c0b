"""Account numbers in what leaves this machine."""

import re
from collections.abc import Iterable

NUMBER = re.compile(r"(?<=\baccount )(?=[A-Z0-9]*\d)[A-Z0-9]{6,40}\b|(?<=account_number is )[A-Za-z0-9]+")
"""Where a sentence names an account that is not known here, such as the one that keys open by mistake."""
SHOWN = 3


def masked(text: str, numbers: Iterable[str] = ()) -> str:
    """`text` with only the last digits of account `numbers`, and of others that it names, as in ***123."""
    for number in sorted({each for each in numbers if len(each) > SHOWN}, key=len, reverse=True):
        text = text.replace(number, _mask(number))
    return NUMBER.sub(lambda found: _mask(found[0]), text)


def _mask(number: str) -> str:
    return f"***{number[-SHOWN:]}"
