"""A run for a confirmed plan sends its orders or none, whatever becomes of the evening."""

from dataclasses import replace
from decimal import Decimal

import pytest
from fakes import PowerCut, PowerCutProxy
from stage import DAYS, GLD, SGOV, SPY, Stage, mix, percent

from rebalancer.errors import RunFailedError
from rebalancer.model import Plan
from rebalancer.portfolio.confirmed import ConfirmedPlan


@pytest.fixture
def stage(tmp_path):
    """From SPY and TLT to GLD and SGOV: two sells, then two buys."""
    stage = Stage(tmp_path, {"A": (mix(SPY=50, TLT=40), percent("A", 99))})
    stage.run()
    stage.on(DAYS[1]).bots = {"A": (mix(GLD=50, SGOV=40), percent("A", 99))}
    return stage


def confirmed(stage: Stage, folder) -> ConfirmedPlan:
    """What a person saw: the same evening in another journal, at a broker of its own with the same shares."""
    seen = replace(stage, folder=folder, bots={"A": (mix(SPY=50, TLT=40), percent("A", 99))})
    folder.mkdir()
    seen.on(DAYS[0]).run()
    seen.on(DAYS[1]).bots = stage.bots
    seen.market.prices = dict(stage.market.prices)
    seen.run()
    found = seen.record().plan
    assert isinstance(found, Plan)
    return ConfirmedPlan(DAYS[1], found, "a test")


def test_the_confirmed_plan_is_executed(stage, tmp_path):
    stage.confirmed = confirmed(stage, tmp_path / "seen")
    stage.run()
    assert stage.record().run.status == "success"
    assert stage.shares().keys() == {GLD, SGOV}


@pytest.mark.parametrize(
    ("prices", "said"),
    [({GLD: "204"}, "GLD costs 204, and cost 201"), ({SPY: "511"}, "what may be invested is")],
    ids=["a buy costs more", "the account is worth more"],
)
def test_prices_that_moved_beyond_the_limits_end_the_run_without_an_order(stage, tmp_path, prices, said):
    stage.confirmed = confirmed(stage, tmp_path / "seen")
    stage.market.prices.update({symbol: Decimal(price) for symbol, price in prices.items()})
    with pytest.raises(RunFailedError, match=said):
        stage.run()
    record = stage.record()
    assert (record.run.status, record.orders) == ("failed", ())
    assert "Nothing was sent" in record.run.reason


def test_prices_that_moved_within_the_limits_do_not_matter(stage, tmp_path):
    stage.confirmed = confirmed(stage, tmp_path / "seen")
    stage.market.prices[GLD] = Decimal(202)
    stage.run()
    assert stage.record().run.status == "success"


def test_a_bot_that_decides_otherwise_by_now_ends_the_run_without_an_order(stage, tmp_path):
    stage.confirmed = confirmed(stage, tmp_path / "seen")
    stage.bots = {"A": (mix(GLD=20, SGOV=70), percent("A", 99))}
    with pytest.raises(RunFailedError, match="confirmed was buy"):
        stage.run()
    assert stage.record().orders == ()


def test_a_plan_that_moved_leaves_the_session_for_another_run(stage, tmp_path):
    stage.confirmed = replace(confirmed(stage, tmp_path / "seen"), session=DAYS[0])
    with pytest.raises(RunFailedError, match="session of"):
        stage.run()
    stage.confirmed = None
    stage.run()
    assert stage.record().run.status == "success"


@pytest.mark.parametrize("at", [1, 3])
def test_a_run_that_was_killed_goes_on_by_its_own_plan_and_its_own_ids(stage, tmp_path, at):
    stage.confirmed = confirmed(stage, tmp_path / "seen")
    stage.broker_proxy = lambda real: PowerCutProxy(real, frozenset({"submit"}), at, after=True)
    with pytest.raises(PowerCut):
        stage.run()
    stage.broker_proxy, stage.confirmed = lambda real: real, None
    stage.run()
    record = stage.record()
    assert record.run.status == "success"
    assert len({order.id for order in record.orders}) == len(record.orders) == 4
    assert [order.filled for order in record.orders] == [order.quantity for order in record.orders]
