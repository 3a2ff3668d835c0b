"""The way from the bots to the account: a row for each symbol and one for the cash, each step a bar."""

from xml.etree import ElementTree as ET

from rebalancer.model import Targets
from rebalancer.report.waterfall import rows

TARGETS = Targets(
    shares=(),
    merged={"SPY": 0.72, "SH": 0.05},
    nettings=(),
    netted={"SPY": 0.67, "BIL": 0.1},
    weights={"SPY": 0.5, "BIL": 0.1},
    whys={"SPY": "A 72 %"},
)


def widths(bars: str) -> list[float]:
    return [float(bar.attrib["width"]) for bar in ET.fromstring(bars)]  # noqa: S314 - it is our own


def test_the_largest_target_comes_first_and_the_cash_last():
    found = rows(TARGETS)
    assert [row.name for row in found] == ["SPY", "BIL", "SH", "cash"]
    assert found[0].weights == (0.72, 0.67, 0.5)
    assert [round(weight, 2) for weight in found[-1].weights] == [0.23, 0.23, 0.4]
    assert [row.why for row in found] == ["A 72 %", "", "", ""]


def test_the_widest_bar_is_the_largest_weight_and_each_is_told_in_words():
    found = {row.name: row for row in rows(TARGETS)}
    assert widths(found["SPY"].bars) == [1000.0, 930.6, 694.4]
    assert widths(found["SH"].bars)[1:] == [0, 0]
    assert 'aria-label="SPY: merged 72.00 %, netted 67.00 %, capped 50.00 %"' in found["SPY"].bars
    assert "style" not in found["SPY"].bars


def test_nothing_wanted_is_all_cash():
    (cash,) = rows(Targets((), {}, (), {}, {}))
    assert (cash.name, cash.weights) == ("cash", (1, 1, 1))


def test_a_sum_above_the_whole_draws_no_bar_below_zero():
    *_, cash = rows(Targets((), {"SPY": 1.2}, (), {"SPY": 1.2}, {"SPY": 0.99}))
    assert widths(cash.bars)[0] == 0
