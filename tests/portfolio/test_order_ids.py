"""The id of an order: a function of what it is for, by the full format of which its sender is recognised."""

from datetime import date
from decimal import Decimal

import pytest

from rebalancer.model import Order, Symbol
from rebalancer.portfolio.order_ids import TRIAL_PREFIX, another_attempt, is_ours, is_trial_order, order_id

TONIGHT = date(2016, 12, 30)
SPY, TLT = Symbol("SPY"), Symbol("TLT")
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


def test_an_order_id_never_changes_between_versions():
    assert order_id("demo", TONIGHT, 1, "sells", SPY, "sell") == "rb2QXOVR4ZCSWSZIC5WC"


def test_an_order_id_differs_with_every_part_and_fits_every_broker():
    parts = ("demo", TONIGHT, 1, "sells", SPY, "sell", 1)
    others = ("live", date(2016, 12, 29), 2, "buys", TLT, "buy", 2)
    changed = [(*parts[:n], other, *parts[n + 1 :]) for n, other in enumerate(others)]

    ids = {order_id(*parts), *(order_id(*parts) for parts in changed)}

    assert len(ids) == 8
    assert all(len(name) == 20 and name.startswith("rb") and name.isalnum() for name in ids)


@pytest.mark.parametrize(("side", "leg"), [("sell", "sells"), ("buy", "buys")])
def test_a_second_attempt_is_the_same_order_under_the_id_of_its_own_attempt(side, leg):
    first = Order(order_id("demo", TONIGHT, 3, leg, SPY, side), SPY, side, Decimal(7), "limit", Decimal(101), "why")
    again = another_attempt(first, "demo", TONIGHT, 3, 2)
    assert again == Order(order_id("demo", TONIGHT, 3, leg, SPY, side, 2), *list(_parts(first))[1:])
    assert again.id != first.id


def _parts(order):
    return (order.id, order.symbol, order.side, order.quantity, order.kind, order.limit, order.why)
