"""The transition tables of orders and runs, and invariants of every path through them."""

from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.model.states import (
    ORDER_MOVES,
    OVER,
    RUN_MOVES,
    SHOWN,
    OrderPhase,
    RunStep,
    may_become,
    may_step,
)

PHASES: tuple[OrderPhase, ...] = get_args(OrderPhase)
STEPS: tuple[RunStep, ...] = get_args(RunStep)


def before(after, moves) -> set:
    return {state for state, following in moves.items() if after in following}


def walks(start, moves) -> st.SearchStrategy[list]:
    """A random path of legal transitions from `start` to a final state."""

    @st.composite
    def walk(draw) -> list:
        walked = [start]
        while moves[walked[-1]] and len(walked) < 15:
            walked.append(draw(st.sampled_from(sorted(moves[walked[-1]]))))
        return walked

    return walk()


@pytest.mark.parametrize(("names", "moves"), [(PHASES, ORDER_MOVES), (STEPS, RUN_MOVES)], ids=["orders", "runs"])
def test_every_state_has_its_line_and_leads_to_states_only(names, moves):
    assert set(moves) == set(names)
    assert set().union(*moves.values()) <= set(names)


# -------------------------------------------------------------------------------------------------------- orders


@pytest.mark.parametrize(
    ("after", "only_from"),
    [
        ("intended", {"absent"}),
        ("absent", {"intended", "unknown"}),
        ("lost", {"absent", "intended"}),
        ("refused", {"intended"}),
        ("unknown", {"intended"}),
        ("accepted", {"intended"}),
    ],
)
def test_each_order_state_is_reached_only_from_these_states(after, only_from):
    assert before(after, ORDER_MOVES) == only_from


def test_a_broker_may_show_any_order_that_is_not_over():
    assert {phase for phase in PHASES if ORDER_MOVES[phase] >= SHOWN} == set(PHASES) - OVER


@given(walks("intended", ORDER_MOVES))
def test_an_order_that_was_shown_is_never_absent_again_and_its_end_is_its_end(walk):
    shown = next((place for place, phase in enumerate(walk) if phase in SHOWN), len(walk))
    assert set(walk[shown:]) <= SHOWN
    ends = [phase for phase in walk if phase in OVER]
    assert len(ends) <= 1 or ends == ["canceled", "filled"]


@given(st.sampled_from(PHASES), st.sampled_from(PHASES))
def test_a_state_may_repeat_and_every_other_step_is_in_the_table(one, other):
    assert may_become(one, other) == (one == other or other in ORDER_MOVES[one])


# ---------------------------------------------------------------------------------------------------------- runs


def test_nothing_follows_the_end_of_a_run_and_every_step_can_come_to_it():
    assert RUN_MOVES["ended"] == frozenset()
    assert before("ended", RUN_MOVES) == set(STEPS) - {"ended"}


@given(walks("claimed", RUN_MOVES))
def test_no_buy_comes_before_the_sells_are_over_and_no_sell_after_that(walk):
    for earlier, later in pairwise(walk):
        assert may_step(earlier, later)
        assert later != "buying" or earlier in {"sold", "buying"}
        assert later != "selling" or earlier in {"planned", "selling", "taken up"}


@given(walks("claimed", RUN_MOVES))
def test_only_a_resumed_run_sends_without_a_plan(walk):
    sent = next((place for place, step in enumerate(walk) if step in {"selling", "buying"}), None)
    assert sent is None or {"planned", "taken up"} & set(walk[:sent])
