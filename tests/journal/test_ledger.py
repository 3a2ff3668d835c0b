"""Our shares, and the positions that the broker should show."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from evenings import BIL, DAY, NOW, REQUEST, SGOV, SPY, TRIAL, evening, filled, holding, holdings_read, order, start
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.events import Adopted, Restated, WrittenOff
from rebalancer.journal import read
from rebalancer.journal.ledger import renamed, with_changes
from rebalancer.model import NO_RUN, Difference, Rename, Symbol
from rebalancer.ports import Ledger

BUY, SELL = order("rb1"), order("rb2", side="sell")
FILLS = st.lists(
    st.builds(
        lambda side, quantity: filled(order(side=side), str(quantity)).fill,
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 1000),
    )
)


def recorded(ours, expected, *restated):
    """The ledger after tonight's record; these symbols were restated tonight."""
    return Ledger(ours, expected, recorded=DAY, restated=dict.fromkeys(restated, DAY))


def restated(symbol, ours, expected, why="split"):
    return Restated(NOW, "demo", symbol, Decimal(ours), Decimal(expected), why)


def ledger_after(journal, *events):
    journal.record(start(journal, TRIAL), *events)
    return journal.ledger("demo")


def test_the_ledger_of_a_new_account_is_empty(journal):
    assert journal.ledger("demo") == Ledger(ours={}, expected=None)


def test_shares_we_bought_are_ours_until_we_sell_them(journal):
    ledger = ledger_after(journal, filled(BUY, "10"), filled(SELL, "4", execution="x2"))

    assert ledger == Ledger(ours={SPY: 6}, expected=None)


def test_the_expected_quantity_is_the_last_record_plus_our_fills(journal):
    ledger = ledger_after(journal, holdings_read(holding(SPY, "5", "0"), holding(BIL, "3.5", "0")), filled(BUY, "10"))

    assert ledger == recorded(ours={SPY: 10}, expected={SPY: 15, BIL: Decimal("3.5")})


def test_a_first_buy_is_worth_what_it_cost(journal):
    assert ledger_after(journal, holdings_read(), filled(BUY, "10", price="201.50")).values == {SPY: 2015}


def test_the_ledger_is_sorted_by_symbol(journal):
    record, bought = holdings_read(holding(SPY, "5", "5"), holding(SGOV, "3", "3")), order(symbol=BIL)
    ledger = ledger_after(journal, record, filled(bought, "10"))

    assert ([*ledger.ours], [*ledger.expected]) == ([BIL, SGOV, SPY], [BIL, SGOV, SPY])


def test_shares_sold_by_hand_are_no_longer_ours_after_the_next_record(journal):
    ledger = ledger_after(journal, filled(BUY, "10"), holdings_read(holding(SPY, "3", "3")))

    assert ledger == recorded(ours={SPY: 3}, expected={SPY: 3})


def test_a_symbol_missing_from_the_record_is_gone(journal):
    ledger = ledger_after(journal, filled(BUY, "10"), holdings_read(holding(BIL, "1", "0"), phase="end"))

    assert ledger == recorded(ours={}, expected={BIL: 1})


def test_a_position_that_was_sold_out_is_no_longer_expected(journal):
    ledger = ledger_after(journal, holdings_read(holding(SPY, "4", "4")), filled(SELL, "4"))

    assert ledger == recorded(ours={}, expected={})


def test_a_short_of_somebody_else_is_expected_and_not_ours(journal):
    assert ledger_after(journal, holdings_read(holding(SPY, "-5", "0"))) == recorded(ours={}, expected={SPY: -5})


def open_difference(symbol):
    """12 shares at the broker, where 15 of 3,000 dollars were recorded the session before."""
    return replace(
        holding(symbol, "12", "10", "2400"),
        counted=Decimal(15),
        counted_value=Decimal(3000),
        opened=DAY,
        counted_on=DAY - timedelta(days=1),
    )


def test_while_a_difference_is_open_the_ledger_keeps_the_count_and_the_value_from_before_it(journal):
    ledger = ledger_after(journal, holdings_read(open_difference(SPY), holding(BIL, "4", "4", "360")))

    assert (ledger.expected, ledger.values) == ({SPY: 15, BIL: 4}, {SPY: 3000, BIL: 360})
    assert ledger.open == {SPY: Difference(Decimal(12), DAY - timedelta(days=1), DAY)}


