"""The gate counts what it let through as done, whatever the broker says later, and keeps a run to its limits."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from stage import DAYS, GLD, SPY, TLT, Stage, mix, percent, session_of

from rebalancer.brokers.script import Script, Twist
from rebalancer.brokers.sim import SimBroker
from rebalancer.errors import StoppedError
from rebalancer.events import Armed, Event, Halted, OrderAbsent, OrderIntended
from rebalancer.journal import queries
from rebalancer.journal.store import SqliteJournal
from rebalancer.live.desk import Desk, Diary
from rebalancer.live.execute import execute
from rebalancer.live.gate import Gate
from rebalancer.live.survey import read_holdings
from rebalancer.model import NO_RUN, Accepted, Limits, Order, OrderId, Price, Refused, RunId, Side, Symbol, Unknown
from rebalancer.ports import Caps, Journal

PRICES = {SPY: Decimal(500), GLD: Decimal(200), TLT: Decimal(100)}


def order(number: int, side: Side, symbol: Symbol, quantity: int, limit: str | None = None) -> Order:
    kind = "market" if limit is None else "limit"
    price = None if limit is None else Decimal(limit)
    return Order(OrderId(f"rb{number}"), symbol, side, Decimal(quantity), kind, price, "a test")  # type: ignore[arg-type]


@dataclass
class Counter:
    """An account of 100,000 dollars: 100 SPY at 500 and 100 TLT at 100 are ours, the rest is cash.

    Every gate is of the same run, and may spend 20,000 dollars on buys.
    """

    desk: Desk
    run: RunId
    stage: Stage

    def gate(self, limits: Limits | None = None, *, priced: bool = True, previous: str | None = None) -> Gate:
        """As a program makes it that has just begun, or that goes on with the run after it was cut off."""
        desk = replace(self.desk, limits=limits or Limits())
        diary = Diary(desk, self.run, session_of(DAYS[1]))
        close, at = None if previous is None else Decimal(previous), desk.clock.now()
        prices = {symbol: Price(symbol, price, "trade", at, 0.0, None, close) for symbol, price in PRICES.items()}
        survey = read_holdings(desk, diary, "again")
        return Gate(desk, diary, survey, prices if priced else {}, Decimal(20_000))

    def carry_out(self, order: Order, limits: Limits | None = None) -> bool:
        """Send it and follow it to its end; whether all of it was done."""
        gate = self.gate(limits)
        (outcome,) = execute(gate.desk, gate.diary, [order], gate, timeout=1)
        return outcome.complete

    def at_the_broker(self) -> set[Symbol]:
        named = self.desk.broker.named("rb", session_of(DAYS[1]).opens)
        return {state.symbol for state in named}


@contextmanager
def opened(folder: Path, mode: str) -> Iterator[Counter]:
    """The run is a trial, which trades without a plan."""
    stage = Stage(folder, {"A": (mix(SPY=50, TLT=10), percent("A", 100))}, mode=mode)
    stage.market.prices |= PRICES
    stage.run()
    stage.on(DAYS[1])
    broker = stage.broker()
    with SqliteJournal.open(stage.journal_file) as journal:
        desk = stage.desk(broker, journal)
        run = journal.claim(replace(stage.claim(), purpose="trial"))
        assert isinstance(run, int)
        yield Counter(desk, RunId(run), stage)
    broker.close()


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    with opened(tmp_path, "paper") as counter:
        yield counter


def scripted(counter: Counter, **twists: Twist) -> Counter:
    """The same account at a broker that does to the buys of each symbol what its twist says."""
    counter.stage.script = Script({("buy", Symbol(symbol)): twist for symbol, twist in twists.items()})
    return replace(counter, desk=replace(counter.desk, broker=counter.stage.broker()))


# ------------------------------------------------------------------------------------- what is counted as done


def test_shares_that_are_on_their_way_out_are_not_sold_again(counter: Counter) -> None:
    gate = counter.gate()
    assert gate(order(1, "sell", SPY, 60)) is None
    assert gate(order(2, "sell", SPY, 40)) is None
    assert "more than the 0 that are ours to sell" in (gate(order(3, "sell", SPY, 1)) or "")


def test_dollars_that_are_on_their_way_out_are_not_spent_again(counter: Counter) -> None:
    gate = counter.gate()
    assert gate(order(1, "buy", GLD, 50, "202")) is None
    assert gate(order(2, "buy", GLD, 49, "202")) is None
    assert "left for buys" in (gate(order(3, "buy", GLD, 1, "202")) or "")


def test_the_fee_of_an_order_that_left_is_spent(counter: Counter) -> None:
    counter.stage.commission = Decimal(50)
    gate = scripted(counter).gate()
    assert gate(order(1, "buy", GLD, 50, "200")) is None
    assert "9,900.00 USD left for buys" in (gate(order(2, "buy", GLD, 50, "200")) or "")


def test_an_order_that_is_not_let_through_counts_for_nothing(counter: Counter) -> None:
    gate = counter.gate()
    assert gate(order(1, "sell", SPY, 101)) is not None
    assert gate(order(2, "sell", SPY, 100)) is None


def test_the_dollars_of_a_market_buy_are_counted_with_their_margin(counter: Counter) -> None:
    gate = counter.gate()
    assert gate(order(1, "buy", GLD, 99)) is None
    assert "left for buys" in (gate(order(2, "buy", GLD, 1)) or "")


def test_what_the_broker_refuses_can_be_spent_again(counter: Counter) -> None:
    gate = scripted(counter, GLD=Twist(refuse="not today")).gate()
    assert isinstance(gate.send(order(1, "buy", GLD, 99, "200")), Refused)
    assert isinstance(gate.send(order(2, "buy", TLT, 190, "100")), Accepted)


def test_what_nobody_can_tell_of_stays_spent_also_for_a_run_that_goes_on(counter: Counter) -> None:
    counter = scripted(counter, GLD=Twist(lost=1))
    assert isinstance(counter.gate().send(order(1, "buy", GLD, 60, "200")), Unknown)
    assert "8,000.00 USD left for buys" in (counter.gate()(order(2, "buy", TLT, 81, "100")) or "")
    assert counter.gate()(order(2, "buy", TLT, 80, "100")) is None


def test_an_absent_order_is_not_in_its_own_way_when_it_is_sent_again(counter: Counter) -> None:
    counter = scripted(counter, GLD=Twist(lost=1))
    lost = order(1, "buy", GLD, 99, "200")
    first = counter.gate()
    assert isinstance(first.send(lost), Unknown)
    first.diary.write(OrderAbsent, order_id=lost.id)
    most = Limits(max_orders=1, max_run_dollars=Decimal(19_800))
    assert isinstance(counter.gate(most).send_again(lost), Accepted)


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


def test_a_full_exit_passes_every_limit_and_needs_no_price(counter: Counter) -> None:
    assert counter.gate(NOTHING)(order(1, "sell", SPY, 100)) is None
    assert counter.gate(NOTHING, priced=False)(order(1, "sell", SPY, 100)) is None
    assert counter.gate(NOTHING, previous="1")(order(1, "sell", SPY, 100)) is None


def test_a_partial_sell_passes_none_and_the_refusal_names_the_key(counter: Counter) -> None:
    refusal = "SPY: the sell was not sent: SPY is in limits.denied"
    assert counter.gate(NOTHING)(order(1, "sell", SPY, 99)) == refusal
    assert "no price" in (counter.gate(priced=False)(order(1, "sell", SPY, 99)) or "")
    assert "max_distance_percent" in (counter.gate(previous="1")(order(1, "sell", SPY, 99)) or "")


def test_what_is_left_after_a_partial_sell_is_a_full_exit(counter: Counter) -> None:
    gate = counter.gate(Limits(max_order_dollars=Decimal(500)))
    assert gate(order(1, "sell", SPY, 1)) is None
    assert gate(order(2, "sell", SPY, 98)) is not None
    assert gate(order(3, "sell", SPY, 99)) is None


def test_a_full_exit_is_still_held_back_by_the_clock_the_holdings_and_a_halt(counter: Counter) -> None:
    exit_ = order(1, "sell", SPY, 100)
    assert "ours to sell" in (counter.gate()(replace(exit_, quantity=Decimal(101))) or "")
    counter.desk.journal.record(NO_RUN, Halted(counter.desk.clock.now(), "", "me", "a look"))
    assert "every account is halted" in (counter.gate()(exit_) or "")
    counter.stage.clock.sleep(timedelta(minutes=9, seconds=1).total_seconds())
    assert counter.gate()(exit_) is not None


def test_a_buy_may_bring_its_symbol_to_the_limit(counter: Counter) -> None:
    gate = counter.gate(Limits(max_symbol_percent=Decimal(20)))
    assert gate(order(1, "buy", TLT, 101, "100")) is not None
    assert gate(order(2, "buy", TLT, 100, "100")) is None


def test_two_gates_of_one_run_share_its_orders_and_its_dollars(counter: Counter) -> None:
    limits = Limits(max_orders=2, max_run_dollars=Decimal(51_000))
    assert counter.carry_out(order(1, "sell", SPY, 100), limits)
    later = counter.gate(limits)
    assert "the run would trade 51,100.00 USD" in (later(order(2, "buy", TLT, 11, "100")) or "")
    assert isinstance(later.send(order(2, "buy", TLT, 10, "100")), Accepted)
    assert "limits.max_orders is 2" in (counter.gate(limits)(order(3, "buy", GLD, 1, "200")) or "")


def test_a_full_exit_counts_towards_the_turnover_of_the_buys(counter: Counter) -> None:
    limits = Limits(max_turnover_percent=Decimal(51))
    assert counter.carry_out(order(1, "sell", SPY, 100), limits)
    assert "limits.max_turnover_percent, 51 %" in (counter.gate(limits)(order(2, "buy", TLT, 11, "100")) or "")
    assert counter.gate(limits)(order(2, "buy", TLT, 10, "100")) is None


def test_what_the_broker_refused_was_an_order_and_traded_nothing(counter: Counter) -> None:
    counter = scripted(counter, GLD=Twist(refuse="not today"))
    counter.gate().send(order(1, "buy", GLD, 50, "200"))
    assert counter.gate(Limits(max_run_dollars=Decimal(100)))(order(2, "buy", TLT, 1, "100")) is None
    assert "1 orders were sent" in (counter.gate(Limits(max_orders=1))(order(2, "buy", TLT, 1, "100")) or "")


def test_an_order_that_waits_counts_at_its_price(counter: Counter) -> None:
    counter = scripted(counter, GLD=Twist(waits=9))
    counter.gate().send(order(1, "buy", GLD, 50, "210"))
    assert counter.gate(Limits(max_run_dollars=Decimal(10_100)))(order(2, "buy", TLT, 1, "100")) is None
    assert counter.gate(Limits(max_run_dollars=Decimal(10_099)))(order(2, "buy", TLT, 1, "100")) is not None


# --------------------------------------------------------------------------------------------- what never may be


def test_a_buy_stops_while_a_sell_of_its_run_is_not_over(counter: Counter) -> None:
    counter.stage.script = Script({("sell", SPY): Twist(waits=9)})
    counter = replace(counter, desk=replace(counter.desk, broker=counter.stage.broker()))
    counter.gate().send(order(1, "sell", SPY, 100))
    with pytest.raises(StoppedError, match="buys wait for the end of every sell"):
        counter.gate()(order(2, "buy", TLT, 1, "100"))


def test_a_second_order_of_a_symbol_and_a_side_stops(counter: Counter) -> None:
    counter = scripted(counter, GLD=Twist(waits=9))
    counter.gate().send(order(1, "buy", GLD, 1, "200"))
    with pytest.raises(StoppedError, match="this would be a second one"):
        counter.gate()(order(2, "buy", GLD, 1, "200"))


@dataclass
class Forgetful:
    """A journal that says it wrote an order down, and did not."""

    real: Journal

    def record(self, run: RunId, *events: Event) -> None:
        self.real.record(run, *(event for event in events if not isinstance(event, OrderIntended)))

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


def test_an_order_that_is_not_in_the_journal_never_leaves(counter: Counter) -> None:
    forgetful = replace(counter, desk=replace(counter.desk, journal=Forgetful(counter.desk.journal)))
    with pytest.raises(StoppedError, match="the journal does not have it as it is"):
        forgetful.gate().send(order(1, "sell", SPY, 100))
    assert counter.at_the_broker() == set()


# ----------------------------------------------------------------------------------------------------- real money


@dataclass
class Real:
    """The sim broker as one where money can be lost."""

    sim: SimBroker

    @property
    def caps(self) -> Caps:
        return replace(self.sim.caps, simulated=False)

    def __getattr__(self, name: str) -> object:
        return getattr(self.sim, name)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Counter]:
    with opened(tmp_path, "live") as counter:
        yield replace(counter, desk=replace(counter.desk, broker=Real(counter.stage.broker()), pinned="sim"))


def arm(live: Counter, dollars: int, *, first_order_only: bool = False) -> None:
    desk, at = live.desk, live.desk.clock.now()
    until = at + timedelta(days=1)
    event = Armed(at, desk.account, "sim", Decimal(dollars), until, desk.files, first_order_only, "me")
    desk.journal.record(NO_RUN, event)


def test_nothing_leaves_for_real_money_that_is_not_armed(live: Counter) -> None:
    assert "is not armed" in (live.gate()(order(1, "sell", SPY, 100)) or "")


def test_a_run_trades_what_its_account_is_armed_for_and_exits_beyond_it(live: Counter) -> None:
    arm(live, 5_000)
    assert live.gate()(order(1, "sell", SPY, 10)) is None
    assert "5,500.00 USD, more than the 5,000.00 USD" in (live.gate()(order(1, "sell", SPY, 11)) or "")
    assert live.carry_out(order(1, "sell", SPY, 100))
    assert "armed for" in (live.gate()(order(2, "buy", TLT, 1, "100")) or "")


def test_a_limit_may_be_tighter_than_what_the_account_is_armed_for(live: Counter) -> None:
    arm(live, 5_000)
    limits = Limits(max_order_dollars=Decimal(499))
    assert "limits.max_order_dollars" in (live.gate(limits)(order(1, "sell", SPY, 1)) or "")


def test_a_first_live_run_sends_one_order_and_halts(live: Counter) -> None:
    arm(live, 100_000, first_order_only=True)
    gate = live.gate()
    assert isinstance(gate.send(order(1, "sell", SPY, 100)), Accepted)
    assert isinstance(gate.send(order(2, "sell", TLT, 100)), Refused)
    assert live.at_the_broker() == {SPY}


def test_a_buy_that_can_not_be_compared_with_a_close_is_said_where_it_is_not_simulated(live: Counter) -> None:
    arm(live, 100_000)
    live.gate().send(order(1, "buy", TLT, 1, "100"))
    live.gate(previous="200").send(order(2, "buy", GLD, 1, "200"))
    notes = [note.text for note in queries.run(live.stage.journal_file, live.run).remarks]
    assert [note for note in notes if "no previous close" in note] == [
        "TLT: the market shows no previous close, so trading.max_distance_percent was not checked"
    ]
