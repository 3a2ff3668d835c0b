"""Decisions kept by ticker, and sets of days."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rebalancer.bots.day_sets import days_of, marked, spread
from rebalancer.bots.decisions import ByDay, Decisions, add, added
from rebalancer.model import Symbol

NAN = math.nan
AAA, BBB = SYMBOLS = (Symbol("AAA"), Symbol("BBB"))
WEIGHTS = np.array([[0.5, 0.5], [NAN, NAN], [1.0, 0.0], [0.0, 0.0], [0.25, 0.0]])


@given(st.lists(st.booleans(), max_size=40))
def test_a_set_of_days_is_the_bits_of_a_number(marks):
    days = days_of(np.array(marks, dtype=bool))
    assert days == sum(1 << day for day, mark in enumerate(marks) if mark)
    assert marked(days, len(marks)).tolist() == marks
    assert spread(days, 0.3, len(marks)).tolist() == [0.3 if mark else 0.0 for mark in marks]


def test_weights_come_back_as_they_went_in():
    decisions = Decisions.of(WEIGHTS, SYMBOLS)
    np.testing.assert_array_equal(decisions.weights(SYMBOLS), WEIGHTS)
    assert decisions.decided.tolist() == [True, False, True, True, True]


def test_a_ticker_that_is_never_wanted_takes_no_space():
    assert set(Decisions.of(np.array([[0.0, 1.0], [NAN, NAN]]), SYMBOLS).wanted) == {BBB}


def test_weights_can_be_had_over_more_tickers_in_any_order():
    wider = Decisions.of(WEIGHTS, SYMBOLS).weights((BBB, Symbol("CCC"), AAA))
    assert wider[0].tolist() == [0.5, 0.0, 0.5]
    assert np.isnan(wider[1]).all()


def test_what_begins_later_has_the_later_rows():
    later = Decisions.of(WEIGHTS, SYMBOLS).since(1).since(1)
    assert later.length == 3
    assert later.column(AAA).tolist() == [1, 0, 0.25]
    assert later.decided.all()
    np.testing.assert_array_equal(later.weights(SYMBOLS), WEIGHTS[2:])


def test_what_is_undecided_in_part_is_undecided():
    decisions = Decisions(3, {AAA: [(0b111, 0.5)]}, np.array([1]))
    assert decisions.column(AAA).tolist() == [0.5, 0, 0.5]


def test_parts_of_a_ticker_are_added_and_never_exceed_the_whole():
    parts = [(0b011, 0.5), ByDay(np.array([1, 2]), np.array([0.5 + 1e-15, 0.0]))]
    assert Decisions(3, {AAA: parts}, np.array([], dtype=int)).column(AAA).tolist() == [0.5, 1.0, 0.0]


def test_equal_fractions_of_different_days_become_one_part():
    parts = [(0b001, 0.5)]
    add(parts, (0b010, 0.5))
    assert parts == [(0b011, 0.5)]
    add(parts, (0b010, 0.5))
    add(parts, (0b100, 0.25))
    assert len(parts) == 3
    assert added(parts, 3).tolist() == [0.5, 1.0, 0.25]
    assert added([], 2).tolist() == [0, 0]


@given(arrays(float, (6, 2), elements=st.sampled_from([0.0, 0.25, 0.5, NAN])), st.integers(0, 6))
def test_whatever_row_they_begin_on_decisions_are_those_weights(weights, first):
    whole = np.where(np.isnan(weights).any(axis=1)[:, np.newaxis], NAN, weights)
    np.testing.assert_array_equal(Decisions.of(weights, SYMBOLS).since(first).weights(SYMBOLS), whole[first:])
