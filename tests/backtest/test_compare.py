import math
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from rebalancer.backtest.compare import TOGETHER, Comparison, Terms, compare
from rebalancer.backtest.merged import Merging
from rebalancer.bots.decisions import Decisions
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.tree import Asset, Chart, Compare, Constant, If, Indicator, Place
from rebalancer.errors import BadInputError
from rebalancer.model import Closes, Investment, Reserve, Symbol, Trading

NAN = math.nan
AAA, BBB = Symbol("AAA"), Symbol("BBB")
HERE = Place(None, "chart")
FIRST = date(2016, 1, 4)


def closes(**columns: list[float]) -> Closes:
    values = np.array(list(columns.values()), dtype=float).T
    sessions = np.busday_offset(np.datetime64(FIRST), np.arange(len(values)))
    return Closes(sessions, tuple(map(Symbol, columns)), values, notes=("a note of the source",))


def following_a(*decided: float) -> Decisions:
    """Holds AAA to these fractions, and no BBB."""
    return Decisions.of(np.array([[weight, 0 * weight] for weight in decided], dtype=float), (AAA, BBB))


def halves(**bots: Decisions) -> Merging:
    investments = tuple(Investment(bot, Decimal(50), "percent") for bot in bots)
    return Merging(investments, Trading(fallback_ticker=BBB), Reserve())


PRICES = closes(AAA=[10, 20, 20, 40], BBB=[1, 1, 1, 1])


def test_every_track_begins_when_every_bot_can_decide():
    bots = {"early": following_a(1, 1, 1, 1), "late": following_a(NAN, NAN, 1, 1)}
    found = compare(bots, PRICES, Terms(100, benchmark=AAA, merging=halves(**bots)))
    assert [track.name for track in found.tracks] == ["early", "late", TOGETHER, AAA]
    assert len(found.sessions) == 2
    assert {len(track.result.equity) for track in found.tracks} == {2}
    assert found.tracks[0].result.equity.tolist() == [100, 200]


def test_nothing_begins_before_the_day_that_was_asked_for():
    found = compare({"bot": following_a(1, 1, 1, 1)}, PRICES, Terms(100, first=date(2016, 1, 6)))
    assert found.sessions[0].item() == date(2016, 1, 6)


def test_a_day_after_the_end_is_refused_and_the_end_is_named():
    with pytest.raises(BadInputError, match="end on 2016-01-07"):
        compare({"bot": following_a(1, 1, 1, 1)}, PRICES, Terms(100, first=date(2016, 1, 8)))


def test_a_bot_that_never_decides_is_refused_by_name():
    bots = {"sound": following_a(1, 1, 1, 1), "blind": following_a(NAN, NAN, NAN, NAN)}
    with pytest.raises(BadInputError, match="on which blind can decide"):
        compare(bots, PRICES, Terms(100))


def test_a_bot_that_fails_later_keeps_its_holdings_alone_and_gives_up_its_share_when_merged():
    bots = {"a": following_a(1, NAN, 1, 1), "b": following_a(1, 1, 1, 1)}
    found = compare(bots, PRICES, Terms(100, merging=halves(**bots)))
    assert found.tracks[0].result.weights[1].tolist() == [1, 0]
    assert found.main.result.weights[1] == pytest.approx([0.495, 0.495])
    assert any("a could not decide on 1 of 4 sessions" in note for note in found.notes)


def test_bots_that_never_decide_on_the_same_day_are_both_named():
    bots = {"early": following_a(1, 1, NAN, NAN), "late": following_a(NAN, NAN, 1, 1)}
    with pytest.raises(BadInputError, match="on which early and late can decide"):
        compare(bots, PRICES, Terms(100))


def test_the_main_track_is_the_merged_bots_or_the_only_bot():
    bots = {"a": following_a(1, 1, 1, 1), "b": following_a(1, 1, 1, 1)}
    assert compare(bots, PRICES, Terms(100, merging=halves(**bots))).main.name == TOGETHER
    assert compare({"a": bots["a"]}, PRICES, Terms(100, benchmark=BBB)).main.name == "a"


def test_notes_of_the_source_and_of_missing_closes_come_along():
    gaps = closes(AAA=[NAN, 10, NAN, 40], BBB=[1, 1, 1, 1])
    notes = compare({"bot": following_a(1, 1, 1, 1)}, gaps, Terms(100)).notes
    assert notes == (
        "a note of the source",
        "Wanted without any close so far, so that their part stays in cash: AAA (by 1 bot on 1 session).",
        "AAA has no close on 1 session while it is held: its last one stands in.",
    )


def test_a_close_before_the_first_session_is_known_on_it():
    gaps = closes(AAA=[10, NAN, 40], BBB=[1, 1, 1])
    found: Comparison = compare({"bot": following_a(1, 1, 1)}, gaps, Terms(100, first=date(2016, 1, 5)))
    assert found.main.result.equity.tolist() == [100, 400]


def test_costs_are_in_hundredths_of_a_percent():
    found = compare({"bot": following_a(1, 1, 1, 1)}, PRICES, Terms(100, cost_bps=100))
    assert found.main.result.equity[0] == pytest.approx(99)


def test_decisions_have_the_columns_of_the_closes_and_are_undefined_as_whole_rows():
    gate = Compare(Indicator("current-price", (), BBB, HERE), "gt", Constant(1, HERE), 1, HERE)
    bot = FlowchartBot.of(Chart("bot", If(gate, Asset(BBB, HERE), Asset(Symbol("CCC"), HERE), HERE)))
    decided = bot.weights(closes(AAA=[1, 1, 1], BBB=[2, NAN, 1], CCC=[1, 1, 1]))
    np.testing.assert_array_equal(decided, [[0, 1, 0], [NAN, NAN, NAN], [0, 0, 1]])
