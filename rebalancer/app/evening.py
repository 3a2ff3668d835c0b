"""Prepares one account's run. An interrupted run gets the settings it recorded, not those on disk today."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from hashlib import sha256
from typing import TypedDict

from rebalancer import __version__, demo
from rebalancer.app.account import Moment, OpenAccount, Opening, open_for_a_run, opening
from rebalancer.app.bots import load_bots, read_bots
from rebalancer.app.connections import clock_of
from rebalancer.app.status import blocked_by
from rebalancer.bots.base import Bot
from rebalancer.config import AccountConfig, Config, parse
from rebalancer.config.in_force import snapshot
from rebalancer.errors import BadInputError, Problem, RunFailedError, SourceError
from rebalancer.events import RunRequest
from rebalancer.journal.dry_run import DryRunJournal
from rebalancer.journal.lease import LockHolder
from rebalancer.journal.setting_changes import SETTINGS
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SimulatedClock, SystemClock, hours
from rebalancer.model import Session
from rebalancer.ports import Calendar, Clock, InterruptedRun, Journal
from rebalancer.trading.context import RunContext
from rebalancer.venues import registry
from rebalancer.venues.preview import PreviewBroker


@dataclass(frozen=True, slots=True)
class Evening:
    """An open account, the request to start a run of `session`, and the holder of its run lock.

    `interrupted` is a run of this session that stopped after its first order. Then `context` has the settings that the
    run began with, and the request resumes it.
    """

    context: RunContext
    request: RunRequest
    session: Session
    holder: LockHolder
    interrupted: InterruptedRun | None = None


class RunOptions(TypedDict, total=False):
    """How a run is asked for; see `evening`."""

    dry_run: bool
    force: bool
    as_of: date | None
    shutdown_requested: Callable[[], bool]


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
    session, at the account's window before the close. Raises BadInputError for bot files that can't be used and for a
    day without a session, BusyError while another run of this journal or of this account at its broker goes on,
    SourceError where the source has no prices of the clock's day.
    """
    with ExitStack() as stack:
        opened = stack.enter_context(opening(config, account, clock))
        moment = _moment(opened, clock, as_of, dry_run=dry_run)
        ready = stack.enter_context(open_for_a_run(opened, moment, exclusive=not dry_run))
        interrupted = None if dry_run else _interrupted_run(ready.journal, account, moment.session)
        contents = _bots_on_disk(account, interrupted)
        request = request_of(config, account, moment, contents, dry_run=dry_run, force=force)
        context = context_of(
            _with_recorded_settings(config, account, interrupted) if interrupted else account,
            opened,
            moment,
            ready,
            request,
            bots={} if interrupted else load_bots(account.bots, contents),
            files=fingerprints(interrupted.files if interrupted else request.files),
            shutdown_requested=shutdown_requested,
        )
        if dry_run:
            file = config.journal(dry_run=True)
            scratch = stack.enter_context(SqliteJournal.open(file, ready.holder))
            context = _previewed(context, DryRunJournal(scratch, ready.journal), own_hours=clock is None)
            kept = blocked_by(account, ready.journal.trading_status(account.name), context.files, opened.present.now())
            request = replace(
                request, notes=(*request.notes, *(f"A real run would send nothing: {why}" for why in kept))
            )
        yield Evening(context, request, moment.session, ready.holder, interrupted)


def context_of(
    account: AccountConfig,
    opened: Opening,
    moment: Moment,
    ready: OpenAccount,
    request: RunRequest,
    *,
    bots: Mapping[str, Bot],
    files: Mapping[str, str],
    shutdown_requested: Callable[[], bool] = lambda: False,
) -> RunContext:
    """`account` has the settings of the run: those it began with if it was interrupted, else today's."""
    return RunContext(
        account=account.name,
        broker=ready.broker,
        history=opened.source.history,
        quotes=ready.quotes,
        calendar=opened.calendar,
        clock=moment.clock,
        journal=ready.journal,
        trading=account.trading,
        reserve=account.reserve,
        investments=account.investments,
        bots=bots,
        shutdown_requested=shutdown_requested,
        pinned=account.account_number,
        limits=account.limits,
        mode=account.mode,
        venue=request.venue,
        files=files,
    )


def _previewed(context: RunContext, journal: Journal, *, own_hours: bool) -> RunContext:
    """The dry run of `context`; with `own_hours` the exchange is open or not by the context's clock."""
    by_clock = partial(hours, context.clock, context.calendar) if own_hours else None
    broker = PreviewBroker(context.broker, context.quotes, context.clock, by_clock)
    return replace(context, broker=broker, journal=journal)


