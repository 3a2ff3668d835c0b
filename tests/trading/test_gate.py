"""The gate reserves every accepted order as if it fills completely, and journals its intent before sending it."""

from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from gate_run import GateRun, order, reason, scripted
from scripted_sim import Script, ScriptedFault, ScriptedSimBroker
from stage import GLD, SPY, TLT

from rebalancer.errors import RunFailedError, StoppedError
from rebalancer.events import DailyLossHit, Event, OrderAbsent, OrderIntended
from rebalancer.journal import read
from rebalancer.model import (
    Accepted,
    Limits,
    Order,
    Refused,
    RunId,
    Submitted,
    Unknown,
)
from rebalancer.ports import Journal
from rebalancer.trading.gate import Gate


def opened_again(gate: Gate) -> Gate:
    """The gate for a retry, in the process that opened `gate`."""
    return replace(gate, sold={}, bought=Decimal(0), spent=Decimal(0), reserved=set())


def scripted_sell(gate_run: GateRun, fault: ScriptedFault) -> GateRun:
    gate_run.stage.script = Script({("sell", SPY): fault})
    return replace(gate_run, context=replace(gate_run.context, broker=gate_run.stage.broker()))


# ------------------------------------------------------------------------------------- reservations


def test_shares_reserved_by_a_sell_are_not_sold_again(gate_run: GateRun) -> None:
    gate = gate_run.gate()
    assert gate.check(order(1, "sell", SPY, 60)) is None
    assert gate.check(order(2, "sell", SPY, 40)) is None
    assert "more than the 0 that are ours to sell" in reason(gate.check(order(3, "sell", SPY, 1)))


def test_shares_that_an_open_order_holds_can_be_sold_too(gate_run: GateRun) -> None:
    """They may be released before the sell arrives."""
    gate = gate_run.gate()
    holdings = replace(gate.snapshot.holdings, managed={SPY: Decimal(40)}, on_hold={SPY: Decimal(60)})
    gate.snapshot = replace(gate.snapshot, holdings=holdings)
    assert "more than the 100 that are ours" in reason(gate.check(order(1, "sell", SPY, 101)))
    assert gate.check(order(1, "sell", SPY, 100)) is None


def test_dollars_reserved_by_a_buy_are_not_spent_again(gate_run: GateRun) -> None:
    gate = gate_run.gate()
    assert gate.check(order(1, "buy", GLD, 50, "202")) is None
    assert gate.check(order(2, "buy", GLD, 49, "202")) is None
    assert "left for buys" in reason(gate.check(order(3, "buy", GLD, 1, "202")))


def test_a_gate_without_a_budget_has_nothing_to_spend_and_reserved_nothing(gate_run: GateRun) -> None:
    other = gate_run.gate()
    gate = Gate(other.context, other.log, other.snapshot, other.prices)
    assert (gate.budget, gate.external_buys, gate.bought, gate.spent) == (0, 0, 0, 0)


def test_the_fee_of_a_sent_order_is_reserved(gate_run: GateRun) -> None:
    gate_run.stage.commission = Decimal(50)
    gate = scripted(gate_run).gate()
    assert gate.check(order(1, "buy", GLD, 50, "200")) is None
    assert "9,900.00 USD left for buys" in reason(gate.check(order(2, "buy", GLD, 50, "200")))


def test_a_released_buy_gives_back_its_money_and_its_fee(gate_run: GateRun) -> None:
    gate_run.stage.commission = Decimal(50)
    gate, buy = scripted(gate_run).gate(), order(1, "buy", GLD, 50, "200")
    assert gate.check(buy) is None
    assert (gate.bought, gate.spent) == (10_000, 10_050)
    gate.release(buy)
    assert (gate.bought, gate.spent) == (0, 0)


def test_a_symbol_that_is_not_held_is_not_sold(gate_run: GateRun) -> None:
    assert "more than the 0 that are ours to sell" in reason(gate_run.gate().check(order(1, "sell", GLD, 1)))


def test_a_symbol_with_an_open_external_order_is_neither_bought_nor_sold(gate_run: GateRun) -> None:
    gate = gate_run.gate()
    gate.blocked = {GLD: "an order of others is open", SPY: "an order of others is open"}
    assert reason(gate.check(order(1, "buy", GLD, 1, "200"))) == "GLD: the buy was not sent: an order of others is open"
    assert reason(gate.check(order(2, "sell", SPY, 1))) == "SPY: the sell was not sent: an order of others is open"


