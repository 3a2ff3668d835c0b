"""The status of accounts as a monitor or a web page asks for it."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sim_account import main_account, new_york, write

from rebalancer.app.evening import bare_request
from rebalancer.app.runs import run_due
from rebalancer.app.status import account_statuses, upcoming_runs
from rebalancer.app.status_views import AccountStatus
from rebalancer.config import Config
from rebalancer.events import OrderIntended, RunEnded
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import Order, OrderId, Session, Symbol


def session_of(config: Config, day: date) -> Session:
    found = ExchangeCalendar(SimulatedClock(new_york(29, 12)), "NYSE", config.state_dir).session(day)
    assert found is not None
    return found


def status(config: Config, at: datetime, max_age: timedelta | None = None) -> AccountStatus:
    (found,) = account_statuses(config, config.accounts, SimulatedClock(at), max_age)
    return found


def test_an_account_that_was_never_run_has_no_last_run_and_only_an_enabled_one_a_next(tmp_path: Path) -> None:
    for enabled in (False, True):
        found = status(write(tmp_path, enabled=enabled), new_york(28, 12))
        assert (found.enabled, found.last, found.upcoming is not None) == (enabled, None, enabled)
        assert found.troubles == ()


def test_a_done_run_is_the_last_one_and_the_next_session_is_coming(tmp_path: Path) -> None:
    config = write(tmp_path, enabled=True)
    list(run_due(config, SimulatedClock(new_york(28, 15, 50))))
    found = status(config, new_york(28, 17))
    assert (found.last and found.last.status, found.troubles) == ("success", ())
    assert found.upcoming == upcoming_runs(config, SimulatedClock(new_york(28, 17)), 1)[0]
    assert found.upcoming.starts == new_york(29, 15, 50)


def test_a_missed_session_is_reported_before_it_is_journalled(tmp_path: Path) -> None:
    config = write(tmp_path, enabled=True)
    status(config, new_york(28, 12))
    (trouble,) = status(config, new_york(28, 16)).troubles
    assert trouble.startswith("the session of 2016-06-28 was missed: no run was started. `rebalance service status` ")


def test_a_last_run_older_than_the_maximum_age_is_reported(tmp_path: Path) -> None:
    config = write(tmp_path, enabled=True)
    list(run_due(config, SimulatedClock(new_york(28, 15, 50))))
    assert status(config, new_york(29, 15), timedelta(hours=24)).troubles == ()
    (trouble,) = status(config, new_york(29, 15), timedelta(hours=23)).troubles
    assert "23.2 hours old; at most 23 are allowed" in trouble


def test_an_order_whose_outcome_nobody_knows_needs_a_person_once_its_run_is_over(tmp_path: Path) -> None:
    config = write(tmp_path, enabled=True)
    list(run_due(config, SimulatedClock(new_york(28, 15, 50))))
    lost = Order(OrderId("rb-lost"), Symbol("SPY"), "buy", Decimal(1), "limit", Decimal(200), "a test")
    with SqliteJournal.open(config.journal()) as journal:
        session = new_york(29, 15, 50).date()
        request = bare_request(config, main_account(config), session_of(config, session), new_york(29, 15, 50))
        run = journal.start_run(replace(request, purpose="trial"))
        assert isinstance(run, int)
        journal.record(run, OrderIntended(new_york(29, 15, 51), lost))
        assert status(config, new_york(29, 15, 52)).unknown_orders == 0
        journal.record(run, RunEnded(new_york(29, 15, 53), "partial", "the broker did not answer"))
    found = status(config, new_york(29, 16))
    assert found.unknown_orders == 1
    assert (
        "the outcome of 1 order is not known: `rebalance recover --account main` asks the broker" in found.troubles[0]
    )


def test_an_interrupted_run_is_told_with_what_settles_it(tmp_path: Path) -> None:
    config = write(tmp_path, enabled=False)
    begun = new_york(28, 15, 50)
    with SqliteJournal.open(config.journal()) as journal:
        journal.start_run(bare_request(config, main_account(config), session_of(config, begun.date()), begun))
        at_once = status(config, new_york(28, 15, 51))
        assert (at_once.troubles, at_once.under_way) == ((), True)
        (trouble,) = status(config, new_york(29, 12)).troubles
    assert "run 1 for the session of 2016-06-28 was interrupted: `rebalance recover` settles what it sent" in trouble


def test_a_bot_whose_file_is_gone_is_told_before_a_run_fails_by_it(tmp_path: Path) -> None:
    config = write(tmp_path, enabled=True)
    (tmp_path / "hold.json").unlink()
    (trouble,) = status(config, new_york(28, 12)).troubles
    assert trouble == f"the file of bot hold is gone, and no run starts without it: bring {tmp_path / 'hold.json'} back"


def test_where_the_last_run_read_no_account_the_equity_of_the_one_before_is_kept(tmp_path: Path) -> None:
    config = write(tmp_path, enabled=True)
    list(run_due(config, SimulatedClock(new_york(28, 15, 50))))
    list(run_due(config, SimulatedClock(new_york(29, 17))))
    found = status(config, new_york(29, 18))
    assert found.last
    assert found.last_valued
    assert (found.last.status, found.last.equity, found.last_valued.session) == ("missed", None, date(2016, 6, 28))
