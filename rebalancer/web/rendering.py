"""The Jinja environment: everything is escaped, whatever a file is called, and a missing value is an error."""

import re
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from rebalancer.errors import visible
from rebalancer.model import text

FILTERS = (
    text.money, text.cents, text.signed_cents, text.close_text, text.price_text, text.percent, text.percentage,
    text.signed_percentage, text.digits, text.grouped, text.shares, text.counted, text.clock_time, text.date_and_time,
    text.minute, text.city,
)  # fmt: skip


def environment() -> Environment:
    """Filters have the names of the functions in `model/text.py`. `zone` makes a time zone of its name, `until` says
    how far ahead a time is, `drawn` lets an SVG of ours through, `with_code` shows commands as such.
    """
    made = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_obeyed_by_no_screen,
    )
    made.filters.update({each.__name__: each for each in FILTERS})
    made.filters.update({"zone": _zone, "until": text.until, "drawn": Markup})
    made.filters["with_code"] = with_code
    return made


def _zone(name: str) -> tzinfo:
    return ZoneInfo(name)


def _obeyed_by_no_screen(value: object) -> object:
    """A name in another's file can't turn the text around it."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def with_code(sentence: object) -> Markup:
    """A sentence, or a problem, with what stands between backticks as code."""
    shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(visible(str(sentence)))))
    return Markup(shown)  # noqa: S704 - escaped before
