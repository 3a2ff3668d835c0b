"""How near a decision is to another: observed, and never in its way."""

from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np

from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.tree import Asset, Chart, Place
from rebalancer.bots.observe import with_flips
from rebalancer.model import Allocation, BotFailure, Closes, symbol

HERE = Place(None, "chart")
CLOSES = Closes(np.array(["2024-01-02"], dtype="datetime64[D]"), (symbol("SPY"),), np.array([[500.0]]))
BOT = FlowchartBot.of(Chart("always SPY", Asset(symbol("SPY"), HERE)))


@dataclass(frozen=True, slots=True, eq=False)
class Unobservable(FlowchartBot):
    error: Exception = field(default_factory=lambda: ZeroDivisionError("a gate of another world"))

    def flips(self, closes: Closes, decision: Allocation) -> NoReturn:
        raise self.error


def test_an_error_while_observing_leaves_the_decision_and_is_said() -> None:
    made = BOT.decide(CLOSES)
    decision, trouble = with_flips(Unobservable(BOT.name, BOT.chart, BOT.program), CLOSES, made)
    assert decision == made
    assert trouble == (
        "how near always SPY is to deciding otherwise could not be computed: ZeroDivisionError: a gate of another world"
    )


def test_an_error_without_a_text_is_named_by_its_kind() -> None:
    bot = Unobservable(BOT.name, BOT.chart, BOT.program, error=MemoryError())
    assert with_flips(bot, CLOSES, BOT.decide(CLOSES))[1].endswith("could not be computed: MemoryError")


def test_a_decision_that_can_be_observed_has_its_flips_and_nothing_is_said() -> None:
    assert with_flips(BOT, CLOSES, BOT.decide(CLOSES)) == (BOT.decide(CLOSES), "")


def test_of_a_failure_there_is_nothing_to_observe() -> None:
    failure = BotFailure("b", "no close")
    assert with_flips(Unobservable(BOT.name, BOT.chart, BOT.program), CLOSES, failure) == (failure, "")
