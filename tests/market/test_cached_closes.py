"""What is known of a symbol, and an answer that agrees with it or does not."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from rebalancer.market.cache import CachedCloses, reconciled

FIRST = date(2024, 2, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def known(closes: dict[int, float], first: int = 0, last: int = 9) -> CachedCloses:
    return CachedCloses.of({day(number): close for number, close in closes.items()}, day(first), day(last))


def closes_of(one: object) -> dict[int, float]:
    assert isinstance(one, CachedCloses)
    return {(at - FIRST).days: close for at, close in zip(one.days.tolist(), one.closes.tolist(), strict=True)}


PAST = known({0: 10.0, 1: 11.0, 2: 12.0}, last=2)


def test_an_answer_that_agrees_adds_its_new_closes() -> None:
    now = reconciled(PAST, known({1: 11.0, 2: 12.0, 3: 13.0}, first=1, last=3), whole=False)
    assert closes_of(now) == {0: 10.0, 1: 11.0, 2: 12.0, 3: 13.0}
    assert isinstance(now, CachedCloses)
    assert (now.first, now.last) == (day(0), day(3))


def test_a_close_that_moved_condemns_the_history() -> None:
    answer = known({1: 5.5, 2: 6.0, 3: 6.5}, first=1, last=3)
    assert reconciled(PAST, answer, whole=False) == ("its close of 2024-02-03 was 12.0000 USD and is 6.0000 USD now")


@pytest.mark.parametrize(("factor", "agrees"), [(1 + 9e-7, True), (1 - 9e-7, True), (1 + 2e-6, False)])
def test_a_millionth_is_no_difference(factor: float, *, agrees: bool) -> None:
    found = reconciled(PAST, known({2: 12.0 * factor, 3: 13.0}, first=2, last=3), whole=False)
    assert isinstance(found, CachedCloses) == agrees


def test_a_known_close_that_is_gone_condemns_the_history() -> None:
    found = reconciled(PAST, known({2: 12.0}, first=1, last=3), whole=False)
    assert found == "its close of 2024-02-02 is gone"


def test_a_close_that_came_late_fills_its_gap() -> None:
    gapped = known({0: 10.0, 2: 12.0}, last=2)
    found = reconciled(gapped, known({0: 10.0, 1: 11.0, 2: 12.0}, last=3), whole=False)
    assert closes_of(found) == {0: 10.0, 1: 11.0, 2: 12.0}


def test_an_answer_without_the_symbol_says_nothing_of_its_history() -> None:
    assert reconciled(PAST, known({}, first=1, last=3), whole=False) is None
    assert reconciled(PAST, known({}, last=3), whole=True) is None


def test_a_symbol_that_never_had_closes_is_known_to_have_none() -> None:
    nothing = known({}, last=2)
    found = reconciled(nothing, known({}, first=1, last=3), whole=False)
    assert closes_of(found) == {}
    assert isinstance(found, CachedCloses)
    assert found.last == day(3)


def test_first_closes_of_a_symbol_are_a_reason_to_ask_for_all_of_them() -> None:
    assert reconciled(known({}, last=2), known({3: 1.0}, first=1, last=3), whole=False) == "it had no closes before"


def test_a_whole_answer_replaces_what_was_known() -> None:
    assert closes_of(reconciled(PAST, known({1: 5.0}), whole=True)) == {1: 5.0}
    assert closes_of(reconciled(None, known({1: 5.0}), whole=True)) == {1: 5.0}


def test_a_clock_that_went_back_loses_no_closes() -> None:
    found = reconciled(PAST, known({0: 10.0, 1: 11.0}, last=1), whole=False)
    assert closes_of(found) == closes_of(PAST)
    assert isinstance(found, CachedCloses)
    assert found.last == day(2)


@given(
    st.dictionaries(st.integers(0, 19), st.floats(0.01, 1e5), min_size=1),
    st.integers(1, 18),
    st.data(),
)
def test_however_often_it_is_asked_the_end_is_the_whole_answer(
    truth: dict[int, float], seen: int, data: st.DataObject
) -> None:
    first_answer = known({at: close for at, close in truth.items() if at <= seen}, last=seen)
    newest = max((at for at in truth if at <= seen), default=0)
    start = data.draw(st.integers(0, newest))
    answer = known({at: close for at, close in truth.items() if at >= start}, first=start, last=19)
    found = reconciled(first_answer, answer, whole=False)
    if isinstance(found, str):
        found = reconciled(first_answer, known(truth, last=19), whole=True)
    if found is None:
        assert not answer
        return
    assert closes_of(found) == truth
    assert_array_equal(found.days, sorted(found.days))
