"""Our decisions against Composer's own, day by day, on recorded prices; and the charts people share.

Neither the recordings nor the charts are part of the project.
"""

import csv
import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from trees import random_walks

from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.formats import read
from rebalancer.model import Allocation, Closes, symbol

RECORDINGS = Path(__file__).parents[4] / "shared" / "data" / "groundtruth"
FRONT_RUNNER = RECORDINGS / "composer_parser_3331d"
SLEEVE = RECORDINGS / "composer_754d"

STRATEGIES = RECORDINGS.parents[1] / "strategies" / "composer"

pytestmark = pytest.mark.skipif(not RECORDINGS.exists(), reason="Composer's recordings are not on this machine")

Decisions = dict[str, dict[str, float]]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def recorded_closes(path: Path) -> Closes:
    days = rows(path)
    tickers = tuple(name for name in days[0] if name != "date")
    values = np.array([[float(day[ticker] or "nan") for ticker in tickers] for day in days])
    return Closes(np.array([day["date"] for day in days], dtype="datetime64[D]"), tuple(map(symbol, tickers)), values)


def decisions(bot: Path, closes: Closes) -> Decisions:
    """What our engine decides, by date and ticker."""
    chart, problems = read(bot.read_bytes(), bot.name)
    assert chart is not None, problems
    weights = FlowchartBot.of(chart).weights(closes)
    return {
        str(day): {ticker: weight for ticker, weight in zip(closes.symbols, row, strict=True) if weight > 0}
        for day, row in zip(closes.sessions, weights.tolist(), strict=True)
    }


# -------------------------------------------------------------------------------------- 3,331 days


@pytest.fixture(scope="module")
def ours() -> Decisions:
    return decisions(FRONT_RUNNER / "symphony.json", recorded_closes(FRONT_RUNNER / "adjusted_closes_2009_2025.csv"))


@pytest.fixture(scope="module")
def recorded() -> list[tuple[str, str, dict[str, float]]]:
    """Date, whether the allocation was printed or implied, and the allocation."""
    days = rows(FRONT_RUNNER / "composer_daily_allocations.csv")
    tickers = [name for name in days[0] if name not in {"date", "kind"}]
    return [(day["date"], day["kind"], {t: float(day[t]) for t in tickers if float(day[t])}) for day in days]


def test_all_242_printed_allocations_are_ours(ours, recorded):
    printed = [(ours[day], theirs) for day, kind, theirs in recorded if kind == "explicit"]
    assert len(printed) == 242
    for mine, theirs in printed:
        assert mine == pytest.approx(theirs)


def test_each_ticker_is_held_on_as_many_of_the_3331_days_as_composer_says(ours, recorded):
    assert len(recorded) == 3331
    assert Counter(ticker for day, _kind, _theirs in recorded for ticker in ours[day]) == {
        "TQQQ": 2756,
        "BIL": 237,
        "SQQQ": 157,
        "BTAL": 156,
        "UVXY": 156,
        "VIXM": 156,
        "TECL": 145,
        "TLT": 97,
        "UPRO": 20,
    }


# ---------------------------------------------------------------------------------------- 754 days


@pytest.mark.parametrize(("bot", "matches"), [("tree_as_found.json", 733), ("tree_fitted.json", 754)])
def test_the_sleeves_ticker_is_ours(bot, matches):
    ours = decisions(SLEEVE / bot, recorded_closes(SLEEVE / "adjusted_closes_2018_2024.csv"))
    recorded = [(row["date"][:10], row["ticker"]) for row in rows(SLEEVE / "sleeve60_ticker.csv")]
    assert len(recorded) == 754
    assert sum(ours[day] == {ticker: 1.0} for day, ticker in recorded) == matches


def test_the_21_days_that_differ_part_at_two_places_where_the_recorded_chart_is_another():
    closes = recorded_closes(SLEEVE / "adjusted_closes_2018_2024.csv")
    chart, problems = read((SLEEVE / "tree_as_found.json").read_bytes(), "tree")
    assert chart is not None, problems
    bot, ours = FlowchartBot.of(chart), decisions(SLEEVE / "tree_as_found.json", closes)
    rows_of = {str(day): row for row, day in enumerate(closes.sessions)}
    recorded = ((row["date"][:10], row["ticker"]) for row in rows(SLEEVE / "sleeve60_ticker.csv"))
    places: Counter[str] = Counter()
    for day, ticker in recorded:
        if ours[day] != {ticker: 1.0}:
            *_, over_60, before, last = bot.explain(closes, rows_of[day])
            choppy = ticker == "UVXY" and over_60.startswith("RSI(SPY,60)") and before.startswith("RSI(QQQ,100)")
            bear = ticker in {"SQQQ", "TQQQ"} and last.startswith("RSI(BND,20)") and last.endswith("-> BIL 100 %")
            places["choppy" if choppy else "bear" if bear else day] += 1
    assert places == {"choppy": 5, "bear": 16}


# ------------------------------------------------------------------------------------ shared charts


def test_every_readable_chart_decides_on_as_many_sessions_as_it_asks_for():
    decided = 0
    for path in sorted(STRATEGIES.glob("*.json.gz")):
        chart, _problems = read(gzip.decompress(path.read_bytes()), path.name)
        if chart is not None:
            bot = FlowchartBot.of(chart)
            closes = random_walks(7, bot.lookback, bot.symbols)
            assert isinstance(bot.decide(closes), Allocation), path.name
            decided += 1
    assert decided > 60
