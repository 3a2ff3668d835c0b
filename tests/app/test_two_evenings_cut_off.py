"""The two-evening trial with runs between its evenings, after a crash, and after a refused sell."""

from collections.abc import Callable
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fakes import FailingProxy, PowerCut
from scripted_sim import Script, ScriptedFault
from stage import DAYS, GLD, SPY, TLT, Stage, mix, percent, session_of
from two_evening_trial import (
    MOMENTS,
    MONDAY,
    ONE_OF_EACH,
    SCHO,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    MarginBroker,
    by_hand,
    call,
    orders,
    power_cut_after_submit,
    two_evening_stage,
)

from rebalancer.errors import RunFailedError, SourceError, StoppedError
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import Limits, Trading
from rebalancer.portfolio.order_ids import is_trial_order


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return two_evening_stage(tmp_path)


# --------------------------------------------------------------------------------------------- the evening between


@pytest.mark.parametrize("trial_first", [True, False])
def test_a_trial_does_not_change_the_trades_of_the_runs_around_it(stage, trial_first):
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        stage.on(day)
        steps = [lambda: call(stage), stage.run] if day != WEDNESDAY else [stage.run]
        for step in steps if trial_first else reversed(steps):
            step()
        assert stage.record().run.status == "success"
        assert {order.symbol for order in stage.record().orders} <= {SPY, TLT}
    assert set(stage.shares()) == {SPY, TLT}
    assert orders(stage) == ONE_OF_EACH


def test_a_trial_buys_nothing_if_the_bots_manage_the_whole_account(stage):
    stage.trading = Trading(manage="account")
    with pytest.raises(RunFailedError, match='set manage = "own"'):
        call(stage)
    assert orders(stage) == []


def test_a_run_neither_cancels_nor_counts_the_open_order_of_an_interrupted_trial(stage):
    stage.script = Script({("buy", SCHO): ScriptedFault(waits=60, cancel="beaten")})
    with pytest.raises(PowerCut):
        call(stage, around=power_cut_after_submit)
    stage.run()
    with SqliteJournal.open(stage.journal_file) as journal:
        assert SCHO not in journal.ledger("demo").ours
    assert call(stage).verdicts == {"bought": "pass", "sold": "warn"}
    stage.on(TUESDAY).run()
    assert call(stage).verdicts["sold"] == "pass"
    assert orders(stage) == ONE_OF_EACH


# --------------------------------------------------------------------------------------------- it goes wrong


DEEDS = frozenset({"submit", "record"})
"""A death at anything else comes to the same as one after the deed before it."""


def dies_before(_name: str, _: Callable[[], Any]) -> Any:
    raise PowerCut


def dies_after(_name: str, whole: Callable[[], Any]) -> Any:
    whole()
    raise PowerCut


def over_evenings(stage: Stage, dies: Callable[..., Any], nth: int) -> bool:
    """The trial to its end, one call an evening after another; the process dies once, with its `nth` step.

    Whether there was such a step.
    """
    steps: list[str] = []
    for day in DAYS:
        stage.on(day)
        for _ in range(2):
            try:
                answer = call(
                    stage,
                    around=lambda inner: FailingProxy(MarginBroker(inner), nth, dies, DEEDS, steps),
                    journal_proxy=lambda books: FailingProxy(books, nth, dies, DEEDS, steps),
                )
            except PowerCut:
                continue
            if answer.verdicts.get("sold") == "pass":
                return len(steps) >= nth
    pytest.fail(f"the trial did not end, after {len(steps)} steps")


@pytest.mark.parametrize("dies", [dies_before, dies_after])
def test_a_trial_interrupted_at_any_step_resumes_and_buys_and_sells_one_share(tmp_path, dies):
    for nth in count(1):
        stage = Stage(tmp_path / f"{nth}", {"A": (mix(SPY=60), percent("A", 100))})
        stage.folder.mkdir()
        stage.market.prices |= {SCHO: Decimal("24.31")}
        by_hand(stage, GLD, 7)
        died = over_evenings(stage, dies, nth)
        assert (orders(stage), stage.shares()) == (ONE_OF_EACH, {GLD: 7}), f"step {nth}"
        if not died:
            assert nth > 15
            return


def test_the_open_order_of_an_interrupted_trial_is_tracked_and_not_resent(stage):
    stage.script = Script({("buy", SCHO): ScriptedFault(waits=4)})
    with pytest.raises(PowerCut):
        call(stage, around=power_cut_after_submit)
    assert call(stage).verdicts == {"bought": "pass", "sold": "warn"}
    assert orders(stage) == ONE_OF_EACH[:1]


def test_the_sale_of_an_interrupted_trial_is_reported_before_another_trial_begins(stage):
    call(stage)
    with pytest.raises(PowerCut):
        call(stage.on(TUESDAY), around=power_cut_after_submit)
    answer = call(stage.on(WEDNESDAY))
    assert answer.verdicts == {"bought": "pass", "sold": "pass", "sale proceeds": "warn"}
    assert [shown.moment for shown in answer.figures] == MOMENTS[:3]
    assert orders(stage) == ONE_OF_EACH
    assert call(stage.on(THURSDAY)).verdicts == {"bought": "pass", "sold": "warn"}


def test_if_the_broker_stops_answering_after_an_order_was_sent_the_remedy_is_to_call_again(stage):
    class SilentAfterTrialOrders(MarginBroker):
        def positions(self):
            if self.inner.named(is_trial_order, session_of(MONDAY).opens):
                raise SourceError("the broker did not answer.")
            return self.inner.positions()

    with pytest.raises(StoppedError, match="Call the same again"):
        call(stage, around=SilentAfterTrialOrders)
    assert call(stage).verdicts == {"bought": "pass", "sold": "warn"}


def test_an_unfilled_buy_is_repeated_the_next_evening(stage):
    stage.script = Script({("buy", SCHO): ScriptedFault(fills_at_most=Decimal(0))})
    for _ in range(2):
        answer = call(stage)
        assert answer.verdicts == {"bought": "fail"}
        assert "canceled as asked" in answer.checks["bought"].remedy
        assert "Run it again from 2024-03-05 on" in answer.checks["bought"].remedy
    stage.script = Script()
    assert call(stage.on(TUESDAY)).verdicts == {"bought": "pass", "sold": "warn"}


def test_a_refused_sell_is_sent_again_the_next_evening(stage):
    call(stage)
    stage.script = Script({("sell", SCHO): ScriptedFault(refuse="held")})
    assert call(stage.on(TUESDAY)).verdicts == {"bought": "pass", "sold": "fail"}
    stage.script = Script()
    assert call(stage).verdicts["sold"] == "fail"
    answer = call(stage.on(WEDNESDAY))
    assert answer.verdicts == {"bought": "pass", "sold": "pass", "sale proceeds": "pass"}
    assert stage.shares() == {}


def test_an_order_rejected_by_the_gate_is_reported_and_may_be_sent_later_that_evening(stage):
    stage.limits = Limits(max_order_dollars=Decimal(10))
    answer = call(stage)
    assert answer.verdicts == {"sent": "fail"}
    assert "max_order_dollars" in answer.checks["sent"].found
    stage.limits = Limits()
    assert call(stage).verdicts["bought"] == "pass"


def test_its_orders_have_trial_ids_that_no_run_counts_as_its_own(stage):
    stage.script = Script({("buy", SCHO): ScriptedFault(refuse="wash")})
    call(stage)
    stage.script = Script()
    stage.run()
    assert stage.record().run.status == "success"
