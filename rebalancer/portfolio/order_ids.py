"""Order ids: how they are built, and how this program's orders are recognised by the full format of their ids.

Another program's ids may share our prefix. Every version has used one of these two formats.
"""

import re
from base64 import b32encode
from dataclasses import replace
from datetime import date
from hashlib import sha256

from rebalancer.model import Order, OrderId, Side, Symbol

RUN_PREFIX = "rb"
TRIAL_PREFIX = "rbtrial"
"""In lower case, so that no id of a run begins with it: what follows RUN_PREFIX is in capitals."""
RUN_ID = re.compile(f"{RUN_PREFIX}[A-Z2-7]{{18}}")
TRIAL_ID = re.compile(f"{TRIAL_PREFIX}[A-Z2-7]{{13}}")


def order_id(
    account: str, session: date, run_number: int, leg: str, symbol: Symbol, side: Side, attempt: int = 1
) -> OrderId:
    """Deterministic: the same order of the same run always gets the same id. 20 characters, the limit of the strictest
    broker.
    """
    parts = (account, session.isoformat(), str(run_number), leg, symbol, side, str(attempt))
    return OrderId(RUN_PREFIX + b32encode(sha256("|".join(parts).encode()).digest()).decode()[:18])


def another_attempt(order: Order, account: str, session: date, run_number: int, attempt: int) -> Order:
    """`order` under a new id: only once the broker has refused every earlier attempt."""
    leg = "sells" if order.side == "sell" else "buys"
    return replace(order, id=order_id(account, session, run_number, leg, order.symbol, order.side, attempt))


def is_ours(order_id: str) -> bool:
    """Whether a run generated the id. Orders of a trial are not ours: what they buy does not belong to the bots."""
    return RUN_ID.fullmatch(order_id) is not None


def is_trial_order(order_id: str) -> bool:
    """Whether the doctor's paper trial generated the id."""
    return TRIAL_ID.fullmatch(order_id) is not None
