"""The kill switch cancels open orders at the broker, at any hour."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from rebalancer.app.controls import cancel_all
from rebalancer.errors import RunFailedError, SourceError
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import Account, OrderId, OrderState, Symbol
from rebalancer.portfolio.order_ids import TRIAL_PREFIX
from rebalancer.trading.tracking import CANCEL_SECONDS

NIGHT = datetime(2024, 3, 4, 3, 0, tzinfo=UTC)
SPY = Symbol("SPY")
QUIET = 30


def order(order_id: str, filled: int = 0) -> OrderState:
    return OrderState(OrderId(order_id), SPY, "buy", Decimal(5), "market", None, "open", Decimal(filled), None)


OURS, ALSO_OURS = order("rb" + "A" * 18), order("rb" + "B" * 18, filled=2)
THEIRS = order("rbob-holiday-bid-1")


@dataclass
class SlowVenue:
    """Cancels take `seconds`; an order in `late` shows up so many seconds after the first poll."""

    clock: SimulatedClock
    standing: list[OrderState]
    seconds: float = 1.0
    late: dict[float, OrderState] = field(default_factory=dict)
    gone_at: dict[OrderId, datetime] = field(default_factory=dict)
    silent: bool = False
    asked: list[OrderId] = field(default_factory=list)

    def account(self) -> Account:
        return Account("PA1", Decimal(1), Decimal(1), Decimal(1), self.clock.now())

    def open_orders(self) -> tuple[OrderState, ...]:
        if self.silent:
            raise SourceError("the broker did not answer")
        now = self.clock.now()
        arrived = [state for after, state in self.late.items() if now >= NIGHT + timedelta(seconds=after)]
        return tuple(state for state in (*self.standing, *arrived) if now < self.gone_at.get(state.id, now + QUARTER))

    def cancel(self, order_id: OrderId) -> None:
        self.asked.append(order_id)
        self.gone_at.setdefault(order_id, self.clock.now() + timedelta(seconds=self.seconds))


QUARTER = timedelta(minutes=15)


def venue(*standing: OrderState, **fields: object) -> SlowVenue:
    return SlowVenue(SimulatedClock(NIGHT), list(standing), **fields)


def killed(at: SlowVenue, **asked: object) -> tuple[tuple[OrderState, ...], ...]:
    return cancel_all(at, at.clock, **asked)


def test_without_open_orders_nothing_is_cancelled_or_awaited() -> None:
    here = venue()
    assert killed(here) == ((), ())
    assert (here.asked, here.clock.now()) == ([], NIGHT)


def test_our_orders_are_cancelled_and_those_of_other_senders_stay_open() -> None:
    here = venue(OURS, THEIRS, ALSO_OURS)
    assert killed(here) == ((OURS, ALSO_OURS), ())
    assert set(here.asked) == {OURS.id, ALSO_OURS.id}


def test_orders_of_a_paper_trial_are_cancelled_too() -> None:
    trials = order(f"{TRIAL_PREFIX}AAAAAAAAAAAAA")
    assert killed(venue(trials, THEIRS)) == ((trials,), ())


def test_on_request_external_orders_are_cancelled_too() -> None:
    assert killed(venue(OURS, THEIRS), everyones=True) == ((OURS, THEIRS), ())


def test_a_slow_cancel_is_awaited() -> None:
    assert killed(venue(OURS, seconds=CANCEL_SECONDS - 1)) == ((OURS,), ())


def test_an_order_that_stays_open_is_reported_after_a_timeout() -> None:
    here = venue(OURS, ALSO_OURS, seconds=900)
    here.gone_at[ALSO_OURS.id] = NIGHT + timedelta(seconds=1)
    assert killed(here) == ((OURS, ALSO_OURS), (OURS,))
    assert here.clock.now() - NIGHT < timedelta(seconds=2 * CANCEL_SECONDS)


def test_a_lost_cancel_request_is_repeated() -> None:
    here = venue(OURS, seconds=5)
    killed(here)
    assert len(here.asked) > 1


@pytest.mark.parametrize("after", [1, 10, QUIET])
def test_an_order_in_flight_during_a_run_is_cancelled_when_it_arrives(after: float) -> None:
    assert killed(venue(late={after: OURS}), watch=QUIET) == ((OURS,), ())


def test_another_account_than_the_pinned_one_is_not_touched() -> None:
    here = venue(OURS)
    with pytest.raises(RunFailedError, match="these keys are of account PA1, but account_number is PA2"):
        killed(here, pinned="PA2")
    assert here.asked == []
    assert killed(here, pinned="PA1") == ((OURS,), ())


def test_an_unanswered_read_is_not_taken_for_no_open_orders() -> None:
    with pytest.raises(SourceError):
        killed(venue(OURS, silent=True))
