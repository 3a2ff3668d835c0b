"""Bytes to a plain JSON value, strictly, and however deep the value is nested."""

import codecs
from collections.abc import Sequence
from contextlib import suppress
from json import JSONDecoder
from typing import TypeVar

from rebalancer.bots.file_size import CHART_BYTES
from rebalancer.errors import Problem

_GZIP = b"\x1f\x8b"
MAX_DEPTH = 5_000
"""JSON levels. One level of a chart takes up to four of them, so charts of depth 1,250 fit; published ones have 100."""
MAX_VALUES = 100_000
"""The largest charts that were published have 37,000. They are counted before the parser starts."""
MAX_NUMBER = 1e15
"""Far beyond any price, percent or window, and still exact in a float."""
_Number = TypeVar("_Number", int, float)


def unpacked(content: bytes, source: str) -> tuple[bytes, tuple[Problem, ...]]:
    """The text in `content` without gzip's compression and without a byte order mark; or a problem."""
    if content.startswith(_GZIP):
        import zlib  # noqa: PLC0415 - most files are not compressed

        unzip = zlib.decompressobj(wbits=31)
        try:
            content = unzip.decompress(content, CHART_BYTES + 1)
        except zlib.error:
            content = b""
        if len(content) > CHART_BYTES:
            return b"", (Problem(source, "", f"holds more than {CHART_BYTES:,} bytes; up to {CHART_BYTES:,} are read"),)
        if not unzip.eof or unzip.unused_data:
            return b"", (Problem(source, "", "is a damaged .gz file, or holds more than one file"),)
    return content.removeprefix(codecs.BOM_UTF8), ()


def parse(content: bytes, source: str, most_values: int = MAX_VALUES) -> tuple[object, tuple[Problem, ...]]:
    """The object or list in `content` (UTF-8 JSON), or None and every problem found.

    Refused are more than CHART_BYTES, `most_values` or MAX_DEPTH, a duplicate key in an object, NaN and infinities,
    numbers beyond MAX_NUMBER, anything before or after the value, other encodings and a bare string or number. Reading
    stops after ten problems.
    """
    if len(content) > CHART_BYTES:
        return None, (Problem(source, "", f"is {len(content):,} bytes long; up to {CHART_BYTES:,} are read"),)
    if (values := sum(map(content.count, (b",", b"[", b"{")))) > most_values:
        return None, (Problem(source, "", f"has about {values:,} values; up to {most_values:,} are read"),)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None, (Problem(source, "", "is not UTF-8 text; save it as UTF-8"),)
    with suppress(ValueError, RecursionError):
        return _plain(text), ()
    from rebalancer.bots.flowchart import json_events  # noqa: PLC0415 - most files have no problem

    return json_events.read(content, text, source)


def _plain(text: str) -> object:
    """The object or list in `text`, by the standard parser, which is fast.

    Raises ValueError or RecursionError for what is to be refused, and for what the other parser may read in another
    way: halves of surrogate pairs, and so many levels that they may be more than MAX_DEPTH.
    """
    if text.count("[") + text.count("{") > MAX_DEPTH or "\\ud" in text or "\\uD" in text:
        raise ValueError("is not plain")
    value = _DECODER.decode(text)
    if isinstance(value, dict | list):
        return value
    raise ValueError("is a bare value")


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("has a key twice")
    return found


def _in_range(number: _Number) -> _Number:
    if -MAX_NUMBER <= number <= MAX_NUMBER:
        return number
    raise ValueError("is too large")


def not_a_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


_DECODER = JSONDecoder(
    object_pairs_hook=_object,
    parse_int=lambda digits: _in_range(int(digits)),
    parse_float=lambda digits: _in_range(float(digits)),
    parse_constant=not_a_number,
)
