"""An evening stays under half of the 200 requests a minute that the venue allows the account."""

from datetime import timedelta
from pathlib import Path

import pytest
from alpaca_stage import EVENING, alpaca_stage, local_venue
from local_alpaca import order_scripts
from local_alpaca.limits import RateLimit

HALF = 100
"""Half of the requests that the venue allows in a minute."""


@pytest.mark.parametrize("symbols", [12, 60])
def test_an_evening_of_sells_and_buys_stays_under_half_the_rate_limit_of_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, symbols: int
) -> None:
    names = [f"S{number}" for number in range(symbols)]
    with local_venue() as venue:
        for name in names:
            venue.market.list(name, venue.market.closes["SPY"])
        stage = alpaca_stage(tmp_path, venue, monkeypatch).wants(SPY=0.99)
        assert stage.run().run.status == "success"
        venue.at(EVENING + timedelta(days=3))
        venue.requests.clear()
        record = stage.wants(**dict.fromkeys(names, 0.99 / symbols)).run()
        trading = [each for each in venue.requests if not each.path.startswith("/v2/stocks")]
    assert record.run.status == "success", record.run.reason
    assert len(record.orders) == symbols + 1
    assert len(trading) <= HALF


def test_an_evening_of_many_partial_fills_stays_under_half_the_rate_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"S{number}" for number in range(60)]
    with local_venue() as venue:
        for number, name in enumerate(names):
            venue.market.list(name, venue.market.closes["SPY"])
            venue.script_orders(name, order_scripts.slow(1 + number))
        stage = alpaca_stage(tmp_path, venue, monkeypatch).wants(SPY=0.99)
        assert stage.run().run.status == "success"
        venue.at(EVENING + timedelta(days=3))
        venue.requests.clear()
        venue.trading_limit = RateLimit(HALF)
        record = stage.wants(**dict.fromkeys(names, 0.99 / 60)).run()
        refused = [each for each in venue.requests if each.status == 429]
    assert record.run.status == "success", record.run.reason
    assert refused == []
