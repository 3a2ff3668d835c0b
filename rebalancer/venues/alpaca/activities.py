"""Account activities: executions, deposits and withdrawals."""

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal

from rebalancer.errors import SourceError
from rebalancer.model import NEW_YORK
from rebalancer.venues.alpaca import parse
from rebalancer.venues.alpaca.body import Body, bodies
from rebalancer.venues.alpaca.client import AlpacaClient

PAGE = 100
PAID_IN_OR_OUT = "CSD,CSW,JNLC,ACATC"
"""Activity types: cash deposits, withdrawals, journal entries, and transfers from or to another broker."""
CLOSE = time(16, tzinfo=NEW_YORK)
"""When Alpaca records the equity of an account, on early closes too."""


def activities(client: AlpacaClient, what: str, path: str, after: datetime, **more: str) -> Iterator[Body]:
    """Everything under `path` after `after`, oldest first, page by page. Raises SourceError."""
    query = {**more, "after": after.isoformat(), "direction": "asc", "page_size": str(PAGE)}
    while True:
        page = bodies(what, client.read(path, query))
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1].text("id")
        if query.get("page_token") == last:
            raise SourceError(f"Alpaca's list of {what}s does not come to an end. Look at Alpaca's status page.")
        query["page_token"] = last


class Deposits:
    """Net deposits, read once for each close: money that arrives during a run counts in the next one."""

    def __init__(self, client: AlpacaClient) -> None:
        self._client = client
        self._since: dict[date, Decimal] = {}

    def since(self, day: date) -> Decimal:
        """Dollars deposited since the close of `day`, less withdrawals. Raises SourceError."""
        if day not in self._since:
            after, path = datetime.combine(day, CLOSE), "/account/activities"
            found = activities(self._client, "deposit", path, after, activity_types=PAID_IN_OR_OUT)
            self._since[day] = sum(map(parse.deposit, found), Decimal(0))
        return self._since[day]
