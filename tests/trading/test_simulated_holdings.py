"""The evenings of a bot that does not rebalance daily: each goes on with the simulation of those before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from stage import DAYS, SPY, TLT, Stage, StageMarket, mix, percent

from rebalancer.events import BotDecided, BotFailed
from rebalancer.model import Closes, Symbol

FIRST = date(2024, 2, 28)
GROWN = 1.05**3


@dataclass
class RisingMarket(StageMarket):
    """SPY rises by 5 % on every session up to today's price; TLT stays. The closes begin on `begins`."""

    begins: date = FIRST

    def closes(self, symbols: Sequence[Symbol], before: date) -> Closes:
        sessions = np.arange(self.begins, before, dtype="datetime64[D]")
        sessions = sessions[np.is_busday(sessions)]
        values = np.array([[float(self.prices.get(name, "nan")) for name in symbols]] * len(sessions))
        if SPY in symbols:
            values[:, symbols.index(SPY)] /= 1.05 ** np.arange(len(sessions), 0, -1)
        return Closes(sessions, tuple(symbols), values)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A holds SPY and TLT by halves, rebalanced on the first session of the year, or on its first day."""
    bots = {"A": (mix(SPY=50, TLT=50), percent("A", 50)), "B": (mix(GLD=100), percent("B", 50))}
    stage = Stage(tmp_path, bots, rebalance="yearly")
    stage.bot_files = {"bot A": b"its rules"}
    stage.market = RisingMarket(stage.market.prices, stage.clock)
    return stage


def decision(stage: Stage, begins: date, day: date = DAYS[0]) -> BotDecided | BotFailed:
    stage.on(day)
    assert isinstance(stage.market, RisingMarket)
    stage.market.begins = begins
    stage.run(force=True)
    return stage.record().decisions[0]


def test_the_first_evening_journals_the_day_on_which_the_simulation_began(stage: Stage) -> None:
    made = decision(stage, begins=FIRST)
    assert isinstance(made, BotDecided)
    assert made.since == FIRST
    # SPY rose three times since.
    assert made.weights == {SPY: pytest.approx(GROWN / (GROWN + 1)), TLT: pytest.approx(1 / (GROWN + 1))}
    assert made.path[0] == "rebalances yearly, on the first session of the year: last on 2024-02-28, when"


def test_an_evening_with_more_history_loaded_holds_the_same(stage: Stage) -> None:
    first = decision(stage, begins=FIRST)
    again = decision(stage, begins=date(2024, 1, 2))
    assert isinstance(first, BotDecided)
    assert isinstance(again, BotDecided)
    assert (again.weights, again.since) == (first.weights, FIRST)


def test_an_evening_without_the_earlier_history_fails_by_name(stage: Stage) -> None:
    decision(stage, begins=FIRST)
    made = decision(stage, begins=date(2024, 2, 29))
    assert isinstance(made, BotFailed)
    assert "simulated since 2024-02-28" in made.failure.reason
    assert "restore the earlier prices" in made.failure.reason


def test_a_changed_bot_begins_anew(stage: Stage) -> None:
    decision(stage, begins=FIRST)
    stage.bot_files = {"bot A": b"other rules"}
    made = decision(stage, begins=date(2024, 3, 1))
    assert isinstance(made, BotDecided)
    assert made.since == date(2024, 3, 1)


def test_the_account_trades_to_what_the_bot_holds(stage: Stage) -> None:
    decision(stage, begins=FIRST)
    shares = stage.shares()
    # Of 49,500 dollars, in whole shares: SPY at 500 for 26,558, TLT at 93.5 for 22,942.
    assert (shares[SPY], shares[TLT]) == (53, 245)
