"""The tables are exactly what the events imply."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from evenings import (
    BIL,
    NOW,
    PLAN,
    REQUEST,
    SGOV,
    SPY,
    TARGETS,
    TO_THE_BUYS,
    TRADE,
    TRIAL,
    evening,
    filled,
    holding,
    holdings_read,
    lost_order_events,
    order,
    seen,
    start,
    start_buying,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalancer.errors import BadInputError, StoppedError
from rebalancer.events import (
    BotFailed,
    Noted,
    OrderAbsent,
    OrderAccounted,
    OrderAnswered,
    OrderIntended,
    OrderLost,
    OrderResent,
    PlanMade,
    RunTakenUp,
    TargetsSet,
)
from rebalancer.journal import read
from rebalancer.journal.projections import rebuild
from rebalancer.journal.store import SqliteJournal
from rebalancer.journal.tables import PROJECTIONS
from rebalancer.model import NO_RUN, BotFailure

BUY = order()


def contents(journal):
    """Every row of every projection, as text so that 1 and 1.0 differ."""
    return {table: sorted(map(repr, journal._db.execute(f"SELECT * FROM {table}"))) for table in PROJECTIONS}


def order_after(journal, path, *events):
    journal.record(start_buying(journal), OrderIntended(NOW, BUY), *events)
    (line,) = read.orders(path)
    return line


def test_a_rebuild_gives_back_every_table_row_for_row(journal):
    journal.record(start(journal), *evening())
    before = contents(journal)
    assert all(before.values()), "an evening leaves no table empty"

    rebuild(journal._db.conn)

    assert contents(journal) == before


def test_a_rebuild_gives_back_the_indexes_that_every_start_reads_by(journal):
    rebuild(journal._db.conn)

    found = {name for (name,) in journal._db.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    assert found >= {"orders_by_run", "orders_left", "fills_by_order"}


@settings(max_examples=30)
@given(
    st.lists(
        st.sampled_from(
            [
                OrderAnswered(NOW, BUY.id, "accepted"),
                OrderAnswered(NOW, BUY.id, "unknown", "timed out"),
                seen(BUY, "open", "4"),
                seen(BUY, "canceled", "4"),
                filled(BUY, "4", execution="x1"),
                filled(BUY, "4", execution="x1"),
                filled(order("rb-unknown"), "1", execution="x2"),
                holdings_read(holding(SPY, "4", "4"), phase="after_sells"),
                *lost_order_events(BUY)[2:],
                OrderAccounted(NOW, "demo", BUY.id, "ann", "looked at it"),
            ]
        ),
        max_size=8,
    )
)
def test_a_rebuild_restores_the_tables_after_any_sequence_of_events(events):
    with SqliteJournal.in_memory() as journal:
        run = start_buying(journal)
        for event in (OrderIntended(NOW, BUY), *events):
            with suppress(StoppedError):  # what can't follow is refused, and leaves nothing behind
                journal.record(run, event)
        before = contents(journal)
        rebuild(journal._db.conn)
        assert contents(journal) == before


TAKEN_FROM = {
    "balances": {"HoldingsRead"},
    "holdings": {"HoldingsRead"},
    "prices": {"PricesTaken"},
    "allocations": {"BotDecided", "BotFailed"},
    "waterfalls": {"TargetsSet"},
    "targets": {"TargetsSet"},
    "plans": {"PlanMade"},
    "trades": {"PlanMade"},
    "orders": {"OrderIntended"},
    "fills": {"FillSeen"},
    "setting_changes": {"SettingChanged"},
    "adoptions": {"Adopted"},
    "restatements": {"Restated"},
    "halts": {"Halted", "HaltLifted"},
    "arms": {"Armed", "Disarmed"},
    "losses": {"DailyLossHit"},
    "accounted": {"OrderAccounted"},
    "notes": {"Noted", "RunTakenUp"},
}


@pytest.mark.parametrize("table", sorted(PROJECTIONS.keys() - {"runs", "run_files"}))
def test_every_row_has_the_seq_of_the_event_that_it_was_taken_from(journal, table):
    journal.record(start(journal), *evening(), RunTakenUp(NOW, "its orders are settled"))

    rows = journal._db.execute(f"SELECT events.kind FROM {table} LEFT JOIN events USING (seq)").fetchall()

    assert {kind for (kind,) in rows} == TAKEN_FROM[table]


def test_the_row_of_a_first_bot_that_failed_has_the_seq_of_its_event(journal):
    journal.record(start(journal), BotFailed(NOW, 1.0, BotFailure("mix", "no closes")))

    rows = journal._db.execute("SELECT events.kind FROM allocations LEFT JOIN events USING (seq)").fetchall()

    assert rows == [("BotFailed",)]


def test_why_the_broker_blocks_an_account_is_kept_with_its_balance(journal):
    surveyed = holdings_read()
    journal.record(start(journal), replace(surveyed, account=replace(surveyed.account, blocked="a transfer failed")))

    assert journal._db.execute("SELECT blocked FROM balances").fetchone() == ("a transfer failed",)


def test_money_is_stored_as_the_text_it_was(journal):
    journal.record(start(journal), *evening())

    row = journal._db.execute("SELECT equity, typeof(equity), investable FROM balances").fetchone()
    assert row == ("100000.00", "text", "95000")
    assert journal._db.execute("SELECT held, quantity, dollars FROM trades").fetchone() == ("0", "10", "2015.05")


def test_the_waterfall_keeps_each_step_of_each_symbol(journal):
    journal.record(start(journal), *evening())

    steps = journal._db.execute("SELECT symbol, merged, netted, capped FROM targets ORDER BY symbol").fetchall()
    assert steps == [("SGOV", 0.0, 0.32, 0.32), ("SH", 0.16, 0.0, 0.0), ("SPY", 0.74, 0.58, 0.58)]


def test_a_symbol_of_any_step_of_the_waterfall_has_its_row(journal):
    targets = replace(TARGETS, merged={SPY: 0.4}, netted={SGOV: 0.3}, weights={BIL: 0.2})
    journal.record(start(journal), holdings_read(), TargetsSet(NOW, targets))

    steps = journal._db.execute("SELECT symbol, merged, netted, capped FROM targets ORDER BY symbol").fetchall()
    assert steps == [("BIL", 0.0, 0.0, 0.2), ("SGOV", 0.0, 0.3, 0.0), ("SPY", 0.4, 0.0, 0.0)]


def test_a_trade_without_a_price_has_none_in_its_row(journal):
    plan = replace(PLAN, trades=(replace(TRADE, price=None),))
    journal.record(start(journal), holdings_read(), TargetsSet(NOW, TARGETS), PlanMade(NOW, plan))

    assert journal._db.execute("SELECT symbol, price FROM trades").fetchall() == [("SPY", None)]


def test_an_order_is_intended_before_the_broker_answers(journal, path):
    line = order_after(journal, path)

    assert (line.state, line.settled) == ("intended", False)


@pytest.mark.parametrize(("answer", "settled"), [("accepted", False), ("unknown", False), ("refused", True)])
def test_only_a_refusal_settles_an_order_by_its_answer(journal, path, answer, settled):
    line = order_after(journal, path, OrderAnswered(NOW, BUY.id, answer, "said so"))

    assert (line.state, line.reason, line.settled) == (answer, "said so", settled)


def test_a_finished_order_is_settled_once_its_fills_are_journalled(journal, path):
    assert not order_after(journal, path, seen(BUY, "filled", "10"), filled(BUY, "4", execution="x1")).settled

    journal.record(1, filled(BUY, "6", execution="x2"))

    assert read.orders(path)[0].settled


def test_a_canceled_order_without_fills_is_settled(journal, path):
    assert order_after(journal, path, seen(BUY, "canceled")).settled


def test_a_note_outside_a_run_has_no_row_and_is_found_among_the_events(journal, path):
    journal.record(NO_RUN, Noted(NOW, "error", "the venue did not answer"))

    assert journal._db.execute("SELECT COUNT(*) FROM notes").fetchone() == (0,)
    assert read.noted(path, "the venue did not answer", NOW)
    assert not read.noted(path, "the venue did not answer", NOW + timedelta(seconds=1))


def test_a_late_status_does_not_reopen_a_finished_order(journal, path):
    line = order_after(journal, path, seen(BUY, "canceled", "4"), seen(BUY, "open", "2"))

    assert (line.state, line.filled) == ("canceled", 4)


@pytest.mark.parametrize("status", ["open", "canceled"])
def test_a_late_status_does_not_lower_the_filled_quantity(journal, path, status):
    """The broker's list is older than the answer before it."""
    line = order_after(journal, path, seen(BUY, status, "6"), seen(BUY, status, "4"))

    assert (line.state, line.filled) == (status, 6)


