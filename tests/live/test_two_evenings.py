"""The trial over two evenings: one share of its own, bought on one and sold on a later one, whatever breaks between."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from stage import DAYS, GLD, SPY, TLT, Stage, hold, mix, percent, session_of
from test_fail_nth import Failing

from rebalancer.brokers.script import Script, Twist
from rebalancer.brokers.sim import SimBroker
from rebalancer.errors import RunFailedError, SourceError, StoppedError
from rebalancer.journal.store import SqliteJournal
from rebalancer.live.trial_share import QUIET_FUNDS
from rebalancer.live.two_evenings import run_two_evenings
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import Limits, Order, RunId, Symbol, Trading
from rebalancer.model.checkup import Check, Figures
from rebalancer.portfolio.trades import TRIAL_PREFIX
from rebalancer.ports import Broker, Caps, Journal

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = DAYS[:4]
SCHO, USFR = Symbol("SCHO"), Symbol("USFR")
MOMENTS = ["before the buy", "after the buy", "before the sell", "after the sell"]


@dataclass
class Around:
    """The sim broker, but for what a test lets go wrong."""

    inner: SimBroker

    def __getattr__(self, name: str):
        return getattr(self.inner, name)


@dataclass
class Margin(Around):
    """A venue that shows every figure. The sim counts what a sale brought at once, `withheld` takes it out again."""

    withheld: Decimal = Decimal(0)

    def account(self):
        account = self.inner.account()
        value = sum((position.market_value for position in self.inner.positions()), Decimal(0))
        spendable = account.cash - self.withheld
        return replace(account, spendable=spendable, long_value=value, buying_power=4 * account.equity)


class Dead(BaseException):
    """The process is gone: nothing of it is done any more."""


class DiesOnceSent(Margin):
    def submit(self, order: Order):
        self.inner.submit(order)
        raise Dead


@dataclass
class Told:
    checks: dict[str, Check]
    figures: tuple[Figures, ...]

    @property
    def verdicts(self) -> dict[str, str]:
        return {name: check.verdict for name, check in self.checks.items()}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path, {"A": (mix(SPY=60, TLT=30), percent("A", 100))})
    stage.market.prices |= {SCHO: Decimal("24.31"), USFR: Decimal("50.4")}
    return stage


def call(
    stage: Stage,
    named: Symbol | None = None,
    around: Callable[[SimBroker], Any] = Margin,
    pen: Callable[[SqliteJournal], Any] = lambda journal: journal,
) -> Told:
    """One call of the command, on whatever evening it is."""
    inner = stage.broker()
    try:
        broker: Broker = around(inner)
        with SqliteJournal.open(stage.folder / "trial.sqlite") as books:
            journal: Journal = pen(books)
            desk = replace(stage.desk(broker, journal), account="demo-two-evenings")
            claim = replace(stage.claim(force=True), account=desk.account, purpose="trial")
            run = books.claim(claim)
            assert isinstance(run, int)
            checks, figures = run_two_evenings(desk, RunId(run), session_of(stage.clock.now().date()), named)
            return Told({check.name: check for check in checks}, figures)
    finally:
        inner.close()


def by_hand(stage: Stage, symbol: Symbol, quantity: int) -> None:
    broker = stage.broker()
    broker.by_hand(symbol, Decimal(quantity))
    broker.close()


def orders(stage: Stage) -> list[tuple[str, Symbol, Decimal]]:
    """The trial's own, at the broker."""
    broker = stage.broker()
    found = broker.named(TRIAL_PREFIX, session_of(MONDAY).opens)
    broker.close()
    return [(state.side, state.symbol, state.filled) for state in found]


ONE_OF_EACH = [("buy", SCHO, 1), ("sell", SCHO, 1)]


# --------------------------------------------------------------------------------------------- it goes well


def test_a_share_is_bought_on_the_first_evening_and_sold_on_the_second(stage):
    first = call(stage)
    assert first.verdicts == {"bought": "pass", "sold": "warn"}
    assert "Call the same again from 2024-03-05 on" in first.checks["sold"].remedy
    assert stage.shares() == {SCHO: 1}
    second = call(stage.on(TUESDAY))
    assert second.verdicts == {"bought": "pass", "sold": "pass", "sale proceeds": "pass"}
    assert stage.shares() == {}
    assert orders(stage) == ONE_OF_EACH


