"""Cells of tables about runs: start times, the day's gain, and the status in its color."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from rich.text import Text

from rebalancer.app.status_views import UpcomingRun
from rebalancer.journal.read import RunSummary
from rebalancer.model.text import city, minute, signed_cents, signed_percentage
from rebalancer.report.console import STYLES, line


def start_times(run: UpcomingRun) -> tuple[str, str]:
    """In the exchange's time zone, and in this machine's."""
    return minute(run.starts, ZoneInfo(run.zone)), minute(run.starts, None)


def exchange_city(zones: Iterable[str]) -> str:
    """The city of `zones` for a column heading; "at the exchange" if they differ."""
    cities = {city(ZoneInfo(zone)) for zone in zones}
    return cities.pop() if len(cities) == 1 else "at the exchange"


def day_gain(run: RunSummary) -> str:
    """As in "+12.30 (+0.41 %)"; "" where the account was not read."""
    if run.equity is None:
        return ""
    if run.gain is None:
        return "first day"
    before = run.equity - run.gain
    return signed_cents(run.gain) + (f" ({signed_percentage(run.gain / before)})" if before > 0 else "")


def status_text(run: RunSummary) -> Text:
    return line(run.status, STYLES.get(run.status, ""))
