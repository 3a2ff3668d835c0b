import json

from charts import documents
from hypothesis import given

from rebalancer.bots.base import Findings
from rebalancer.bots.flowchart.bot import describe
from rebalancer.bots.flowchart.formats import read

CHART = {
    "if": {
        "any": [
            {"left": {"relative-strength-index": {"of": "QQQ", "window": 10}}, "is": "gt", "right": 79},
            {
                "left": {"max-drawdown": {"of": {"equal": [{"asset": "SPY"}, {"asset": "IEF"}]}, "window": 20}},
                "is": "lt",
                "right": {"current-price": {"of": "SPY"}},
            },
        ]
    },
    "then": {"capped": {"of": [{"percent": 40, "chart": {"asset": "SPY"}}], "fallback": "BIL"}},
    "else": {
        "filter": {
            "by": {"function": "relative-strength-index", "window": 5},
            "take": "top",
            "count": 1,
            "of": [{"asset": "TLT"}, {"group": {"name": "g", "chart": {"cash": True}}}],
        }
    },
}


def described(document):
    chart, problems = read(json.dumps(document).encode(), "bot.json")
    assert problems == ()
    return describe(chart)


def test_findings_name_the_nodes_the_tickers_the_depth_and_the_functions():
    nodes = {"Asset": 4, "Capped": 1, "Cash": 1, "Equal": 1, "Filter": 1, "Group": 1, "If": 1}
    assert described({"format": "rebalancer/bot", "version": 1, "name": "gate", "chart": CHART}) == Findings(
        name="gate",
        nodes=tuple(nodes.items()),
        tickers=("BIL", "IEF", "QQQ", "SPY", "TLT"),
        depth=4,
        functions=(
            ("current-price", ()),
            ("max-drawdown", (20,)),
            ("relative-strength-index", (5, 10)),
        ),
    )


def test_a_chart_10000_deep_is_described():
    chart = '{"equal": [' * 10_000 + '{"cash": true}' + "]}" * 10_000
    chart, _ = read(f'{{"format": "rebalancer/bot", "version": 1, "name": "x", "chart": {chart}}}'.encode(), "bot.json")
    assert describe(chart).depth == 10_001


@given(documents())
def test_every_ticker_in_the_document_is_found_and_no_other(document):
    text = json.dumps(document["chart"])
    assert all(f'"{ticker}"' in text for ticker in described(document).tickers)
    assert sum(text.count(f'"{ticker}"') > 0 for ticker in ("SPY", "TLT", "GLD", "QQQ", "BRK.B")) == len(
        described(document).tickers
    )
