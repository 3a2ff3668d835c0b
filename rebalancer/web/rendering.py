"""The Jinja environment: everything is escaped, whatever a file is called, and a missing value is an error."""

from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rebalancer.model import text

FILTERS = (
    text.money, text.cents, text.close_text, text.percent, text.percentage, text.digits, text.grouped, text.shares,
    text.counted, text.clock_time, text.date_and_time, text.minute, text.city,
)  # fmt: skip


def environment() -> Environment:
    """Filters have the names of the functions in `model/text.py`; `zone` makes a time zone of its name."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update({each.__name__: each for each in FILTERS})
    made.filters["zone"] = _zone
    return made


def _zone(name: str) -> tzinfo:
    return ZoneInfo(name)
