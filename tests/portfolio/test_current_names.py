"""Old tickers are resolved to current ones."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from rebalancer.model import Allocation, BotFailure, Closes, Flip, Rename, Symbol
from rebalancer.portfolio.renames import current_names, old_ticker_reused, under_new_names, under_old_names

FB, META, MVRS = map(Symbol, ("FB", "META", "MVRS"))
MONDAY, TUESDAY, WEDNESDAY = (date(2024, 6, 10) + timedelta(days=days) for days in range(3))
NAN = float("nan")


def closes(fb: list[float], meta: list[float]) -> Closes:
    days = np.array([MONDAY, TUESDAY, WEDNESDAY], dtype="datetime64[D]")
    return Closes(days, (FB, META), np.array([fb, meta]).T)


def test_of_two_renames_in_a_row_the_last_name_counts_from_the_first_day() -> None:
    renames = (Rename(FB, META, MONDAY), Rename(META, MVRS, TUESDAY))
    assert current_names([FB, META, MVRS], renames) == {
        FB: Rename(FB, MVRS, MONDAY),
        META: Rename(META, MVRS, TUESDAY),
    }


def test_a_ticker_renamed_back_keeps_its_name() -> None:
    assert current_names([FB], (Rename(FB, META, MONDAY), Rename(META, FB, TUESDAY))) == {}
    assert current_names([MVRS], (Rename(FB, META, MONDAY),)) == {}


def test_an_old_ticker_is_reused_once_it_has_different_closes_after_the_rename() -> None:
    rename = Rename(FB, META, TUESDAY)
    assert not old_ticker_reused(rename, closes([10, NAN, NAN], [10, 11, 12]))
    assert not old_ticker_reused(rename, closes([10, 11, 12], [10, 11, 12]))  # the source maps the old name
    assert old_ticker_reused(rename, closes([10, NAN, 7], [10, 11, 12]))
    assert old_ticker_reused(rename, closes([10, NAN, 7], [10, 11, NAN]))


def test_a_bot_sees_the_new_history_in_the_column_of_the_old_name() -> None:
    days = np.array([MONDAY], dtype="datetime64[D]")
    seen = under_old_names(Closes(days, (META, MVRS), np.array([[12.0, 5.0]])), {FB: META}, (FB, MVRS))
    assert (seen.symbols, seen.values.tolist()) == ((FB, MVRS), [[12.0, 5.0]])


def test_a_bot_that_names_the_new_one_sees_it_as_it_is() -> None:
    days = np.array([MONDAY], dtype="datetime64[D]")
    assert under_old_names(Closes(days, (META,), np.array([[12.0]])), {FB: META}, (META,)).symbols == (META,)


def test_decisions_of_a_bot_are_mapped_to_the_new_name() -> None:
    decided = under_new_names(Allocation("A", MONDAY, {FB: 0.6, MVRS: 0.4}), {FB: META})
    assert isinstance(decided, Allocation)
    assert decided.weights == {META: 0.6, MVRS: 0.4}
    near = Flip(0, FB, Decimal(300), Decimal(299)), Flip(1, MVRS, Decimal(9), Decimal(8)), Flip(2, why="no price")
    decided = under_new_names(Allocation("A", MONDAY, {FB: 1.0}, flips=near), {FB: META})
    assert isinstance(decided, Allocation)
    assert [flip.symbol for flip in decided.flips] == [META, MVRS, None]
    assert under_new_names(BotFailure("A", "no closes"), {FB: META}) == BotFailure("A", "no closes")
