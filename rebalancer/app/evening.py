"""One account's evening, made ready."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

from rebalancer import __version__, demo
from rebalancer.app.account_lock import account_lock
from rebalancer.app.bots import load_bots
from rebalancer.app.brokers import broker_of
from rebalancer.app.lines import Connections, clock_of
from rebalancer.app.resuming import as_it_began, bots_on_disk, fingerprints, unfinished
from rebalancer.app.source import Source, source_of
from rebalancer.app.status import blocked_by
from rebalancer.bots.base import Bot
from rebalancer.config import AccountConfig, Config
from rebalancer.config.in_force import snapshot
from rebalancer.errors import BadInputError, Problem, RunFailedError, SourceError
from rebalancer.events import Claim
from rebalancer.journal.dry_run import DryRunJournal
from rebalancer.journal.lease import LockHolder, run_lock
from rebalancer.journal.setting_changes import SETTINGS
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SimulatedClock, SystemClock
from rebalancer.model import Session
from rebalancer.ports import Broker, Calendar, Clock, History, InterruptedRun, Journal, Quotes
from rebalancer.trading.context import RunContext
from rebalancer.venues.preview import PreviewBroker
from rebalancer.venues.sim.hours import hours


@dataclass(frozen=True, slots=True)
class Evening:
    """A desk, ready to run, with the claim it will make, the session it is for, and the place that it runs in.

    `interrupted` is a run of this very session that was cut off after its plan was made: then the desk is as that run
    began, and the claim takes it up again.
    """

    context: RunContext
    claim: Claim
    session: Session
    place: LockHolder
    interrupted: InterruptedRun | None = None


@contextmanager
def evening(
    config: Config,
    account: AccountConfig,
    *,
    dry_run: bool = False,
    force: bool = False,
    as_of: date | None = None,
    clock: Clock | None = None,
    shutdown_requested: Callable[[], bool] = lambda: False,
) -> Iterator[Evening]:
    """Open what one account's run needs, and close it again.

    With `clock` it is the evening of that clock's day; without one it is that of `as_of`, or of the source's last
    session, some minutes before the close. Raises BadInputError for bot files that can't be used and for a day without
    a session, BusyError while another run of this journal or of this account at its broker goes on, SourceError where
    the source has no prices of the clock's day.
    """
    present = clock or clock_of(account)
    calendar = ExchangeCalendar(present)
    with ExitStack() as stack:
        lines = stack.enter_context(Connections(config, present))
        source = stack.enter_context(source_of(config, present, lines))
        if clock:
            session = session_tonight(calendar, clock, source, account)
        else:
            session = session_of(calendar, as_of, source.last_session)
        time = clock or _past(account, session, present, dry_run=dry_run)
        quotes = quotes_of(config, account, source, lines, time, live=clock is not None)
        place = stack.enter_context(run_lock(config.journal()))
        books = stack.enter_context(SqliteJournal.open_for_a_run(config.journal(), place))
        interrupted = None if dry_run else unfinished(books, account, session)
        contents = bots_on_disk(account, interrupted)
        claim = claim_of(config, account, time, session, contents, dry_run=dry_run, force=force)
        broker: Broker = stack.enter_context(broker_of(config, account, time, quotes, calendar, lines))
        if not dry_run:
            stack.enter_context(account_lock(account, broker, config.state_dir))
        journal: Journal = books
        if dry_run:
            journal = DryRunJournal(stack.enter_context(SqliteJournal.open(config.journal(dry_run=True), place)), books)
            broker = PreviewBroker(broker, quotes, time, None if clock else partial(hours, time, calendar))
            kept = blocked_by(account, books.trading_status(account.name), fingerprints(claim.files), present.now())
            claim = replace(claim, notes=(*claim.notes, *(f"A real run would send nothing: {why}" for why in kept)))
        context = context_of(
            as_it_began(config, account, interrupted) if interrupted else account,
            broker=broker,
            history=source.history,
            quotes=quotes,
            calendar=calendar,
            clock=time,
            journal=journal,
            bots={} if interrupted else load_bots(account.bots, contents),
            venue=claim.venue,
            files=fingerprints(interrupted.files if interrupted else claim.files),
            shutdown_requested=shutdown_requested,
        )
        yield Evening(context, claim, session, place, interrupted)


def context_of(
    account: AccountConfig,
    *,
    broker: Broker,
    history: History,
    quotes: Quotes,
    calendar: Calendar,
    clock: Clock,
    journal: Journal,
    bots: Mapping[str, Bot],
    venue: str,
    files: Mapping[str, str],
    shutdown_requested: Callable[[], bool] = lambda: False,
) -> RunContext:
    """What the account's settings say, beside what stands behind its ports."""
    return RunContext(
        account=account.name,
        broker=broker,
        history=history,
        quotes=quotes,
        calendar=calendar,
        clock=clock,
        journal=journal,
        trading=account.trading,
        reserve=account.reserve,
        investments=account.investments,
        bots=bots,
        shutdown_requested=shutdown_requested,
        pinned=account.account_number,
        limits=account.limits,
        mode=account.mode,
        venue=venue,
        files=files,
    )


