"""How a CSV is written: read as Excel writes it anywhere in the world, where that can be understood in one way only."""

import codecs
import re
from collections.abc import Iterable

from rebalancer.errors import echoed

SEPARATORS = (",", ";", "\t", "|")
SAVE_AS = 'save it as UTF-8, which Excel calls "CSV UTF-8"'

_QUOTED = re.compile(r'"[^"]*"')
_SEP_LINE = re.compile(r'"?sep=([^\w\s"]|\t)"?\r?\n?', re.ASCII | re.IGNORECASE)
_DECIMAL = re.compile(r"\d+[.,]\d+(E[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_GROUPED = re.compile(r"[1-9]\d{0,2}([.,]\d{3})+", re.ASCII)


def encoding_of(head: bytes) -> str:
    """By the first bytes of a file: UTF-16 with its mark, else UTF-8. Raises ValueError for what is neither."""
    utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if b"\0" in head and (not utf16 or head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE))):
        raise ValueError(f"is neither UTF-8 nor UTF-16 with its mark: {SAVE_AS}")
    return "utf-16" if utf16 else "utf-8-sig"


def separator_of(first: str) -> tuple[str, bool]:
    """What parts the cells, by the `first` line, and whether it only says that (`sep=;`) and is no header.

    Raises ValueError where several characters may part them.
    """
    if said := _SEP_LINE.fullmatch(first):
        return said[1], True
    bare = _QUOTED.sub("", first)
    found = [separator for separator in SEPARATORS if separator in bare]
    if len(found) > 1:
        names = " or ".join(f'"{separator}"' for separator in found)
        raise ValueError(f"has cells parted by {names}: write commas between them, and a dot in prices")
    return (found or [","])[0], False


def decimal_mark(prices: Iterable[str]) -> str:
    """The mark before the decimals of `prices` whose cells no comma parts. Raises ValueError where it may be either.

    1,234 alone may be 1.234 or 1234; beside 12,5 it is 1.234.
    """
    marked = [price.strip() for price in prices if "," in price or "." in price]
    marks = [mark for mark in ".," if any(mark in price for price in marked)]
    if len(marks) == 2:
        raise ValueError('has both "," and "." in prices: write them with a dot for decimals and nothing for thousands')
    if marked and not any(_DECIMAL.fullmatch(price) and not _GROUPED.fullmatch(price) for price in marked):
        text = f'has prices such as {echoed(marked[0])}, whose "{marks[0]}" may be for decimals or for thousands'
        raise ValueError(f"{text}: write commas between the cells, and a dot in prices")
    return marks[0] if marks else "."
