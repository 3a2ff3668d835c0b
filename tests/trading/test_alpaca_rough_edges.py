"""Runs at the local Alpaca when the venue is busy, or the account holds unusual positions and orders."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from alpaca_stage import EVENING, AlpacaStage
from local_alpaca import LocalAlpaca, faults, order_scripts
from local_alpaca.order_scripts import NEW, OrderScript, ScriptStep

from rebalancer.journal import read

ORDERS = "/v2/orders"


@pytest.fixture
def stage(alpaca: AlpacaStage) -> AlpacaStage:
    return alpaca.wants(SPY=0.4, TLT=0.3, GLD=0.3)


def posts(venue: LocalAlpaca) -> list[Mapping[str, object]]:
    return [request.params for request in venue.requests if (request.method, request.path) == ("POST", ORDERS)]


def remarks(record: read.RunRecord) -> str:
    return "\n".join(remark.text for remark in record.remarks)


# ------------------------------------------------------------------------------------- too many requests


@pytest.mark.parametrize("times", [1, 3])
def test_an_order_refused_by_a_busy_venue_is_sent_again_under_its_own_id(
    stage: AlpacaStage, venue: LocalAlpaca, times: int
) -> None:
    venue.faults.on("POST", ORDERS, fault=faults.TOO_MANY, times=times)
    record = stage.run()
    assert record.run.status == "success"
    assert len({fields["client_order_id"] for fields in posts(venue)}) == 3
    assert len(posts(venue)) == 3 + times
    assert [order.state for order in record.orders] == ["filled"] * 3


def test_an_order_that_a_busy_venue_took_after_all_is_not_sent_again(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    late_word = faults.BadAnswer(status=429, raw=b"", headers={"Retry-After": "1"})
    venue.faults.on("POST", ORDERS, fault=late_word)
    assert stage.run().run.status == "success"
    assert len(posts(venue)) == 3


def test_an_order_that_a_busy_venue_never_took_is_refused_and_not_lost(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    stage.wants(SPY=0.4)
    venue.faults.on("POST", ORDERS, fault=faults.TOO_MANY, times=None)
    record = stage.run()
    assert [order.state for order in record.orders] == ["refused"]
    assert "the broker took no orders for 120 s: Alpaca answered 429" in record.run.reason
    assert venue.book.orders == []


# ------------------------------------------------------------------------------------- position intent of a sell


@pytest.mark.parametrize("enforces", [True, False])
def test_sells_are_filled_whether_or_not_the_venue_checks_position_intent(
    stage: AlpacaStage, venue: LocalAlpaca, *, enforces: bool
) -> None:
    venue.terms.enforces_intent = enforces
    stage.run()
    venue.at(EVENING.replace(day=23))
    record = stage.wants(SPY=0.1).run()
    assert record.run.status == "success"
    assert {(fields["side"], fields["position_intent"]) for fields in posts(venue)[3:]} == {("sell", "sell_to_close")}


# ------------------------------------------------------------------------------------- whole shares


def test_a_symbol_that_trades_in_whole_shares_only_keeps_its_fraction_with_a_warning(
    stage: AlpacaStage, venue: LocalAlpaca
) -> None:
    stage.trading = 'manage = "account"'
    venue.hold("QQQ", "10.4")
    venue.assets["QQQ"] = {"fractionable": False}
    record = stage.run()
    assert venue.shares("QQQ") == Decimal("0.4")
    sells = [(fields["qty"], fields["client_order_id"]) for fields in posts(venue) if fields["side"] == "sell"]
    assert [quantity for quantity, _ in sells] == ["10.4", "10"]
    assert len({client_id for _, client_id in sells}) == 2
    assert "QQQ: 0.4 shares can't be sold here, where it trades in whole shares only, and stays" in remarks(record)
    assert [order.state for order in record.orders if order.symbol == "SPY"] == ["filled"]


def test_less_than_one_share_of_such_a_symbol_is_not_sent_again(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    stage.trading = 'manage = "account"'
    venue.hold("QQQ", "0.4")
    venue.assets["QQQ"] = {"fractionable": False}
    record = stage.run()
    assert [fields["qty"] for fields in posts(venue) if fields["side"] == "sell"] == ["0.4"]
    assert record.run.status == "partial"


# ------------------------------------------------------------------------------------- shares after a cancel


@pytest.mark.parametrize(("seconds", "left"), [(10, 0), (500, 3)])
def test_shares_held_by_a_cancelled_order_are_awaited(
    stage: AlpacaStage, venue: LocalAlpaca, seconds: int, left: int
) -> None:
    stage.trading = 'manage = "account"\ncancel_scope = "all"'
    venue.hold("QQQ", 10)
    venue.script_orders("QQQ", order_scripts.keeps_its_shares(seconds), times=1)
    venue.order_from_elsewhere("sell", "QQQ", 3, client_id="by-hand")
    venue.clock.sleep(1)
    record = stage.run()
    assert venue.shares("QQQ") == left
    text = "QQQ: 3 shares are still held 30 s after no open order holds them; only what is available is sold"
    assert (text in remarks(record)) is (left > 0)


def test_a_sell_of_held_shares_is_sent_again_when_they_are_released(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    stage.trading = 'manage = "account"'
    venue.hold("QQQ", 10)
    venue.script_orders("QQQ", OrderScript((NEW, ScriptStep(5, "canceled")), keeps=10), times=1)
    by_hand = faults.followed_by(lambda: venue.order_from_elsewhere("sell", "QQQ", 3))
    venue.faults.on("GET", "/v2/stocks/snapshots", fault=by_hand)
    stage.run()
    assert [fields["qty"] for fields in posts(venue) if fields["side"] == "sell"] == ["10", "10"]
    assert venue.shares("QQQ") == 0


# ------------------------------------------------------------------------------------- unusual positions and orders


def test_a_position_without_a_value_counts_at_the_value_implied_by_the_equity(
    stage: AlpacaStage, venue: LocalAlpaca
) -> None:
    venue.hold("QQQ", 10)
    venue.positions["QQQ"] = {"market_value": None}
    record = stage.run()
    assert record.run.status == "success"
    worth = 10 * venue.market.closes["QQQ"][EVENING.date()]
    assert record.holdings[0].others_value == worth


def test_two_positions_without_a_value_do_not_stop_the_run(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    venue.hold("QQQ", 20)
    venue.hold("BTCUSD", 5, asset_class="crypto")
    venue.positions |= {"QQQ": {"market_value": None}, "BTCUSD": {"market_value": None}}
    assert stage.run().run.status == "success"


def test_our_own_position_without_a_value_is_traded_at_the_market_price(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    stage.run()
    venue.at(EVENING.replace(day=23))
    venue.positions["SPY"] = {"market_value": None}
    held = venue.shares("SPY")
    record = stage.wants(SPY=0.2, TLT=0.3, GLD=0.3).run()
    assert record.run.status == "success"
    assert held / 2 - 2 <= venue.shares("SPY") <= held / 2 + 2


def test_an_open_multi_leg_option_order_does_not_stop_the_run(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    spread = {
        "id": "00000000-0000-0000-0000-000000000001",
        "client_order_id": "a spread",
        "symbol": "",
        "side": "",
        "qty": "1",
        "filled_qty": "0",
        "limit_price": "-2.50",
        "order_class": "mleg",
        "time_in_force": "day",
        "status": "new",
        "created_at": "2026-11-20T19:00:00Z",
        "legs": None,
    }

    def with_spread(page: object) -> object:
        return [spread, *page] if isinstance(page, list) else page

    venue.faults.on("GET", ORDERS, fault=faults.BadAnswer(change=with_spread), times=None)
    record = stage.run()
    assert "options of several legs: left alone, since a sell of 1 share that is not ours is open" in remarks(record)
    assert {order.state for order in record.orders} == {"filled"}


def test_an_open_order_by_amount_is_reported_in_dollars(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    venue.script_orders("QQQ", order_scripts.halted())
    venue.order_from_elsewhere("buy", "QQQ", client_id="by-hand", notional="250.50")
    record = stage.run()
    assert "QQQ: left alone, since a buy of 250.50 USD that is not ours is open (by-hand)" in remarks(record)