def test_what_each_order_did_to_each_figure_is_told(stage):
    assert [shown.moment for shown in call(stage).figures] == MOMENTS[:2]
    figures = call(stage.on(TUESDAY)).figures
    assert [shown.moment for shown in figures] == MOMENTS
    dollars = [str(shown.cash) for shown in figures], [str(shown.long_value) for shown in figures]
    assert dollars == (["100000", "99975.69", "99975.69", "100000.00"], ["0", "24.31", "24.31", "0"])
    assert {shown.buying_power for shown in figures} == {400_000}


def test_a_venue_that_counts_what_a_sale_brought_the_same_evening_is_known_by_it(stage):
    call(stage)
    found = call(stage.on(TUESDAY)).checks["sale proceeds"].found
    assert "brought 24.31 USD and moved non-marginable buying power by +24.31 USD" in found
    assert "spendable the same evening" in found


def test_a_venue_that_waits_for_settlement_is_known_by_it(stage):
    class Waiting(Margin):
        def account(self):
            sold = not self.inner.positions()
            return replace(super().account(), spendable=self.inner.account().cash - Decimal("24.31") * sold)

    call(stage)
    check = call(stage.on(TUESDAY), around=Waiting).checks["sale proceeds"]
    assert (check.verdict, "only once they are settled" in check.found) == ("pass", True)


def test_a_figure_that_other_money_moved_tells_neither(stage):
    class Odd(Margin):
        def account(self):
            return replace(super().account(), spendable=Decimal(7) * (not self.inner.positions()))

    call(stage)
    check = call(stage.on(TUESDAY), around=Odd).checks["sale proceeds"]
    assert (check.verdict, "tells neither" in check.found) == ("warn", True)


def test_called_again_on_the_same_evening_it_sends_nothing_and_tells_the_same(stage):
    first, again = call(stage), call(stage)
    assert again.checks == first.checks
    sold, once_more = call(stage.on(TUESDAY)), call(stage)
    assert (once_more.checks, len(once_more.figures)) == (sold.checks, 4)
    assert orders(stage) == ONE_OF_EACH


def test_once_it_is_over_a_later_evening_begins_another(stage):
    call(stage)
    call(stage.on(TUESDAY))
    assert call(stage.on(WEDNESDAY)).verdicts == {"bought": "pass", "sold": "warn"}
    assert orders(stage) == [*ONE_OF_EACH, ("buy", SCHO, 1)]


# --------------------------------------------------------------------------------------------- which share


def test_only_a_share_that_nobody_else_has_to_do_with_is_chosen(stage):
    by_hand(stage, SCHO, 3)
    call(stage)
    assert stage.shares() == {SCHO: 3, USFR: 1}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"trading": Trading(protected=(GLD,), fallback_ticker=None)}, "GLD is protected"),
        ({"trading": Trading(fallback_ticker=GLD)}, "GLD is named by a bot, a pair or the fallback"),
        ({"trading": Trading(paired_tickers=((SPY, GLD),))}, "GLD is named by a bot, a pair or the fallback"),
        ({"bots": {"A": (hold(GLD), percent("A", 100))}}, "GLD is named by a bot, a pair or the fallback"),
        ({"limits": Limits(denied=(GLD,))}, "GLD is denied"),
        ({"script": Script(untradable={GLD: "halted"})}, "GLD can't be traded: halted"),
    ],
)
def test_a_share_that_is_not_free_is_refused_with_what_is_in_the_way(stage, change, why):
    for name, value in change.items():
        setattr(stage, name, value)
    with pytest.raises(RunFailedError, match=why):
        call(stage, GLD)
    assert orders(stage) == []


def test_a_share_that_is_held_is_never_the_trials(stage):
    by_hand(stage, GLD, 1)
    with pytest.raises(RunFailedError, match=r"GLD is held: 1 share.* Name another ticker"):
        call(stage, GLD)


def test_without_a_free_share_nothing_is_bought_and_each_is_told(stage):
    for symbol in (SCHO, USFR):
        del stage.market.prices[symbol]
    with pytest.raises(RunFailedError, match="SGOV is named by a bot") as raised:
        call(stage)
    assert all(str(symbol) in str(raised.value) for symbol in QUIET_FUNDS)


