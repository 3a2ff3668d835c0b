"""Orders of earlier runs are settled before anything is decided."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from fakes import BrokerProxy, FullDiskJournal, NonIdempotentBroker, PowerCut, meanwhile
from scripted_sim import Script, ScriptedFault
from stage import DAYS, GLD, SPY, TLT, Stage, dollars, hold, mix, percent

from rebalancer.errors import RunFailedError, SourceError, StoppedError
from rebalancer.events import Event, HaltLifted, OrderAccounted, OrderResent
from rebalancer.journal import read
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import (
    NO_RUN,
    Absent,
    Account,
    Found,
    Order,
    OrderId,
    OrderState,
    Position,
    Refused,
    Submitted,
    Symbol,
    Trading,
    Unknown,
)
from rebalancer.portfolio.order_ids import order_id
from rebalancer.ports import Journal

STUBBORN_ONE = ScriptedFault(fills_at_most=Decimal(50), cancel="refused")
STUBBORN = Script({("buy", SPY): STUBBORN_ONE})


def one_bot(folder: Path) -> Stage:
    return Stage(folder, {"A": (hold(SPY), percent("A", 100))})


class DiesAfterSending(BrokerProxy):
    def submit(self, order: Order) -> Submitted:
        super().submit(order)
        raise PowerCut


class DiesBeforeSending(BrokerProxy):
    def submit(self, order: Order) -> Submitted:
        raise PowerCut


def dying_before_it_is_sent_again(journal: SqliteJournal) -> Journal:
    def is_that(event: Event) -> bool:
        if isinstance(event, OrderResent):
            raise PowerCut
        return False

    return FullDiskJournal(journal, is_that)


class LosesEverything(BrokerProxy):
    def submit(self, order: Order) -> Submitted:
        return Unknown("the connection broke")


def test_an_order_left_open_by_an_earlier_run_is_cancelled_and_its_fills_are_ours(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.script = STUBBORN
    stage.run()
    assert stage.record().orders[0].state == "open"
    stage.script = Script()
    stage.run(force=True)
    record = stage.record()
    assert record.run.status == "success"
    assert stage.shares() == {SPY: Decimal(198)}


def test_an_open_order_found_by_id_is_cancelled_even_if_no_list_shows_it(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.script = STUBBORN
    stage.run()
    (left,) = stage.record().orders
    stage.script = Script({("buy", SPY): ScriptedFault(fills_at_most=Decimal(50))})

    class ListsNothing(BrokerProxy):
        def open_orders(self) -> tuple[OrderState, ...]:
            return ()

    stage.broker_proxy = ListsNothing
    stage.run(force=True)
    record = stage.record()
    assert f"SPY: cancelling our open buy of 198 shares ({left.id})" in [remark.text for remark in record.remarks]
    assert [order.state for order in read.orders(stage.journal_file)] == ["canceled", "canceled"]


def test_an_open_order_of_ours_that_can_not_be_cancelled_stops_the_evening_before_any_order(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.script = STUBBORN
    stage.run()
    (left,) = stage.record().orders
    with pytest.raises(RunFailedError) as failed:
        stage.run(force=True)
    assert str(failed.value) == (
        f"the open orders {left.id} were still there 30 s after their cancel. Nothing was sent; look at the account."
    )
    assert stage.record().orders == ()


def test_an_external_order_stays_open(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.script = Script({("buy", GLD): ScriptedFault(waits=10_000)})
    broker = stage.broker()
    broker.submit(Order(OrderId("mine-1"), GLD, "buy", Decimal(100), "limit", Decimal(200), "by hand"))
    broker.close()
    stage.run()
    broker = stage.broker()
    assert [state.id for state in broker.open_orders()] == ["mine-1"]
    broker.close()
    assert stage.shares()[SPY] * 505 <= Decimal(100_000 - 20_000)


def by_hand(stage: Stage, symbol: Symbol, quantity: int, limit: int, name: str = "mine-1") -> None:
    arrives(stage, Order(OrderId(name), symbol, "buy", Decimal(quantity), "limit", Decimal(limit), "by hand"))


@pytest.mark.parametrize("name", ["mine-1", "rbob-holiday-bid-1"])
def test_a_symbol_with_an_open_external_order_is_not_traded_and_reported(tmp_path: Path, name: str) -> None:
    """Whatever its id begins with."""
    stage = one_bot(tmp_path)
    by_hand(stage, SPY, 3, 100, name)
    stage.run()
    record = stage.record()
    assert record.orders == ()
    said = f"SPY: left alone, since a buy of 3 shares that is not ours is open ({name}). Cancel it, or set "
    assert ("warning", f'{said}cancel_scope = "all"') in [(remark.level, remark.text) for remark in record.remarks]


def test_the_warning_names_the_open_quantity_of_the_external_order(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.script = Script({("buy", SPY): ScriptedFault(fills_at_most=Decimal(4))})
    by_hand(stage, SPY, 10, 505)
    stage.run()
    assert any("since a buy of 6 shares that is not ours is open" in remark.text for remark in stage.record().remarks)


def test_with_cancel_scope_all_external_orders_are_cancelled_too(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.trading = replace(stage.trading, cancel_scope="all")
    by_hand(stage, SPY, 3, 100)
    stage.run()
    record = stage.record()
    assert record.run.status == "success"
    assert [order.symbol for order in record.orders] == [SPY]
    assert "SPY: cancelling the open buy of 3 shares (mine-1)" in [remark.text for remark in record.remarks]
    broker = stage.broker()
    assert broker.open_orders() == ()
    broker.close()


def test_the_fills_of_a_cancelled_external_order_are_not_ours(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.trading = replace(stage.trading, cancel_scope="all")
    stage.script = Script({("buy", GLD): ScriptedFault(fills_at_most=Decimal(4))})
    by_hand(stage, GLD, 10, 205)
    stage.run()
    assert stage.shares()[GLD] == 4
    assert {line.symbol: line.ours for line in read.positions(stage.journal_file, "demo")}.get(GLD, 0) == 0


def test_after_a_power_cut_the_run_is_resumed_in_its_session(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.broker_proxy = DiesAfterSending
    with pytest.raises(PowerCut):
        stage.run()
    first = stage.record().run.id
    stage.broker_proxy = lambda broker: broker
    assert stage.run() == first
    record = stage.record()
    assert record.run.status == "success"
    assert [order.filled for order in record.orders] == [Decimal(198)]
    assert stage.shares() == {SPY: Decimal(198)}


def test_the_run_after_a_power_cut_finds_the_fills_and_buys_nothing_twice(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.broker_proxy = DiesAfterSending
    with pytest.raises(PowerCut):
        stage.run()
    stage.broker_proxy = lambda broker: broker
    stage.on(DAYS[1]).run()
    record = stage.record()
    assert record.run.status == "success"
    assert record.orders == ()
    assert stage.shares() == {SPY: Decimal(198)}


def test_an_earlier_order_that_can_not_be_accounted_for_sends_nothing(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.broker_proxy = DiesAfterSending
    with pytest.raises(PowerCut):
        stage.run()

    class Mute(BrokerProxy):
        def find(self, order_id: OrderId) -> Found:
            return Unknown("the lookup did not answer")

    stage.broker_proxy = Mute
    stage.on(DAYS[1])
    with pytest.raises(SourceError) as failed:
        stage.run()
    (order,) = read.orders(stage.journal_file)
    assert str(failed.value) == (
        f"earlier orders could not be accounted for at the broker: buy 198 SPY ({order.id}): the lookup did not answer"
        ". Look at the account; nothing is sent until the broker answers."
    )
    assert stage.record().orders == ()


def test_an_absent_order_of_an_earlier_session_is_lost_and_never_resent(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.broker_proxy = DiesBeforeSending
    with pytest.raises(PowerCut):
        stage.run()
    stage.broker_proxy = lambda broker: broker
    stage.on(DAYS[1]).run()
    assert stage.record().run.status == "success"
    assert stage.shares() == {SPY: Decimal(198)}
    before, tonight = reversed(read.orders(stage.journal_file))
    assert (before.state, tonight.state) == ("lost", "filled")
    assert before.reason == "it never reached the broker"
    assert before.id != tonight.id


def test_an_absence_is_journalled_only_once(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.broker_proxy, stage.journal_proxy = LosesEverything, dying_before_it_is_sent_again
    with pytest.raises(PowerCut):
        stage.run()
    assert stage.record().orders[0].state == "absent"
    stage.broker_proxy = stage.journal_proxy = lambda same: same
    stage.on(DAYS[1]).run()
    before, _ = reversed(read.orders(stage.journal_file))
    assert before.state == "lost"
    with closing(sqlite3.connect(stage.journal_file)) as journal:
        ((written,),) = journal.execute("SELECT COUNT(*) FROM events WHERE kind = 'OrderAbsent'")
    assert written == 1


def test_an_incomplete_answer_settles_nothing(tmp_path: Path) -> None:
    """One share of 500 dollars of 100,000 is missing, and so is its money."""
    stage = Stage(tmp_path, {"A": (hold(SPY), dollars("A", 600))})
    stage.run()
    stage.bots = {"A": (hold(SPY), dollars("A", 600)), "B": (hold(GLD), percent("B", 50))}
    stage.broker_proxy = DiesAfterSending
    with pytest.raises(PowerCut):
        stage.on(DAYS[1]).run()

    class Overlooking(BrokerProxy):
        def positions(self) -> tuple[Position, ...]:
            return tuple(position for position in self.real.positions() if position.symbol != SPY)

    stage.broker_proxy = Overlooking
    with pytest.raises(SourceError, match="its answer is not whole"):
        stage.on(DAYS[2]).run()
    assert read.orders(stage.journal_file)[0].state == "intended"


# --------------------------------------------------------------------------------------- contradictions


def stops(stage: Stage, said: str) -> None:
    """The next run stops without sending anything, and so does the one after it: the account is halted."""
    with pytest.raises(StoppedError, match=said):
        stage.run(force=True)
    assert stage.record().orders == ()
    with pytest.raises(RunFailedError, match="is halted since"):
        stage.run(force=True)


def account_for(stage: Stage, *accounted: OrderId) -> None:
    """Account for these orders, and lift the halt."""
    with SqliteJournal.open(stage.journal_file) as journal:
        at, who, why = stage.clock.now(), "ann", "looked at the account"
        vouched = [OrderAccounted(at, "demo", order_id, who, why) for order_id in accounted]
        journal.record(NO_RUN, *vouched, HaltLifted(at, "demo", who, why))


def test_an_accepted_order_that_the_broker_forgot_stops_the_run(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.script = STUBBORN
    stage.run()
    order_id = OrderId(stage.record().orders[0].id)

    class ForgetsOnFind(BrokerProxy):
        def find(self, order_id: OrderId) -> Found:
            return Absent()

    stage.script, stage.broker_proxy = Script(), ForgetsOnFind
    stops(stage, rf"buy 198 SPY \({order_id}\) \(open\) and does not know it any more")
    account_for(stage, order_id)
    stage.run(force=True)
    assert stage.record().run.status == "success"


def test_a_filled_quantity_that_fell_between_two_runs_stops_the_run(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.script = STUBBORN
    stage.run()

    class FillsFallBetweenRuns(BrokerProxy):
        def find(self, order_id: OrderId) -> Found:
            found = self.real.find(order_id)
            assert isinstance(found, OrderState)
            return replace(found, filled=found.filled - 1)

    stage.broker_proxy = FillsFallBetweenRuns
    stops(stage, "had 50 filled, and the broker now says 49")


def test_an_order_that_is_refused_by_the_journal_and_open_at_the_broker_stops_the_run(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)

    class SaysNoAndTakesIt(BrokerProxy):
        def submit(self, order: Order) -> Submitted:
            self.real.submit(order)
            return Refused("no")

    stage.broker_proxy = SaysNoAndTakesIt
    with pytest.raises(StoppedError, match="does not know, or has as refused: buy 198 SPY"):
        stage.run()
    assert stage.record().orders[0].state == "refused"
    stage.broker_proxy = lambda broker: broker
    with pytest.raises(RunFailedError, match="is halted"):
        stage.run(force=True)


def test_a_refused_order_that_the_broker_lists_as_rejected_is_no_contradiction(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)

    class ListsWhatItRejects(BrokerProxy):
        def submit(self, order: Order) -> Submitted:
            self.real.submit(order)
            return Refused("no")

    stage.script = Script({("buy", SPY): ScriptedFault(reject="no")})
    stage.broker_proxy = ListsWhatItRejects
    stage.run()
    stage.run(force=True)
    assert [order.state for order in stage.record().orders] == ["refused"]


def lose_a_buy(stage: Stage) -> Order:
    """The buy of SPY is sent, gets no answer, and is lost."""
    sent: list[Order] = []

    class Loses(NonIdempotentBroker):
        def submit(self, order: Order) -> Submitted:
            sent.append(order)
            return Unknown("the connection broke")

    stage.broker_proxy = Loses
    stage.run()
    stage.broker_proxy = lambda broker: broker
    (order,) = sent
    return order


def lose_a_sell(stage: Stage) -> Order:
    """The sell of all SPY is lost; the buys wait for it and are not sent."""
    return lose_a_buy(stage)


def taken(stage: Stage) -> list[OrderId]:
    """Every order that the venue ever took."""
    broker = stage.broker()
    ids = [state.id for state in broker.named(bool, stage.clock.now() - timedelta(days=9))]
    broker.close()
    return ids


def arrives(stage: Stage, order: Order) -> None:
    broker = stage.broker()
    broker.submit(order)
    broker.close()


def test_a_lost_order_that_turns_up_is_counted_and_halts_the_account(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    order = lose_a_buy(stage)
    arrives(stage, order)
    stops(
        stage,
        rf"^buy 198 SPY \({order.id}\) was lost by the journal and stands at the broker after all, filled with 198 "
        r"filled, which are counted now\. Look at the account before the next run; `rebalance kill` cancels what is "
        r"open\.$",
    )
    assert [(line.symbol, line.ours) for line in read.positions(stage.journal_file, "demo")] == [(SPY, Decimal(198))]
    account_for(stage)
    stage.run(force=True)
    assert stage.record().run.status == "success"
    assert stage.shares() == {SPY: Decimal(198)}


def test_a_lost_order_is_looked_up_at_every_later_start(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    order = lose_a_buy(stage)
    looked: list[OrderId] = []

    class Looked(BrokerProxy):
        def find(self, order_id: OrderId) -> Found:
            looked.append(order_id)
            return self.real.find(order_id)

    stage.broker_proxy = Looked
    for day in DAYS[1:4]:
        stage.on(day).run()
    assert looked == [order.id] * 3


def test_a_lost_order_that_a_person_accounted_for_is_no_longer_looked_up(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    order = lose_a_buy(stage)
    account_for(stage, order.id)
    arrives(stage, order)
    stage.on(DAYS[1]).run()
    assert stage.record().run.status == "success"


def test_a_lost_order_that_a_person_accounted_for_is_cancelled_where_it_is_open(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    order = lose_a_buy(stage)
    account_for(stage, order.id)
    stage.script = Script({("buy", SPY): ScriptedFault(fills_at_most=Decimal(0))})
    arrives(stage, order)
    stage.bots = {"A": (hold(GLD), percent("A", 100))}
    stage.run(force=True)
    remarks = [remark.text for remark in stage.record().remarks]
    assert f"SPY: cancelling our open buy of 198 shares ({order.id})" in remarks
    assert stage.broker().open_orders() == ()


def test_an_unknown_order_that_appears_after_the_sells_stops_the_run_before_the_buys(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.run()
    stage.on(DAYS[1]).bots = {"A": (hold(GLD), percent("A", 100))}
    name = order_id("demo", DAYS[1], 9, "buys", TLT, "buy")
    stranger = Order(name, TLT, "buy", Decimal(1), "limit", Decimal(50), "of another machine")
    stage.broker_proxy = meanwhile("sell", lambda: arrives(stage, stranger), after=True)
    with pytest.raises(StoppedError, match=rf"this journal does not know, or has as refused: buy 1 TLT \({name}\)"):
        stage.run()
    assert [(order.symbol, order.side) for order in stage.record().orders] == [(SPY, "sell")]


def test_the_dollars_of_a_lost_buy_stay_reserved_for_the_rest_of_the_session(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"A": (mix(SPY=60), percent("A", 100))}, trading=Trading(fallback_ticker=None))
    lost = lose_a_buy(stage)
    stage.bots = {"A": (mix(SPY=60, GLD=40), percent("A", 100))}
    stage.run(force=True)
    record = stage.record()
    assert [order.symbol for order in record.orders] == [GLD]
    said = f"SPY: left alone tonight, since buy 120 SPY ({lost.id}) of run 1 is lost: it may still turn up"
    assert ("warning", said) in [(remark.level, remark.text) for remark in record.remarks]
    assert lost.limit is not None
    assert stage.shares()[GLD] * 201 <= 100_000 - lost.quantity * lost.limit
    stage.bots = {"A": (hold(GLD), percent("A", 100))}
    stage.run(force=True)
    assert stage.shares()[GLD] * 201 <= 100_000 - lost.quantity * lost.limit
    stage.on(DAYS[1]).run()
    assert stage.shares()[GLD] * 201 > 98_000


# ---------------------------------------------------------------------- a venue that forgets old orders


class ForgetfulBroker(BrokerProxy):
    """A look-up finds no order, but the account shows its fills."""

    def find(self, order_id: OrderId) -> Found:
        return Absent()

    def named(self, ours: Callable[[OrderId], bool], since: datetime) -> tuple[OrderState, ...]:
        return ()


def moved_by(stage: Stage, symbol: Symbol, quantity: int) -> None:
    broker = stage.broker()
    broker.change_position(symbol, Decimal(quantity))
    broker.close()


@pytest.mark.parametrize(("split", "there"), [(0, 198), (594, 792)])
def test_the_late_arrival_of_a_lost_buy_is_detected_by_its_shares_also_after_a_split(
    tmp_path: Path, split: int, there: int
) -> None:
    stage = one_bot(tmp_path)
    order = lose_a_buy(stage)
    arrives(stage, order)
    moved_by(stage, SPY, split)
    stage.on(DAYS[1]).broker_proxy = ForgetfulBroker
    with pytest.raises(StoppedError) as stopped:
        stage.run()
    assert str(stopped.value) == (
        f"buy 198 SPY ({order.id}) was lost, and the broker now shows {there} SPY where 0 were expected: it may have "
        "arrived after all. Look at the account's orders. Look at the account before the next run; if it is right as "
        f"it is, say so with `rebalance recover --account-for {order.id} --reason TEXT`. Shares that came by it are "
        "handed over with `rebalance adopt SPY`."
    )
    assert len(taken(stage)) == 1
    account_for(stage, order.id)
    stage.run()
    assert len(taken(stage)) == 1


def test_one_share_of_a_lost_buy_is_enough(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    lose_a_buy(stage)
    moved_by(stage, SPY, 1)
    stage.on(DAYS[1]).broker_proxy = ForgetfulBroker
    with pytest.raises(StoppedError, match="was lost, and the broker now shows 1 SPY where 0 were expected"):
        stage.run()


def test_the_late_arrival_of_a_lost_sell_is_detected_by_missing_shares(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.run()
    stage.on(DAYS[1]).bots = {"A": (hold(GLD), percent("A", 100))}
    order = lose_a_sell(stage)
    arrives(stage, order)
    stage.on(DAYS[2]).broker_proxy = ForgetfulBroker
    with pytest.raises(StoppedError, match=r"was lost, and the broker now shows 0 SPY where 198 were expected"):
        stage.run()


@pytest.mark.parametrize(("lost", "by_hand"), [("buy", 0), ("sell", 0), ("sell", 5)])
def test_a_lost_order_without_a_matching_position_change_does_not_stop_the_run(
    tmp_path: Path, lost: str, by_hand: int
) -> None:
    stage = one_bot(tmp_path)
    if lost == "buy":
        lose_a_buy(stage)
    else:
        stage.run()
        stage.on(DAYS[1]).bots = {"A": (hold(GLD), percent("A", 100))}
        lose_a_sell(stage)
    moved_by(stage, SPY, by_hand)
    stage.on(DAYS[2]).broker_proxy = ForgetfulBroker
    stage.run()
    assert read.trading_status(stage.journal_file, "demo").halt is None


@pytest.mark.parametrize("late", [0, 3])
def test_a_position_change_by_an_order_in_flight_is_not_taken_for_a_lost_order(tmp_path: Path, late: int) -> None:
    """The sell arrives while it is looked up; the positions lag for some polls more."""
    stage = one_bot(tmp_path)
    lose_a_buy(stage)
    stage.on(DAYS[1]).run()
    assert stage.shares() == {SPY: Decimal(198)}
    in_flight: list[Order] = []

    class DiesWhileItFlies(BrokerProxy):
        def submit(self, order: Order) -> Submitted:
            in_flight.append(order)
            raise PowerCut

    stage.bots, stage.broker_proxy = {"A": (hold(GLD), percent("A", 100))}, DiesWhileItFlies
    with pytest.raises(PowerCut):
        stage.on(DAYS[2]).run()
    (sell,) = in_flight
    account, held = what_is_shown(stage)
    behind = late

    class ArrivesWhenLookedFor(BrokerProxy):
        def find(self, order_id: OrderId) -> Found:
            if order_id == sell.id and in_flight:
                self.real.submit(in_flight.pop())
            return self.real.find(order_id)

        def account(self) -> Account:
            return account if behind else self.real.account()

        def positions(self) -> tuple[Position, ...]:
            nonlocal behind
            if in_flight or not behind:
                return self.real.positions()
            behind -= 1
            return held

    stage.broker_proxy = ArrivesWhenLookedFor
    began = stage.clock.elapsed()
    stage.run()
    assert stage.clock.elapsed() - began == late, "it waits no longer than the positions lag"
    assert stage.record().run.status == "success"
    assert read.trading_status(stage.journal_file, "demo").halt is None
    assert SPY not in stage.shares()


def test_everything_that_needs_a_person_is_reported_at_once(tmp_path: Path) -> None:
    """An order that the broker forgot, and the shares of a lost one."""
    stage = Stage(tmp_path, {"A": (mix(SPY=40), percent("A", 100))}, trading=Trading(fallback_ticker=None))
    lost = lose_a_buy(stage)
    stage.bots, stage.script = {"A": (mix(GLD=30), percent("A", 100))}, Script({("buy", GLD): STUBBORN_ONE})
    stage.on(DAYS[1]).run()
    (had,) = (order.id for order in stage.record().orders)
    arrives(stage, lost)
    stage.script, stage.broker_proxy = Script(), ForgetfulBroker
    with pytest.raises(StoppedError, match=rf"\({had}\) \(open\) and does not know .* \({lost.id}\) was lost, and the"):
        stage.run(force=True)


def what_is_shown(stage: Stage) -> tuple[Account, tuple[Position, ...]]:
    broker = stage.broker()
    shown = broker.account(), broker.positions()
    broker.close()
    return shown


# ------------------------------------------------------------------------------- unknown orders


def test_with_the_journal_deleted_nothing_is_sent_and_the_orders_are_named(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"A": (mix(SPY=60), percent("A", 100))}, trading=Trading(fallback_ticker=None))
    stage.run()
    order_id = OrderId(stage.record().orders[0].id)
    delete_the_journal(stage)
    stage.on(DAYS[1]).bots = {"A": (hold(GLD), percent("A", 100))}
    stops(
        stage,
        re.escape(
            "the broker has orders with this program's names that this journal does not know, or has as refused: "
            f"buy 120 SPY ({order_id}). Was the journal restored from a backup or deleted, is the account called "
            "otherwise now, or does another machine trade it? Nothing was sent. Bring the right journal back; if this "
            "is the right one, say so with `rebalance recover --account-for ID --reason TEXT`."
        ),
    )
    account_for(stage, order_id)
    stage.run(force=True)
    assert stage.record().run.status == "success"
    assert stage.shares() == {SPY: Decimal(120), GLD: Decimal(194)}


def test_an_unknown_order_with_our_id_stops_the_run_before_it_fills_too(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stranger = Order(
        OrderId("rbELSEWHEREELSEWHER2"), SPY, "buy", Decimal(3), "limit", Decimal(100), "another machine's"
    )
    arrives(stage, stranger)
    stops(stage, r"does not know, or has as refused: buy 3 SPY \(rbELSEWHEREELSEWHER2\)")


def test_nothing_is_sent_with_yesterdays_journal(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.run()
    with SqliteJournal.open(stage.journal_file):
        backup = stage.journal_file.read_bytes()
    stage.on(DAYS[1]).bots = {"A": (hold(GLD), percent("A", 100))}
    stage.run()
    newer = sorted(order.id for order in stage.record().orders)
    delete_the_journal(stage)
    stage.journal_file.write_bytes(backup)
    stops(stage.on(DAYS[2]), f"{newer[0]}.*{newer[1]}")


def delete_the_journal(stage: Stage) -> None:
    for file in stage.folder.glob(f"{stage.journal_file.name}*"):
        file.unlink()


# ---------------------------------------------------------------------------------- another account under the same name


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"number": "other"}, "was paper account sim at sim by the journal and is paper account other at sim now"),
        ({"mode": "live"}, "was paper account sim at sim by the journal and is live account sim at sim now"),
        ({"venue": "elsewhere"}, "was paper account sim at sim by the journal and is paper account sim at elsewhere"),
    ],
    ids=["another number", "another mode", "another venue"],
)
def test_another_account_under_a_name_that_the_journal_knows_is_refused(
    tmp_path: Path, other: dict[str, str], said: str
) -> None:
    stage = one_bot(tmp_path)
    stage.run()
    moved = replace(stage, **other).on(DAYS[1])
    with pytest.raises(RunFailedError, match=f"{said}.*Give the other account a name of its own"):
        moved.run()
    assert moved.record().orders == ()
    stage.on(DAYS[1]).run()
    assert stage.record().run.status == "success"
