"""What is written in our own format is the chart that is read from it."""

import json

import pytest
import trees
from charts import outline
from hypothesis import given
from hypothesis import strategies as st
from test_collection import collected

from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.formats import native_writer, read
from rebalancer.bots.flowchart.formats.json_layout import WIDTH, laid_out
from rebalancer.bots.flowchart.rule import Threshold
from rebalancer.bots.flowchart.tree import Chart


def read_again(chart: Chart) -> Chart:
    found, problems = read(native_writer.write(chart), "written.json")
    assert problems == ()
    return found


@given(trees.charts, trees.random_prices())
def test_a_chart_decides_the_same_after_it_was_written_and_read(chart, closes):
    once = read_again(chart)
    before, after = (evaluate(compile_chart(each), closes).weights for each in (chart, once))
    assert before.tobytes() == after.tobytes()
    program, again = compile_chart(once), compile_chart(read_again(once))
    assert (again.name, again.table, again.root, again.groups) == (
        program.name,
        program.table,
        program.root,
        program.groups,
    )


SPY, BIL = {"asset": "SPY"}, {"asset": "BIL"}
RSI = {"relative-strength-index": {"of": "QQQ", "window": 10}}
HOT = {"left": RSI, "is": "gt", "right": 79}
SUMMER = {"dates": {"from": "06-01", "to": "08-31"}}
SHARES = [{"percent": 60, "chart": SPY}, {"percent": 40, "chart": BIL}]
BY_RETURN = {
    "by": {"function": "cumulative-return", "window": 20},
    "take": "top",
    "count": 2,
    "of": [SPY, BIL, {"asset": "TLT"}],
}


def when(condition):
    return {"if": condition, "then": SPY, "else": {"cash": True}}


@pytest.mark.parametrize(
    "chart",
    [
        {"group": {"name": "stocks", "chart": SPY}},
        {"equal": [SPY, BIL]},
        {"specified": SHARES},
        {"capped": {"of": SHARES, "fallback": "TLT"}},
        {"shared": [{"part": 2, "if": HOT, "chart": SPY}, {"part": 1, "chart": BIL}]},
        {"inverse_volatility": {"window": 20, "of": [SPY, BIL]}},
        {"pro_volatility": {"window": 20, "of": [SPY, BIL]}},
        {"filter": BY_RETURN},
        {"filter": {**BY_RETURN, "score_of": "tickers", "weights": {"by_rank": {"percent": [70, 30]}}}},
        {"filter": {**BY_RETURN, "weights": {"inverse_volatility": {"window": 20}}}},
        {"filter": {**BY_RETURN, "weights": {"pro_volatility": {"window": 20}}}},
        {"switch": {"conditions": [HOT, SUMMER], "by_count": [SPY, BIL, {"cash": True}]}},
        {"mixed": {"by": RSI, "from": {"at": 30, "chart": SPY}, "to": {"at": 70.5, "chart": BIL}}},
        when({**HOT, "for_days": 3}),
        when({**SUMMER, "for_days": 2}),
        when({"all": [HOT, SUMMER]}),
        when({"any": [HOT, SUMMER]}),
        when({"none": [HOT, SUMMER]}),
        when({"exactly": {"count": 1, "of": [HOT, SUMMER]}}),
        when({"at_least": {"count": 1, "of": [HOT, SUMMER]}}),
        when({"at_most": {"count": 1, "of": [HOT, SUMMER]}}),
        when({"entered": {"if": HOT, "left_if": SUMMER}}),
        when({**HOT, "is": "crosses-above", "right": {"days_ago": {"days": 5, "of": RSI}}}),
        when({**HOT, "left": {"percentile": {"window": 20, "of": RSI}}}),
        when({**HOT, "left": {"add": [RSI, {"abs": RSI}, -2.5]}}),
        when({**HOT, "left": {"relative-strength-index": {"of": {"ratio": ["SPY", "TLT"]}, "window": 10}}}),
        when({**HOT, "left": {"relative-strength-index": {"of": {"equal": [SPY, BIL]}, "window": 10}}}),
    ],
)
def test_a_chart_is_written_as_it_was_read(chart):
    document = {"format": "rebalancer/bot", "version": 1, "name": "a bot", "chart": chart}
    found, problems = read(json.dumps(document).encode(), "bot.json")
    assert problems == ()
    assert json.loads(native_writer.write(found)) == document


@given(st.floats(1e-9, 1))
def test_no_threshold_changes_in_its_last_bit(width):
    assert read_again(trees.chart(trees.hold("SPY"), rebalance=Threshold(width))).rebalance == Threshold(width)


@pytest.mark.parametrize(
    ("rule", "written"), [("weekly", "weekly"), (Threshold(0.069), {"threshold": {"percent": 6.9}}), ("daily", None)]
)
def test_a_rule_is_written_as_a_person_would(rule, written):
    assert native_writer.document(trees.chart(trees.hold("SPY"), rebalance=rule)).get("rebalance") == written


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=9))
def test_no_weight_changes_in_its_last_bit(parts):
    weights = [part / sum(parts) for part in parts]
    chart = trees.chart(trees.specified(*[(weight, trees.hold("SPY")) for weight in weights]))
    assert outline(read_again(chart).root) == outline(chart.root)


@pytest.mark.parametrize("weights", [(0.25, 0.75), (0.07, 0.93), (0.125, 0.875)])
def test_a_weight_of_whole_or_decimal_percents_is_written_as_percent(weights):
    chart = trees.chart(trees.specified(*[(weight, trees.hold("SPY")) for weight in weights]))
    assert native_writer.document(chart)["chart"]["specified"][0]["percent"] == round(100 * weights[0], 10)


def test_half_of_a_surrogate_pair_in_a_name_is_written_as_an_escape():
    text = native_writer.write(Chart("half \ud83d", trees.hold("SPY"))).decode("utf-8")
    assert json.loads(text)["name"] == "half \ud83d"


def test_a_chart_of_a_thousand_levels_is_written_in_little_text():
    node = trees.hold("SPY")
    for level in range(1_000):
        node = trees.when(trees.compare(trees.rsi("QQQ", 10), "gt", float(level)), node, trees.hold("BIL"))
    chart = trees.chart(node)
    assert len(native_writer.write(chart)) < 600 * 1_000
    assert compile_chart(read_again(chart)).table == compile_chart(chart).table


def test_short_values_stand_on_one_line():
    text = laid_out({"chart": {"equal": [{"asset": "SPY"}] * 9}, "name": "a name"})
    assert max(map(len, text.splitlines())) <= WIDTH
    assert '    {"asset": "SPY"}' in text.splitlines()[3]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_the_layout_changes_no_value(value):
    assert json.loads(laid_out(value)) == value


@pytest.mark.parametrize("folder", ["composer", "composer-lisp", "composer-transit", "quantmage", "quantnexus"])
def test_every_strategy_of_the_collection_compiles_to_the_same_program_from_its_native_form(folder):
    charts = [chart for chart, _ in collected(folder).values() if chart]
    for chart in charts:
        before, after = compile_chart(chart), compile_chart(read_again(chart))
        assert (after.table, after.root, after.groups) == (before.table, before.root, before.groups)