def test_a_late_answer_does_not_replace_a_status(journal, path):
    line = order_after(journal, path, seen(BUY, "filled", "10"), OrderAnswered(NOW, BUY.id, "unknown", "timed out"))

    assert line.state == "filled"


def test_a_late_answer_does_not_replace_a_refusal(journal, path):
    refused, unknown = (OrderAnswered(NOW, BUY.id, answer, answer) for answer in ("refused", "unknown"))

    line = order_after(journal, path, refused, unknown)

    assert (line.state, line.reason, line.settled) == ("refused", "refused", True)


def test_why_the_broker_ended_an_order_is_kept(journal, path):
    expired = seen(BUY, "canceled")
    line = order_after(journal, path, replace(expired, state=replace(expired.state, reason="the market closed")))

    assert (line.state, line.reason) == ("canceled", "the market closed")


def test_a_fill_wins_over_a_cancel(journal, path):
    line = order_after(journal, path, seen(BUY, "canceled", "4"), seen(BUY, "filled", "10"))

    assert (line.state, line.filled) == ("filled", 10)


def test_the_same_execution_counts_once(journal, path):
    line = order_after(journal, path, filled(BUY, "4"), filled(BUY, "4"))

    assert [fill.quantity for fill in line.fills] == [4]


NEVER_KNOWN = order("rb-lost")


