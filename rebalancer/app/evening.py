"""Prepare one account's run. An interrupted run is resumed with its recorded settings, not those on disk."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from hashlib import sha256
from typing import TypedDict

from rebalancer import __version__, demo
from rebalancer.app.account import Moment, Opening, open_for_a_run, opening
from rebalancer.app.bot_files import load_bots, read_bots
from rebalancer.app.connections import clock_of
from rebalancer.app.status import blocked_by, exposed
from rebalancer.config import AccountConfig, Config, parse
from rebalancer.config.effective import snapshot
from rebalancer.errors import BadInputError, RunFailedError, SourceError
from rebalancer.journal import read
from rebalancer.journal.account_state import SETTINGS
from rebalancer.journal.dry_run import DryRunJournal
from rebalancer.journal.lease import LockHolder
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SimulatedClock, SystemClock, hours
from rebalancer.model import RunRequest, Session
from rebalancer.portfolio.confirmed import ConfirmedPlan
from rebalancer.ports import Calendar, Clock, InterruptedRun, Journal, Progress, unwatched
from rebalancer.trading.context import RunContext
from rebalancer.venues import registry
from rebalancer.venues.plugin import SimulatedBroker, gone_back
from rebalancer.venues.preview import PreviewBroker

IGNORED = "The bots' rebalance rules are ignored: these are their targets, not what they hold."


@dataclass(frozen=True, slots=True)
class Evening:
    """A prepared run: an open account, the request to start a run of `session`, and the run lock's holder.

    `interrupted` is a run of this session whose process died after its first order. The request then resumes it, and
    `context` has its recorded settings.
    """

    context: RunContext
    request: RunRequest
    session: Session
    holder: LockHolder
    interrupted: InterruptedRun | None = None


class RunOptions(TypedDict, total=False):
    """Options of a run; see `evening`."""

    dry_run: bool
    force: bool
    ignore_rebalance: bool
    as_of: date | None
    confirmed: ConfirmedPlan | None
    shutdown_requested: Callable[[], bool]
    progress: Progress


@contextmanager
def evening(
    config: Config,
    account: AccountConfig,
    *,
    dry_run: bool = False,
    force: bool = False,
    ignore_rebalance: bool = False,
    as_of: date | None = None,
    confirmed: ConfirmedPlan | None = None,
    clock: Clock | None = None,
    shutdown_requested: Callable[[], bool] = lambda: False,
    progress: Progress = unwatched,
) -> Iterator[Evening]:
    """Open everything that one account's run needs, and close it again.

    `ignore_rebalance` is that of `bots.load`, for a dry run. With `clock` the session is that of the clock's day.
    Without it the session is that of `as_of` or the last one with closes, replayed from the start of the account's run
    window. Where a plan is `confirmed`, no order is sent for another one. Raises BadInputError for invalid bot files
    and for a day without a session, BusyError while another run uses this journal or this broker account, SourceError
    if there are no prices for the clock's day, RunFailedError where an interrupted run has to be resumed before.
    """
    with ExitStack() as stack:
        opened = stack.enter_context(opening(config, account, clock, progress))
        moment = _moment(opened, clock, as_of, dry_run=dry_run)
        context, holder = stack.enter_context(open_for_a_run(opened, moment, exclusive=not dry_run))
        journal = context.journal
        if dry_run or force or not read.ended_run(config.journal(), account.name, moment.session.day):
            _require_present(context)
        interrupted = None if dry_run else _interrupted_run(journal, account, moment.session)
        if interrupted and confirmed:
            raise RunFailedError(
                f"run {interrupted.run} of this session was interrupted after it had sent orders, and goes on by its "
                "own plan: `rebalance run` resumes it. Nothing was sent."
            )
        contents = _bots_on_disk(account, interrupted)
        request = request_of(config, account, moment, contents, dry_run=dry_run, force=force)
        context = replace(
            _with_recorded_settings(context, config, interrupted) if interrupted else context,
            bots={} if interrupted else load_bots(account.bots, contents, ignore_rebalance=ignore_rebalance),
            files=fingerprints(interrupted.files if interrupted else request.files),
            shutdown_requested=shutdown_requested,
            confirmed=confirmed,
        )
        if confirmed:
            request = replace(request, notes=(*request.notes, confirmed.note))
        if ignore_rebalance:
            request = replace(request, notes=(*request.notes, IGNORED))
        if dry_run:
            file = config.journal(dry_run=True)
            scratch = stack.enter_context(SqliteJournal.open(file, holder))
            context = _previewed(context, DryRunJournal(scratch, journal), own_hours=clock is None)
            kept = blocked_by(account, journal.trading_status(account.name), context.files, opened.present.now())
            request = replace(
                request, notes=(*request.notes, *(f"A real run would send nothing: {why}" for why in kept))
            )
        yield Evening(context, request, moment.session, holder, interrupted)


def _previewed(context: RunContext, journal: Journal, *, own_hours: bool) -> RunContext:
    """`context` for a dry run; with `own_hours` the exchange's hours follow the context's clock."""
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
    notes.extend(f"Warning: {sentence}" for sentence in exposed(config))
    bots = {f"bot {name}": content for name, content in contents.items()}
    return replace(
        bare_request(config, account, session, moment.clock.now()),
        files={"config": config.content, SETTINGS: snapshot(config, account), **bots},
        dry_run=dry_run,
        force=force,
        notes=tuple(notes),
        venue=account.address,
    )


def bare_request(config: Config, account: AccountConfig, session: Session, at: datetime) -> RunRequest:
    """The request for a run that uses the config alone."""
    return RunRequest(
        at=at,
        account=account.name,
        broker=account.broker,
        mode=account.mode,
        session=session.day,
        closes=session.closes,
        version=__version__,
        files={"config": config.content},
    )


# --------------------------------------------------------------------------------------------- session and clock


def clock_of_run(config: Config, account: AccountConfig, *, dry_run: bool, as_of: date | None) -> Clock | None:
    """The clock of a manual run; None to replay a session from the start of its run window.

    Real brokers and enabled accounts run at the current time, except dry runs while the exchange is closed and all dry
    runs of simulated accounts. Raises BadInputError for a past day at a real broker, which has no past account state.
    """
    venue = account.venue
    if venue.simulated:
        return SystemClock() if account.enabled and as_of is None and not dry_run else None
    if as_of is not None:
        raise BadInputError.of("--as-of", f"works with the simulated broker only: {venue.title}'s time is now")
    clock = clock_of(config, account)
    calendar = ExchangeCalendar(clock, venue.exchange, config.state_dir)
    return None if dry_run and not _is_open(calendar, clock) else clock


def _is_open(calendar: Calendar, clock: Clock) -> bool:
    session = calendar.session(clock.now().astimezone(calendar.zone).date())
    return session is not None and session.opens <= clock.now() < session.closes


def _moment(opened: Opening, clock: Clock | None, as_of: date | None, *, dry_run: bool) -> Moment:
    if clock:
        return Moment(_session_tonight(opened, clock), clock, live_prices=True)
    session = _session_of(opened.calendar, as_of, opened.source.last_session)
    real = not opened.account.venue.simulated
    # A run at a real broker always uses the current time.
    return Moment(session, opened.present if real and not dry_run else opened.at_window(session), live_prices=False)


def _session_of(calendar: Calendar, day: date | None, last: date) -> Session:
    """The session of `day`, or of `last` if None. Raises BadInputError if it does not exist or has no prices."""
    session = calendar.session(day or last)
    if session is None or session.day > last:
        raise BadInputError.of("--as-of", f"{day} is no session with prices; use a trading day up to {last}")
    return session


def _session_tonight(opened: Opening, clock: Clock) -> Session:
    """The session of the clock's day. Raises RunFailedError if there is none, SourceError if it has no prices."""
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


