"""Complete runs at the local Alpaca over HTTP with the real client: what the venue receives, what is journalled."""

from contextlib import suppress
from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from alpaca_stage import EVENING, AlpacaStage
from local_alpaca import LocalAlpaca, faults, order_scripts
from lost_answers import at_alpaca

from rebalancer.errors import RebalancerError, RunFailedError, SourceError, StoppedError
from rebalancer.journal import read

TODAY = date(2026, 11, 20)
ORDERS = "/v2/orders"


@pytest.fixture
def stage(alpaca: AlpacaStage) -> AlpacaStage:
    return alpaca.wants(SPY=0.4, TLT=0.3, GLD=0.3)


def posts(venue: LocalAlpaca) -> list[str]:
    sent = [request.params for request in venue.requests if (request.method, request.path) == ("POST", ORDERS)]
    return [f"{fields['side']} {fields['symbol']}" for fields in sent]


def whole(venue: LocalAlpaca) -> bool:
    """No order id is used twice, nothing is borrowed, nothing is held short, by the venue's own records."""
    audit = venue.audit()
    return not audit.repeated and audit.lowest_cash >= 0 and not audit.shorts and audit.busiest_minute <= 200


def test_an_empty_account_buys_what_its_bots_want(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    record = stage.run()
    assert (record.run.status, record.run.broker) == ("success", "alpaca")
    assert sorted(posts(venue)) == ["buy GLD", "buy SPY", "buy TLT"]
    assert all(order.filled == venue.shares(order.symbol) for order in record.orders)
    assert whole(venue)


def test_every_sell_is_filled_before_the_first_buy_is_sent(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    stage.run()
    venue.at(EVENING + timedelta(days=3))
    stage.wants(QQQ=0.5, IEF=0.5).run()
    sides = [line.split()[0] for line in posts(venue)[3:]]
    assert sides == ["sell"] * 3 + ["buy"] * 2
    assert stage.record().run.status == "success"
    assert {symbol: venue.shares(symbol) for symbol in ("SPY", "TLT", "GLD")} == dict.fromkeys(("SPY", "TLT", "GLD"), 0)
    assert whole(venue)


def test_a_dry_run_sends_no_order_and_no_cancel(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    assert stage.run(dry_run=True).run.status == "success"
    assert {request.method for request in venue.requests} == {"GET"}


def test_an_order_whose_answer_is_lost_reaches_the_venue_once(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    venue.faults.on("POST", ORDERS, fault=faults.TIMEOUT_AFTER)
    record = stage.run()
    assert record.run.status == "success"
    assert len(posts(venue)) == 3
    assert whole(venue)


def test_a_hundred_orders_whose_answers_are_lost_reach_the_venue_once_each(stage: AlpacaStage) -> None:
    assert at_alpaca(stage, 100) == (100, 100, 0)


def assert_taken_once(venue: LocalAlpaca) -> bool:
    """The venue's own records have one order a symbol, no debt and no short position."""
    audit = venue.audit()
    return all(len(orders) == 1 for orders in audit.orders.values()) and audit.lowest_cash >= 0 and not audit.shorts


def test_an_order_that_never_arrived_is_sent_once_more_under_its_own_id(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    venue.faults.on("POST", ORDERS, fault=faults.RESET)
    record = stage.run()
    assert record.run.status == "success"
    assert len(posts(venue)) == 4
    assert len(venue.audit().repeated) == 1
    assert assert_taken_once(venue)
    assert venue.clock.now() >= EVENING + timedelta(seconds=31)


def test_an_order_that_never_arrived_twice_is_lost(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    lose_the_first_order(venue)
    record = stage.run()
    assert record.run.status == "partial"
    assert "it was sent twice and never reached the broker" in record.run.reason
    assert sorted(order.state for order in record.orders) == ["filled", "filled", "lost"]
    assert len(posts(venue)) == 4


def lose_the_first_order(venue: LocalAlpaca) -> None:
    """The first of three orders never arrives, and neither does its resend."""
    for nth in (1, 4):
        venue.faults.on("POST", ORDERS, nth, fault=faults.RESET)


@pytest.mark.parametrize("seconds", [5, 29, 31])
def test_an_order_that_arrives_late_is_found_and_not_sent_again(
    stage: AlpacaStage, venue: LocalAlpaca, seconds: float
) -> None:
    venue.faults.on("POST", ORDERS, fault=faults.late(seconds))
    assert stage.run().run.status == "success"
    assert len(posts(venue)) == 3
    assert whole(venue)


def test_an_order_that_arrives_after_its_resend_is_taken_once(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    venue.faults.on("POST", ORDERS, fault=faults.late(33))
    venue.faults.on("POST", ORDERS, 4, fault=faults.late(5))
    assert stage.run().run.status == "success"
    assert len(posts(venue)) == 4
    assert assert_taken_once(venue)


def test_a_lost_order_that_arrives_after_the_evening_halts_the_next_and_is_counted(
    stage: AlpacaStage, venue: LocalAlpaca
) -> None:
    for nth in (1, 4):
        venue.faults.on("POST", ORDERS, nth, fault=faults.late(200))
    (lost,) = (order for order in stage.run().orders if order.state == "lost")
    assert venue.shares(lost.symbol) == 0
    venue.clock.sleep(200)
    venue.clock.sleep(2)
    with pytest.raises(StoppedError, match=f"{lost.id}.* was lost by the journal and stands at the broker after all"):
        stage.run(force=True)
    ours = {line.symbol: line.ours for line in read.positions(stage.settings().journal(), "paper")}
    assert ours[lost.symbol] == venue.shares(lost.symbol) == lost.quantity
    with pytest.raises(RunFailedError, match="is halted"):
        stage.run(force=True)
    assert assert_taken_once(venue)


def test_with_the_journal_deleted_the_next_evening_stops_and_names_the_orders(
    stage: AlpacaStage, venue: LocalAlpaca
) -> None:
    known = sorted(order.id for order in stage.run().orders)
    for file in stage.settings().journal().parent.glob("*.sqlite*"):
        file.unlink()
    venue.at(EVENING + timedelta(days=3))
    with pytest.raises(StoppedError, match=".*".join(known)):
        stage.run()
    assert len(posts(venue)) == 3


def test_the_keys_of_another_account_under_a_known_name_get_no_order(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    stage.run()
    before = venue.account_body()["account_number"]
    venue.account["account_number"] = "PA0000000009"
    venue.at(EVENING + timedelta(days=3))
    with pytest.raises(RunFailedError, match=f"{before} .*by the journal and is .* PA0000000009 .* a name of its own"):
        stage.run()
    assert len(posts(venue)) == 3


def test_a_part_filled_order_that_is_cancelled_counts_its_fills(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    venue.script_orders("SPY", order_scripts.part("0.4"))
    record = stage.run()
    (order,) = (order for order in record.orders if order.symbol == "SPY")
    assert order.state == "canceled"
    assert 0 < order.filled == venue.shares("SPY") < order.quantity


def test_a_sell_of_a_halted_symbol_does_not_stop_the_other_sells(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    stage.run()
    held = venue.shares("SPY")
    venue.at(EVENING + timedelta(days=3))
    venue.script_orders("SPY", order_scripts.halted(), side="sell")
    stage.wants(QQQ=1.0).run()
    assert stage.orders()["SPY"] == "canceled"
    assert venue.shares("SPY") == held
    assert venue.shares("TLT") == 0
    assert whole(venue)


def test_a_sell_that_stays_in_pending_cancel_stops_every_buy(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    stage.run()
    venue.at(EVENING + timedelta(days=3))
    venue.script_orders("SPY", order_scripts.stuck_in_cancel(), side="sell")
    record = stage.wants(QQQ=1.0).run()
    assert record.run.status == "partial"
    assert "buy QQQ" not in posts(venue)
    assert any("no buys tonight: the sell of SPY" in remark.text for remark in record.remarks)


def test_executions_that_are_listed_late_are_awaited(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    venue.activities_lag = timedelta(seconds=8)
    record = stage.run()
    assert record.run.status == "success"
    assert all(order.filled == venue.shares(order.symbol) for order in record.orders)


def test_buys_for_the_closing_auction_fill_at_the_close(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    stage.trading = 'order_type = "moc"\nminutes_before_close = 20'
    venue.at(EVENING - timedelta(minutes=10))
    record = stage.run()
    assert record.run.status == "success"
    assert {order.kind for order in record.orders} == {"moc"}
    assert venue.clock.now() >= EVENING + timedelta(minutes=10)
    assert whole(venue)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("trading_blocked", True, "can't trade"),
        ("status", "ACCOUNT_CLOSED_PENDING", "can't trade"),
        ("account_number", "123456789", "is no paper account"),
    ],
)
def test_an_account_that_may_not_trade_gets_no_order(
    stage: AlpacaStage, venue: LocalAlpaca, field: str, value: object, said: str
) -> None:
    venue.account[field] = value
    with pytest.raises(RunFailedError, match=said):
        stage.run()
    assert posts(venue) == []


def test_another_account_than_the_pinned_one_gets_no_order(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    stage.account = 'account_number = "PA0000000000"'
    with pytest.raises(RunFailedError, match="but account_number is PA0000000000"):
        stage.run()
    assert posts(venue) == []


def test_a_closure_at_short_notice_stops_the_evening(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    venue.closed(TODAY)
    with pytest.raises(RunFailedError, match="that it is closed, though the session of 2026-11-20 is open"):
        stage.run()


def test_an_early_close_at_short_notice_stops_the_evening(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    venue.closes_early(TODAY, time(15, 55))
    with pytest.raises(RunFailedError, match="The venue closes at 2026-11-20 15:55:00 New York time"):
        stage.run()


def test_a_clock_that_is_wrong_stops_the_evening(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    venue.skew = timedelta(seconds=20)
    with pytest.raises(RunFailedError, match="20 s apart"):
        stage.run()


READS = [
    "/v2/clock",
    "/v2/account",
    "/v2/positions",
    "/v2/stocks/bars",
    "/v2/stocks/snapshots",
    "/v1/corporate-actions",
]
BROKEN = {
    "a truncated answer": faults.TRUNCATED,
    "an empty answer": faults.EMPTY,
    "a page of HTML": faults.HTML,
    "too many requests": faults.TOO_MANY,
    "a redirect": faults.REDIRECT,
}


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
def test_a_read_that_fails_for_good_sends_nothing(
    stage: AlpacaStage, venue: LocalAlpaca, path: str, fault: faults.BadAnswer
) -> None:
    venue.faults.on("GET", path, fault=fault, times=None)
    with pytest.raises((RunFailedError, SourceError)):
        stage.run()
    assert posts(venue) == []


@pytest.mark.parametrize("path", READS)
def test_a_read_that_fails_twice_is_asked_again(stage: AlpacaStage, venue: LocalAlpaca, path: str) -> None:
    venue.faults.on("GET", path, fault=faults.UNAVAILABLE, times=2)
    assert stage.run().run.status == "success"
    assert whole(venue)


AFTER = {
    "504 after it stands": faults.TIMEOUT_AFTER,
    "a reset after it stands": faults.RESET_AFTER,
    "a page of HTML after it stands": faults.HTML_AFTER,
    "an empty answer": faults.EMPTY,
    "half an answer": faults.TRUNCATED,
    "an unknown status": faults.edited(status="under_review_by_aliens"),
    "no id": faults.without("id"),
}


@pytest.mark.parametrize("fault", AFTER.values(), ids=AFTER)
def test_an_order_that_was_taken_with_a_broken_answer_is_found_and_counted(
    stage: AlpacaStage, venue: LocalAlpaca, fault: faults.BadAnswer
) -> None:
    venue.faults.on("POST", ORDERS, fault=fault)
    assert stage.run().run.status == "success"
    assert len(posts(venue)) == 3
    assert whole(venue)


@pytest.mark.parametrize(
    "change", [{"symbol": "QQQ"}, {"qty": "7"}, {"side": "sell"}], ids=lambda change: next(iter(change))
)
def test_an_answer_about_another_order_never_causes_a_second_order(
    stage: AlpacaStage, venue: LocalAlpaca, change: dict[str, str]
) -> None:
    venue.faults.on("POST", ORDERS, fault=faults.edited(**change))
    with suppress(StoppedError):
        stage.run()
    assert len(posts(venue)) == len(set(posts(venue)))
    assert whole(venue)


@pytest.mark.parametrize("bid", [0, 1], ids=["one-sided", "wide"])
def test_a_bad_quote_is_replaced_by_the_last_trade(stage: AlpacaStage, venue: LocalAlpaca, bid: int) -> None:
    venue.market.quote("SPY", bid, Decimal(600))
    record = stage.run()
    (taken,) = (taken for taken in record.prices if taken.purpose == "orders")
    rungs = {price.symbol: price.rung for price in taken.prices}
    assert rungs["SPY"] == "trade"
    assert rungs["TLT"] == "quote"


def test_an_untradable_symbol_is_not_traded(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    venue.assets["GLD"] = {"tradable": False}
    stage.run()
    assert sorted(posts(venue)) == ["buy SPY", "buy TLT"]


def test_a_split_overnight_restates_our_shares_and_causes_no_trade(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    stage.wants(SPY=0.9).run()
    before = venue.shares("SPY")
    monday = TODAY + timedelta(days=3)
    venue.at(EVENING + timedelta(days=3))
    closes = venue.market.closes["SPY"]
    venue.market.list("SPY", {day: close / 2 for day, close in closes.items() if day >= monday})
    venue.market.action("forward_split", "SPY", monday, new_rate=2, old_rate=1)
    venue.hold("SPY", before * 2)
    record = stage.run()
    assert record.run.status == "success"
    assert any(f"our {before} shares are {before * 2} now" in remark.text for remark in record.remarks)
    assert abs(venue.shares("SPY") - before * 2) <= before * 2 / 20


def test_a_rejected_api_key_is_reported_with_its_remedy(
    stage: AlpacaStage, venue: LocalAlpaca, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAPER_SECRET", "not-the-secret")
    with pytest.raises(RebalancerError, match="Check key_id and secret") as caught:
        stage.run()
    assert "not-the-secret" not in str(caught.value)
