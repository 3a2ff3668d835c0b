"""What may follow what in the life of an order and of a run. Whatever is not named here must never happen."""

from collections.abc import Mapping
from typing import Literal

OrderPhase = Literal[
    "intended", "accepted", "unknown", "absent", "lost", "refused", "open", "filled", "canceled", "expired", "rejected"
]
"""Where an order of ours stands by the journal.

intended  written down: it may be on its way
accepted  the broker took it
unknown   no clear answer came: it may stand at the broker or not
absent    looked for twice after the venue's quiet time, and not there
lost      absent, and not sent again or not taken then: it is looked for at every later start
refused   the broker said no, or it never left
open, filled, canceled, expired, rejected    as the broker showed it
"""
RunStep = Literal[
    "claimed", "surveyed", "decided", "planned", "selling", "sold", "buying", "settled", "taken up", "ended"
]
"""How far a run has come. `sold`: every sell is over and the account was read again; `taken up`: it was cut off."""

OVER: frozenset[OrderPhase] = frozenset({"filled", "canceled", "expired", "rejected"})
SHOWN: frozenset[OrderPhase] = frozenset({"open", *OVER})
"""What a broker can show, also of an order that was thought to be lost."""
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
    "canceled": frozenset({"filled"}),  # a fill beats a cancel, whichever is told first
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
    """Whether an order may go on from `before` to `after`; staying where it is is no step."""
    return after == before or after in ORDER_MOVES[before]


def may_step(before: RunStep, after: RunStep) -> bool:
    return after in RUN_MOVES[before]
