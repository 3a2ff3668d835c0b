"""Lines of a log: what the schedule and its runs found, each with the account, the session and the run it is about."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from rebalancer.app.status_views import UpcomingRun
from rebalancer.app.views import Blocked, PollFailed, RunResult
from rebalancer.errors import visible
from rebalancer.journal.read import OrderSummary, RunRecord
from rebalancer.model.text import date_and_time, grouped, price_text
from rebalancer.report.run import currency_of

NONE = "-"
DRY_RUN = "DRY RUN, nothing was sent: "
LEVELS: Mapping[str, int] = {
    "note": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "success": logging.INFO,
    "skipped": logging.INFO,
    "partial": logging.WARNING,
}
"""By level of a remark and by status of a run; every other status is an error."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """`level` is one of `logging`. Where a line is about no account, session or run, there is NONE in its place."""

    level: int
    text: str
    account: str = NONE
    session: date | None = None
    run: int | None = None

    def __str__(self) -> str:
        session, run = (NONE if each is None else each for each in (self.session, self.run))
        return visible(f"account={self.account} session={session} run={run} {self.text}")


def log_lines(found: RunResult | UpcomingRun | Blocked | PollFailed) -> Iterator[LogLine]:
    """What a look of the schedule, or a run by hand, found."""
    match found:
        case RunResult():
            yield from _of_result(found)
        case UpcomingRun():
            starts = date_and_time(found.starts, ZoneInfo(found.zone))
            yield LogLine(logging.INFO, f"next run: {starts}", found.account, found.session)
        case Blocked():
            account, _, why = found.blocked.partition(": ")
            yield LogLine(logging.WARNING, f"no orders are sent: {why}", account)
        case PollFailed():
            yield LogLine(logging.ERROR, found.error)


def _of_result(found: RunResult) -> Iterator[LogLine]:
    if found.run:
        yield from _of_run(found.run)
    run = found.run.run if found.run else None
    level = LEVELS.get(found.status, logging.ERROR)
    text = f"{DRY_RUN if run and run.dry_run else ''}{found.status}: {found.sentence}"
    yield LogLine(level, text, found.account, run.session if run else None, run.id if run else None)


def _of_run(record: RunRecord) -> Iterator[LogLine]:
    run = record.run
    dry = DRY_RUN if run.dry_run else ""
    for order in record.orders:
        yield LogLine(logging.INFO, f"{dry}{_order_text(order, currency_of(record))}", run.account, run.session, run.id)
    for remark in record.remarks:
        yield LogLine(LEVELS[remark.level], f"{remark.level}: {remark.text}", run.account, run.session, run.id)


def _order_text(order: OrderSummary, currency: str) -> str:
    """As in "order rb-1: sell 5 SPY, filled, 5 of 5 filled at 207.67 USD"."""
    price = f" at {price_text(order.average_price)} {currency}" if order.average_price is not None else ""
    done = f"{grouped(order.filled)} of {grouped(order.quantity)} filled{price}"
    return f"order {order.id}: {order.side} {grouped(order.quantity)} {order.symbol}, {order.state}, {done}"
