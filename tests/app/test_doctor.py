"""The doctor checks everything a run needs and reports what it found; it sends and cancels no order."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from scripted_sim import ScriptedSimBroker
from stage import DAYS, GLD, SGOV, SPY, Stage, Weekdays, dollars, hold, session_of
from test_bars_evening import calm_or_not

from rebalancer.app.account_checks import CheckedAccount, examine
from rebalancer.app.machine_checks import MEGABYTE, disk, journal, machine, writable
from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.config import AccountConfig
from rebalancer.errors import SourceError
from rebalancer.journal.lease import run_lock
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import (
    Account,
    Bar,
    Closes,
    Hours,
    Instrument,
    OrderId,
    OrderState,
    Position,
    Snapshot,
    Symbol,
    Venue,
    us_equity,
)
from rebalancer.model.checkup import Check
from rebalancer.ports import Broker, History
from rebalancer.venues.alpaca.venue import ALPACA
from rebalancer.venues.sim.venue import SIM

EVENING = session_of(DAYS[0]).closes - timedelta(minutes=10)
HERE = tree.Place(None, "chart")


@dataclass
class ReadOnly:
    """A broker that fails the test on any order request. A field that is set changes an answer."""

    inner: ScriptedSimBroker
    account_seen: Callable[[Account], Account] = lambda account: account
    hours_seen: Callable[[Hours], Hours] = lambda hours: hours
    refused: Mapping[Symbol, str] | None = None
    venue: Venue = SIM
    silent: bool = False
    held: tuple[Position, ...] = ()
    waiting: tuple[OrderState, ...] = ()
    shorts: bool = False

    def account(self) -> Account:
        if self.silent:
            raise SourceError("the broker did not answer")
        return self.account_seen(self.inner.account())

    def hours(self) -> Hours:
        if self.silent:
            raise SourceError("the broker did not answer")
        return self.hours_seen(self.inner.hours())

    def untradable(self, symbols) -> Mapping[Symbol, str]:
        return self.inner.untradable(symbols) if self.refused is None else self.refused

    def instruments(self, symbols) -> Mapping[Symbol, Instrument]:
        return {symbol: us_equity(symbol) for symbol in symbols}

    def positions(self) -> tuple[Position, ...]:
        return self.held

    def open_orders(self) -> tuple[OrderState, ...]:
        return self.waiting

    def may_short(self) -> bool:
        return self.shorts

    def _no_orders(self, *asked):
        raise AssertionError("the doctor touched an order")

    submit = find = cancel = orders = fills = _no_orders


class NothingYet:
    def closes(self, symbols, before):
        return Closes(np.array([], dtype="datetime64[D]"), tuple(symbols), np.empty((0, len(symbols))))

    def actions(self, symbols, first, last):
        return ()


@dataclass
class AccountUnderCheck:
    """One account that invests in SPY, at the stage's market."""

    stage: Stage
    account: AccountConfig
    broker: ReadOnly
    chart: tree.Node
    history: History

    def checks(self) -> dict[str, Check]:
        broker: Broker = self.broker
        patient = CheckedAccount(
            account=self.account,
            broker=broker,
            history=self.history,
            quotes=self.stage.market,
            calendar=Weekdays(),
            clock=self.stage.clock,
            bots={"A": FlowchartBot.of(tree.Chart("A", self.chart))},
            prices="the stage",
        )
        found = list(examine(patient))
        assert len({check.name for check in found}) == len(found)
        return {check.name: check for check in found}


@pytest.fixture
def checked(tmp_path: Path) -> Iterator[AccountUnderCheck]:
    stage = Stage(tmp_path, {"A": (hold(SPY), dollars("A", 1000))})
    broker = stage.broker()
    account = AccountConfig("demo", trading=stage.trading, enabled=True)
    yield AccountUnderCheck(stage, account, ReadOnly(broker), hold(SPY), stage.market)
    broker.close()


def average(symbol: Symbol, window: int) -> tree.Node:
    """SPY while it is above its average of `window` sessions, else cash."""
    price = tree.Indicator("current-price", (), symbol, HERE)
    mean = tree.Indicator("moving-average-price", (window,), symbol, HERE)
    return spy_if(price, mean)


def spy_if(left: tree.Operand, right: tree.Operand) -> tree.Node:
    return tree.If(tree.Compare(left, "gt", right, 1, HERE), hold(SPY), tree.Cash(HERE), HERE)


# --------------------------------------------------------------------------------------------- one account


