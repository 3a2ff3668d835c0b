"""An evening in which how near the bots are to deciding otherwise can't be computed."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from stage import SPY, Stage, mix, percent

from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.events import BotDecided
from rebalancer.model import Allocation, Closes
from rebalancer.ports import Broker, Journal
from rebalancer.trading.context import RunContext


@dataclass(frozen=True, slots=True, eq=False)
class Unobservable(FlowchartBot):
    def flips(self, closes: Closes, decision: Allocation) -> NoReturn:
        raise ZeroDivisionError("a gate of another world")


class UnobservableStage(Stage):
    def context(self, broker: Broker, journal: Journal) -> RunContext:
        context = Stage.context(self, broker, journal)
        bots = {
            name: Unobservable(name, bot.chart, bot.program)
            for name, bot in context.bots.items()
            if isinstance(bot, FlowchartBot)
        }
        return replace(context, bots=bots)


def test_an_error_there_is_noted_and_costs_neither_the_decision_nor_the_trades(tmp_path: Path) -> None:
    stage = UnobservableStage(tmp_path, {"A": (mix(SPY=100), percent("A", 100))})
    stage.run()
    record = stage.record()
    assert [(made.weights, made.flips) for made in record.decisions if isinstance(made, BotDecided)] == [
        ({SPY: 1.0}, ())
    ]
    assert stage.shares()[SPY] > 0
    notes = [note.text for note in record.remarks if note.level == "warning"]
    assert notes == [
        "how near A is to deciding otherwise could not be computed: ZeroDivisionError: a gate of another world"
    ]
    assert record.run.status == "success"