def test_a_symbol_whose_position_another_sender_changed_is_neither_bought_nor_sold(gate_run: GateRun) -> None:
    gate = gate_run.gate()
    holdings = replace(gate.snapshot.holdings, untouchable={GLD: "bought by hand", SPY: "sold by hand"})
    gate.snapshot = replace(gate.snapshot, holdings=holdings)
    assert reason(gate.check(order(1, "buy", GLD, 1, "200"))) == "GLD: the buy was not sent: bought by hand"
    assert reason(gate.check(order(2, "sell", SPY, 1))) == "SPY: the sell was not sent: sold by hand"


def test_open_external_buys_count_as_invested(gate_run: GateRun) -> None:
    gate = gate_run.gate()
    gate.external_buys = Decimal(38_900)
    assert "more than 99 % of equity" in reason(gate.check(order(1, "buy", GLD, 1, "200")))
    assert gate.check(order(2, "buy", TLT, 1, "100")) is None


def test_an_order_that_fails_a_check_reserves_nothing(gate_run: GateRun) -> None:
    gate = gate_run.gate()
    assert gate.check(order(1, "sell", SPY, 101)) is not None
    assert gate.check(order(2, "sell", SPY, 100)) is None


def test_a_market_buy_reserves_its_dollars_with_the_limit_percent_on_top(gate_run: GateRun) -> None:
    gate = gate_run.gate()
    assert gate.check(order(1, "buy", GLD, 99)) is None
    assert "left for buys" in reason(gate.check(order(2, "buy", GLD, 1)))


def test_the_dollars_of_a_refused_buy_can_be_spent_again(gate_run: GateRun) -> None:
    gate = scripted(gate_run, GLD=ScriptedFault(refuse="not today")).gate()
    assert isinstance(gate.send(order(1, "buy", GLD, 99, "200")), Refused)
    assert isinstance(gate.send(order(2, "buy", TLT, 190, "100")), Accepted)


def test_the_money_of_a_buy_with_an_unknown_outcome_stays_reserved(gate_run: GateRun) -> None:
    gate = scripted(gate_run, GLD=ScriptedFault(lost=1)).gate()
    assert isinstance(gate.send(order(1, "buy", GLD, 60, "200")), Unknown)
    assert "8,000.00 USD left for buys" in reason(gate.check(order(2, "buy", TLT, 81, "100")))
    assert gate.check(order(2, "buy", TLT, 80, "100")) is None


def test_the_shares_of_a_sell_with_an_unknown_outcome_stay_reserved(gate_run: GateRun) -> None:
    gate = scripted_sell(gate_run, ScriptedFault(lost=1)).gate()
    assert isinstance(gate.send(order(1, "sell", SPY, 60)), Unknown)
    assert (gate.sold, gate.reserved) == ({SPY: 60}, {"rb1"})


def test_an_order_in_doubt_stays_reserved_also_in_a_resumed_run(gate_run: GateRun) -> None:
    gate_run = scripted(gate_run, GLD=ScriptedFault(lost=1))
    assert isinstance(gate_run.gate().send(order(1, "buy", GLD, 60, "200")), Unknown)
    assert "8,000.00 USD left for buys" in reason(gate_run.gate().check(order(2, "buy", TLT, 81, "100")))
    assert gate_run.gate().check(order(2, "buy", TLT, 80, "100")) is None


def test_the_resend_of_an_absent_order_is_not_blocked_by_its_own_reservation(gate_run: GateRun) -> None:
    gate_run = scripted(gate_run, GLD=ScriptedFault(lost=1))
    lost = order(1, "buy", GLD, 99, "200")
    first = gate_run.gate()
    assert isinstance(first.send(lost), Unknown)
    first.log.write(OrderAbsent(at=first.log.now(), order_id=lost.id))
    most = Limits(max_orders=1, max_run_dollars=Decimal(19_800))
    assert isinstance(gate_run.gate(most).resend(lost), Accepted)


def test_a_reservation_is_released_once(gate_run: GateRun) -> None:
    gate, sell = gate_run.gate(), order(1, "sell", SPY, 60)
    assert gate.check(sell) is None
    gate.release(sell)
    gate.release(sell)
    assert "more than the 100 that are ours" in reason(gate.check(order(2, "sell", SPY, 101)))
    assert gate.check(order(2, "sell", SPY, 100)) is None


