"""Account figures that lag some seconds behind fills and positions."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from alpaca_stage import NEXT, alpaca_stage, local_venue
from fakes import BrokerProxy

from rebalancer.model import Account


@pytest.mark.parametrize("seconds", [1, 10])
def test_account_figures_that_lag_behind_tonights_sells_are_awaited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    with local_venue() as venue:
        stage = alpaca_stage(tmp_path, venue, monkeypatch).wants(SPY=0.6)
        stage.run()
        venue.at(NEXT)
        before: list[Account] = []
        sold: list[datetime] = []

        class Lags(BrokerProxy):
            def account(self) -> Account:
                now = self.real.account()
                if venue.shares("SPY"):
                    before.append(now)
                    return now
                sold.append(venue.clock.now())
                late = sold[-1] - sold[0] >= timedelta(seconds=seconds)
                return now if late else before[-1]

        stage.broker_proxy = Lags
        record = stage.wants(GLD=0.9).run()
    assert record.run.status == "success", record.run.reason
