"""What every kind of bot must do: the contract of the port. A new kind is added to `KINDS`, and nothing else here."""

import json

import numpy as np
import pytest

from rebalancer.app.bot_files import load_bot
from rebalancer.bots.base import Bot
from rebalancer.model import Allocation, BotFailure, Closes, Symbol

AAA, BBB, CCC = Symbol("AAA"), Symbol("BBB"), Symbol("CCC")
MEAN = {"moving-average-price": {"of": "AAA", "window": 3}}
ABOVE_ITS_MEAN = {"left": {"current-price": {"of": "AAA"}}, "is": "gt", "right": MEAN}
FLOWCHART = {
    "format": "rebalancer/bot",
    "version": 1,
    "name": "in its file",
    "chart": {"if": ABOVE_ITS_MEAN, "then": {"asset": "BBB"}, "else": {"cash": True}},
}
PYTHON = """
SYMBOLS = ["BBB", "AAA"]
LOOKBACK = 3

def weights(closes):
    if closes["AAA"].isna().any():
        raise ValueError("a close of AAA is missing")
    return {"BBB": 1.0} if closes["AAA"].iloc[-1] > closes["AAA"].mean() else {}
"""
KINDS = {"flowchart.json": json.dumps(FLOWCHART), "python.py": PYTHON}
"""Each holds BBB while AAA is above its mean of 3 sessions, and cash otherwise."""


@pytest.fixture(params=KINDS)
def bot(request) -> Bot:
    found, problems = load_bot(KINDS[request.param].encode(), "mine", request.param)
    assert problems == ()
    assert found is not None
    return found


def closes(*aaa: float, others: float = 50.0) -> Closes:
    sessions = np.busday_offset("2024-01-01", np.arange(len(aaa)))
    columns = (np.full(len(aaa), others), np.array(aaa), np.full(len(aaa), others))
    return Closes(sessions, (CCC, AAA, BBB), np.column_stack(columns))


def test_a_bot_has_the_name_given_in_the_settings(bot):
    assert bot.name == "mine"


def test_a_bot_lists_the_symbols_it_reads_and_those_it_may_hold(bot):
    assert bot.symbols == (AAA, BBB)
    assert set(bot.holdable) <= set(bot.symbols)
    assert bot.holdable == tuple(sorted(bot.holdable))
    assert bot.findings().tickers == bot.symbols


def test_a_bot_decides_from_its_lookback_on_and_not_before(bot):
    assert 1 <= bot.lookback <= bot.warm_up
    rows = bot.weights(closes(1, 2, 3, 4, 3))
    assert rows.shape == (5, 3)
    assert np.isnan(rows).all(axis=1).tolist() == [True] * (bot.lookback - 1) + [False] * (6 - bot.lookback)
    assert isinstance(bot.decide(closes(*[1.0] * (bot.lookback - 1))), BotFailure)


def test_a_bot_says_how_many_closes_of_each_symbol_it_may_need(bot):
    assert set(bot.closes_needed) == set(bot.symbols)
    assert bot.closes_needed[AAA] == 3
    assert max(bot.closes_needed.values()) == bot.lookback


def test_weights_cover_all_columns_and_the_rest_to_1_is_cash(bot):
    assert bot.weights(closes(1, 2, 3, 4, 3))[2:].tolist() == [[0, 0, 1], [0, 0, 1], [0, 0, 0]]


def test_the_last_row_of_a_back_test_is_the_evenings_decision(bot):
    prices = closes(1, 2, 3)
    decision = bot.decide(prices)
    assert isinstance(decision, Allocation)
    assert (decision.bot, decision.session, decision.weights) == ("mine", prices.day(-1), {BBB: 1.0})
    assert decision.path


def test_later_closes_change_no_earlier_decision(bot):
    early, late = closes(1, 2, 3), closes(1, 2, 3, 0.5, 9)
    assert bot.weights(late)[:3].tobytes() == bot.weights(early).tobytes()
    assert bot.explain(late, 2) == bot.explain(early, 2)


@pytest.mark.parametrize("missing", [np.nan, 0.0, -1.0, np.inf])
def test_a_missing_close_that_it_needs_is_a_failure_with_a_sentence(bot, missing):
    decision = bot.decide(closes(1, 2, missing))
    assert isinstance(decision, BotFailure)
    assert decision.bot == "mine"
    assert "AAA" in decision.reason
    assert np.isnan(bot.weights(closes(1, 2, missing))[-1]).all()


def test_closes_without_a_column_that_it_needs_are_refused(bot):
    without = Closes(closes(1, 2, 3).sessions, (BBB,), np.ones((3, 1)))
    for ask in (bot.decide, bot.weights):
        with pytest.raises(ValueError, match="needs closes of AAA"):
            ask(without)


def test_a_bot_shows_its_rules_with_and_without_prices(bot):
    assert bot.outline()
    assert bot.outline(closes(1, 2, 3))