def test_an_adoption_that_states_the_expected_shares_closes_the_difference_of_its_symbol(journal):
    ledger_after(journal, holdings_read(open_difference(SPY), open_difference(BIL)))
    journal.record(NO_RUN, Adopted(NOW, "demo", SPY, Decimal(5), Decimal(1000), Decimal(12)))

    ledger = journal.ledger("demo")
    assert (ledger.ours, ledger.expected) == ({SPY: 12, BIL: 10}, {SPY: 12, BIL: 15})
    assert (set(ledger.open), set(ledger.values)) == ({BIL}, {BIL})


def test_an_adoption_may_state_the_expected_shares_of_a_symbol_that_nothing_was_recorded_of(journal):
    journal.record(NO_RUN, Adopted(NOW, "demo", SPY, Decimal(5), Decimal(1000), Decimal(12)))

    assert journal.ledger("demo").ours == {SPY: 5}


def test_a_split_closes_the_difference_of_its_symbol(journal):
    ledger = ledger_after(journal, holdings_read(open_difference(SPY), open_difference(BIL)), restated(SPY, 20, 24))

    assert (ledger.expected, set(ledger.open), set(ledger.values)) == ({SPY: 24, BIL: 15}, {BIL}, {BIL})


def test_the_shares_of_an_unsettled_order_are_expected_as_counted_and_at_the_broker_s_value(journal):
    """Its 4 shares at the broker come from fills that the journal does not have yet: they would count twice."""
    unsettled = replace(holding(SPY, "4", "0", "800"), counted=Decimal(0))
    bought = filled(BUY, "4")
    ledger = ledger_after(journal, holdings_read(unsettled), bought)

    assert (ledger.ours, ledger.expected) == ({SPY: 4}, {SPY: 4})
    assert (ledger.values, ledger.open) == ({SPY: 800 + 4 * bought.fill.price}, {})


def test_holdings_read_between_sells_and_buys_do_not_count(journal):
    """The broker's list may lag behind the fills of that minute."""
    ledger = ledger_after(
        journal,
        holdings_read(holding(SPY, "10", "10")),
        filled(SELL, "4"),
        holdings_read(holding(SPY, "10", "10"), phase="after_sells"),
    )

    assert ledger == recorded(ours={SPY: 6}, expected={SPY: 6})


def test_the_expected_value_is_the_last_record_plus_our_fills_at_their_prices(journal):
    journal.record(start(journal), holdings_read(holding(SPY, "10", "10"), holding(BIL, "4", "4")))
    values = journal.ledger("demo").values
    ledger = ledger_after(journal, filled(BUY, "3"), filled(SELL, "1", execution="x2"))

    price = filled(BUY, "3").fill.price
    assert ledger.values == {SPY: values[SPY] + 2 * price, BIL: values[BIL]}


def test_a_sold_position_and_a_split_one_have_no_expected_value(journal):
    journal.record(start(journal), holdings_read(holding(SPY, "4", "4"), holding(BIL, "4", "4")))

    assert ledger_after(journal, filled(SELL, "4"), restated(BIL, 8, 8)).values == {}


def test_adopted_shares_are_ours_and_the_broker_still_shows_them(journal):
    journal.record(start(journal), holdings_read(holding(SPY, "15", "10")))
    journal.record(NO_RUN, Adopted(NOW, "demo", SPY, Decimal(5), Decimal(1000)))

    assert journal.ledger("demo") == recorded(ours={SPY: 15}, expected={SPY: 15})
    assert journal.ledger("other").ours == {}


def test_adopted_shares_of_a_symbol_that_was_never_recorded_are_ours(journal, path):
    """Also where the adoption is the first event of the journal."""
    journal.record(NO_RUN, Adopted(NOW, "demo", SPY, Decimal("3.5"), Decimal(320)))
    assert journal.ledger("demo").ours == {SPY: Decimal("3.5")}

    journal.record(start(journal, TRIAL), filled(BUY, "10"))

    assert [line.ours for line in read.positions(path, "demo")] == [Decimal("13.5")]