def request_of(
    config: Config, account: AccountConfig, moment: Moment, contents: Mapping[str, bytes], *, dry_run: bool, force: bool
) -> RunRequest:
    session, notes = moment.session, []
    if config.path == demo.config_path():
        notes.append(demo.NOTE)
    if not account.venue.simulated and isinstance(moment.clock, SimulatedClock):
        notes.append(
            f"The exchange is closed: this is the evening of {session.day} on its closes, for the account as it is now."
        )
    return RunRequest(
        at=moment.clock.now(),
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
        venue=account.address,
    )


# --------------------------------------------------------------------------------------------- which evening


def clock_of_run(config: Config, account: AccountConfig, *, dry_run: bool, as_of: date | None) -> Clock | None:
    """The clock of a manual run; None to replay a past session, at the start of its window.

    Enabled accounts and real brokers run in the present; a dry run only at a real broker whose exchange is open.
    Raises BadInputError for a past day at a real broker, whose account is known only as it is now.
    """
    venue = account.venue
    if venue.simulated:
        return SystemClock() if account.enabled and as_of is None and not dry_run else None
    if as_of is not None:
        text = f"works with the simulated broker only: {venue.title}'s time is now"
        raise BadInputError([Problem("--as-of", "", text)])
    clock = clock_of(config, account)
    return None if dry_run and not _is_open(ExchangeCalendar(clock, venue.exchange), clock) else clock


def _is_open(calendar: Calendar, clock: Clock) -> bool:
    session = calendar.session(clock.now().astimezone(calendar.zone).date())
    return session is not None and session.opens <= clock.now() < session.closes


def _moment(opened: Opening, clock: Clock | None, as_of: date | None, *, dry_run: bool) -> Moment:
    if clock:
        return Moment(_session_tonight(opened, clock), clock, live_prices=True)
    session = _session_of(opened.calendar, as_of, opened.source.last_session)
    real = not opened.account.venue.simulated
    # A real broker's account is only ever touched in the present.
    return Moment(session, opened.present if real and not dry_run else opened.at_window(session), live_prices=False)


def _session_of(calendar: Calendar, day: date | None, last: date) -> Session:
    """The session of `day`, of `last` where None. Raises BadInputError where there is none, or no prices for it."""
    session = calendar.session(day or last)
    if session is None or session.day > last:
        text = f"{day} is no session with prices; use a trading day up to {last}"
        raise BadInputError([Problem("--as-of", "", text)])
    return session


def _session_tonight(opened: Opening, clock: Clock) -> Session:
    """The session of the clock's day. Raises RunFailedError where there is none, SourceError without prices of it."""
    today = clock.now().astimezone(opened.calendar.zone).date()
    session = opened.calendar.session(today)
    if session is None:
        raise RunFailedError(f"the exchange is closed on {today}. Nothing was sent.")
    live = opened.source.live is not None or registry.plugin(opened.account.broker).brings_prices
    if not live and today > opened.source.last_session:
        raise SourceError(
            f"there are no prices of {today}: those of the source in [data] end on {opened.source.last_session}. "
            "Nothing was sent. Bring the prices up to date, or set enabled = false."
        )
    return session


# --------------------------------------------------------------------------------------------- an interrupted run


def _interrupted_run(journal: Journal, account: AccountConfig, session: Session) -> InterruptedRun | None:
    """The account's run of `session` that was cut off after orders had left; None where there is none to resume."""
    found = journal.interrupted(account.name)
    return found if found and found.orders and found.plan and found.session == session.day else None


def _bots_on_disk(account: AccountConfig, interrupted: InterruptedRun | None) -> Mapping[str, bytes]:
    """A resumed run needs no bot any more, so one whose file is gone does not hold it up."""
    try:
        return read_bots(account.bots)
    except BadInputError:
        if interrupted is None:
            raise
        return {}


def _with_recorded_settings(config: Config, account: AccountConfig, interrupted: InterruptedRun) -> AccountConfig:
    """The settings that the interrupted run's request recorded. Where it trades, and by which keys, is today's.

    Raises BadInputError where the recorded config can't be read any more, such as for a variable that is not set.
    """
    recorded = parse(interrupted.files["config"], config.path)
    (before,) = (each for each in recorded.accounts if each.name == account.name)
    return replace(
        account,
        trading=before.trading,
        limits=before.limits,
        reserve=before.reserve,
        investments=before.investments,
    )


def fingerprints(files: Mapping[str, bytes]) -> dict[str, str]:
    """The SHA-256 of the config, the settings in force and each bot."""
    return {name: sha256(content).hexdigest() for name, content in files.items()}