def test_a_healthy_account_passes_everything_and_no_order_is_touched(checked):
    found = checked.checks()
    assert list(found) == [
        "account",
        "may trade",
        "paper",
        "positions",
        "open orders",
        "short sales",
        "symbol limit",
        "clock",
        "calendar",
        "tickers",
        "quotes",
        "history",
        "bot A",
        "next run",
    ]
    assert {check.verdict for check in found.values()} == {"pass"}
    assert {check.remedy for check in found.values()} == {""}
    assert "equity 100,000.00 USD" in found["account"].found


def test_shorts_unvalued_positions_and_external_orders_are_warnings(checked):
    theirs = OrderState(OrderId("theirs"), GLD, "buy", Decimal(250), "market", None, "open", Decimal(0), None)
    checked.broker.held = (
        Position(SPY, Decimal(-3), Decimal(-1500)),
        Position(GLD, Decimal(5), Decimal(7), valued=False),
    )
    checked.broker.waiting = (theirs, replace(theirs, id=OrderId("dollars"), by_amount=True))
    checked.broker.shorts = True
    found = checked.checks()
    assert {found[name].verdict for name in ("positions", "open orders", "short sales")} == {"warn"}
    assert found["positions"].found == "SPY is held short (3 shares); GLD has no market value; 7.00 USD is assumed"
    orders = "2 not ours: GLD: a buy of 250 shares (theirs); GLD: a buy of 250.00 USD (dollars)"
    assert found["open orders"].found == orders
    assert "Set no_shorting" in found["short sales"].remedy


def test_orders_of_others_are_left_alone_or_cancelled_as_the_settings_say(checked):
    one = OrderState(OrderId("theirs"), GLD, "buy", Decimal(2), "market", None, "open", Decimal(0), None)
    checked.broker.waiting = (one,)
    assert "does not trade these symbols" in checked.checks()["open orders"].remedy
    checked.account = replace(checked.account, trading=replace(checked.account.trading, cancel_scope="all"))
    assert "cancels them" in checked.checks()["open orders"].remedy


def test_every_warning_and_failure_has_a_remedy(checked):
    checked.broker.refused = {SPY: "halted"}
    checked.account = replace(checked.account, enabled=False)
    assert all(check.remedy for check in checked.checks().values() if check.verdict != "pass")


def test_tonights_bars_are_asked_for_where_a_bot_reads_them(checked):
    assert "bars" not in checked.checks()
    stage = calm_or_not(checked.stage.folder)
    checked.stage, checked.history, checked.chart = stage, stage.market, stage.bots["A"][0]
    check = checked.checks()["bars"]
    assert (check.verdict, check.found) == ("warn", "tonight's bars are not all known: SPY has no high and no low")
    known = calm_or_not(checked.stage.folder, so_far={"high": Decimal(501), "low": Decimal(499)})
    checked.stage, checked.history = known, known.market
    assert checked.checks()["bars"].verdict == "pass"


def test_a_blocked_account_fails(checked):
    checked.broker.account_seen = lambda account: replace(account, blocked="trading_blocked")
    check = checked.checks()["may trade"]
    assert (check.verdict, check.found) == ("fail", "the broker says: trading_blocked")


def test_an_account_in_another_currency_than_the_venues_fails(checked):
    checked.broker.account_seen = lambda account: replace(account, currency="EUR")
    check = checked.checks()["may trade"]
    assert (check.verdict, check.found) == ("fail", "the account is kept in EUR, and orders are in USD")


def test_keys_of_another_account_than_the_pinned_one_fail(checked):
    checked.account = replace(checked.account, account_number="PA1")
    check = checked.checks()["may trade"]
    assert (check.verdict, "account_number is PA1" in check.found) == ("fail", True)


@pytest.mark.parametrize(("number", "verdict"), [("PA123", "fail"), ("123456789", "pass")])
def test_a_live_account_is_known_by_its_own_number_too(checked, number, verdict):
    checked.broker.venue = ALPACA
    checked.account = replace(checked.account, mode="live")
    checked.broker.account_seen = lambda account: replace(account, number=number)
    check = checked.checks()["live"]
    assert (check.verdict, number in check.found) == (verdict, True)


@pytest.mark.parametrize(("number", "verdict"), [("PA123", "pass"), ("123456789", "fail"), ("", "fail")])
def test_paper_is_known_by_the_accounts_own_number(checked, number, verdict):
    checked.broker.venue = ALPACA
    checked.broker.account_seen = lambda account: replace(account, number=number)
    assert checked.checks()["paper"].verdict == verdict


