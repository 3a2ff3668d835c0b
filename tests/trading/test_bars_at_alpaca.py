"""Evenings of a bot that reads highs and lows, at the local Alpaca over HTTP."""

import json
from dataclasses import replace

import pytest
from alpaca_stage import AlpacaStage
from local_alpaca import LocalAlpaca

from rebalancer.errors import RunFailedError

BARS = "/v2/stocks/bars"
ATR = {"average-true-range": {"of": "SPY", "window": 2}}
CALM = {"if": {"left": ATR, "is": "lt", "right": 10_000}, "then": {"asset": "GLD"}, "else": {"asset": "TLT"}}


@pytest.fixture
def stage(alpaca: AlpacaStage) -> AlpacaStage:
    bot = {"format": "rebalancer/bot", "version": 1, "name": "Calm", "chart": CALM}
    (alpaca.folder / "mix.json").write_text(json.dumps(bot))
    return alpaca


def requests_for_bars(venue: LocalAlpaca) -> int:
    return sum(request.path == BARS for request in venue.requests)


def test_with_the_consolidated_feed_the_bot_decides_by_tonights_bar_so_far(
    stage: AlpacaStage, venue: LocalAlpaca
) -> None:
    venue.market.paid = True
    record = replace(stage, since='2026-09-01\nfeed = "sip"').run()
    assert [order.symbol for order in record.orders] == ["GLD"]
    (said,) = (remark.text for remark in record.remarks if remark.text.startswith("the bar of SPY"))
    price = venue.market.last("SPY", venue.clock.now())
    assert price is not None
    assert said.endswith(f"high {float(price) * 1.02:,.10g}, low {float(price) * 0.99:,.10g}")


def test_with_the_feed_of_one_exchange_the_bot_fails_by_name_with_the_remedy(stage: AlpacaStage) -> None:
    with pytest.raises(RunFailedError, match=r'SPY has no high on 2026-11-20: .* needs feed = "sip" in .data.'):
        stage.run()


def test_a_bot_of_closes_sends_no_request_for_bars_beyond_its_closes(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    stage.wants(SPY=0.5).run()
    assert requests_for_bars(venue) == 1
