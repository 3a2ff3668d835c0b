"""Runs of accounts, started by hand, by cron or by the schedule. Each result is sent to the owner, and observed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Unpack

from rebalancer.app.evening import Evening, RunOptions, bare_request, clock_of_run, evening
from rebalancer.app.observers import Observers
from rebalancer.app.on_result import noted, notified
from rebalancer.app.plan_recording import PlanRecorder
from rebalancer.app.recover import recovered
from rebalancer.app.removal import removals_finished, require_current
from rebalancer.app.run_books import with_books
from rebalancer.app.schedule import DueWork, Window, due_now, ended_today, outside_window
from rebalancer.app.views import RunResult
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import BusyError, RebalancerError, StoppedError, UnexpectedError, in_tree
from rebalancer.events import Noted, RunEnded
from rebalancer.journal import read
from rebalancer.journal.lease import run_lock
from rebalancer.journal.seal import keep_sealed
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.clock import SystemClock
from rebalancer.model import NO_RUN, RunId, RunStatus
from rebalancer.model.text import between
from rebalancer.ports import AlreadyRun, Clock, Progress, unwatched
from rebalancer.trading.context import KeepInputs, not_kept
from rebalancer.trading.run import run_evening, start_run

EXIT_CODES: Mapping[RunStatus, int] = {"success": 0, "skipped": 0, "partial": 3, "failed": 4, "missed": 4}
REPEATED_WITHIN = timedelta(hours=12)
"""The same unexpected error of an account is reported once in this time, though it recurs at every poll."""


def run_by_hand(
    config: Config,
    account: AccountConfig,
    confirm: Callable[[str], None],
    *,
    debug: bool = False,
    **options: Unpack[RunOptions],
) -> RunResult:
    """Run `account` now. `confirm` is called before a real run outside its window, and raises to cancel it.

    Raises BadInputError for an invalid day, RunFailedError while the exchange is closed, BusyError.
    """
    dry_run, as_of = options.get("dry_run", False), options.get("as_of")
    clock = clock_of_run(config, account, dry_run=dry_run, as_of=as_of)
    if clock and not dry_run:
        if not options.get("force") and (done := ended_today(config, account, clock)):
            return notified(config, account, _not_run(account, "skipped", done.reason), clock)
        if (question := outside_window(config, account, clock)) is not None:
            confirm(question)
    if dry_run:
        return run_account(config, account, clock, debug=debug, **options)
    with Observers(config, clock or SystemClock()) as observers:
        poll = _Poll(config, clock or SystemClock(), observers)
        result = poll.report(account, run_account(config, account, clock, observers, debug=debug, **options))
    keep_sealed(config.journal(), options.get("progress", unwatched))
    return result


def run_account(
    config: Config,
    account: AccountConfig,
    clock: Clock | None = None,
    observers: Observers | None = None,
    *,
    debug: bool = False,
    **options: Unpack[RunOptions],
) -> RunResult:
    """Errors become a failed result, also unexpected ones, so that the next account still runs; `debug` raises them.

    Raises BusyError.
    """
    try:
        config, account = removals_finished(config, account, write=not options.get("dry_run"))
        with evening(config, account, clock=clock, **options) as tonight:
            if not tonight.request.dry_run:
                require_current(config, account)
            run = start_run(tonight.context, tonight.request, tonight.session, tonight.interrupted)
            if isinstance(run, AlreadyRun):
                return _not_run(account, "skipped", run.reason)
            if observers:
                observers.started(account, run)
            journal = config.journal(dry_run=tonight.request.dry_run)
            keeper = PlanRecorder(journal, run, account.bots)
            keep = not_kept if tonight.request.dry_run else keeper.take
            result = _result(journal, account, run, _execute(tonight, run, keep, debug=debug))
            if observers:
                observers.measured(account, tonight.context.skews)
            result, book_trouble = with_books(config, account, result)
            for trouble in filter(None, (keeper.trouble(), book_trouble)):
                result = noted(config, result, trouble, tonight.context.clock)
            return result
    except BusyError:
        raise
    except Exception as error:
        if debug:
            raise
        return _not_run(account, "failed", in_tree(error))


def _execute(tonight: Evening, run: RunId, keep: KeepInputs, *, debug: bool) -> RebalancerError | None:
    """Execute the run; the error that ended it early, else None.

    After an unexpected error it stays open, with a note: the next start settles or resumes what it has sent.
    """
    plan, context = tonight.interrupted.plan if tonight.interrupted else None, replace(tonight.context, keep=keep)
    try:
        run_evening(context, run, tonight.session, plan)
    except Exception as error:
        if debug:
            raise
        found = in_tree(error)
        if found is not error:
            context.journal.record(run, Noted(context.clock.now(), "error", str(found)))
        return found
    return None


def _result(journal: Path, account: AccountConfig, run: RunId, error: RebalancerError | None) -> RunResult:
    record = read.run(journal, run)
    status = "failed" if record.run.status == "running" else record.run.status  # a later call resumes it
    code = error.exit_code if isinstance(error, StoppedError | UnexpectedError) else EXIT_CODES[status]
    return RunResult(account.name, code, str(error or ""), record, status, account.venue.zone.key)


def past_dry_run(config: Config, account: AccountConfig, run: RunId) -> RunResult:
    """The result of a dry run that is over. Raises BadInputError where there is no such run."""
    result, _ = with_books(config, account, _result(config.journal(dry_run=True), account, run, None))
    return result


def _not_run(account: AccountConfig, status: RunStatus, why: RebalancerError | str) -> RunResult:
    code = why.exit_code if isinstance(why, RebalancerError) else EXIT_CODES[status]
    return RunResult(account.name, code, str(why), None, status, account.venue.zone.key)


def run_due(
    config: Config,
    clock: Clock,
    shutdown_requested: Callable[[], bool] = lambda: False,
    progress: Progress = unwatched,
    observing: Callable[[Config, Clock], Observers] = Observers,
) -> Iterator[RunResult]:
    """Journal missed sessions, run what is due, and settle interrupted runs. A busy account is skipped.

    An unexpected error of one account is a failed result, and the next account has its turn.
    """
    worked = False
    with observing(config, clock) as observers:
        poll = _Poll(config, clock, observers)
        try:
            for work in due_now(config, clock):
                worked = True
                yield from _with_unexpected_errors(poll, work, _due_results(poll, work, shutdown_requested, progress))
        except RebalancerError as error:
            observers.failed(error)
            raise
        observers.poll()
    if worked:
        keep_sealed(config.journal(), progress)


@dataclass(frozen=True, slots=True)
class _Poll:
    """One check of what is due: its config, its clock, and the observers that get the results."""

    config: Config
    clock: Clock
    observers: Observers

    def report(self, account: AccountConfig, result: RunResult, window: Window | None = None) -> RunResult:
        """Send `result` to the observers and to the owner's command, whose failure is appended to the message."""
        self.observers.ended(account, result)
        return notified(self.config, account, result, self.clock, window)


