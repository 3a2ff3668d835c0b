"""The two-evening trial: one share is bought on an evening and sold on a later one."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from scripted_sim import Script
from stage import GLD, SPY, Stage, hold, percent, session_of
from two_evening_trial import (
    MOMENTS,
    MONDAY,
    ONE_OF_EACH,
    SCHO,
    TUESDAY,
    USFR,
    WEDNESDAY,
    MarginBroker,
    by_hand,
    call,
    orders,
    two_evening_stage,
)

from rebalancer.app.paper_trial import STABLE_FUNDS
from rebalancer.errors import RunFailedError
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import Limits, Trading, Venue


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return two_evening_stage(tmp_path)


# --------------------------------------------------------------------------------------------- it goes well


def test_a_share_is_bought_on_the_first_evening_and_sold_on_the_second(stage):
    first = call(stage)
    assert first.verdicts == {"bought": "pass", "sold": "warn"}
    assert "Run the same command from 2024-03-05 on" in first.checks["sold"].remedy
    assert stage.shares() == {SCHO: 1}
    second = call(stage.on(TUESDAY))
    assert second.verdicts == {"bought": "pass", "sold": "pass", "sale proceeds": "pass"}
    assert stage.shares() == {}
    assert orders(stage) == ONE_OF_EACH


def test_the_effect_of_each_order_on_each_figure_is_reported(stage):
    assert [shown.moment for shown in call(stage).figures] == MOMENTS[:2]
    figures = call(stage.on(TUESDAY)).figures
    assert [shown.moment for shown in figures] == MOMENTS
    dollars = [str(shown.cash) for shown in figures], [str(shown.long_value) for shown in figures]
    assert dollars == (["100000", "99975.69", "99975.69", "100000.00"], ["0", "24.31", "24.31", "0"])
    assert {shown.buying_power for shown in figures} == {400_000}


def test_a_venue_that_counts_sale_proceeds_the_same_evening_is_detected(stage):
    call(stage)
    found = call(stage.on(TUESDAY)).checks["sale proceeds"].found
    assert "brought 24.31 USD and moved non-marginable buying power by +24.31 USD" in found
    assert "spendable the same evening" in found


def test_a_venue_that_counts_sale_proceeds_once_settled_is_detected(stage):
    class Waiting(MarginBroker):
        def account(self):
            sold = not self.inner.positions()
            return replace(super().account(), spendable=self.inner.account().cash - Decimal("24.31") * sold)

    call(stage)
    check = call(stage.on(TUESDAY), around=Waiting).checks["sale proceeds"]
    assert (check.verdict, "only once they are settled" in check.found) == ("pass", True)


def test_a_figure_changed_by_other_cash_flows_is_inconclusive(stage):
    class Odd(MarginBroker):
        def account(self):
            return replace(super().account(), spendable=Decimal(7) * (not self.inner.positions()))

    call(stage)
    check = call(stage.on(TUESDAY), around=Odd).checks["sale proceeds"]
    assert (check.verdict, "shows neither" in check.found) == ("warn", True)


def test_a_second_call_on_the_same_evening_sends_nothing_and_reports_the_same(stage):
    first, again = call(stage), call(stage)
    assert again.checks == first.checks
    sold, once_more = call(stage.on(TUESDAY)), call(stage)
    assert (once_more.checks, len(once_more.figures)) == (sold.checks, 4)
    assert orders(stage) == ONE_OF_EACH


def test_a_finished_trial_is_followed_by_a_new_one(stage):
    call(stage)
    call(stage.on(TUESDAY))
    assert call(stage.on(WEDNESDAY)).verdicts == {"bought": "pass", "sold": "warn"}
    assert orders(stage) == [*ONE_OF_EACH, ("buy", SCHO, 1)]


# --------------------------------------------------------------------------------------------- which share


def test_only_a_ticker_that_is_not_held_is_chosen(stage):
    by_hand(stage, SCHO, 3)
    call(stage)
    assert stage.shares() == {SCHO: 3, USFR: 1}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"trading": Trading(protected=(GLD,), fallback_ticker=None)}, "GLD is protected"),
        ({"trading": Trading(fallback_ticker=GLD)}, "GLD is named by a bot, a pair or the fallback"),
        ({"trading": Trading(paired_tickers=((SPY, GLD),))}, "GLD is named by a bot, a pair or the fallback"),
        ({"bots": {"A": (hold(GLD), percent("A", 100))}}, "GLD is named by a bot, a pair or the fallback"),
        ({"limits": Limits(denied=(GLD,))}, "GLD is denied"),
        ({"script": Script(untradable={GLD: "halted"})}, "GLD can't be traded: halted"),
    ],
)
def test_a_ticker_in_use_is_refused_with_the_reason(stage, change, why):
    for name, value in change.items():
        setattr(stage, name, value)
    with pytest.raises(RunFailedError, match=why):
        call(stage, GLD)
    assert orders(stage) == []


def test_a_held_ticker_is_refused(stage):
    by_hand(stage, GLD, 1)
    with pytest.raises(RunFailedError, match=r"GLD is held: 1 share.* Name another ticker"):
        call(stage, GLD)


def test_if_every_ticker_is_in_use_nothing_is_bought_and_each_is_reported(stage):
    for symbol in (SCHO, USFR):
        del stage.market.prices[symbol]
    with pytest.raises(RunFailedError, match="SGOV is named by a bot") as raised:
        call(stage)
    assert all(str(symbol) in str(raised.value) for symbol in STABLE_FUNDS)


def test_a_named_share_is_bought_and_another_name_does_not_sell_it(stage):
    call(stage, GLD)
    with pytest.raises(RunFailedError, match="the trial holds 1 GLD, and sells that before it buys SCHO"):
        call(stage.on(TUESDAY), SCHO)
    assert call(stage).verdicts["sold"] == "pass"


# --------------------------------------------------------------------------------------------- a holding of the user


def test_a_position_larger_than_the_trials_is_refused_until_restored(stage):
    call(stage)
    by_hand(stage.on(TUESDAY), SCHO, 2)
    for _ in range(2):
        with pytest.raises(RunFailedError, match="holds 3 shares of SCHO, and the trial bought 1"):
            call(stage)
    by_hand(stage, SCHO, -2)
    assert call(stage).verdicts["sold"] == "pass"
    assert stage.shares() == {}


def test_a_share_sold_by_another_sender_ends_the_trial(stage):
    call(stage)
    by_hand(stage.on(TUESDAY), SCHO, -1)
    with pytest.raises(RunFailedError, match="this trial is over"):
        call(stage)
    by_hand(stage, SCHO, 5)
    call(stage)
    assert stage.shares() == {SCHO: 5, USFR: 1}


# --------------------------------------------------------------------------------------------- it is refused


def test_real_money_is_refused(stage):
    class RealMoneyMarginBroker(MarginBroker):
        @property
        def venue(self) -> Venue:
            return Venue("Alpaca", simulated=False)

    with pytest.raises(RunFailedError, match="no paper account"):
        call(stage, around=RealMoneyMarginBroker)
    assert orders(stage) == []


def test_a_closed_exchange_is_refused(stage):
    stage.clock = SimulatedClock(session_of(MONDAY).closes + timedelta(hours=1))
    stage.market.clock = stage.clock
    with pytest.raises(RunFailedError, match="Nothing was sent"):
        call(stage)
    assert orders(stage) == []
