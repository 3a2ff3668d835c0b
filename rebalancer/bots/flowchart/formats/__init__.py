"""The formats of flowcharts. A document is accepted whole, or refused with all of its problems."""

from rebalancer.bots.flowchart import document
from rebalancer.bots.flowchart.formats import composer, native
from rebalancer.bots.flowchart.formats.elements import Element, problems_of
from rebalancer.bots.flowchart.tree import Chart
from rebalancer.errors import Problem

_READ = f'what is read: our own format ("format": "{native.FORMAT}") and Composer\'s score v1 JSON ("step": "root")'


def read(content: bytes, source: str) -> tuple[Chart | None, tuple[Problem, ...]]:
    """The chart in `content`, or None and every problem, each with its place in the document.

    `source` is the name by which the problems call the document.
    """
    if content[:100].lstrip().startswith((b"(", b";", b"{:")):
        return None, (Problem(source, "", f"looks like Composer's Lisp text; {_READ}"),)
    value, problems = document.parse(content, source)
    if problems:
        return None, problems
    whole = Element(value, None, [])
    name = _name(whole)
    if name is None:
        return None, (Problem(source, "", f"looks like {_guessed_kind(value)}; {_READ}"),)
    chart = _READERS[name](whole)
    found = problems_of(whole.refusals, source)
    return (None if found else chart), found


def name_of(content: bytes) -> str | None:
    """The name of `content`'s format, None where it is not supported."""
    value, _ = document.parse(content, "")
    return _name(Element(value, None, []))


def _name(whole: Element) -> str | None:
    if whole["format"].value == native.FORMAT:
        return "native"
    if whole["step"].value == "root" and whole["rebalance"].value not in _RAINS_PERIODS:
        return "Composer"
    return None


def _guessed_kind(value: object) -> str:
    """A guess at what an unreadable document is, by its outermost keys."""
    if isinstance(value, list):
        first = value[0] if value and isinstance(value[0], str) else ""
        return _LISTS.get(first, "a list, and a bot is an object in braces")
    keys = value.keys() if isinstance(value, dict) else ()
    return next((name for key, name in _KEYS.items() if key in keys), "no format we know")


_READERS = {"native": native.read, "Composer": composer.read}
_RAINS_PERIODS = ("DAILY", "THRESHOLD")
_LISTS = {"^ ": "Composer's transit JSON", "defsymphony": "Composer's Lisp as JSON lists"}
_KEYS = {
    "format": "a bot in another format",
    ":step": "Composer's JSON with a colon before each key",
    "incantation": "a QuantMage spell",
    "score_version": "Composer's score v2",
    "node_type": "a bot in ExxaHub's format",
    "rebalance": "Rain's JSON for BacktestReport",
    "step": "a part of a Composer file without its root",
}
