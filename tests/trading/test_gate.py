"""The gate counts what it let through as done, whatever the broker says later, and writes it down before it leaves."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest
from counter import Counter, opened, order, said, scripted
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
from rebalancer.venues.sim.broker import SimBroker
from rebalancer.venues.sim.script import Script, Twist


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    with opened(tmp_path, "paper") as counter:
        yield counter


# ------------------------------------------------------------------------------------- what is counted as done


def test_shares_reserved_by_a_sell_are_not_sold_again(counter: Counter) -> None:
    gate = counter.gate()
    assert gate.check(order(1, "sell", SPY, 60)) is None
    assert gate.check(order(2, "sell", SPY, 40)) is None
    assert "more than the 0 that are ours to sell" in said(gate.check(order(3, "sell", SPY, 1)))


def test_dollars_reserved_by_a_buy_are_not_spent_again(counter: Counter) -> None:
    gate = counter.gate()
    assert gate.check(order(1, "buy", GLD, 50, "202")) is None
    assert gate.check(order(2, "buy", GLD, 49, "202")) is None
    assert "left for buys" in said(gate.check(order(3, "buy", GLD, 1, "202")))


def test_the_fee_of_a_sent_order_is_reserved(counter: Counter) -> None:
    counter.stage.commission = Decimal(50)
    gate = scripted(counter).gate()
    assert gate.check(order(1, "buy", GLD, 50, "200")) is None
    assert "9,900.00 USD left for buys" in said(gate.check(order(2, "buy", GLD, 50, "200")))


def test_a_symbol_with_an_open_external_order_is_neither_bought_nor_sold(counter: Counter) -> None:
    gate = counter.gate()
    gate.blocked = {GLD: "an order of others is open", SPY: "an order of others is open"}
    assert said(gate.check(order(1, "buy", GLD, 1, "200"))) == "GLD: the buy was not sent: an order of others is open"
    assert said(gate.check(order(2, "sell", SPY, 1))) == "SPY: the sell was not sent: an order of others is open"


def test_open_external_buys_count_as_invested(counter: Counter) -> None:
    gate = counter.gate()
    gate.external_buys = Decimal(38_900)
    assert "more than 99 % of equity" in said(gate.check(order(1, "buy", GLD, 1, "200")))
    assert gate.check(order(2, "buy", TLT, 1, "100")) is None


def test_an_order_that_fails_a_check_reserves_nothing(counter: Counter) -> None:
    gate = counter.gate()
    assert gate.check(order(1, "sell", SPY, 101)) is not None
    assert gate.check(order(2, "sell", SPY, 100)) is None


def test_a_market_buy_reserves_its_dollars_with_the_limit_percent_on_top(counter: Counter) -> None:
    gate = counter.gate()
    assert gate.check(order(1, "buy", GLD, 99)) is None
    assert "left for buys" in said(gate.check(order(2, "buy", GLD, 1)))


def test_the_dollars_of_a_refused_buy_can_be_spent_again(counter: Counter) -> None:
    gate = scripted(counter, GLD=Twist(refuse="not today")).gate()
    assert isinstance(gate.send(order(1, "buy", GLD, 99, "200")), Refused)
    assert isinstance(gate.send(order(2, "buy", TLT, 190, "100")), Accepted)


def test_an_order_in_doubt_stays_reserved_also_in_a_resumed_run(counter: Counter) -> None:
    counter = scripted(counter, GLD=Twist(lost=1))
    assert isinstance(counter.gate().send(order(1, "buy", GLD, 60, "200")), Unknown)
    assert "8,000.00 USD left for buys" in said(counter.gate().check(order(2, "buy", TLT, 81, "100")))
    assert counter.gate().check(order(2, "buy", TLT, 80, "100")) is None


def test_the_resend_of_an_absent_order_is_not_blocked_by_its_own_reservation(counter: Counter) -> None:
    counter = scripted(counter, GLD=Twist(lost=1))
    lost = order(1, "buy", GLD, 99, "200")
    first = counter.gate()
    assert isinstance(first.send(lost), Unknown)
    first.log.write(OrderAbsent(at=first.log.now(), order_id=lost.id))
    most = Limits(max_orders=1, max_run_dollars=Decimal(19_800))
    assert isinstance(counter.gate(most).resend(lost), Accepted)


def test_a_reservation_is_released_once(counter: Counter) -> None:
    gate, sell = counter.gate(), order(1, "sell", SPY, 60)
    assert gate.check(sell) is None
    gate.release(sell)
    gate.release(sell)
    assert "more than the 100 that are ours" in said(gate.check(order(2, "sell", SPY, 101)))
    assert gate.check(order(2, "sell", SPY, 100)) is None


def test_a_filled_buy_is_in_the_account_and_not_reserved_again(counter: Counter) -> None:
    assert counter.carry_out(order(1, "buy", GLD, 90, "200"))
    assert counter.gate().check(order(2, "buy", TLT, 190, "100")) is None


def test_the_buys_of_a_gate_together_invest_at_most_99_percent(counter: Counter) -> None:
    gate = counter.gate(budget=100_000)
    assert gate.check(order(1, "buy", GLD, 100, "200")) is None
    assert gate.check(order(2, "buy", TLT, 100, "100")) is None
    assert "99,500.00 USD would be invested" in said(gate.check(order(3, "buy", SPY, 19, "500")))
    assert gate.check(order(3, "buy", SPY, 18, "500")) is None


def test_the_open_rest_of_an_earlier_buy_counts_as_invested(counter: Counter) -> None:
    counter = scripted(counter, GLD=Twist(fills_at_most=Decimal(10), cancel="refused"))
    assert not counter.carry_out(order(1, "buy", GLD, 99, "200"))
    assert counter.phase() == "open"
    assert "99,300.00 USD would be invested" in said(
        counter.gate(budget=100_000).check(order(2, "buy", SPY, 39, "500"))
    )
    assert counter.gate(budget=100_000).check(order(2, "buy", SPY, 38, "500")) is None


# ------------------------------------------------------------------------------------- what is written down


def test_every_answer_of_the_broker_is_journalled(counter: Counter) -> None:
    counter = scripted(counter, GLD=Twist(waits=9), TLT=Twist(lost=1), SPY=Twist(refuse="not today"))
    phases = []
    for number, symbol in enumerate((GLD, TLT, SPY)):
        counter.gate().send(order(number, "buy", symbol, 1, "500"))
        phases.append(counter.phase())
    assert phases == ["accepted", "unknown", "refused"]
    reasons = [sent.reason for sent in counter.context.journal.orders(counter.run)]
    assert reasons == ["", "the connection broke before the order arrived", "not today"]


def test_an_order_that_fails_a_check_is_noted_and_never_journalled_as_intended(counter: Counter) -> None:
    answer = counter.gate().send(order(1, "sell", SPY, 101))
    assert isinstance(answer, Refused)
    told = [(remark.level, remark.text) for remark in read.run(counter.stage.journal_file, counter.run).remarks]
    assert ("warning", answer.reason) in told
    assert counter.context.journal.orders(counter.run) == ()


def test_an_absent_order_that_fails_a_check_is_lost(counter: Counter) -> None:
    counter = scripted(counter, GLD=Twist(lost=1))
    gate, absent = counter.gate(), order(1, "buy", GLD, 1, "200")
    gate.send(absent)
    gate.log.write(OrderAbsent(at=gate.log.now(), order_id=absent.id))
    answer = counter.gate(Limits(denied=(GLD,))).resend(absent)
    assert isinstance(answer, Refused)
    assert answer.reason == "GLD: the buy was not sent: GLD is in limits.denied"
    assert counter.phase() == "lost"
    assert [sent.reason for sent in counter.context.journal.orders(counter.run)] == [answer.reason]
    assert counter.at_the_broker() == set()


@dataclass
class Mistaken:
    """A broker that shows one share more than was sent."""

    sim: SimBroker

    def submit(self, sent: Order) -> Submitted:
        answer = self.sim.submit(sent)
        assert isinstance(answer, Accepted)
        return Accepted(replace(answer.state, quantity=sent.quantity + 1))

    def __getattr__(self, name: str) -> object:
        return getattr(self.sim, name)


def test_an_answer_about_another_order_stops_the_run(counter: Counter) -> None:
    mistaken = replace(counter, context=replace(counter.context, broker=Mistaken(counter.stage.broker())))
    with pytest.raises(StoppedError, match="stands at the broker as sell 100 SPY"):
        mistaken.gate().send(order(1, "sell", SPY, 99))


# ------------------------------------------------------------------------------------------- what holds it back


def test_no_order_is_sent_after_a_shutdown_request(counter: Counter) -> None:
    told = replace(counter, context=replace(counter.context, shutdown_requested=lambda: True))
    with pytest.raises(RunFailedError) as failed:
        told.gate().check(order(1, "sell", SPY, 100))
    assert str(failed.value) == "the program was told to end before the first order left. Nothing was sent."
    counter.gate().send(order(1, "sell", TLT, 100))
    assert said(told.gate().check(order(2, "sell", SPY, 100))) == "the program was told to end before this order left"


def test_after_the_daily_loss_limit_only_sells_are_sent(counter: Counter) -> None:
    gate = counter.gate()
    gate.log.write(DailyLossHit(at=gate.log.now(), equity=Decimal(1), basis=Decimal(2), limit_percent=Decimal(25)))
    assert "limits.max_daily_loss_percent was passed" in said(gate.check(order(1, "buy", GLD, 1, "200")))
    assert gate.check(order(2, "sell", SPY, 1)) is None


# --------------------------------------------------------------------------------------------- what never may be


def test_a_buy_before_the_end_of_every_sell_stops_the_run(counter: Counter) -> None:
    counter.stage.script = Script({("sell", SPY): Twist(waits=9)})
    counter = replace(counter, context=replace(counter.context, broker=counter.stage.broker()))
    counter.gate().send(order(1, "sell", SPY, 100))
    with pytest.raises(StoppedError, match="buys wait for the end of every sell"):
        counter.gate().check(order(2, "buy", TLT, 1, "100"))


def test_a_second_open_order_of_a_symbol_and_side_stops_the_run(counter: Counter) -> None:
    counter = scripted(counter, GLD=Twist(waits=9))
    counter.gate().send(order(1, "buy", GLD, 1, "200"))
    with pytest.raises(StoppedError, match="this would be a second one"):
        counter.gate().check(order(2, "buy", GLD, 1, "200"))


@dataclass
class Forgetful:
    """A journal that says it wrote an order down, and did not."""

    real: Journal

    def record(self, run: RunId, *events: Event) -> None:
        self.real.record(run, *(event for event in events if not isinstance(event, OrderIntended)))

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


def test_an_order_that_is_not_in_the_journal_is_never_sent(counter: Counter) -> None:
    forgetful = replace(counter, context=replace(counter.context, journal=Forgetful(counter.context.journal)))
    with pytest.raises(StoppedError, match="the journal does not have it as it is"):
        forgetful.gate().send(order(1, "sell", SPY, 100))
    assert counter.at_the_broker() == set()