def _with_unexpected_errors(poll: _Poll, work: DueWork, results: Iterator[RunResult]) -> Iterator[RunResult]:
    """`results`, and where an unexpected error ends them, one that says so. A busy account has none."""
    try:
        yield from results
    except BusyError:
        return
    except RebalancerError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is
        if (result := _report_error(poll, work.account, error)) is not None:
            yield result


def report_error(config: Config, account: AccountConfig, error: Exception, clock: Clock) -> RunResult | None:
    """Journal an unexpected error outside a run and send it to the owner. None where that was done a short while ago.

    Raises RebalancerError where the journal can't be written.
    """
    with Observers(config, clock) as observers:
        return _report_error(_Poll(config, clock, observers), account, error)


def _report_error(poll: _Poll, account: AccountConfig, error: Exception) -> RunResult | None:
    result, now = _not_run(account, "failed", UnexpectedError.of(error)), poll.clock.now()
    text = f"{account.name}: {result.message}"
    if read.noted(poll.config.journal(), text, now - REPEATED_WITHIN):
        return None
    with SqliteJournal.open(poll.config.journal()) as journal:
        journal.record(NO_RUN, Noted(now, "error", text))
    return poll.report(account, result)


def _due_results(
    poll: _Poll, work: DueWork, shutdown_requested: Callable[[], bool], progress: Progress
) -> Iterator[RunResult]:
    for window in work.missed:
        yield _record_missed(poll, work.account, window)
    if work.due and not shutdown_requested():
        watched: RunOptions = {"shutdown_requested": shutdown_requested, "progress": progress}
        yield _run_scheduled(poll, work.account, work.due, **watched)
    if work.interrupted and not shutdown_requested():
        yield _settle(poll, work.account, progress)


def _record_missed(poll: _Poll, account: AccountConfig, window: Window) -> RunResult:
    reason = f"no run was started {between(window.opens, window.ends, window.session.zone)}"
    missed = _journal_not_started(poll, account, window, _not_run(account, "missed", reason))
    return poll.report(account, missed, window)


def _run_scheduled(poll: _Poll, account: AccountConfig, window: Window, **options: Unpack[RunOptions]) -> RunResult:
    result = run_account(poll.config, account, poll.clock, poll.observers, **options)
    if result.run is None and result.status == "failed":
        result = _journal_not_started(poll, account, window, result)
    to_be_resumed = result.run is not None and result.run.run.status == "running"
    return result if to_be_resumed and not _is_new_error(result) else poll.report(account, result, window)


def _is_new_error(result: RunResult) -> bool:
    """Whether a run that is to be resumed was cut off by an unexpected error that it was not cut off by before."""
    remarks = result.run.remarks if result.run else ()
    return result.exit_code == UnexpectedError.exit_code and sum(each.text == result.message for each in remarks) == 1


def _settle(poll: _Poll, account: AccountConfig, progress: Progress) -> RunResult:
    try:
        record = recovered(poll.config, account, progress)
    except BusyError:
        raise
    except RebalancerError as error:
        result = _not_run(account, "failed", error)
        poll.observers.ended(account, result)  # not to the owner's command, which would get it at every poll
        return result
    status = record.run.status if record else "skipped"
    result = RunResult(account.name, EXIT_CODES[status], "", record, status, account.venue.zone.key)
    return poll.report(account, result)


def _journal_not_started(poll: _Poll, account: AccountConfig, window: Window, result: RunResult) -> RunResult:
    """Journal a run that never started. If that fails, the error is appended to the message."""
    path, now = poll.config.journal(), poll.clock.now()
    try:
        with run_lock(path) as place, SqliteJournal.open_for_a_run(path, place) as journal:
            run = journal.start_run(bare_request(poll.config, account, window.session, now))
            if isinstance(run, AlreadyRun):
                return _not_run(account, "skipped", run.reason)
            journal.record(run, RunEnded(now, result.status, result.message))
        return replace(result, run=read.run(path, run))
    except BusyError:
        raise
    except RebalancerError as error:
        return replace(result, message=f"{result.message} {error}")
