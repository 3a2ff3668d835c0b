"""Complete runs at the simulated broker: from holdings and bots to trades and final status."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from scripted_sim import Script, ScriptedFault
from stage import DAYS, GLD, SGOV, SH, SPY, TLT, Stage, dollars, hold, mix, one_bot, percent

from rebalancer.bots.flowchart.tree import Compare, Constant, If, Indicator, Place
from rebalancer.errors import RunFailedError, SourceError
from rebalancer.model import Reserve, Symbol, Trading
from rebalancer.ports import AlreadyRun

HERE = Place(None, "chart")


def needs_long_history(folder: Path) -> Stage:
    """Bot A fails, since its average needs 200 closes. Bot B does not."""
    average = Indicator("moving-average-price", (200,), SPY, HERE)
    gate = Compare(average, "gt", Constant(1.0, HERE), 1, HERE)
    chart = If(gate, hold(SPY), hold(TLT), HERE)
    return Stage(folder, {"A": (chart, percent("A", 40)), "B": (hold(GLD), percent("B", 50))})


def test_the_worked_example_of_the_readme_is_traded_to_the_share(tmp_path: Path) -> None:
    stage = Stage(
        tmp_path,
        {"A": (mix(SPY=60, SH=40), dollars("A", 30_000)), "B": (hold(SPY), percent("B", 50))},
        trading=Trading(fallback_ticker=SGOV, paired_tickers=((SPY, SH),)),
        reserve=Reserve("dollars", Decimal(5_000)),
        cash=Decimal(80_000),
    )
    broker = stage.broker()
    broker.change_position(GLD, Decimal(100))
    broker.close()
    stage.market.prices[GLD] = Decimal(200)
    stage.run()
    record = stage.record()
    assert record.targets is not None
    assert record.targets.weights == pytest.approx({SPY: 0.58, SGOV: 0.32})
    assert stage.shares() == {SPY: Decimal(87), SGOV: Decimal(239), GLD: Decimal(100)}  # 43,500 / 500, 24,000 / 100.4


def test_a_first_evening_buys_what_the_bot_wants_and_keeps_one_percent(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, TLT=40)
    stage.run()
    assert stage.record().run.status == "success"
    assert stage.shares() == {SPY: Decimal(118), TLT: Decimal(423)}  # 59,400 / 500 and 39,600 / 93.5


def test_every_sell_is_over_before_the_first_buy_is_journalled(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, TLT=40)
    stage.run()
    stage.bots = {"A": (mix(GLD=50, SGOV=50), percent("A", 100))}
    stage.script = Script({("sell", SPY): ScriptedFault(waits=5)})
    stage.on(DAYS[1]).run()
    orders = stage.record().orders
    sells = [order for order in orders if order.side == "sell"]
    buys = [order for order in orders if order.side == "buy"]
    assert [order.symbol for order in sells] == [SPY, TLT]
    assert sorted(order.symbol for order in buys) == [GLD, SGOV]
    assert max(fill.at for order in sells for fill in order.fills) <= min(order.at for order in buys)


def test_a_sell_that_may_still_fill_stops_every_buy(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.run()
    stage.bots = {"A": (hold(GLD), percent("A", 100))}
    stage.script = Script({("sell", SPY): ScriptedFault(fills_at_most=Decimal(10), cancel="refused")})
    stage.on(DAYS[1]).run()
    record = stage.record()
    assert record.run.status == "partial"
    assert [order.side for order in record.orders] == ["sell"]
    assert "no buys tonight" in " ".join(remark.text for remark in record.remarks)
    assert record.run.reason == (
        "0 of 2 orders done; SPY: sold 10 of 198, open; GLD: 98,892.00 USD under its target (not bought, the sell of "
        "SPY is not known to be over)"
    )


def test_the_final_status_says_why_a_planned_buy_was_not_sent(tmp_path: Path) -> None:
    """GLD is above its target by less than the smallest trade, and leaves no room for one share of SPY."""
    stage = one_bot(tmp_path, SPY=50, GLD=50)
    stage.trading = Trading(drift_percent=Decimal(2))
    stage.market.prices |= {SPY: Decimal(5000), GLD: Decimal(201)}
    stage.run()
    stage.market.prices |= {SPY: Decimal(4900), GLD: Decimal(213)}
    stage.on(DAYS[1]).run()
    record = stage.record()
    assert record.run.status == "success"
    assert record.run.reason == (
        "0 of 1 orders done; SPY: not bought, 4,533.48 USD may still be invested before 99 % of equity are"
    )


def test_a_sell_cancelled_at_its_deadline_counts_what_filled(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.run()
    stage.bots = {"A": (hold(GLD), percent("A", 100))}
    stage.script = Script({("sell", SPY): ScriptedFault(fills_at_most=Decimal(100))})
    stage.on(DAYS[1]).run()
    record = stage.record()
    assert record.run.status == "partial"
    assert "SPY: sold 100 of 198" in record.run.reason
    assert stage.shares()[SPY] == Decimal(98)
    assert stage.shares()[GLD] * 201 <= Decimal(100 * 500 + 1000)


def test_a_second_trigger_of_the_session_does_nothing(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    first = stage.run()
    held = stage.shares()
    second = stage.run()
    assert isinstance(second, AlreadyRun)
    assert second.run == first
    assert stage.shares() == held


def test_force_starts_the_next_run_and_finds_nothing_to_trade(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.run()
    stage.run(force=True)
    record = stage.record()
    assert (record.run.number, record.run.status, record.orders) == (2, "success", ())


def test_a_bot_that_fails_gives_its_whole_share_to_the_fallback(tmp_path: Path) -> None:
    stage = needs_long_history(tmp_path)
    stage.run()
    record = stage.record()
    assert record.targets is not None
    assert record.targets.weights == pytest.approx({SGOV: 0.4, GLD: 0.5})
    assert record.run.status == "partial"
    assert "SMA(SPY,200)" in record.run.reason


def test_if_every_bot_fails_nothing_is_sent_and_the_session_is_not_used_up(tmp_path: Path) -> None:
    stage = needs_long_history(tmp_path)
    stage.bots = {"A": stage.bots["A"]}
    with pytest.raises(RunFailedError, match="no bot decided"):
        stage.run()
    assert stage.record().run.status == "failed"
    stage.bots = {"A": (hold(SPY), percent("A", 100))}
    stage.run()
    assert stage.record().run.status == "success"


@pytest.mark.parametrize("broken", ["silent", "unreadable_history"])
def test_a_data_source_that_does_not_answer_sends_nothing(tmp_path: Path, broken: str) -> None:
    stage = one_bot(tmp_path, SPY=100)
    setattr(stage.market, broken, True)
    with pytest.raises(SourceError, match="did not answer"):
        stage.run()
    assert stage.record().run.status == "failed"
    assert stage.record().orders == ()


def test_the_weight_of_a_fallback_without_a_price_stays_cash_with_a_warning(tmp_path: Path) -> None:
    stage = needs_long_history(tmp_path)
    del stage.market.prices[SGOV]
    stage.run()
    record = stage.record()
    assert record.targets is not None
    assert record.targets.weights == pytest.approx({GLD: 0.5})
    warning = next(remark for remark in record.remarks if "fallback" in remark.text)
    assert warning.level == "warning"
    assert warning.at <= record.orders[0].at


def test_weight_freed_by_netting_for_a_fallback_without_a_price_is_a_missed_target(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=74, SH=16)
    stage.trading = replace(stage.trading, paired_tickers=((SPY, SH),))
    del stage.market.prices[SGOV]
    stage.run()
    run = stage.record().run
    assert run.status == "partial"
    assert "SGOV: 32,000.00 USD that netting freed stay in cash (the sim broker has no price for it" in run.reason


def test_a_held_fallback_without_a_price_is_not_sold(tmp_path: Path) -> None:
    stage = needs_long_history(tmp_path)
    stage.run()
    held = stage.shares()[SGOV]
    stage.on(DAYS[1]).market.stale = frozenset({SGOV})
    stage.run()
    assert stage.shares()[SGOV] == held


def test_only_shares_that_were_bought_here_are_sold(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=50)
    broker = stage.broker()
    broker.change_position(TLT, Decimal(30))
    broker.close()
    stage.run()
    assert stage.shares()[TLT] == Decimal(30)


def test_the_whole_account_is_managed_on_request_without_protected_symbols(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=50)
    stage.trading = replace(stage.trading, manage="account", protected=(GLD,))
    broker = stage.broker()
    broker.change_position(TLT, Decimal(30))
    broker.change_position(GLD, Decimal(10))
    broker.close()
    stage.run()
    assert TLT not in stage.shares()
    assert stage.shares()[GLD] == Decimal(10)


def test_a_position_that_changed_without_our_orders_is_not_traded_that_evening(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, TLT=40)
    stage.run()
    broker = stage.on(DAYS[1]).broker()
    broker.change_position(SPY, Decimal(118))
    broker.close()
    stage.market.prices[SPY] = Decimal(250)
    stage.bots = {"A": (hold(GLD), percent("A", 100))}
    stage.run()
    record = stage.record()
    assert stage.shares()[SPY] == Decimal(236)
    assert [order.symbol for order in record.orders if order.side == "sell"] == [TLT]
    assert "118 were expected" in next(row.untouchable for row in record.holdings[0].holdings if row.symbol == SPY)


def test_an_account_with_nothing_to_invest_stops_before_any_order(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.reserve = Reserve("dollars", Decimal(100_000))
    with pytest.raises(RunFailedError, match="nothing can be invested"):
        stage.run()
    assert stage.record().orders == ()


def test_a_symbol_without_a_price_is_skipped_with_its_reasons(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=50, TLT=50)
    del stage.market.prices[TLT]
    stage.run()
    record = stage.record()
    assert record.plan is not None
    line = next(trade for trade in record.plan.trades if trade.symbol == TLT)
    assert line.side is None
    assert stage.shares() == {SPY: Decimal(99)}


def test_a_bar_is_a_price_only_for_a_limit_order(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.market.quoted = False
    stage.trading = replace(stage.trading, order_type="market")
    stage.run()
    (order,) = stage.record().orders
    assert (order.kind, order.limit) == ("limit", Decimal("505.00"))


def test_an_exit_needs_no_price(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=50, TLT=40)
    stage.run()
    stage.on(DAYS[1]).bots = {"A": (hold(SPY), percent("A", 50))}
    stage.trading = replace(stage.trading, max_bar_age_seconds=1)
    stage.run()
    assert TLT not in stage.shares()


def test_outside_the_session_nothing_is_journalled(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.clock.sleep(3600)
    told = "is open between 09:30 and 16:00 New York time, now it is 2024-03-04 16:50:00 New York time"
    with pytest.raises(RunFailedError, match=told):
        stage.run()


def test_an_order_after_the_cutoff_is_not_sent(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.clock.sleep(9 * 60 + 30)
    stage.run()
    record = stage.record()
    assert record.run.status == "partial"
    assert record.orders == ()


def test_an_investment_in_dollars_is_rebalanced_to_its_amount_each_evening(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"A": (hold(SPY), dollars("A", 50_000))})
    stage.run()
    assert stage.shares() == {SPY: Decimal(100)}
    stage.market.prices[SPY] = Decimal(625)
    stage.on(DAYS[1]).run()
    assert stage.shares() == {SPY: Decimal(80)}


def test_the_weight_of_unknown_tickers_stays_cash(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=50, NOPE=50)
    stage.run()
    assert stage.shares() == {SPY: Decimal(99)}
    assert Symbol("NOPE") not in stage.shares()


def test_dollars_that_the_limit_prices_reserved_are_spent_in_a_second_round(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=50, GLD=49)
    stage.trading = replace(stage.trading, limit_percent=Decimal(4))
    stage.run()
    record = stage.record()
    assert record.run.status == "success"
    assert [(order.symbol, order.state) for order in record.orders] == [
        (SPY, "filled"),
        (GLD, "filled"),
        (GLD, "filled"),
    ]
    assert stage.shares() == {SPY: Decimal(100), GLD: Decimal(243)}
