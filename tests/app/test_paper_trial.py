"""The paper trial buys and sells one share and reports every way in which a venue can fail."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from scripted_sim import Script, ScriptedFault, ScriptedSimBroker
from stage import DAYS, SGOV, Stage, dollars, hold, session_of

from rebalancer.app.paper_trial import MAX_POLLS, run_trial
from rebalancer.errors import RunFailedError, SourceError, StoppedError
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import Accepted, Order, RunId, Submitted, Trading, Venue
from rebalancer.model.checkup import Check
from rebalancer.portfolio.order_ids import TRIAL_PREFIX
from rebalancer.ports import Broker

EVERYTHING = ["bought", "fills, bought", "same id again", "sold", "fills, sold", "cash"]


@dataclass
class SimProxy:
    """The sim broker; a subclass changes one call."""

    inner: ScriptedSimBroker

    def __getattr__(self, name: str):
        return getattr(self.inner, name)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, {"A": (hold(SGOV), dollars("A", 1000))})


def trial(stage: Stage, around: type[SimProxy] = SimProxy, pinned: str | None = None) -> dict[str, Check]:
    inner = stage.broker()
    try:
        broker: Broker = around(inner)
        with SqliteJournal.open(stage.journal_file) as journal:
            context = replace(stage.context(broker, journal), pinned=pinned)
            run = journal.start_run(replace(stage.request(force=True), purpose="trial"))
            assert isinstance(run, int)
            checks = run_trial(context, RunId(run), session_of(stage.clock.now().date()), SGOV)
    finally:
        inner.close()
    return {check.name: check for check in checks}


def verdicts(found: dict[str, Check]) -> dict[str, str]:
    return {name: check.verdict for name, check in found.items()}


def shutdown_requested(stage: Stage) -> tuple[str, str]:
    run = stage.record().run
    return run.status, run.reason


# --------------------------------------------------------------------------------------------- it goes well


def test_one_share_is_bought_and_sold_and_every_observation_is_reported(stage):
    found = trial(stage)
    assert verdicts(found) == dict.fromkeys(EVERYTHING, "pass")
    assert found["bought"].found == "bought 1 of 1 SGOV in 0.0 s, seen as filled"
    assert "answered Unknown, and looked up unchanged" in found["same id again"].found
    assert found["cash"].found == "100,000.00 USD before, 100,000.00 USD after; the trades make 0.00 USD"
    assert stage.shares() == {}
    assert shutdown_requested(stage) == ("success", "6 of 6 checks passed")


def test_its_orders_bear_their_own_name_and_no_two_trials_the_same(stage):
    trial(stage)
    first = {order.id for order in stage.record().orders}
    trial(stage)
    second = {order.id for order in stage.record().orders}
    assert all(len(order_id) == 20 and order_id.startswith(TRIAL_PREFIX) for order_id in first | second)
    assert len(first | second) == 4


def test_shares_that_were_held_before_are_not_touched(stage):
    broker = stage.broker()
    broker.change_position(SGOV, Decimal(7))
    broker.close()
    assert verdicts(trial(stage)) == dict.fromkeys(EVERYTHING, "pass")
    assert stage.shares() == {SGOV: 7}


def test_a_slow_fill_is_awaited_and_timed(stage):
    stage.script = Script({("buy", SGOV): ScriptedFault(waits=4)})
    found = trial(stage)
    assert verdicts(found) == dict.fromkeys(EVERYTHING, "pass")
    assert found["bought"].found == "bought 1 of 1 SGOV in 3.0 s, seen as open -> filled"


def test_an_order_whose_answer_is_lost_is_looked_up(stage):
    stage.script = Script({("buy", SGOV): ScriptedFault(silent=True)})
    assert verdicts(trial(stage))["bought"] == "pass"


def test_a_position_that_the_account_shows_late_is_awaited(stage):
    class Slow(SimProxy):
        looks = 0

        def positions(self):
            Slow.looks += 1
            return self.inner.positions() if Slow.looks > 4 else ()

        def account(self):
            account = self.inner.account()
            return account if Slow.looks > 3 else replace(account, cash=account.equity)

    assert verdicts(trial(stage, Slow))["sold"] == "pass"
    assert stage.shares() == {}


# --------------------------------------------------------------------------------------------- it goes wrong


def test_a_buy_that_is_not_filled_is_cancelled_and_nothing_is_sold(stage):
    stage.script = Script({("buy", SGOV): ScriptedFault(fills_at_most=Decimal(0))})
    found = trial(stage)
    assert verdicts(found) == {"bought": "fail"}
    assert "bought 0 of 1 SGOV" in found["bought"].found
    assert "canceled as asked" in found["bought"].remedy
    assert shutdown_requested(stage) == ("partial", "0 of 1 checks passed")


def test_a_sell_that_is_refused_says_to_look_at_the_account(stage):
    stage.script = Script({("sell", SGOV): ScriptedFault(refuse="held")})
    found = trial(stage)
    assert found["sold"].verdict == "fail"
    assert found["sold"].remedy.startswith("Look at the account: ")
    assert stage.shares() == {SGOV: 1}


def test_a_trial_order_refused_for_held_shares_is_not_retried_under_a_run_id(stage):
    stage.script = Script({("sell", SGOV): ScriptedFault(refuse="held")})
    trial(stage)
    assert [order.id.startswith(TRIAL_PREFIX) for order in stage.record().orders] == [True, True]


def test_a_position_that_the_account_never_shows_is_not_sold(stage):
    class HidesPositions(SimProxy):
        def positions(self):
            return ()

        def account(self):
            account = self.inner.account()
            return replace(account, cash=account.equity)

    began = stage.clock.now()
    found = trial(stage, HidesPositions)
    assert found["sold"].verdict == "fail"
    assert "the broker shows 0 shares, 1 were expected" in found["sold"].remedy
    assert stage.clock.now() - began >= timedelta(seconds=MAX_POLLS - 1)


def test_a_venue_that_accepts_a_duplicate_order_id_is_detected(stage):
    class AcceptsDuplicates(SimProxy):
        def submit(self, order: Order) -> Submitted:
            found = self.inner.find(order.id)
            return Accepted(found) if hasattr(found, "filled") else self.inner.submit(order)

    check = trial(stage, AcceptsDuplicates)["same id again"]
    assert (check.verdict, "answered Accepted" in check.found) == ("fail", True)


def test_a_cash_change_beyond_trades_and_fees_is_detected(stage):
    class Generous(SimProxy):
        def submit(self, order: Order) -> Submitted:
            if order.side == "sell":
                self.inner.deposit(Decimal("0.06"))
            return self.inner.submit(order)

    stage.commission = Decimal(1)
    assert trial(stage)["cash"].verdict == "pass"
    stage.commission = Decimal(0)
    assert trial(stage, Generous)["cash"].verdict == "fail"


def test_a_broker_that_stops_answering_after_an_order_was_sent_stops_the_trial(stage):
    class SilentOnceBought(SimProxy):
        def positions(self):
            if self.inner.positions():
                raise SourceError("the broker did not answer.")
            return ()

    with pytest.raises(StoppedError, match="it may hold a share of SGOV more"):
        trial(stage, SilentOnceBought)
    assert shutdown_requested(stage) == ("partial", "the broker did not answer.")


# --------------------------------------------------------------------------------------------- it is refused


def test_another_account_than_the_pinned_one_is_refused(stage):
    with pytest.raises(RunFailedError, match="account_number is PA1"):
        trial(stage, pinned="PA1")
    assert_nothing_was_sent(stage)


def test_real_money_is_refused(stage):
    class RealMoneySim(SimProxy):
        @property
        def venue(self) -> Venue:
            return Venue("Alpaca", simulated=False)

    with pytest.raises(RunFailedError, match="no paper account"):
        trial(stage, RealMoneySim)
    assert_nothing_was_sent(stage)


def test_a_closed_exchange_is_refused(stage):
    stage.clock = SimulatedClock(session_of(DAYS[0]).closes + timedelta(hours=1))
    stage.market.clock = stage.clock
    with pytest.raises(RunFailedError, match="Nothing was sent"):
        trial(stage)
    assert_nothing_was_sent(stage)


def test_a_protected_ticker_is_refused(stage):
    stage.trading = Trading(protected=(SGOV,), fallback_ticker=None)
    with pytest.raises(RunFailedError, match="SGOV is protected: name another ticker with --symbol"):
        trial(stage)
    assert_nothing_was_sent(stage)


def test_a_ticker_without_a_fresh_price_is_refused(stage):
    stage.market.stale = frozenset({SGOV})
    with pytest.raises(RunFailedError, match=r"SGOV has no fresh price: .* Nothing was sent"):
        trial(stage)
    assert_nothing_was_sent(stage)


def assert_nothing_was_sent(stage: Stage) -> None:
    assert stage.record().orders == ()
    assert shutdown_requested(stage)[0] == "failed"
