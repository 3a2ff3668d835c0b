import math
from datetime import date

import numpy as np
import pytest

from rebalancer.backtest.run import backtest
from rebalancer.flowchart.compile import compile_chart
from rebalancer.flowchart.tree import Asset, Cash, Chart, Compare, Constant, Equal, If, Indicator, Node, Place
from rebalancer.model import Closes, symbol

HERE = Place(None, "chart")
NAN = math.nan
AAA, BBB = Asset(symbol("AAA"), HERE), Asset(symbol("BBB"), HERE)


def above(level: float, then: Node, otherwise: Node) -> If:
    """Does what it does by AAA's close."""
    close = Indicator("current-price", None, symbol("AAA"), HERE)
    return If(Compare(close, "gt", Constant(level, HERE), 1, HERE), then, otherwise, HERE)


def closes(**columns: list[float]) -> Closes:
    values = np.array(list(columns.values())).T
    sessions = np.busday_offset(np.datetime64(date(2016, 1, 4)), np.arange(len(values)))
    return Closes(sessions, tuple(symbol(ticker) for ticker in columns), values)


def run(root: Node, **columns: list[float]):
    return backtest(compile_chart(Chart("test bot", root)), closes(**columns))


def same(found, *wanted: float) -> None:
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-15)


def test_one_asset_earns_its_own_return():
    result = run(AAA, AAA=[100, 110, 99])
    same(result.returns, NAN, 0.1, -0.1)
    same(result.equity, 1, 1.1, 0.99)


def test_weights_decided_at_a_close_earn_until_the_next():
    result = run(above(1.5, BBB, AAA), AAA=[1, 2, 2], BBB=[1, 7, 14])
    same(result.weights[:, 0], 1, 0, 0)
    same(result.returns, NAN, 1, 1)
    same(result.equity, 1, 2, 4)


def test_cash_earns_nothing():
    same(run(Equal((AAA, Cash(HERE)), HERE), AAA=[1, 2]).equity, 1, 1.5)


def test_equity_begins_at_the_first_decided_close():
    result = run(above(1, AAA, AAA), AAA=[NAN, 2, 4])
    same(result.returns, NAN, NAN, 1)
    same(result.equity, NAN, 1, 2)


def test_a_held_symbol_without_a_close_breaks_the_curve_and_it_begins_afresh():
    result = run(AAA, AAA=[1, 2, NAN, 3, 6])
    same(result.returns, NAN, 1, NAN, NAN, 1)
    same(result.equity, 1, 2, NAN, 1, 2)


def test_a_symbol_that_is_not_held_may_lack_closes():
    same(run(above(1, AAA, BBB), AAA=[2, 4, 8], BBB=[NAN, NAN, NAN]).equity, 1, 2, 4)


@pytest.mark.parametrize("days", [0, 1])
def test_a_history_of_no_day_or_one_earns_nothing_yet(days):
    result = run(AAA, AAA=[5.0] * days)
    assert result.weights.shape == (days, 1)
    same(result.returns, *[NAN] * days)
    same(result.equity, *[1] * days)


def test_a_later_day_changes_no_earlier_one():
    root = above(100, Equal((AAA, BBB), HERE), BBB)
    values = np.exp(np.random.default_rng(3).normal(0, 0.1, (2, 30)).cumsum(axis=1)) * 100
    whole = run(root, AAA=values[0].tolist(), BBB=values[1].tolist())
    for known in range(1, 30):
        past = run(root, AAA=values[0, :known].tolist(), BBB=values[1, :known].tolist())
        assert past.weights.tobytes() == whole.weights[:known].tobytes()
        assert past.equity.tobytes() == whole.equity[:known].tobytes()
