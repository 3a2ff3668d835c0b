"""The strategies that people share, against the plain reference. They are not part of the project.

Prices are random walks of each chart's own tickers, of which some begin late.
"""

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from reference import Reference
from reference_rebalance import RebalanceReference
from trees import random_walks

from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.formats import read
from rebalancer.bots.flowchart.tree import Chart
from rebalancer.model import Closes

STRATEGIES = Path(__file__).parents[4] / "shared" / "strategies"
ENDINGS = (".json", ".json.gz", ".clj.gz")
ABSENT = pytest.param(None, marks=pytest.mark.skip(reason="the shared strategies are not on this machine"))
FILES = [
    pytest.param(file, id=f"{file.parent.name}/{file.name}")
    for file in sorted(STRATEGIES.rglob("*"))
    if file.name.endswith(ENDINGS)
] or [ABSENT]
LARGE, SMALL = 700, 150
"""Distinct nodes. Of a large chart one day is compared; of a small one also what it holds by its rebalance rule."""
MOST_SESSIONS = 600
"""A chart that looks back further has no decision yet, on either side."""


@cache
def chart_of(file: Path) -> Chart | None:
    chart, problems = read(file.read_bytes(), file.name)
    assert chart or ["ExxaHub" in str(problem) for problem in problems] == [True], problems
    return chart


def same_program(one: FlowchartBot, other: FlowchartBot) -> bool:
    return (one.program.table, one.program.root) == (other.program.table, other.program.root)


def is_the_text_of_a_chart_beside_it(file: Path, bot: FlowchartBot) -> bool:
    """A Composer text of which the JSON makes the same program, which is compared already."""
    twin = STRATEGIES / "composer" / file.name.replace(".clj", ".json")
    if twin == file or not twin.exists():
        return False
    chart = chart_of(twin)
    return chart is not None and same_program(bot, FlowchartBot.of(chart._replace(rebalance="daily")))


def walks_with_late_beginnings(bot: FlowchartBot, sessions: int) -> Closes:
    closes, random = random_walks(7, sessions, bot.symbols), np.random.default_rng(11)
    for column in closes.values.T:
        if random.random() < 0.15:
            column[: random.integers(1, sessions // 4)] = np.nan
    return closes


def same_weights(row: list[float], wanted: dict[str, float] | None, closes: Closes) -> bool:
    if wanted is None:
        return all(map(math.isnan, row))
    return row == pytest.approx([wanted.get(ticker, 0.0) for ticker in closes.symbols], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("file", FILES)
def test_a_shared_file_decides_as_the_reference_does(file):
    chart = chart_of(file)
    if chart is None:
        return
    bot = FlowchartBot.of(chart._replace(rebalance="daily"))
    if is_the_text_of_a_chart_beside_it(file, bot):
        return
    large = len(bot.program.table) > LARGE
    sessions = min(bot.lookback, MOST_SESSIONS) + (5 if large else 60)
    closes = walks_with_late_beginnings(bot, sessions)
    rows, reference = bot.weights(closes).tolist(), Reference(closes)
    for day in (sessions - 1,) if large else (sessions - 55, sessions - 12, sessions - 1):
        reference.doubtful = False
        wanted = reference.weights(chart.root, day)
        assert reference.doubtful or same_weights(rows[day], wanted, closes), closes.day(day)
    if chart.rebalance != "daily" and len(bot.program.table) <= SMALL:
        by_rule = RebalanceReference(chart, closes)
        for row, wanted in zip(FlowchartBot.of(chart).weights(closes).tolist(), by_rule.held(), strict=True):
            assert by_rule.doubtful or same_weights(row, wanted, closes)