def _past(account: AccountConfig, session: Session, present: Clock, *, dry_run: bool) -> Clock:
    """At the window of `session`; but a real broker's account is only ever touched in the present."""
    if account.broker == "alpaca" and not dry_run:
        return present
    return SimulatedClock(session.closes - timedelta(minutes=account.trading.minutes_before_close))


def claim_of(
    config: Config,
    account: AccountConfig,
    clock: Clock,
    session: Session,
    contents: Mapping[str, bytes],
    *,
    dry_run: bool,
    force: bool,
) -> Claim:
    notes = []
    if config.path == demo.config_path():
        notes.append(demo.NOTE)
    if account.broker == "alpaca" and isinstance(clock, SimulatedClock):
        notes.append(
            f"The exchange is closed: this is the evening of {session.day} on its closes, for the account as it is now."
        )
    return Claim(
        at=clock.now(),
        account=account.name,
        broker=account.broker,
        mode=account.mode,
        session=session.day,
        closes=session.closes,
        version=__version__,
        files={
            "config": config.content,
            SETTINGS: snapshot(config, account),
            **{f"bot {name}": content for name, content in contents.items()},
        },
        dry_run=dry_run,
        force=force,
        notes=tuple(notes),
        venue=account.base_url if account.broker == "alpaca" else account.broker,
    )


def quotes_of(
    config: Config, account: AccountConfig, source: Source, lines: Connections, clock: Clock, *, live: bool
) -> Quotes:
    """Tonight's prices: of a real market from the broker that trades in it, else what the source knows."""
    if live and account.broker == "alpaca":
        from rebalancer.venues.alpaca.quotes import AlpacaQuotes  # noqa: PLC0415 - only where it is used

        return AlpacaQuotes(lines.to(config.data_account or account.name), clock, config.data_feed)
    return source.live(clock) if live and source.live else source.as_of(clock)


def present_of(account: AccountConfig, *, dry_run: bool, as_of: date | None) -> Clock | None:
    """The clock that a run by hand lives by; None for an evening of the prices' own past, at its window.

    An enabled account and a real broker's live in the present. A dry run doesn't, but at a real broker whose exchange
    is open. Raises BadInputError for another day at a real broker, whose account is only known as it is now.
    """
    if account.broker != "alpaca":
        return SystemClock() if account.enabled and as_of is None and not dry_run else None
    if as_of is not None:
        raise BadInputError([Problem("--as-of", "", "works with the simulated broker only: Alpaca's time is now")])
    clock = clock_of(account)
    return None if dry_run and not is_open(ExchangeCalendar(clock), clock) else clock


def is_open(calendar: Calendar, clock: Clock) -> bool:
    session = calendar.session(clock.now().astimezone(calendar.zone).date())
    return session is not None and session.opens <= clock.now() < session.closes


def session_of(calendar: Calendar, day: date | None, last: date) -> Session:
    """The session of `day`, of `last` where None. Raises BadInputError where there is none, or no prices for it."""
    session = calendar.session(day or last)
    if session is None or session.day > last:
        text = f"{day} is no session with prices; use a trading day up to {last}"
        raise BadInputError([Problem("--as-of", "", text)])
    return session


def session_tonight(calendar: Calendar, clock: Clock, source: Source, account: AccountConfig) -> Session:
    """The session of the clock's day. Raises RunFailedError where there is none, SourceError without prices of it."""
    today = clock.now().astimezone(calendar.zone).date()
    session = calendar.session(today)
    if session is None:
        raise RunFailedError(f"the exchange is closed on {today}. Nothing was sent.")
    if account.broker != "alpaca" and source.live is None and today > source.last_session:
        raise SourceError(
            f"there are no prices of {today}: those of the source in [data] end on {source.last_session}. Nothing was "
            "sent. Bring the prices up to date, or set enabled = false."
        )
    return session
