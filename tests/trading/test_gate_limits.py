"""The gate enforces the limits of the owner and of the arming; full exits pass the limits."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from gate_run import GateRun, order, reason, scripted
from scripted_sim import ScriptedFault
from stage import GLD, SPY, TLT

from rebalancer.events import Armed, Halted
from rebalancer.journal import read
from rebalancer.model import (
    NO_RUN,
    Accepted,
    Limits,
    NoPrice,
    Refused,
)

# ------------------------------------------------------------------------------------------ the owner's limits

NOTHING = Limits(
    max_order_dollars=Decimal("0.01"),
    max_run_dollars=Decimal("0.01"),
    max_symbol_percent=Decimal("0.01"),
    max_orders=0,
    max_turnover_percent=Decimal("0.01"),
    allowed=(GLD,),
    denied=(SPY,),
)


def test_a_full_exit_passes_every_limit_without_a_price(gate_run: GateRun) -> None:
    assert gate_run.gate(NOTHING).check(order(1, "sell", SPY, 100)) is None
    assert gate_run.gate(NOTHING, priced=False).check(order(1, "sell", SPY, 100)) is None
    assert gate_run.gate(NOTHING, previous="1").check(order(1, "sell", SPY, 100)) is None


def test_an_exit_that_leaves_less_than_a_share_passes_every_limit_too(gate_run: GateRun) -> None:
    whole = replace(order(1, "sell", SPY, 99), quantity=Decimal("99.01"))
    assert gate_run.gate(NOTHING, priced=False).check(whole) is None


def test_a_symbol_without_a_price_is_sold_completely_or_not_at_all(gate_run: GateRun) -> None:
    gate = gate_run.gate()
    gate.prices = {SPY: NoPrice(SPY, ("the quote is crossed",))}
    assert "no price" in reason(gate.check(order(1, "sell", SPY, 99)))
    assert "price None" in reason(gate.check(order(2, "buy", SPY, 1, "500")))
    assert gate.check(order(3, "sell", SPY, 100)) is None


def test_a_partial_sell_beyond_a_limit_is_rejected_with_the_name_of_the_setting(gate_run: GateRun) -> None:
    refusal = "SPY: the sell was not sent: SPY is in limits.denied"
    assert reason(gate_run.gate(NOTHING).check(order(1, "sell", SPY, 99))) == refusal
    assert "no price" in reason(gate_run.gate(priced=False).check(order(1, "sell", SPY, 99)))
    assert "max_distance_percent" in reason(gate_run.gate(previous="1").check(order(1, "sell", SPY, 99)))


def test_the_rest_after_a_partial_sell_is_a_full_exit(gate_run: GateRun) -> None:
    gate = gate_run.gate(Limits(max_order_dollars=Decimal(500)))
    assert gate.check(order(1, "sell", SPY, 1)) is None
    assert gate.check(order(2, "sell", SPY, 98)) is not None
    assert gate.check(order(3, "sell", SPY, 99)) is None


def test_a_full_exit_is_still_checked_against_hours_holdings_and_halts(gate_run: GateRun) -> None:
    exit_ = order(1, "sell", SPY, 100)
    assert "ours to sell" in reason(gate_run.gate().check(replace(exit_, quantity=Decimal(101))))
    gate_run.context.journal.record(NO_RUN, Halted(gate_run.context.clock.now(), "", "me", "a look"))
    assert "every account is halted" in reason(gate_run.gate().check(exit_))
    gate_run.stage.clock.sleep(timedelta(minutes=9, seconds=1).total_seconds())
    assert gate_run.gate().check(exit_) is not None


def test_a_buy_up_to_the_symbol_limit_is_accepted(gate_run: GateRun) -> None:
    gate = gate_run.gate(Limits(max_symbol_percent=Decimal(20)))
    assert gate.check(order(1, "buy", TLT, 101, "100")) is not None
    assert gate.check(order(2, "buy", TLT, 100, "100")) is None


def test_the_first_buy_of_a_symbol_may_reach_the_symbol_limit(gate_run: GateRun) -> None:
    gate = gate_run.gate(Limits(max_symbol_percent=Decimal(10)))
    assert gate.check(order(1, "buy", GLD, 51, "200")) is not None
    assert gate.check(order(2, "buy", GLD, 50, "200")) is None


def test_two_gates_of_one_run_share_its_orders_and_its_dollars(gate_run: GateRun) -> None:
    limits = Limits(max_orders=2, max_run_dollars=Decimal(51_000))
    assert gate_run.carry_out(order(1, "sell", SPY, 100), limits)
    later = gate_run.gate(limits)
    assert "the run would trade 51,100.00 USD" in reason(later.check(order(2, "buy", TLT, 11, "100")))
    assert isinstance(later.send(order(2, "buy", TLT, 10, "100")), Accepted)
    assert "limits.max_orders is 2" in reason(gate_run.gate(limits).check(order(3, "buy", GLD, 1, "200")))


def test_a_full_exit_counts_towards_the_turnover_of_the_buys(gate_run: GateRun) -> None:
    limits = Limits(max_turnover_percent=Decimal(51))
    assert gate_run.carry_out(order(1, "sell", SPY, 100), limits)
    assert "limits.max_turnover_percent, 51 %" in reason(gate_run.gate(limits).check(order(2, "buy", TLT, 11, "100")))
    assert gate_run.gate(limits).check(order(2, "buy", TLT, 10, "100")) is None


def test_a_refused_order_counts_as_an_order_but_trades_no_dollars(gate_run: GateRun) -> None:
    gate_run = scripted(gate_run, GLD=ScriptedFault(refuse="not today"))
    gate_run.gate().send(order(1, "buy", GLD, 50, "200"))
    assert gate_run.gate(Limits(max_run_dollars=Decimal(100))).check(order(2, "buy", TLT, 1, "100")) is None
    assert "1 order sent in this run" in reason(
        gate_run.gate(Limits(max_orders=1)).check(order(2, "buy", TLT, 1, "100"))
    )


def test_a_filled_order_counts_at_its_average_price(gate_run: GateRun) -> None:
    """GLD filled at 190 dollars, and stands at 200 in the market of the gate."""
    gate_run.stage.market.prices[GLD] = Decimal(190)
    assert gate_run.carry_out(order(1, "buy", GLD, 50, "200"))
    assert gate_run.gate(Limits(max_run_dollars=Decimal(9_600))).check(order(2, "buy", TLT, 1, "100")) is None
    assert gate_run.gate(Limits(max_run_dollars=Decimal(9_599))).check(order(2, "buy", TLT, 1, "100")) is not None


def test_an_open_order_counts_at_its_price(gate_run: GateRun) -> None:
    gate_run = scripted(gate_run, GLD=ScriptedFault(waits=9))
    gate_run.gate().send(order(1, "buy", GLD, 50, "210"))
    assert gate_run.gate(Limits(max_run_dollars=Decimal(10_100))).check(order(2, "buy", TLT, 1, "100")) is None
    assert gate_run.gate(Limits(max_run_dollars=Decimal(10_099))).check(order(2, "buy", TLT, 1, "100")) is not None


def test_an_open_market_buy_without_a_price_counts_as_the_whole_equity(gate_run: GateRun) -> None:
    gate_run = scripted(gate_run, GLD=ScriptedFault(waits=9))
    gate_run.gate().send(order(1, "buy", GLD, 50))
    later = gate_run.gate(Limits(max_run_dollars=Decimal(100_099)))
    later.prices = {TLT: later.prices[TLT]}
    assert "the run would trade 100,100.00 USD" in reason(later.check(order(2, "buy", TLT, 1, "100")))


def test_an_open_sell_without_a_price_counts_at_the_brokers_value(gate_run: GateRun) -> None:
    gate_run = scripted(gate_run, SPY=ScriptedFault(waits=9))
    gate = gate_run.gate(Limits(max_run_dollars=Decimal(50_099)))
    gate.prices = {TLT: gate.prices[TLT]}
    gate.send(order(1, "sell", SPY, 100))
    assert "the run would trade 50,100.00 USD" in reason(gate.check(order(2, "sell", TLT, 1)))


def test_an_open_sell_without_a_price_or_a_value_counts_as_nothing(gate_run: GateRun) -> None:
    gate = gate_run.gate(Limits(max_run_dollars=Decimal(100)))
    gate.prices = {TLT: gate.prices[TLT]}
    gate.send(order(1, "sell", SPY, 100))
    gate.snapshot = replace(gate.snapshot, holdings=replace(gate.snapshot.holdings, values={}))
    assert gate.check(order(2, "sell", TLT, 1)) is None


def test_only_a_limit_of_the_owner_is_a_refusal_by_a_setting(gate_run: GateRun) -> None:
    assert kind(gate_run.gate(NOTHING).check(order(1, "sell", SPY, 99))) == "setting"
    assert kind(gate_run.gate().check(order(1, "sell", SPY, 101))) == "other"


# ----------------------------------------------------------------------------------------------------- real money


def kind(refused: Refused | None) -> str:
    return refused.kind if refused else ""


def arm(live: GateRun, dollars: int, *, first_order_only: bool = False) -> None:
    context, at = live.context, live.context.clock.now()
    until = at + timedelta(days=1)
    event = Armed(at, context.account, "sim", Decimal(dollars), until, context.files, first_order_only, "me")
    context.journal.record(NO_RUN, event)


def test_no_live_order_is_sent_unless_the_account_is_armed(live: GateRun) -> None:
    assert "is not armed" in reason(live.gate().check(order(1, "sell", SPY, 100)))


def test_a_run_trades_up_to_the_armed_dollars_and_full_exits_beyond(live: GateRun) -> None:
    arm(live, 5_000)
    assert live.gate().check(order(1, "sell", SPY, 10)) is None
    beyond = live.gate().check(order(1, "sell", SPY, 11))
    assert ("5,500.00 USD, more than the 5,000.00 USD" in reason(beyond), kind(beyond)) == (True, "other")
    assert live.carry_out(order(1, "sell", SPY, 100))
    assert "armed for" in reason(live.gate().check(order(2, "buy", TLT, 1, "100")))


def test_limits_below_the_armed_dollars_still_hold(live: GateRun) -> None:
    arm(live, 5_000)
    limits = Limits(max_order_dollars=Decimal(499))
    assert "limits.max_order_dollars" in reason(live.gate(limits).check(order(1, "sell", SPY, 1)))


def test_a_first_live_run_sends_one_order_and_halts(live: GateRun) -> None:
    arm(live, 100_000, first_order_only=True)
    gate = live.gate()
    assert isinstance(gate.send(order(1, "sell", SPY, 100)), Accepted)
    assert isinstance(gate.send(order(2, "sell", TLT, 100)), Refused)
    assert live.at_the_broker() == {SPY}


def unchecked(gate_run: GateRun) -> list[str]:
    notes = [note.text for note in read.run(gate_run.stage.journal_file, gate_run.run).remarks]
    return [note for note in notes if "no previous close" in note]


def test_a_buy_without_a_previous_close_is_noted(live: GateRun) -> None:
    arm(live, 100_000)
    live.gate().send(order(1, "buy", TLT, 1, "100"))
    live.gate(previous="200").send(order(2, "buy", GLD, 1, "200"))
    assert unchecked(live) == [
        "TLT: the market shows no previous close, so trading.max_distance_percent was not checked"
    ]


def test_a_sell_without_a_previous_close_is_not_noted(live: GateRun) -> None:
    arm(live, 100_000)
    assert isinstance(live.gate().send(order(1, "sell", SPY, 1)), Accepted)
    assert unchecked(live) == []


def test_a_simulated_buy_without_a_previous_close_is_not_noted(gate_run: GateRun) -> None:
    assert isinstance(gate_run.gate().send(order(1, "buy", TLT, 1, "100")), Accepted)
    assert unchecked(gate_run) == []