def test_a_named_share_is_bought_and_another_name_does_not_sell_it(stage):
    call(stage, GLD)
    with pytest.raises(RunFailedError, match="the trial holds 1 GLD, and sells that before it buys SCHO"):
        call(stage.on(TUESDAY), SCHO)
    assert call(stage).verdicts["sold"] == "pass"


# --------------------------------------------------------------------------------------------- a holding of the user


def test_with_more_shares_than_its_own_it_refuses_until_the_account_is_as_it_left_it(stage):
    call(stage)
    by_hand(stage.on(TUESDAY), SCHO, 2)
    for _ in range(2):
        with pytest.raises(RunFailedError, match="holds 3 shares of SCHO, and the trial bought 1"):
            call(stage)
    by_hand(stage, SCHO, -2)
    assert call(stage).verdicts["sold"] == "pass"
    assert stage.shares() == {}


def test_a_share_that_another_hand_sold_ends_the_trial(stage):
    call(stage)
    by_hand(stage.on(TUESDAY), SCHO, -1)
    with pytest.raises(RunFailedError, match="this trial is over"):
        call(stage)
    by_hand(stage, SCHO, 5)
    call(stage)
    assert stage.shares() == {SCHO: 5, USFR: 1}


# --------------------------------------------------------------------------------------------- the evening between


@pytest.mark.parametrize("trial_first", [True, False])
def test_the_evenings_around_it_trade_as_they_would_without_it(stage, trial_first):
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        stage.on(day)
        steps = [lambda: call(stage), stage.run] if day != WEDNESDAY else [stage.run]
        for step in steps if trial_first else reversed(steps):
            step()
        assert stage.record().run.status == "success"
        assert {order.symbol for order in stage.record().orders} <= {SPY, TLT}
    assert set(stage.shares()) == {SPY, TLT}
    assert orders(stage) == ONE_OF_EACH


def test_where_the_bots_manage_every_share_it_buys_none(stage):
    stage.trading = Trading(manage="account")
    with pytest.raises(RunFailedError, match='set manage = "own"'):
        call(stage)
    assert orders(stage) == []


def test_an_order_that_a_dead_trial_left_open_is_neither_cancelled_by_the_evening_nor_counted_as_the_bots(stage):
    stage.script = Script({("buy", SCHO): Twist(waits=60, cancel="beaten")})
    with pytest.raises(Dead):
        call(stage, around=DiesOnceSent)
    stage.run()
    with SqliteJournal.open(stage.journal_file) as journal:
        assert SCHO not in journal.book("demo").ours
    assert call(stage).verdicts == {"bought": "pass", "sold": "warn"}
    stage.on(TUESDAY).run()
    assert call(stage).verdicts["sold"] == "pass"
    assert orders(stage) == ONE_OF_EACH


# --------------------------------------------------------------------------------------------- it goes wrong


DEEDS = frozenset({"submit", "record"})
"""A death at anything else comes to the same as one after the deed before it."""


def dies_before(_name: str, _: Callable[[], Any]) -> Any:
    raise Dead


def dies_after(_name: str, whole: Callable[[], Any]) -> Any:
    whole()
    raise Dead


def over_evenings(stage: Stage, dies: Callable[..., Any], nth: int) -> bool:
    """The trial to its end, one call an evening after another; the process dies once, with its `nth` step.

    Whether there was such a step.
    """
    steps: list[str] = []
    for day in DAYS:
        stage.on(day)
        for _ in range(2):
            try:
                told = call(
                    stage,
                    around=lambda inner: Failing(Margin(inner), nth, dies, DEEDS, steps),
                    pen=lambda books: Failing(books, nth, dies, DEEDS, steps),
                )
            except Dead:
                continue
            if told.verdicts.get("sold") == "pass":
                return len(steps) >= nth
    pytest.fail(f"the trial did not end, after {len(steps)} steps")


@pytest.mark.parametrize("dies", [dies_before, dies_after])
def test_cut_off_at_any_step_it_goes_on_and_buys_and_sells_one_share(tmp_path, dies):
    for nth in count(1):
        stage = Stage(tmp_path / f"{nth}", {"A": (mix(SPY=60), percent("A", 100))})
        stage.folder.mkdir()
        stage.market.prices |= {SCHO: Decimal("24.31")}
        by_hand(stage, GLD, 7)
        died = over_evenings(stage, dies, nth)
        assert (orders(stage), stage.shares()) == (ONE_OF_EACH, {GLD: 7}), f"step {nth}"
        if not died:
            assert nth > 15
            return


