"""Orders, the interrupted run, and whether an account may trade, by the journal."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256

import pytest
from evenings import (
    ACCOUNT,
    ARMED,
    DAY,
    NOW,
    PLAN,
    REQUEST,
    TO_THE_BUYS,
    filled,
    holdings_read,
    lost_order_events,
    order,
    seen,
    start,
    start_buying,
)

from rebalancer.errors import BadInputError
from rebalancer.events import (
    BotDecided,
    BotFailed,
    DailyLossHit,
    Disarmed,
    Halted,
    HaltLifted,
    OrderAccounted,
    OrderAnswered,
    OrderIntended,
    RunEnded,
)
from rebalancer.model import NO_RUN, BotFailure
from rebalancer.ports import OrderRecord, TradingStatus

BUY = order()
HALT = Halted(NOW, "demo", "ann", "a look")
FOR_ALL = Halted(NOW, "", "bob", "the broker is down")
TOMORROW = replace(REQUEST, session=DAY + timedelta(days=3))


def ids(sent):
    return [each.order.id for each in sent]


# ------------------------------------------------------------------------------------------ orders that left


def test_orders_are_unsettled_until_their_final_state_and_fills_are_journalled(journal):
    orders = {name: order(name) for name in ("intended", "refused", "open", "canceled", "unfilled", "unknown")}
    run = start_buying(journal)
    journal.record(run, *(OrderIntended(NOW, each) for each in orders.values()))
    journal.record(
        run,
        OrderAnswered(NOW, "refused", "refused", "no such ticker"),
        OrderAnswered(NOW, "unknown", "unknown", "timed out"),
        seen(orders["open"], "open", "4"),
        seen(orders["canceled"], "canceled"),
        seen(orders["unfilled"], "filled", "10"),
    )

    assert ids(journal.unsettled("demo")) == ["intended", "open", "unfilled", "unknown"]
    assert journal.unsettled("other") == ()


def test_the_orders_of_the_last_sessions_come_oldest_first(journal):
    later = order("later")
    journal.record(start_buying(journal), OrderIntended(NOW, BUY), seen(BUY, "filled", "10"))
    journal.record(start_buying(journal, TOMORROW), OrderIntended(NOW, later))

    assert ids(journal.orders_since("demo", DAY)) == [BUY.id, "later"]
    assert ids(journal.orders_since("demo", TOMORROW.session)) == ["later"]
    assert journal.orders_since("other", DAY) == ()


def test_balances_come_oldest_first_each_with_its_run(journal):
    first, second = start_buying(journal), start_buying(journal, TOMORROW)

    looks = [(first, DAY), (second, TOMORROW.session)]
    found = journal.balances("demo", DAY)
    assert [(each.run, each.session, each.phase) for each in found] == [
        (run, session, phase) for run, session in looks for phase in ("start", "after_sells")
    ]
    assert {each.account for each in found} == {ACCOUNT}
    assert journal.balances("demo", TOMORROW.session) == found[2:]
    assert journal.balances("other", DAY) == ()


def test_a_filled_order_whose_fill_activity_lags_is_unsettled_until_all_its_shares_are_counted(journal):
    run = start_buying(journal)
    journal.record(run, OrderIntended(NOW, BUY), OrderAnswered(NOW, BUY.id, "accepted"), seen(BUY, "filled", "10"))
    assert ids(journal.unsettled("demo")) == [BUY.id]

    journal.record(run, filled(BUY, "4", execution="x1"))
    assert ids(journal.unsettled("demo")) == [BUY.id]

    journal.record(run, filled(BUY, "6", execution="x2"))
    assert journal.unsettled("demo") == ()


def test_a_lost_order_stays_unsettled_until_a_person_accounts_for_it(journal):
    journal.record(start_buying(journal), *lost_order_events(BUY))
    assert [sent.phase for sent in journal.unsettled("demo")] == ["lost"]

    journal.record(NO_RUN, OrderAccounted(NOW, "demo", BUY.id, "ann", "the broker never had it"))

    assert journal.unsettled("demo") == ()


def test_an_order_can_not_be_accounted_for_in_another_account(journal):
    journal.record(start_buying(journal), *lost_order_events(BUY))
    before = journal.head()
    said = r"rb1: is of account demo, not of account other: account for it with --account demo\."

    with pytest.raises(BadInputError, match=said):
        journal.record(
            NO_RUN,
            OrderAccounted(NOW, "other", "rb-unheard", "ann", "a typo in --account"),
            OrderAccounted(NOW, "other", BUY.id, "ann", "a typo in --account"),
        )

    assert journal.head() == before
    assert journal.knows("other", [BUY.id, "rb-unheard"]) == frozenset()
    assert ids(journal.unsettled("demo")) == [BUY.id]


def test_an_order_is_read_back_as_journalled_with_its_state(journal):
    odd = replace(BUY, quantity=Decimal("10.50"), kind="market", limit=None)
    run = start_buying(journal)
    journal.record(run, *lost_order_events(odd))

    assert journal.orders(run) == (
        OrderRecord(
            order=odd,
            run=run,
            session=DAY,
            phase="lost",
            at=NOW + timedelta(minutes=1),
            times=2,
            filled=Decimal(0),
            average_price=None,
            reason="it was sent twice and never reached the broker",
        ),
    )
    assert str(journal.orders(run)[0].order.quantity) == "10.50"


def test_the_orders_of_a_run_are_its_own_in_journal_order(journal):
    run = start_buying(journal)
    journal.record(run, *(OrderIntended(NOW, order(name)) for name in ("rb2", "rb1")), RunEnded(NOW, "partial", ""))
    journal.record(start_buying(journal, TOMORROW), OrderIntended(NOW, order("rb3")))

    assert ids(journal.orders(run)) == ["rb2", "rb1"]


def test_the_known_orders_are_those_of_the_account_and_those_a_person_accounted_for(journal):
    journal.record(start_buying(journal), OrderIntended(NOW, BUY))
    journal.record(NO_RUN, OrderAccounted(NOW, "demo", "rb-stranger", "ann", "sent by hand"))

    asked = ["rb-stranger", BUY.id, "rb-unheard"]
    assert journal.knows("demo", asked) == {"rb-stranger", BUY.id}
    assert journal.knows("other", asked) == journal.knows("demo", []) == frozenset()


def test_a_refused_order_is_not_known(journal):
    journal.record(start_buying(journal), OrderIntended(NOW, BUY), OrderAnswered(NOW, BUY.id, "refused", "too late"))

    assert journal.knows("demo", [BUY.id]) == frozenset()


# ------------------------------------------------------------------------------------- a run that was cut off


def test_a_run_without_an_end_is_interrupted_and_has_its_plan_orders_and_files(journal):
    run = start(journal)
    journal.record(run, *TO_THE_BUYS, OrderIntended(NOW, BUY))

    found = journal.interrupted("demo")

    assert (found.run, found.session, found.orders, found.plan) == (run, DAY, 1, PLAN)
    assert found.files == REQUEST.files
    assert journal.interrupted("other") is None


def test_a_run_interrupted_before_its_plan_has_none(journal):
    start(journal)

    assert (journal.interrupted("demo").plan, journal.interrupted("demo").orders) == (None, 0)


def test_an_ended_run_is_not_interrupted_and_a_resumed_one_still_is(journal):
    run = start_buying(journal)
    journal.resume(run, TOMORROW, running=True)
    assert journal.interrupted("demo").run == run

    journal.record(run, RunEnded(NOW, "partial", "done by halves"))
    assert journal.interrupted("demo") is None


# ------------------------------------------------------------------------------------ what an account may do


def test_a_new_account_is_neither_halted_nor_armed(journal):
    assert journal.trading_status("demo") == TradingStatus()


def test_a_halt_is_in_force_until_it_is_lifted_whatever_runs_between(journal):
    journal.record(NO_RUN, HALT)
    journal.record(start(journal), RunEnded(NOW, "failed", "halted"))
    assert journal.trading_status("demo").halt == HALT
    assert journal.trading_status("other").halt is None

    journal.record(NO_RUN, HaltLifted(NOW, "demo", "ann", "fine"))
    assert journal.trading_status("demo").halt is None


def test_a_halt_of_all_accounts_is_one_of_each(journal):
    journal.record(NO_RUN, FOR_ALL)

    assert journal.trading_status("demo").halt == journal.trading_status("other").halt == FOR_ALL


def test_an_account_that_was_halted_and_resumed_twice_is_not_halted(journal):
    journal.record(NO_RUN, *[HALT, HaltLifted(NOW, "demo", "ann", "fine")] * 2)

    assert journal.trading_status("demo").halt is None


def test_lifting_the_halt_of_all_accounts_lifts_that_of_each(journal):
    journal.record(NO_RUN, HALT, FOR_ALL, HaltLifted(NOW, "", "ann", "fine"))

    assert journal.trading_status("demo").halt is None


def test_the_last_arming_is_in_force_until_the_account_is_disarmed(journal):
    journal.record(NO_RUN, ARMED, replace(ARMED, max_dollars=Decimal(7)))
    assert journal.trading_status("demo").armed == replace(ARMED, max_dollars=Decimal(7))
    assert journal.trading_status("other").armed is None

    journal.record(NO_RUN, Disarmed(NOW, "demo", "ann", "back to paper"))
    assert journal.trading_status("demo").armed is None


def test_the_session_of_the_last_daily_loss_is_known(journal):
    loss = DailyLossHit(NOW, Decimal(70), Decimal(100), Decimal(25))
    for request in (TOMORROW, REQUEST):
        journal.record(start(journal, request), loss, RunEnded(NOW, "partial", ""))

    assert journal.trading_status("demo").loss == TOMORROW.session


def test_the_mode_venue_and_number_of_the_last_run_are_known(journal):
    for request in (REQUEST, replace(TOMORROW, mode="live", venue="broker.example")):
        journal.record(start(journal, request), holdings_read(), RunEnded(NOW, "failed", "no prices"))

    assert journal.trading_status("demo").last == ("live", "broker.example", ACCOUNT.number)


# ------------------------------------------------------------------------------ the first day of a simulation

TREND = replace(REQUEST, files={"bot trend": b"its rules"})
SHA = sha256(b"its rules").hexdigest()
DECIDED = BotDecided(NOW, "trend", 0.4, {}, (), (), since=date(2016, 1, 4))


def test_the_first_day_of_a_bots_simulation_is_that_of_its_last_decision(journal):
    journal.record(start(journal, TREND), replace(DECIDED, since=date(2012, 5, 1)), RunEnded(NOW, "success", ""))
    journal.record(start(journal, replace(TREND, force=True)), DECIDED, RunEnded(NOW, "success", ""))
    failed = BotFailed(NOW, 0.4, BotFailure("trend", "no close"))
    journal.record(start(journal, replace(TREND, force=True)), failed)

    assert journal.since("demo", "trend", SHA) == DECIDED.since


def test_a_file_that_decided_nothing_has_no_first_day(journal):
    journal.record(start(journal, replace(TREND, files={"bot trend": b"older"})), RunEnded(NOW, "failed", "no prices"))
    journal.record(start(journal, replace(TREND, force=True)), DECIDED)

    assert journal.since("demo", "trend", sha256(b"older").hexdigest()) is None


def test_the_first_day_is_known_after_a_single_run(journal):
    journal.record(start(journal, TREND), DECIDED)

    assert journal.since("demo", "trend", SHA) == DECIDED.since


def test_another_file_account_or_bot_begins_its_own_simulation(journal):
    journal.record(start(journal, TREND), DECIDED)

    assert journal.since("demo", "trend", sha256(b"others").hexdigest()) is None
    assert journal.since("other", "trend", SHA) is None
    assert journal.since("demo", "mix", SHA) is None


def test_a_dry_run_keeps_no_first_day(journal):
    journal.record(start(journal, replace(TREND, dry_run=True)), DECIDED)

    assert journal.since("demo", "trend", SHA) is None