def test_a_filled_buy_is_in_the_account_and_not_reserved_again(gate_run: GateRun) -> None:
    assert gate_run.carry_out(order(1, "buy", GLD, 90, "200"))
    assert gate_run.gate().check(order(2, "buy", TLT, 190, "100")) is None


def test_the_buys_of_a_gate_together_invest_at_most_99_percent(gate_run: GateRun) -> None:
    gate = gate_run.gate(budget=100_000)
    assert gate.check(order(1, "buy", GLD, 100, "200")) is None
    assert gate.check(order(2, "buy", TLT, 100, "100")) is None
    assert "99,500.00 USD would be invested" in reason(gate.check(order(3, "buy", SPY, 19, "500")))
    assert gate.check(order(3, "buy", SPY, 18, "500")) is None


def test_the_open_rest_of_an_earlier_buy_counts_as_invested(gate_run: GateRun) -> None:
    gate_run = scripted(gate_run, GLD=ScriptedFault(fills_at_most=Decimal(10), cancel="refused"))
    assert not gate_run.carry_out(order(1, "buy", GLD, 99, "200"))
    assert gate_run.phase() == "open"
    assert "99,300.00 USD would be invested" in reason(
        gate_run.gate(budget=100_000).check(order(2, "buy", SPY, 39, "500"))
    )
    assert gate_run.gate(budget=100_000).check(order(2, "buy", SPY, 38, "500")) is None


def test_the_rest_of_a_canceled_buy_does_not_count_as_invested(gate_run: GateRun) -> None:
    gate_run = scripted(gate_run, GLD=ScriptedFault(fills_at_most=Decimal(10)))
    assert not gate_run.carry_out(order(1, "buy", GLD, 99, "200"))
    assert gate_run.phase() == "canceled"
    assert gate_run.gate().bought == 0


def test_a_gate_opened_again_counts_an_order_in_doubt_as_invested_and_leaves_its_money_to_the_budget(
    gate_run: GateRun,
) -> None:
    """The budget of the process that sent the order is net of it."""
    first = scripted(gate_run, GLD=ScriptedFault(lost=1)).gate()
    assert isinstance(first.send(order(1, "buy", GLD, 60, "200")), Unknown)
    again = opened_again(first)
    assert (again.bought, again.spent, again.reserved) == (12_000, 0, set())


def test_a_gate_opened_again_does_not_count_a_sell_in_doubt_as_invested(gate_run: GateRun) -> None:
    first = scripted_sell(gate_run, ScriptedFault(lost=1)).gate()
    assert isinstance(first.send(order(1, "sell", SPY, 60)), Unknown)
    assert opened_again(first).bought == 0


def test_a_buy_in_doubt_without_a_price_is_reserved_in_a_resumed_run_and_no_money_for_it(gate_run: GateRun) -> None:
    """The budget is already none: a buy without a price counts there as all of the cash."""
    gate_run = scripted(gate_run, GLD=ScriptedFault(lost=1))
    assert isinstance(gate_run.gate().send(order(1, "buy", GLD, 60, "200")), Unknown)
    resumed = gate_run.gate(priced=False)
    assert (resumed.reserved, resumed.bought, resumed.spent) == ({"rb1"}, 0, 0)


# ------------------------------------------------------------------------------------- what is journalled


def test_every_answer_of_the_broker_is_journalled(gate_run: GateRun) -> None:
    gate_run = scripted(
        gate_run, GLD=ScriptedFault(waits=9), TLT=ScriptedFault(lost=1), SPY=ScriptedFault(refuse="not today")
    )
    phases = []
    for number, symbol in enumerate((GLD, TLT, SPY)):
        gate_run.gate().send(order(number, "buy", symbol, 1, "500"))
        phases.append(gate_run.phase())
    assert phases == ["accepted", "unknown", "refused"]
    reasons = [sent.reason for sent in gate_run.context.journal.orders(gate_run.run)]
    assert reasons == ["", "the connection broke before the order arrived", "not today"]


def test_an_order_that_fails_a_check_is_noted_and_never_journalled_as_intended(gate_run: GateRun) -> None:
    answer = gate_run.gate().send(order(1, "sell", SPY, 101))
    assert isinstance(answer, Refused)
    told = [(remark.level, remark.text) for remark in read.run(gate_run.stage.journal_file, gate_run.run).remarks]
    assert ("warning", answer.reason) in told
    assert gate_run.context.journal.orders(gate_run.run) == ()