def test_adopted_shares_stay_ours_after_the_next_record_and_count_once(journal):
    journal.record(NO_RUN, Adopted(NOW, "demo", BIL, Decimal("3.5"), Decimal(320)))
    ledger = ledger_after(journal, holdings_read(holding(BIL, "3.5", "3.5")))

    assert ledger == recorded(ours={BIL: Decimal("3.5")}, expected={BIL: Decimal("3.5")})


def test_adopted_shares_that_were_sold_are_no_longer_ours(journal):
    journal.record(NO_RUN, Adopted(NOW, "demo", SPY, Decimal(5), Decimal(1000)))

    assert ledger_after(journal, filled(SELL, "5")).ours == {}


def test_a_fill_recorded_twice_counts_once(journal):
    assert ledger_after(journal, filled(BUY, "10"), filled(BUY, "10")).ours == {SPY: 10}


def test_the_same_execution_number_in_two_accounts_is_two_fills(journal):
    journal.record(start(journal), filled(BUY, "10"))
    journal.record(start(journal, replace(REQUEST, account="other")), filled(BUY, "7"))

    assert (journal.ledger("demo").ours, journal.ledger("other").ours) == ({SPY: 10}, {SPY: 7})


def test_after_an_evening_the_ledger_is_its_last_record(journal):
    journal.record(start(journal), *evening())

    assert journal.ledger("demo") == recorded({SPY: 10}, {SPY: 15}, Symbol("SH"))


# ------------------------------------------------------------------------------------------ splits and renames


def test_after_a_split_our_shares_and_the_expected_ones_are_the_new_figures(journal):
    ledger = ledger_after(journal, holdings_read(holding(SPY, "15", "10")), restated(SPY, "100", "150"))

    assert ledger == recorded({SPY: 100}, {SPY: 150}, SPY)


def test_trades_and_adoptions_after_a_split_count_on_top_of_it(journal):
    before, after = filled(BUY, "5", execution="x1"), filled(SELL, "30", execution="x2")
    journal.record(start(journal), holdings_read(holding(SPY, "10", "5")), before, restated(SPY, "100", "150"), after)
    journal.record(NO_RUN, Adopted(NOW, "demo", SPY, Decimal(7), Decimal(70)))

    assert journal.ledger("demo") == recorded({SPY: 77}, {SPY: 120}, SPY)


def test_a_renamed_symbol_is_gone_under_its_old_name(journal):
    meta = Symbol("META")
    ledger = ledger_after(
        journal, holdings_read(holding(SPY, "10", "10")), restated(SPY, "0", "0"), restated(meta, "10", "10")
    )

    assert ledger == recorded({meta: 10}, {meta: 10}, SPY, meta)


def test_a_restatement_is_a_rename_if_it_has_the_old_name_and_the_day():
    old = Symbol("FB")
    change = replace(restated(Symbol("META"), "10", "10"), was=old, renamed_on=DAY)

    assert renamed(change) == Rename(old, Symbol("META"), DAY)
    assert renamed(restated(SPY, "100", "100")) is None
    assert renamed(replace(change, renamed_on=None)) is None
    assert renamed(replace(change, was=None)) is None


def test_the_renames_of_an_account_are_kept_in_their_order_and_splits_are_none(journal):
    meta, facebook, zoom, old_zoom = map(Symbol, ("META", "FB", "ZM", "ZOOM"))
    first = replace(restated(meta, "10", "10"), was=facebook, renamed_on=DAY)
    second = replace(restated(zoom, "5", "5"), was=old_zoom, renamed_on=DAY - timedelta(days=1))
    journal.record(start(journal, replace(REQUEST, account="other")), replace(second, account="other"))

    ledger = ledger_after(journal, first, restated(SPY, "100", "100"), second, holdings_read())

    assert ledger.renames == (Rename(facebook, meta, DAY), Rename(old_zoom, zoom, DAY - timedelta(days=1)))


def written_off(symbol, account="demo"):
    return WrittenOff(NOW, account, symbol, Decimal(10), Decimal(2000), "ann@desk", "delisted")


