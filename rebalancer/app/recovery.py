"""What settling an account needs: as an evening's, but at any hour, and without bots."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from rebalancer.app.account_lock import account_lock
from rebalancer.app.brokers import broker_of
from rebalancer.app.evening import claim_of, context_of, quotes_of
from rebalancer.app.lines import Connections, clock_of
from rebalancer.app.source import source_of
from rebalancer.config import AccountConfig, Config
from rebalancer.events import Claim
from rebalancer.journal.lease import run_lock
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import Session
from rebalancer.ports import Calendar, Clock
from rebalancer.trading.context import RunContext

LONGEST_CLOSURE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Recovery:
    context: RunContext
    claim: Claim
    session: Session


@contextmanager
def recovery(config: Config, account: AccountConfig) -> Iterator[Recovery]:
    """Open the account as it is now. `session` is the one going on, or the last one before.

    A simulated account that lives in the past of its prices is opened at the window of their last session. Raises as
    `evening` does, but asks nothing of bots or of the hour.
    """
    present = clock_of(account)
    calendar = ExchangeCalendar(present)
    with ExitStack() as stack:
        lines = stack.enter_context(Connections(config, present))
        source = stack.enter_context(source_of(config, present, lines))
        live = account.broker == "alpaca" or account.enabled
        today = present.now().astimezone(calendar.zone).date() if live else source.last_session
        session = last_session(calendar, today)
        clock: Clock = present if live else SimulatedClock(_window(account, session))
        quotes = quotes_of(config, account, source, lines, clock, live=live)
        place = stack.enter_context(run_lock(config.journal()))
        journal = stack.enter_context(SqliteJournal.open_for_a_run(config.journal(), place))
        broker = stack.enter_context(broker_of(config, account, clock, quotes, calendar, lines))
        stack.enter_context(account_lock(account, broker, config.state_dir))
        claim = claim_of(config, account, clock, session, {}, dry_run=False, force=False)
        context = context_of(
            replace(account, trading=replace(account.trading, cancel_scope="own")),
            broker=broker,
            history=source.history,
            quotes=quotes,
            calendar=calendar,
            clock=clock,
            journal=journal,
            bots={},
            venue=claim.venue,
            files={},
        )
        yield Recovery(context, claim, session)


def last_session(calendar: Calendar, day: date) -> Session:
    """The session of `day`, or the last one before."""
    last = calendar.session(calendar.sessions(day - LONGEST_CLOSURE, day)[-1])
    if last is None:
        raise AssertionError(f"the calendar lists a session up to {day} that it does not have")
    return last


def _window(account: AccountConfig, session: Session) -> datetime:
    return session.closes - timedelta(minutes=account.trading.minutes_before_close)
