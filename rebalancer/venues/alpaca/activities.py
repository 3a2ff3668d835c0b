"""What has happened in an account, by Alpaca's own list: executions, and money that was paid in or taken out."""

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal

from rebalancer.errors import SourceError
from rebalancer.model import NEW_YORK
from rebalancer.venues.alpaca import parse
from rebalancer.venues.alpaca.body import Body, bodies
from rebalancer.venues.alpaca.client import Alpaca

PAGE = 100
PAID_IN_OR_OUT = "CSD,CSW,JNLC,ACATC"
"""Cash that was deposited, withdrawn, journalled between accounts, and moved from or to another broker."""
CLOSE = time(16, tzinfo=NEW_YORK)
"""When Alpaca takes down what an account is worth, also on a day that closes early."""


def activities(client: Alpaca, what: str, path: str, after: datetime, **more: str) -> Iterator[Body]:
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
    """Read once for each close: what comes in during a run is for the next one to see."""

    def __init__(self, client: Alpaca) -> None:
        self._client = client
        self._since: dict[date, Decimal] = {}

    def since(self, day: date) -> Decimal:
        """Dollars that were paid in since the close of `day`, less what was taken out. Raises SourceError."""
        if day not in self._since:
            after, path = datetime.combine(day, CLOSE), "/account/activities"
            found = activities(self._client, "deposit", path, after, activity_types=PAID_IN_OR_OUT)
            self._since[day] = sum(map(parse.deposit, found), Decimal(0))
        return self._since[day]