def test_an_absent_order_that_fails_a_check_is_lost(gate_run: GateRun) -> None:
    gate_run = scripted(gate_run, GLD=ScriptedFault(lost=1))
    gate, absent = gate_run.gate(), order(1, "buy", GLD, 1, "200")
    gate.send(absent)
    gate.log.write(OrderAbsent(at=gate.log.now(), order_id=absent.id))
    answer = gate_run.gate(Limits(denied=(GLD,))).resend(absent)
    assert isinstance(answer, Refused)
    assert answer.reason == "GLD: the buy was not sent: GLD is in limits.denied"
    assert gate_run.phase() == "lost"
    assert [sent.reason for sent in gate_run.context.journal.orders(gate_run.run)] == [answer.reason]
    assert gate_run.at_the_broker() == set()


@dataclass
class WrongQuantityBroker:
    """A broker that answers with one share more than was ordered."""

    sim: ScriptedSimBroker

    def submit(self, sent: Order) -> Submitted:
        answer = self.sim.submit(sent)
        assert isinstance(answer, Accepted)
        return Accepted(replace(answer.state, quantity=sent.quantity + 1))

    def __getattr__(self, name: str) -> object:
        return getattr(self.sim, name)


def test_an_answer_about_another_order_stops_the_run(gate_run: GateRun) -> None:
    mistaken = replace(gate_run, context=replace(gate_run.context, broker=WrongQuantityBroker(gate_run.stage.broker())))
    with pytest.raises(StoppedError, match="stands at the broker as sell 100 SPY"):
        mistaken.gate().send(order(1, "sell", SPY, 99))


# ------------------------------------------------------------------------------------------- what stops an order


def test_no_order_is_sent_after_a_shutdown_request(gate_run: GateRun) -> None:
    told = replace(gate_run, context=replace(gate_run.context, shutdown_requested=lambda: True))
    with pytest.raises(RunFailedError) as failed:
        told.gate().check(order(1, "sell", SPY, 100))
    assert str(failed.value) == "a shutdown was requested before the first order was sent. Nothing was sent."
    gate_run.gate().send(order(1, "sell", TLT, 100))
    assert (
        reason(told.gate().check(order(2, "sell", SPY, 100))) == "a shutdown was requested before this order was sent"
    )


def test_after_the_daily_loss_limit_only_sells_are_sent(gate_run: GateRun) -> None:
    gate = gate_run.gate()
    gate.log.write(DailyLossHit(at=gate.log.now(), equity=Decimal(1), basis=Decimal(2), limit_percent=Decimal(25)))
    assert "limits.max_daily_loss_percent was passed" in reason(gate.check(order(1, "buy", GLD, 1, "200")))
    assert gate.check(order(2, "sell", SPY, 1)) is None


# --------------------------------------------------------------------------------------------- contradictions


def test_a_buy_before_the_end_of_every_sell_stops_the_run(gate_run: GateRun) -> None:
    gate_run = scripted_sell(gate_run, ScriptedFault(waits=9))
    gate_run.gate().send(order(1, "sell", SPY, 100))
    with pytest.raises(StoppedError, match="buys wait for the end of every sell"):
        gate_run.gate().check(order(2, "buy", TLT, 1, "100"))


def test_a_second_open_order_of_a_symbol_and_side_stops_the_run(gate_run: GateRun) -> None:
    gate_run = scripted(gate_run, GLD=ScriptedFault(waits=9))
    gate_run.gate().send(order(1, "buy", GLD, 1, "200"))
    with pytest.raises(StoppedError, match="this would be a second one"):
        gate_run.gate().check(order(2, "buy", GLD, 1, "200"))


@dataclass
class NonRecordingJournal:
    """A journal that claims to have recorded an intent, and has not."""

    real: Journal

    def record(self, run: RunId, *events: Event) -> None:
        self.real.record(run, *(event for event in events if not isinstance(event, OrderIntended)))

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


def test_an_order_that_is_not_in_the_journal_is_never_sent(gate_run: GateRun) -> None:
    forgetful = replace(
        gate_run, context=replace(gate_run.context, journal=NonRecordingJournal(gate_run.context.journal))
    )
    with pytest.raises(StoppedError, match="the journal does not have it as it is"):
        forgetful.gate().send(order(1, "sell", SPY, 100))
    assert gate_run.at_the_broker() == set()
