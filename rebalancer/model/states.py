"""State machines of orders and runs: every allowed transition. Any other is a bug, and stops the run."""

from collections.abc import Mapping
from typing import Literal

OrderPhase = Literal[
    "intended", "accepted", "unknown", "absent", "lost", "refused", "open", "filled", "canceled", "expired", "rejected"
]
"""The state of one of our orders by the journal.

intended  journalled before sending: it may be in flight
accepted  acknowledged by the broker
unknown   no clear answer: it may or may not be at the broker
absent    not listed by the broker twice after the venue's quiet seconds
lost      absent, and not resent or the resend was refused; looked up again at every later start
refused   refused by the broker, or never sent
open, filled, canceled, expired, rejected    as reported by the broker
"""
RunStep = Literal[
    "claimed", "surveyed", "decided", "planned", "selling", "sold", "buying", "settled", "taken up", "ended"
]
"""The progress of a run. "sold": every sell is terminal and the account was read again; "taken up": resumed."""

OVER: frozenset[OrderPhase] = frozenset({"filled", "canceled", "expired", "rejected"})
SHOWN: frozenset[OrderPhase] = frozenset({"open", *OVER})
"""States that a broker reports, also for an order that counted as lost."""
IN_DOUBT: frozenset[OrderPhase] = frozenset({"intended", "unknown", "absent", "lost"})
"""Orders with unknown outcome; treated as fully filled until reconciled."""

ORDER_MOVES: Mapping[OrderPhase, frozenset[OrderPhase]] = {
    "intended": frozenset({"accepted", "unknown", "refused", "absent", "lost", *SHOWN}),
    "accepted": SHOWN,
    "unknown": frozenset({"absent", *SHOWN}),
    "absent": frozenset({"intended", "lost", *SHOWN}),
    "lost": SHOWN,
    "refused": SHOWN,
    "open": SHOWN,
    "filled": frozenset(),
    "canceled": frozenset({"filled"}),  # a fill wins over a cancel, in whichever order they are reported
    "expired": frozenset(),
    "rejected": frozenset(),
}
RUN_MOVES: Mapping[RunStep, frozenset[RunStep]] = {
    "claimed": frozenset({"surveyed", "taken up", "ended"}),
    "surveyed": frozenset({"decided", "taken up", "ended"}),
    "decided": frozenset({"planned", "taken up", "ended"}),
    "planned": frozenset({"selling", "sold", "settled", "taken up", "ended"}),
    "selling": frozenset({"selling", "sold", "settled", "taken up", "ended"}),
    "sold": frozenset({"sold", "buying", "settled", "taken up", "ended"}),
    "buying": frozenset({"buying", "sold", "settled", "taken up", "ended"}),
    "settled": frozenset({"taken up", "ended"}),
    "taken up": frozenset({"selling", "sold", "settled", "taken up", "ended"}),
    "ended": frozenset(),
}


def may_become(before: OrderPhase, after: OrderPhase) -> bool:
    """Whether an order may move from `before` to `after`; staying in a state is always allowed."""
    return after == before or after in ORDER_MOVES[before]


def may_step(before: RunStep, after: RunStep) -> bool:
    return after in RUN_MOVES[before]