def _require_present(context: RunContext) -> None:
    """Raises BadInputError on a day before the last one of a simulated account."""
    if not isinstance(context.broker, SimulatedBroker):
        return
    now, last = context.clock.now(), context.broker.last_change()
    if last is not None and now.date() < last.date():
        raise BadInputError.of(f"account {context.account}", gone_back(now, last, context.broker.venue.zone))


def _interrupted_run(journal: Journal, account: AccountConfig, session: Session) -> InterruptedRun | None:
    """The interrupted run of `session` to resume: one that has sent orders; else None."""
    found = journal.interrupted(account.name)
    return found if found and found.orders and found.plan and found.session == session.day else None


def _bots_on_disk(account: AccountConfig, interrupted: InterruptedRun | None) -> Mapping[str, bytes]:
    """The bot files. A resumed run no longer needs them, so a missing file does not stop it."""
    try:
        return read_bots(account.bots)
    except BadInputError:
        if interrupted is None:
            raise
        return {}


def _with_recorded_settings(context: RunContext, config: Config, interrupted: InterruptedRun) -> RunContext:
    """`context` with the settings that the interrupted run recorded; venue and API keys are the current ones.

    Raises BadInputError if the recorded config is no longer valid, for example because a variable is not set.
    """
    recorded = parse(interrupted.files["config"], config.path)
    (before,) = (each for each in recorded.accounts if each.name == context.account)
    return replace(
        context,
        trading=before.trading,
        limits=before.limits,
        reserve=before.reserve,
        investments=before.investments,
    )


def fingerprints(files: Mapping[str, bytes]) -> dict[str, str]:
    """The SHA-256 hash of each file."""
    return {name: sha256(content).hexdigest() for name, content in files.items()}