def test_written_off_shares_are_neither_ours_nor_expected(journal):
    ledger_after(journal, holdings_read(holding(SPY, "10", "4", "2000"), holding(BIL, "3", "3")))
    journal.record(NO_RUN, written_off(SPY))

    ledger = journal.ledger("demo")
    assert ledger == recorded({BIL: 3}, {BIL: 3})
    assert SPY not in ledger.values


def test_a_write_off_in_one_account_does_not_affect_another(journal):
    ledger_after(journal, holdings_read(holding(SPY, "10", "10")))
    journal.record(NO_RUN, written_off(SPY, "other"))

    assert journal.ledger("demo") == recorded({SPY: 10}, {SPY: 10})


def test_shares_bought_after_a_write_off_are_ours(journal, path):
    ledger_after(journal, holdings_read(holding(SPY, "10", "10", "2000")))
    journal.record(NO_RUN, written_off(SPY))
    ledger = ledger_after(journal, filled(BUY, "7"))

    assert ledger == recorded({SPY: 7}, {SPY: 7})
    (line,) = read.positions(path, "demo")
    assert (line.ours, line.at_broker, line.value) == (7, None, None)


def test_two_spellings_that_an_earlier_version_wrote_are_one_symbol(journal):
    dashed, dotted = Symbol("BRK-B"), Symbol("BRK.B")
    ledger = ledger_after(
        journal,
        holdings_read(holding(dashed, "10", "4", "2000"), holding(dotted, "3", "3", "600")),
        filled(order("rb1", symbol=dashed), "5"),
        restated(Symbol("BF-B"), "1", "2"),
    )

    assert ledger == recorded({dotted: 12, Symbol("BF.B"): 1}, {dotted: 18, Symbol("BF.B"): 2}, Symbol("BF.B"))
    assert {*ledger.values} == {dotted}


def test_the_next_record_takes_the_place_of_a_split(journal):
    ledger = ledger_after(
        journal,
        holdings_read(holding(SPY, "10", "10")),
        restated(SPY, "100", "100"),
        holdings_read(holding(SPY, "90", "90"), phase="end"),
    )

    assert ledger == recorded({SPY: 90}, {SPY: 90}, SPY)


def test_the_last_session_in_which_a_symbol_was_restated_is_kept_through_later_records(journal):
    later = replace(REQUEST, session=DAY + timedelta(days=4))
    journal.record(start(journal, replace(REQUEST, session=DAY - timedelta(days=1))), restated(BIL, "1", "1"))
    journal.record(start(journal), restated(SPY, "100", "100"))
    journal.record(start(journal, later), restated(SPY, "200", "200"), holdings_read(holding(SPY, "200", "200")))

    assert journal.ledger("demo").restated == {BIL: DAY - timedelta(days=1), SPY: later.session}


def test_a_split_in_one_account_does_not_affect_another(journal):
    other = replace(REQUEST, account="other")
    journal.record(start(journal), holdings_read(holding(SPY, "10", "10")))
    journal.record(start(journal, other), holdings_read(holding(SPY, "7", "7")), restated(SPY, "100", "100"))

    assert (journal.ledger("demo").ours, journal.ledger("other").ours) == ({SPY: 100}, {SPY: 7})
    assert (journal.ledger("demo").restated, journal.ledger("other").restated) == ({SPY: DAY}, {})


def test_the_value_of_split_shares_is_unknown(journal, path):
    before = holdings_read(holding(SPY, "10", "10", "2000"))
    journal.record(start(journal), filled(BUY, "10"), before, restated(SPY, "100", "100"))

    (line,) = read.positions(path, "demo")

    assert (line.ours, line.at_broker, line.value) == (100, None, None)


# ------------------------------------------------------------------------------------- what always holds


@given(FILLS, FILLS)
def test_changes_can_be_applied_at_once_or_in_parts(first, then):
    """Of more shares than all fills together sell: the journal never counts less than none."""
    before = Ledger(ours={SPY: Decimal(10**6)}, expected={SPY: Decimal(10**6)}, recorded=DAY)

    assert with_changes(with_changes(before, first), then) == with_changes(before, [*first, *then])