@pytest.mark.parametrize(
    "event",
    [
        seen(NEVER_KNOWN, "canceled"),
        OrderAnswered(NOW, NEVER_KNOWN.id, "unknown", "timed out"),
        OrderAbsent(NOW, NEVER_KNOWN.id),
        OrderResent(NOW, NEVER_KNOWN.id),
        OrderLost(NOW, NEVER_KNOWN.id, "it never reached the broker"),
        OrderAccounted(NOW, "demo", NEVER_KNOWN.id, "ann", "the broker never had it"),
        filled(NEVER_KNOWN, "10"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_order_this_journal_never_knew_changes_nothing(journal, path, event):
    journal.record(start(journal, REQUEST), event)

    assert read.orders(path) == ()


def test_an_absent_buy_is_sent_again_only_while_its_run_buys(journal):
    run = start_buying(journal)
    journal.record(run, OrderIntended(NOW, BUY), OrderAbsent(NOW, BUY.id))
    journal.resume(run, REQUEST, running=True)

    with pytest.raises(StoppedError, match="is taken up and would become buying"):
        journal.record(run, OrderResent(NOW, BUY.id))

    journal.record(run, holdings_read(phase="after_sells"), OrderResent(NOW, BUY.id))


def test_an_absent_sell_is_sent_again_while_its_run_sells(journal):
    sell, run = order("rb2", side="sell"), start(journal)
    journal.record(
        run, *TO_THE_BUYS[:3], OrderIntended(NOW, sell), OrderAbsent(NOW, sell.id), OrderResent(NOW, sell.id)
    )

    assert journal._db.execute("SELECT step FROM runs").fetchone() == ("selling",)
    assert [sent.times for sent in journal.orders(run)] == [2]


def test_a_run_is_selling_from_its_first_sell_and_buying_from_its_first_buy(journal):
    surveyed, decided, planned, sold = TO_THE_BUYS
    sell, run = order("rb2", side="sell"), start(journal)
    steps = []
    for events in ((surveyed, decided, planned, OrderIntended(NOW, sell)), (sold, OrderIntended(NOW, BUY))):
        journal.record(run, *events)
        steps += journal._db.execute("SELECT step FROM runs").fetchone()

    assert steps == ["selling", "buying"]


def test_the_account_read_again_leaves_its_run_at_its_step(journal):
    journal.record(start(journal), holdings_read(), holdings_read(phase="again"))

    assert journal._db.execute("SELECT step FROM runs").fetchone() == ("surveyed",)


def test_the_steps_of_a_trial_run_are_not_checked(journal):
    sell = order("rb2", side="sell")
    run = start(journal, TRIAL)

    journal.record(run, OrderIntended(NOW, BUY), holdings_read(), OrderIntended(NOW, sell))

    assert [sent.order for sent in journal.orders(run)] == [BUY, sell]


def test_a_rebuild_does_not_check_state_transitions(journal):
    """A trial was once claimed as any run was, and it buys without a plan."""
    run = start(journal, TRIAL)
    journal.record(run, OrderIntended(NOW, BUY))
    journal._db.execute("DROP TRIGGER events_never_change")
    journal._db.execute("""UPDATE events SET body = replace(body, '"purpose":"trial"', '"purpose":"evening"')""")

    rebuild(journal._db.conn)

    assert [sent.order for sent in journal.orders(run)] == [BUY]


def test_an_order_that_a_person_accounted_for_is_settled(journal, path):
    assert not order_after(journal, path, *lost_order_events(BUY)[1:]).settled

    journal.record(NO_RUN, OrderAccounted(NOW, "demo", BUY.id, "ann", "the broker never had it"))

    assert read.orders(path)[0].settled


def test_an_order_is_accounted_for_only_in_its_own_account(journal, path):
    order_after(journal, path, *lost_order_events(BUY)[1:])

    with pytest.raises(BadInputError, match="is of account demo, not of account other"):
        journal.record(NO_RUN, OrderAccounted(NOW, "other", BUY.id, "ann", "a typo in --account"))

    assert not read.orders(path)[0].settled


def test_a_run_taken_up_has_a_warning_that_says_why(journal):
    journal.record(start(journal), RunTakenUp(NOW, "this run was cut off"))

    assert journal._db.execute("SELECT level, text FROM notes").fetchall() == [("warning", "this run was cut off")]


def test_a_rebuild_reopens_an_order_that_another_account_accounted_for(journal):
    journal.record(start_buying(journal), *lost_order_events(BUY))
    journal.record(NO_RUN, OrderAccounted(NOW, "demo", BUY.id, "ann", "a typo in --account"))
    journal._db.execute("DROP TRIGGER events_never_change")
    journal._db.execute(
        """UPDATE events SET body = replace(body, '"account":"demo"', '"account":"other"') WHERE run = 0"""
    )

    rebuild(journal._db.conn)

    assert [sent.order for sent in journal.unsettled("demo")] == [BUY]
