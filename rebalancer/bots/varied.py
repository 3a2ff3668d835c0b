"""A flowchart's document with other values at some of its places: the variants that a sweep tries."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from rebalancer.bots.flowchart import document, edn
from rebalancer.bots.flowchart.formats.json_layout import laid_out
from rebalancer.errors import Problem, echoed

Steps = tuple[str | int, ...]
"""A way into a document: keys of objects, and positions in lists."""
Value = int | float | str
INDEX = re.compile(r"\[(\d{1,9})\]")


def read(content: bytes, source: str) -> tuple[object, tuple[Problem, ...]]:
    """The JSON document in `content`; or None and why it has no places."""
    as_json = f"`rebalance bots import {source}` writes it as JSON, whose values a sweep can change"
    if source.endswith(".py"):
        return None, (Problem(source, "", "is a Python bot, which has no values to change: sweep a flowchart"),)
    content, problems = document.unpacked(content, source)
    if problems:
        return None, problems
    if content.lstrip().startswith(b'"') or edn.looks_like_edn(content.decode("utf-8", "replace")):
        return None, (Problem(source, "", f"is a flowchart as text: {as_json}"),)
    return document.parse(content, source)


def steps_to(whole: object, place: str) -> Steps:
    """The way to `place`, such as `chart.if.left.cumulative-return.window` or `children[0].children[2].num`.

    Raises ValueError where there is no such place, or no number or text stands there.
    """
    steps: list[str | int] = []
    part, rest = whole, place
    while rest:
        step, length = _step(part, rest, place)
        steps.append(step)
        part, rest = part[step], rest[length:].removeprefix(".")  # type: ignore[index]
    if isinstance(part, bool) or not isinstance(part, Value):
        raise ValueError(f"at {place!r} stands no number and no text: name a value inside it")  # noqa: TRY004
    return tuple(steps)


def _step(part: object, rest: str, place: str) -> tuple[str | int, int]:
    """The first step of `rest` into `part`, and how many characters it takes."""
    if isinstance(part, list):
        found = INDEX.match(rest)
        if found and int(found[1]) < len(part):
            return int(found[1]), found.end()
        raise ValueError(f"{place!r} leads to a list of {len(part)} before {rest!r}: use [0] and so on")
    keys = list(part) if isinstance(part, dict) else []
    fitting = [key for key in keys if key and rest.startswith(key) and rest[len(key) : len(key) + 1] in {"", ".", "["}]
    if fitting:
        longest = max(fitting, key=len)  # a key may have dots itself
        return longest, len(longest)
    raise ValueError(f"{place!r} is no place in the bot: {_known(rest, keys)}")


def _known(rest: str, keys: list[str]) -> str:
    if not keys:
        return f"nothing can be inside, before {rest!r}"
    close = get_close_matches(re.split(r"[.\[]", rest)[0], keys, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}before {rest!r} there are {', '.join(map(echoed, keys[:10]))}"


def with_values(whole: object, values: Mapping[Steps, Value]) -> bytes:
    """A bot file: the document with each of `values` at its place. The document itself is not changed."""
    for steps, value in values.items():
        whole = _with_value(whole, steps, value)
    return laid_out(whole).encode()


def _with_value(whole: object, steps: Steps, value: Value) -> object:
    """A copy of what lies on the way, without recursion."""
    copied = list(whole) if isinstance(whole, list) else {**whole}  # type: ignore[dict-item]
    part = copied
    for step in steps[:-1]:
        inner = part[step]  # type: ignore[index]
        part[step] = part = list(inner) if isinstance(inner, list) else {**inner}  # type: ignore[index]
    part[steps[-1]] = value  # type: ignore[index]
    return copied
