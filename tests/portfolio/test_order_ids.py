"""The sender of an order is recognised by the full format of its id."""

from datetime import date

import pytest

from rebalancer.model import Symbol
from rebalancer.portfolio.order_ids import TRIAL_PREFIX, is_ours, is_trial_order, order_id

OF_A_RUN = order_id("demo", date(2016, 7, 1), 1, "buys", Symbol("SPY"), "buy")
OF_A_TRIAL = TRIAL_PREFIX + "ABCDEFGHIJ234"


def test_an_id_that_a_run_gives_is_ours():
    assert (is_ours(OF_A_RUN), is_trial_order(OF_A_RUN)) == (True, False)


def test_an_id_that_a_trial_gives_is_the_trials_and_not_ours():
    assert (is_ours(OF_A_TRIAL), is_trial_order(OF_A_TRIAL)) == (False, True)


@pytest.mark.parametrize(
    "other",
    [
        "",
        "rb",
        "rbob-holiday-bid-1",
        "rbtrial",
        OF_A_RUN[:-1],
        f"{OF_A_RUN}A",
        f"{OF_A_RUN}\n",
        OF_A_RUN.lower(),
        f"AA{OF_A_RUN[2:]}",
        f"{OF_A_RUN[:-1]}1",
        OF_A_TRIAL[:-1],
        f"{OF_A_TRIAL}A",
    ],
)
def test_an_id_of_any_other_form_is_neither_whatever_its_prefix(other):
    assert (is_ours(other), is_trial_order(other)) == (False, False)
