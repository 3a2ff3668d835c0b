"""Other encodings of Composer's score v1, each decoded to the plain JSON that `composer` reads.

Transit (github.com/cognitect/transit-format) is what Composer's site sends: maps are lists that begin with "^ ",
keywords begin with "~:", and "^" with a code stands for a text that was there before. In the other encoding, keys and
keywords begin with a colon, as in EDN.
"""

from collections.abc import Iterable

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats import composer
from rebalancer.bots.flowchart.formats.elements import Element, quoted

_MAP, _LIST = "^ ", "~#list"
_CODES = 44
"""A code is one or two digits to this base, written from "0" on; a text more than two can count empties the cache."""
_SHORTEST_KEPT = 4
_ALWAYS_KEPT = ("~:", "~$", "~#")
_AS_TEXT = tuple(f"~{mark}" for mark in "indufctmr")
"""Marks of numbers, ids and times, which Composer's fields take as texts."""
Container = dict[str, object] | list[object]
Plain = str | bool | None


def read_transit(document: Element) -> tree.Chart | None:
    return _read(document, _Transit())


def read_colons(document: Element) -> tree.Chart | None:
    return _read(document, _Colons())


def decoded_transit(value: object) -> object:
    """A transit value in plain JSON. Raises ValueError for what transit does not know."""
    return _decoded(value, _Transit())


class _Colons:
    """Decodes keys and keywords with a colon. The methods are what a decoder is asked; all may raise ValueError."""

    def content(self, value: object) -> object:
        """`value` without a tag around it."""
        return value

    def key(self, written: str) -> Plain:
        return written.removeprefix(":")

    def text(self, written: str) -> Plain:
        return written.removeprefix(":")

    def parts(self, container: Container) -> Iterable[tuple[str | None, object]]:
        """Its keys and values, in order; the key of a list's value is None."""
        return container.items() if isinstance(container, dict) else ((None, each) for each in container)


def _read(document: Element, decoder: _Colons) -> tree.Chart | None:
    try:
        value = _decoded(document.value, decoder)
    except ValueError as unreadable:
        document.refuse(str(unreadable))
        return None
    return composer.read(document.read_as(value))


def _decoded(whole: object, decoder: _Colons) -> object:
    """`whole` decoded in the order of the text, which transit's cache depends on, and without recursion."""
    box: list[object] = []
    waiting: list[tuple[Container, str | None, object]] = [(box, None, whole)]
    while waiting:
        into, written_key, written = waiting.pop()
        key = None if written_key is None else decoder.key(written_key)
        value = decoder.content(written)
        if isinstance(value, (list, dict)):
            inner: Container = {} if isinstance(value, dict) or value[:1] == [_MAP] else []
            _put(into, key, inner)
            waiting.extend((inner, *part) for part in reversed(list(decoder.parts(value))))
        else:
            _put(into, key, decoder.text(value) if isinstance(value, str) else value)
    return box[0]


def _put(into: Container, key: Plain, value: object) -> None:
    if isinstance(into, list):
        into.append(value)
    elif isinstance(key, str) and key not in into:
        into[key] = value
    else:
        raise ValueError(f"the key {quoted(str(key))} stands twice in one map, or is no text")


class _Transit(_Colons):
    def __init__(self) -> None:
        self.cache: list[str] = []

    def content(self, value: object) -> object:
        """A list with the tag of lists is that list."""
        match value:
            case [str(tag), list(items)] if tag == _LIST or (_is_code(tag) and self._earlier(tag) == _LIST):
                self._kept(tag, always=True)
                return items
        return value

    def key(self, written: str) -> Plain:
        return _meaning(self._kept(written, always=True))

    def text(self, written: str) -> Plain:
        return _meaning(self._kept(written, always=written.startswith(_ALWAYS_KEPT)))

    def parts(self, container: Container) -> Iterable[tuple[str | None, object]]:
        if isinstance(container, dict) or container[:1] != [_MAP]:
            return super().parts(container)
        keys, values = container[1::2], container[2::2]
        if len(keys) != len(values) or not all(isinstance(key, str) for key in keys):
            raise ValueError("a transit map has a key without a value, or one that is no text")
        return zip(map(str, keys), values, strict=True)

    def _kept(self, written: str, *, always: bool) -> str:
        """`written`, or the earlier text that its code stands for."""
        if _is_code(written):
            return self._earlier(written)
        if always and len(written) >= _SHORTEST_KEPT:
            if len(self.cache) == _CODES**2:
                self.cache.clear()
            self.cache.append(written)
        return written

    def _earlier(self, code: str) -> str:
        digits = [ord(digit) - ord("0") for digit in code[1:3]]
        index = digits[0] if len(digits) == 1 else digits[0] * _CODES + digits[1]
        if len(code) > 3 or not 0 <= index < len(self.cache):
            raise ValueError(f"the transit code {quoted(code)} stands for no earlier text; the file is damaged")
        return self.cache[index]


def _is_code(written: str) -> bool:
    return len(written) > 1 and written.startswith("^") and written != _MAP


def _meaning(written: str) -> Plain:
    """The text without transit's mark. Raises ValueError for a mark that no field of Composer has."""
    mark, rest = written[:2], written[2:]
    if not written.startswith("~"):
        return written
    if mark in ("~~", "~^", "~`"):
        return written[1:]
    if mark == "~_":
        return None
    if mark == "~?":
        return rest == "t"
    if mark in ("~:", "~$", *_AS_TEXT):
        return rest
    raise ValueError(f"{quoted(written)} has a transit mark that is not read")
