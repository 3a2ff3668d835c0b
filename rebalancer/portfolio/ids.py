"""Which orders of an account are this program's, by the whole form of their ids.

Another program's id may begin as ours do. No version has given ids of another form than these two.
"""

import re

from rebalancer.portfolio.trades import ORDER_PREFIX, TRIAL_PREFIX

OF_A_RUN = re.compile(f"{ORDER_PREFIX}[A-Z2-7]{{18}}")
OF_A_TRIAL = re.compile(f"{TRIAL_PREFIX}[A-Z2-7]{{13}}")


def is_ours(order_id: str) -> bool:
    """Whether a run gave the id. An order of a trial is not ours: what it buys is not the bots' either."""
    return OF_A_RUN.fullmatch(order_id) is not None


def is_trials(order_id: str) -> bool:
    """Whether the doctor's trial on paper gave the id."""
    return OF_A_TRIAL.fullmatch(order_id) is not None
