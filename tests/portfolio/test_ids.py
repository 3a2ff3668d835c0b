"""Whose an order is, by the whole form of its id."""

from datetime import date

import pytest

from rebalancer.model import Symbol
from rebalancer.portfolio.ids import is_of_a_run, is_ours
from rebalancer.portfolio.trades import TRIAL_PREFIX, order_id

OF_A_RUN = order_id("demo", date(2016, 7, 1), 1, "buys", Symbol("SPY"), "buy")
OF_A_TRIAL = TRIAL_PREFIX + "ABCDEFGHIJ234"


def test_an_id_that_a_run_gives_is_ours():
    assert (is_of_a_run(OF_A_RUN), is_ours(OF_A_RUN)) == (True, True)


def test_an_id_that_a_trial_gives_is_ours_and_no_runs():
    assert (is_of_a_run(OF_A_TRIAL), is_ours(OF_A_TRIAL)) == (False, True)


@pytest.mark.parametrize(
    "other",
    [
        "",
        "rb",
        "rbob-holiday-bid-1",
        "rbtrial",
        OF_A_RUN[:-1],
        OF_A_RUN + "A",
        OF_A_RUN + "\n",
        OF_A_RUN.lower(),
        OF_A_RUN.removeprefix("rb") + "AA",
        f"{OF_A_RUN[:-1]}1",
        OF_A_TRIAL[:-1],
        OF_A_TRIAL + "A",
    ],
)
def test_an_id_of_any_other_form_is_not_ours_however_it_begins(other):
    assert not is_ours(other)