def test_an_order_that_a_dead_process_left_open_is_followed_not_sent_again(stage):
    stage.script = Script({("buy", SCHO): Twist(waits=4)})
    with pytest.raises(Dead):
        call(stage, around=DiesOnceSent)
    assert call(stage).verdicts == {"bought": "pass", "sold": "warn"}
    assert orders(stage) == ONE_OF_EACH[:1]


def test_a_sale_that_a_dead_process_could_not_tell_of_is_told_before_another_trial_begins(stage):
    call(stage)
    with pytest.raises(Dead):
        call(stage.on(TUESDAY), around=DiesOnceSent)
    told = call(stage.on(WEDNESDAY))
    assert told.verdicts == {"bought": "pass", "sold": "pass", "sale proceeds": "warn"}
    assert [shown.moment for shown in told.figures] == MOMENTS[:3]
    assert orders(stage) == ONE_OF_EACH
    assert call(stage.on(THURSDAY)).verdicts == {"bought": "pass", "sold": "warn"}


def test_a_broker_that_falls_silent_once_an_order_has_left_says_to_call_again(stage):
    class Silent(Margin):
        def positions(self):
            if self.inner.named(TRIAL_PREFIX, session_of(MONDAY).opens):
                raise SourceError("the broker did not answer.")
            return self.inner.positions()

    with pytest.raises(StoppedError, match="Call the same again"):
        call(stage, around=Silent)
    assert call(stage).verdicts == {"bought": "pass", "sold": "warn"}


def test_a_buy_that_is_not_filled_is_no_trial_and_the_next_evening_buys(stage):
    stage.script = Script({("buy", SCHO): Twist(fills_at_most=Decimal(0))})
    for _ in range(2):
        told = call(stage)
        assert told.verdicts == {"bought": "fail"}
        assert "canceled as asked" in told.checks["bought"].remedy
        assert "Call again from 2024-03-05 on" in told.checks["bought"].remedy
    stage.script = Script()
    assert call(stage.on(TUESDAY)).verdicts == {"bought": "pass", "sold": "warn"}


def test_a_sell_that_is_refused_is_sent_by_the_next_evening(stage):
    call(stage)
    stage.script = Script({("sell", SCHO): Twist(refuse="held")})
    assert call(stage.on(TUESDAY)).verdicts == {"bought": "pass", "sold": "fail"}
    stage.script = Script()
    assert call(stage).verdicts["sold"] == "fail"
    told = call(stage.on(WEDNESDAY))
    assert told.verdicts == {"bought": "pass", "sold": "pass", "sale proceeds": "pass"}
    assert stage.shares() == {}


def test_what_the_gate_holds_back_is_told_and_may_be_sent_later_that_evening(stage):
    stage.limits = Limits(max_order_dollars=Decimal(10))
    told = call(stage)
    assert told.verdicts == {"sent": "fail"}
    assert "max_order_dollars" in told.checks["sent"].found
    stage.limits = Limits()
    assert call(stage).verdicts["bought"] == "pass"


def test_its_orders_bear_the_name_of_a_trial_so_that_no_run_takes_them_for_its_own(stage):
    stage.script = Script({("buy", SCHO): Twist(refuse="wash")})
    call(stage)
    stage.script = Script()
    stage.run()
    assert stage.record().run.status == "success"


# --------------------------------------------------------------------------------------------- it is refused


def test_real_money_is_refused(stage):
    class Real(Margin):
        @property
        def caps(self) -> Caps:
            return Caps("Alpaca", simulated=False)

    with pytest.raises(RunFailedError, match="no paper account"):
        call(stage, around=Real)
    assert orders(stage) == []


def test_a_closed_exchange_is_refused(stage):
    stage.clock = SimulatedClock(session_of(MONDAY).closes + timedelta(hours=1))
    stage.market.clock = stage.clock
    with pytest.raises(RunFailedError, match="Nothing was sent"):
        call(stage)
    assert orders(stage) == []
