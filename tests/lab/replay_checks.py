"""P1: a plan comes out again, byte for byte, from what its run hands over to be kept."""

import json
import sqlite3
from collections.abc import Mapping
from hashlib import sha256

from lab.order_checks import Violation
from rebalancer.bots.base import Bot
from rebalancer.events import Event
from rebalancer.journal.close_blocks import get_closes, put_closes
from rebalancer.journal.codec import canonical, from_body, from_columns, plain, to_body
from rebalancer.journal.plans import DECIDED
from rebalancer.model import Closes
from rebalancer.portfolio.plan_inputs import PlanInputs, planned_again


def require_same_plan(
    connection: sqlite3.Connection, bots: Mapping[str, Bot], inputs: PlanInputs, closes: Closes
) -> None:
    """The plan is the last one in the journal."""
    recorded = _recorded(connection)
    kept = from_columns(PlanInputs, json.loads(canonical(plain(inputs))))
    again = [*planned_again(kept, _kept(closes), bots, [event.at for event in recorded])]
    if [*map(to_body, again)] != [*map(to_body, recorded)]:
        raise Violation("P1: the plan comes out otherwise from what was kept")


def _recorded(connection: sqlite3.Connection) -> list[Event]:
    rows = connection.execute(
        f"SELECT kind, body FROM events WHERE kind IN ({', '.join('?' * len(DECIDED))})"
        " AND run = (SELECT run FROM events WHERE kind = 'PlanMade' ORDER BY seq DESC LIMIT 1) ORDER BY seq",
        DECIDED,
    )
    return [from_body(kind, body) for kind, body in rows]


def _kept(closes: Closes) -> Closes:
    blocks: dict[str, bytes] = {}

    def put(content: bytes) -> str:
        name = sha256(content).hexdigest()
        blocks[name] = content
        return name

    return get_closes(put_closes(closes, put), blocks.__getitem__)