@pytest.mark.parametrize(("seconds", "verdict"), [(5, "pass"), (-5, "pass"), (6, "fail"), (-6, "fail")])
def test_clock_skew_within_the_setting_passes(checked, seconds, verdict):
    checked.broker.hours_seen = lambda hours: replace(hours, now=hours.now + timedelta(seconds=seconds))
    check = checked.checks()["clock"]
    assert (check.verdict, f"{abs(seconds)}.0 s apart" in check.found) == (verdict, True)


@pytest.mark.parametrize(("seconds", "verdict"), [(60, "pass"), (61, "fail"), (-3 * 3600, "fail")])
def test_the_venue_and_the_calendar_agree_within_a_minute(checked, seconds, verdict):
    checked.broker.hours_seen = lambda hours: replace(hours, closes=hours.closes + timedelta(seconds=seconds))
    assert checked.checks()["calendar"].verdict == verdict


def test_a_venue_that_is_closed_though_the_calendar_has_a_session_fails(checked):
    checked.broker.hours_seen = lambda hours: replace(hours, open=False, closes=hours.closes + timedelta(days=1))
    check = checked.checks()["calendar"]
    assert check.verdict == "fail"
    assert "the venue says closed" in check.found
    assert "pandas-market-calendars" in check.remedy


def test_outside_the_session_venue_and_calendar_agree_on_the_next_one(checked):
    at_night(checked, EVENING + timedelta(hours=8))
    check = checked.checks()["calendar"]
    assert (check.verdict, "closed, and the next session ends" in check.found) == ("pass", True)


def test_a_ticker_that_can_not_be_traded_fails_with_the_fallback_first(checked):
    checked.broker.refused = {SPY: "not active", SGOV: "not found"}
    check = checked.checks()["tickers"]
    assert check.verdict == "fail"
    assert "2 of 2 are not tradable: SGOV (fallback_ticker): not found; SPY (1 bot): not active" in check.found


def test_a_ticker_that_bots_only_read_need_not_be_tradable(checked):
    checked.chart = spy_if(tree.Indicator("current-price", (), GLD, HERE), tree.Constant(1.0, HERE))
    asked = []

    def untradable(symbols):
        asked.extend(symbols)
        return {}

    checked.broker.untradable = untradable
    assert checked.checks()["tickers"].verdict == "pass"
    assert asked == [SGOV, SPY]


def test_a_ticker_without_a_price_is_a_warning_and_no_price_at_all_a_failure(checked):
    del checked.stage.market.prices[SGOV]
    found = checked.checks()["quotes"]
    assert (found.verdict, "1 of 2 tickers have a price" in found.found) == ("warn", True)
    checked.stage.market.prices.clear()
    assert checked.checks()["quotes"].verdict == "fail"


class OnlyLastCloses:
    def snapshots(self, symbols):
        return {name: Snapshot(name, previous=Bar(DAYS[0], Decimal(5), EVENING)) for name in symbols}


def test_the_last_close_does_not_count_as_a_price(checked):
    checked.stage.market = OnlyLastCloses()
    found = checked.checks()["quotes"]
    assert (found.verdict, "0 of 2 tickers have a price" in found.found) == ("fail", True)


def test_prices_that_are_missing_while_the_exchange_is_closed_are_no_failure(checked):
    checked.stage.market.prices.clear()
    at_night(checked, EVENING + timedelta(hours=8))
    assert [checked.checks()[name].verdict for name in ("tickers", "quotes")] == ["warn", "warn"]


def test_history_must_reach_the_last_session(checked):
    assert checked.checks()["history"].verdict == "pass"
    at_night(checked, session_of(DAYS[-1]).opens + timedelta(days=5))
    check = checked.checks()["history"]
    assert (check.verdict, "the session of 2024-03-12 is missing" in check.found) == ("fail", True)


def test_a_missing_history_is_reported(checked):
    checked.history = NothingYet()
    found = checked.checks()
    assert found["history"].found == "there are no closes before 2024-03-01"
    assert [found[name].verdict for name in ("history", "bot A")] == ["fail", "fail"]


def test_a_bot_without_enough_history_fails_and_says_what_it_lacks(checked):
    checked.chart = average(SPY, 200)
    check = checked.checks()["bot A"]
    assert check.verdict == "fail"
    assert "SPY" in check.found
    checked.chart = average(SPY, 3)
    check = checked.checks()["bot A"]
    assert (check.verdict, check.found) == ("pass", "ready: SPY has the fewest closes, 3; 3 are needed")


