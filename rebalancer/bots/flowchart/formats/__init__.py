"""The formats of flowcharts. A document is accepted whole, or refused with all of its problems."""

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import NamedTuple

from rebalancer.bots.flowchart import document, edn
from rebalancer.bots.flowchart.formats import native
from rebalancer.bots.flowchart.formats.elements import Element, problems_of
from rebalancer.bots.flowchart.tree import Chart
from rebalancer.errors import Problem


class Format(NamedTuple):
    name: str
    recognises: Callable[[Mapping[str, object], object], bool]
    """Whether a document is of this format: by its outermost keys (none of a list), and by the first of a list."""
    reader: str
    """The file of this folder that reads it, imported when there is such a document, and the function there."""
    proven: bool = True
    """Whether decisions that were recorded at the origin agree."""

    def read(self, whole: Element) -> Chart | None:
        file, function = self.reader.split(".")
        read: Callable[[Element], Chart | None] = getattr(import_module(f"{__name__}.{file}"), function)
        return read(whole)


_UNPROVEN = "No decision of {} was compared with this reader's: compare yours before you trust it with money."
_QUANTNEXUS_KINDS = "basic", "function", "indicator", "numbered", "position", "call", "altExit", "scaling", "rolling"
_RAINS_PERIODS = ("DAILY", "THRESHOLD")
_FORMATS = (
    Format("native", lambda keys, _first: keys.get("format") == native.FORMAT, "native.read"),
    Format("Composer", lambda keys, _first: keys.get("step") == "root" and not _is_rains(keys), "composer.read"),
    Format("Composer with colons", lambda keys, _first: ":step" in keys, "encodings.read_colons"),
    Format("Composer transit", lambda keys, first: first == "^ " or "~:step" in keys, "encodings.read_transit"),
    Format("Composer v2", lambda keys, _first: keys.get("type") == "node_root", "score_v2.read", proven=False),
    Format("QuantMage", lambda keys, _first: "incantation" in keys, "quantmage.read", proven=False),
    Format("QuantNexus", lambda keys, _first: _is_quantnexus(keys), "quantnexus.read", proven=False),
    Format("Composer Lisp", lambda _keys, first: first == "defsymphony", "lisp.read"),
)
_REFUSED = {
    "format": "a bot in another format",
    "node_type": "a bot in ExxaHub's format",
    "rebalance": "Rain's JSON for BacktestReport",
    "step": "a part of a Composer file without its root",
}
_READ = f'what is read: our own format ("format": "{native.FORMAT}"), and files of Composer, QuantMage and QuantNexus'


def read(content: bytes, source: str) -> tuple[Chart | None, tuple[Problem, ...]]:
    """The chart in `content`, or None and every problem, each with its place in the document.

    `source` is the name by which the problems call the document.
    """
    value, problems = _value(content, source)
    if problems:
        return None, problems
    found = _format(value)
    if found is None:
        return None, (Problem(source, "", f"looks like {_guessed_kind(value)}; {_READ}"),)
    whole = Element(value, None, [])
    chart = found.read(whole)
    refused = problems_of(whole.refusals, source)
    if refused or chart is None:
        return None, refused
    unproven = () if found.proven else (_UNPROVEN.format(found.name),)
    return chart._replace(approximations=(*unproven, *whole.approximations)), ()


def name_of(content: bytes) -> str | None:
    """The name of `content`'s format, None where it is not supported."""
    value, _ = _value(content, "")
    found = _format(value)
    return found.name if found else None


def _value(content: bytes, source: str) -> tuple[object, tuple[Problem, ...]]:
    """The value in `content`: JSON, EDN, or EDN within a JSON text; as it is or compressed."""
    content, problems = document.unpacked(content, source)
    if problems:
        return None, problems
    if content.lstrip().startswith(b'"'):
        content = _unquoted(content)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = ""  # and `document.parse` says so
    return edn.parse(text, source) if edn.looks_like_edn(text) else document.parse(content, source)


def _unquoted(content: bytes) -> bytes:
    """The text within a JSON text; `content` itself where it is none."""
    try:
        inner = json.loads(content)
    except ValueError:
        return content
    return inner.encode("utf-8", "surrogatepass") if isinstance(inner, str) else content


def _format(value: object) -> Format | None:
    keys = value if isinstance(value, dict) else {}
    first = value[0] if isinstance(value, list) and value else None
    return next((each for each in _FORMATS if each.recognises(keys, first)), None)


def _is_quantnexus(keys: Mapping[str, object]) -> bool:
    saved = keys.get("payload")
    chart = saved if isinstance(saved, dict) else keys
    return chart.get("kind") in _QUANTNEXUS_KINDS


def _is_rains(keys: Mapping[str, object]) -> bool:
    return keys.get("rebalance") in _RAINS_PERIODS


def _guessed_kind(value: object) -> str:
    """A guess at what an unreadable document is, by its outermost keys."""
    if isinstance(value, list):
        return "a list, and a bot is an object in braces"
    return next(
        (name for key, name in _REFUSED.items() if isinstance(value, dict) and key in value), "no format we know"
    )
