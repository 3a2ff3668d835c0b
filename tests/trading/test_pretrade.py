"""An order that contradicts the journal stops the run before it is sent."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import get_args

import pytest

from rebalancer.errors import StoppedError
from rebalancer.model import Order, OrderId, OrderPhase, RunId, Side, Symbol
from rebalancer.model.states import IN_DOUBT
from rebalancer.ports import OrderRecord
from rebalancer.trading.pretrade import require_consistent, require_journalled

SPY, GLD = Symbol("SPY"), Symbol("GLD")
PHASES: tuple[OrderPhase, ...] = get_args(OrderPhase)
ALIVE = {"intended", "accepted", "unknown", "absent", "open"}


def order(name: str, side: Side, symbol: Symbol = SPY) -> Order:
    return Order(OrderId(name), symbol, side, Decimal(10), "market", None, "a test")


def left(sent: Order, phase: OrderPhase, filled: str = "0") -> OrderRecord:
    at = datetime(2024, 3, 4, 20, 50, tzinfo=UTC)
    return OrderRecord(sent, RunId(1), date(2024, 3, 4), phase, at, 1, Decimal(filled), None, "")


def stops(new: Order, *sent: OrderRecord) -> bool:
    try:
        require_consistent(new, sent)
    except StoppedError:
        return True
    return False


def test_the_first_order_of_a_run_is_consistent():
    require_consistent(order("rb1", "sell"), [])


def test_a_buy_needs_the_end_of_every_sell():
    buy = order("rb2", "buy", GLD)
    assert {phase for phase in PHASES if stops(buy, left(order("rb1", "sell"), phase))} == ALIVE


def test_a_sell_does_not_wait_for_other_sells():
    assert not any(stops(order("rb2", "sell", GLD), left(order("rb1", "sell"), phase)) for phase in PHASES)


@pytest.mark.parametrize("side", ["sell", "buy"])
def test_no_symbol_has_two_open_orders_of_one_side(side):
    second = order("rb2", side)
    assert {phase for phase in PHASES if stops(second, left(order("rb1", side), phase))} == {*ALIVE, "lost"}


def test_the_resend_of_an_order_is_not_a_second_order():
    again = order("rb1", "sell")
    require_consistent(again, [left(again, "absent")])


def test_no_order_is_sent_after_one_that_filled_beyond_its_quantity():
    earlier = order("rb1", "sell", GLD)
    require_consistent(order("rb2", "sell"), [left(earlier, "filled", "10")])
    with pytest.raises(StoppedError, match=r"the sell of 10 GLD \(rb1\) has 10.001 filled, of 10"):
        require_consistent(order("rb2", "sell"), [left(earlier, "filled", "10.001")])


def test_the_error_names_both_orders():
    with pytest.raises(StoppedError) as stopped:
        require_consistent(order("rb2", "buy", GLD), [left(order("rb1", "sell"), "open")])
    assert str(stopped.value) == (
        "the buy of 10 GLD (rb2) was about to leave, but the sell of 10 SPY (rb1) is open, and buys wait for the end "
        "of every sell. This must never happen, and it was not sent: look at the account, and please report it with "
        "the journal of this run."
    )


def test_an_order_is_sent_only_as_journalled():
    leaving = order("rb1", "sell")
    require_journalled(leaving, [left(order("rb0", "sell", GLD), "filled"), left(leaving, "intended")])


@pytest.mark.parametrize("phase", [phase for phase in PHASES if phase != "intended"])
def test_an_order_that_is_not_intended_by_the_journal_is_not_sent(phase):
    with pytest.raises(StoppedError, match=r"but the journal does not have it as it is\. This"):
        require_journalled(order("rb1", "sell"), [left(order("rb1", "sell"), phase)])


@pytest.mark.parametrize("change", [{"quantity": Decimal(11)}, {"side": "buy"}, {"limit": Decimal(1)}, {"symbol": GLD}])
def test_an_order_that_was_journalled_with_other_parameters_is_not_sent(change):
    with pytest.raises(StoppedError, match=r"but the journal does not have it as it is\. This"):
        require_journalled(replace(order("rb1", "sell"), **change), [left(order("rb1", "sell"), "intended")])


def test_an_order_that_was_never_journalled_is_not_sent():
    with pytest.raises(StoppedError, match=r"but the journal does not have it as it is\. This"):
        require_journalled(order("rb1", "sell"), [left(order("rb0", "sell"), "intended")])


def test_orders_with_unknown_outcome_are_in_doubt():
    sure = {phase for phase in PHASES if phase not in IN_DOUBT}
    assert sure == {"accepted", "refused", "open", "filled", "canceled", "expired", "rejected"}