def test_a_bot_that_can_decide_with_less_history_than_advised_is_a_warning(checked):
    checked.chart = spy_if(tree.Indicator("relative-strength-index", (2,), SPY, HERE), tree.Constant(50.0, HERE))
    check = checked.checks()["bot A"]
    assert (check.verdict, "advised" in check.found) == ("warn", True)


def test_a_bot_that_needs_no_history_passes(checked):
    checked.chart = tree.Cash(HERE)
    assert checked.checks()["bot A"].found == "ready; it needs no history"


def test_the_next_run_is_named_and_an_account_that_no_schedule_runs_is_a_warning(checked):
    assert checked.checks()["next run"].found == "2024-03-05 15:50:00 New York time, for the session of 2024-03-05"
    checked.account = replace(checked.account, enabled=False)
    check = checked.checks()["next run"]
    assert (check.verdict, "[accounts.demo]" in check.remedy) == ("warn", True)


def test_an_unanswered_check_fails_and_dependent_checks_are_skipped(checked):
    checked.broker.silent = True
    checked.stage.market.unreadable_history = True
    found = checked.checks()
    assert {name for name, check in found.items() if check.verdict == "fail"} == {
        "account",
        "symbol limit",
        "clock",
        "tickers",
        "history",
    }
    assert found["account"].found == "the broker did not answer"
    for name in ("may trade", "paper", "calendar", "bot A"):
        assert (found[name].verdict, found[name].found.startswith("skipped: ")) == ("warn", True)
    assert [found[name].verdict for name in ("quotes", "next run")] == ["pass", "pass"]


def test_quotes_that_do_not_answer_fail_alone(checked):
    checked.stage.market.silent = True
    checked.broker.refused = {}
    assert [name for name, check in checked.checks().items() if check.verdict == "fail"] == ["quotes"]


def at_night(checked: AccountUnderCheck, now: datetime) -> None:
    checked.broker.inner.close()
    checked.stage.clock = SimulatedClock(now)
    checked.stage.market.clock = checked.stage.clock
    checked.broker.inner = checked.stage.broker()


# --------------------------------------------------------------------------------------------- the machine


@pytest.mark.parametrize(
    ("free", "verdict"),
    [
        (500 * MEGABYTE, "pass"),
        (500 * MEGABYTE - 1, "warn"),
        (50 * MEGABYTE, "warn"),
        (50 * MEGABYTE - 1, "fail"),
        (0, "fail"),
    ],
)
def test_a_run_needs_some_space_on_the_disk(tmp_path, free, verdict):
    check = disk(free, tmp_path)
    assert (check.verdict, f"{free / MEGABYTE:,.0f} MB" in check.found) == (verdict, True)


def test_before_the_first_run_the_doctor_creates_no_file(tmp_path):
    folder = tmp_path / "state" / "deep"
    checks = machine(folder, folder / "journal.sqlite")
    assert [check.verdict for check in checks] == ["pass"] * 5
    assert "none yet" in checks[3].found
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_not_be_written_fails(tmp_path):
    file = tmp_path / "state"
    file.touch()
    assert writable(file).verdict == "fail"


def test_the_journal_is_opened_as_a_run_opens_it_and_not_a_byte_of_it_changes(tmp_path):
    path = made(tmp_path)
    before = hashlib.sha256(path.read_bytes()).digest()
    assert journal(path).verdict == "pass"
    assert hashlib.sha256(path.read_bytes()).digest() == before


def test_a_journal_in_use_is_a_warning(tmp_path):
    path = made(tmp_path)
    with run_lock(path):
        check = journal(path)
    assert (check.verdict, "such as recover, is in progress" in check.found) == ("warn", True)


def test_a_file_that_is_no_journal_fails(tmp_path):
    path = tmp_path / "journal.sqlite"
    path.write_text("not a database, but long enough to have a header of its own" * 20)
    check = journal(path)
    assert (check.verdict, str(path) in check.found) == ("fail", True)


def made(folder: Path) -> Path:
    path = folder / "journal.sqlite"
    SqliteJournal.open(path).close()
    return path


def test_money_is_shown_to_the_cent_with_its_currency(checked):
    checked.broker.account_seen = lambda account: replace(account, cash=Decimal("1234.5"), currency="USD")
    assert "cash 1,234.50 USD" in checked.checks()["account"].found
