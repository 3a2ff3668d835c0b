"""From which session on everything exists that a chart may need."""

from hypothesis import assume, given
from trees import charts, random_prices

from rebalancer.backtest.start import beginnings
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.sessions import complete_from


@given(charts, random_prices())
def test_a_back_test_starts_on_the_row_from_which_on_a_filter_calls_nothing_too_short(random_chart, closes):
    """The closes needed of each ticker, and the row from which on a node has all: one rule, in two directions."""
    bot, columns = FlowchartBot.of(random_chart), dict(zip(closes.symbols, closes.values.T, strict=True))
    needed = bot.closes_needed.values()
    assume(needed and max(needed) == bot.lookback)  # dates and numbers need sessions, and no close
    rows = [one.complete for one in beginnings(bot.closes_needed, closes) if one.complete is not None]
    assume(len(rows) == len(needed))
    assert max(rows) == complete_from(bot.program.table, columns)[bot.program.root]
