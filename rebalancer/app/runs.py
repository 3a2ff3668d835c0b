"""Runs of accounts, started by hand, by cron or by the schedule. Each result is sent to the owner's command."""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Unpack

from rebalancer.app.evening import Evening, RunOptions, bare_request, clock_of_run, evening
from rebalancer.app.plan_keeping import PlanKeeper
from rebalancer.app.recover import recovered
from rebalancer.app.schedule import DueWork, Window, due_now, ended_today, outside_window
from rebalancer.app.views import RunResult
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import BusyError, RebalancerError, StoppedError, UnexpectedError, in_tree
from rebalancer.events import Noted, RunEnded
from rebalancer.journal import read
from rebalancer.journal.codec import canonical, plain
from rebalancer.journal.lease import run_lock
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.clock import SystemClock
from rebalancer.model import NO_RUN, RunId, RunStatus
from rebalancer.model.text import clock_time
from rebalancer.ports import AlreadyRun, Clock, Progress, unwatched
from rebalancer.trading.context import KeepInputs
from rebalancer.trading.run import run_evening, start_run

EXIT_CODES: Mapping[RunStatus, int] = {"success": 0, "skipped": 0, "partial": 3, "failed": 4, "missed": 4}
NOTIFY_SECONDS = 30.0
PASSED_ON = frozenset({"PATH", "HOME", "LANG", "TZ"})
"""The owner's command gets these of the environment, which may hold keys to more than this program uses."""
REPEATED_WITHIN = timedelta(hours=12)
"""The same unexpected error of an account is told once in this time, though it returns at every look."""


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
    result = run_account(config, account, clock, debug=debug, **options)
    return result if dry_run else notified(config, account, result, clock or SystemClock())


def run_account(
    config: Config,
    account: AccountConfig,
    clock: Clock | None = None,
    *,
    debug: bool = False,
    **options: Unpack[RunOptions],
) -> RunResult:
    """Errors become a failed result, also unexpected ones, so that the next account still runs; `debug` raises them.

    Raises BusyError.
    """
    try:
        with evening(config, account, clock=clock, **options) as tonight:
            run = start_run(tonight.context, tonight.request, tonight.session, tonight.interrupted)
            if isinstance(run, AlreadyRun):
                return _not_run(account, "skipped", run.reason)
            journal, keeper = config.journal(dry_run=tonight.request.dry_run), PlanKeeper()
            result = _result(journal, account, run, _execute(tonight, run, keeper.take, debug=debug))
            if tonight.request.dry_run or not (trouble := keeper.write(journal, run, account.bots)):
                return result
            return _noted(config, result, trouble, tonight.context.clock)
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


def _not_run(account: AccountConfig, status: RunStatus, why: RebalancerError | str) -> RunResult:
    code = why.exit_code if isinstance(why, RebalancerError) else EXIT_CODES[status]
    return RunResult(account.name, code, str(why), None, status, account.venue.zone.key)


def run_due(
    config: Config,
    clock: Clock,
    shutdown_requested: Callable[[], bool] = lambda: False,
    progress: Progress = unwatched,
) -> Iterator[RunResult]:
    """Journal missed sessions, run what is due, and settle interrupted runs. A busy account is skipped.

    An unexpected error of one account is a failed result, and the next account has its turn.
    """
    for work in due_now(config, clock):
        try:
            yield from _done(config, work, clock, shutdown_requested, progress)
        except BusyError:
            continue
        except RebalancerError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is
            if (result := reported(config, work.account, error, clock)) is not None:
                yield result


def reported(config: Config, account: AccountConfig, error: Exception, clock: Clock) -> RunResult | None:
    """Journal an unexpected error outside a run and send it to the owner. None where that was done a short while ago.

    Raises RebalancerError where the journal can't be written.
    """
    result, now = _not_run(account, "failed", UnexpectedError.of(error)), clock.now()
    text = f"{account.name}: {result.message}"
    if read.noted(config.journal(), text, now - REPEATED_WITHIN):
        return None
    with SqliteJournal.open(config.journal()) as journal:
        journal.record(NO_RUN, Noted(now, "error", text))
    return notified(config, account, result, clock)


def _done(
    config: Config, work: DueWork, clock: Clock, shutdown_requested: Callable[[], bool], progress: Progress
) -> Iterator[RunResult]:
    for window in work.missed:
        yield _missed(config, work.account, window, clock)
    if work.due and not shutdown_requested():
        watched: RunOptions = {"shutdown_requested": shutdown_requested, "progress": progress}
        yield _scheduled(config, work.account, work.due, clock, **watched)
    if work.interrupted and not shutdown_requested():
        yield _settled(config, work.account, clock, progress)


def _missed(config: Config, account: AccountConfig, window: Window, clock: Clock) -> RunResult:
    opens, ends = (clock_time(at, window.session.zone) for at in (window.opens, window.ends))
    reason = f"no run was started between {opens} and {ends}"
    missed = _journalled(config, account, window, _not_run(account, "missed", reason), clock)
    return notified(config, account, missed, clock, window)


def _scheduled(
    config: Config, account: AccountConfig, window: Window, clock: Clock, **options: Unpack[RunOptions]
) -> RunResult:
    result = run_account(config, account, clock, **options)
    if result.run is None and result.status == "failed":
        result = _journalled(config, account, window, result, clock)
    to_be_resumed = result.run is not None and result.run.run.status == "running"
    return result if to_be_resumed and not _is_news(result) else notified(config, account, result, clock, window)


def _is_news(result: RunResult) -> bool:
    """Whether a run that is to be resumed was cut off by an unexpected error that it was not cut off by before."""
    remarks = result.run.remarks if result.run else ()
    return result.exit_code == UnexpectedError.exit_code and sum(each.text == result.message for each in remarks) == 1


def _settled(config: Config, account: AccountConfig, clock: Clock, progress: Progress) -> RunResult:
    try:
        record = recovered(config, account, progress)
    except BusyError:
        raise
    except RebalancerError as error:
        return _not_run(account, "failed", error)
    status = record.run.status if record else "skipped"
    result = RunResult(account.name, EXIT_CODES[status], "", record, status, account.venue.zone.key)
    return notified(config, account, result, clock)


def _journalled(config: Config, account: AccountConfig, window: Window, result: RunResult, clock: Clock) -> RunResult:
    """Journal a run that never started. If that fails, the error is appended to the message."""
    path, now = config.journal(), clock.now()
    try:
        with run_lock(path) as place, SqliteJournal.open_for_a_run(path, place) as journal:
            run = journal.start_run(bare_request(config, account, window.session, now))
            if isinstance(run, AlreadyRun):
                return _not_run(account, "skipped", run.reason)
            journal.record(run, RunEnded(now, result.status, result.message))
        return replace(result, run=read.run(path, run))
    except BusyError:
        raise
    except RebalancerError as error:
        return replace(result, message=f"{result.message} {error}")


def notified(
    config: Config, account: AccountConfig, result: RunResult, clock: Clock, window: Window | None = None
) -> RunResult:
    """Send the result to the account's `on_result`. A failed command is journalled and appended to the message.

    `session` and `run` are null where it ended before they were known. `head` is the run's last line in the journal:
    kept elsewhere, it proves later that the journal was not rewritten.
    """
    if not account.on_result:
        return result
    run = result.run.run if result.run else None
    notification = {
        "account": account.name,
        "session": run.session if run else window.session.day if window else None,
        "run": run.id if run else None,
        "status": result.status,
        "message": result.sentence,
        "exit_code": result.exit_code,
        "head": result.run.head if result.run else None,
    }
    keys = {name for each in config.accounts if each.key_source for name in each.key_source.variables or ()}
    environ = {name: value for name, value in os.environ.items() if name not in keys}
    trouble = notify(account.on_result, notification, environ)
    return _noted(config, result, trouble, clock) if trouble else result


def notify(
    command: Sequence[str],
    notification: Mapping[str, object],
    environ: Mapping[str, str],
    timeout: float = NOTIFY_SECONDS,
) -> str | None:
    """Run `command`, without a shell, with `notification` as a line of JSON on its standard input.

    Of the environment variables in `environ` it gets PASSED_ON, and those whose names begin with REBALANCE_. None if
    its exit code is 0, otherwise a sentence that says what went wrong. It names the command only: the arguments may
    hold a secret.
    """
    name = Path(command[0]).name
    try:
        # Its output goes nowhere: a pipe that a grandchild keeps open would outlast the timeout.
        done = subprocess.run(  # noqa: S603 - the command is the owner's own
            command,
            input=canonical(plain(notification)).encode(),
            stdout=subprocess.DEVNULL,
            env={name: environ[name] for name in environ if name in PASSED_ON or name.startswith("REBALANCE_")},
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"on_result: {name} did not end within {timeout:g} seconds and was ended. Nobody may have been told."
    except OSError as error:
        return f"on_result: {name} can't be run: {error.strerror}. Correct on_result in the config."
    if done.returncode:
        return f"on_result: {name} ended with exit code {done.returncode}. Nobody may have been told."
    return None


def _noted(config: Config, result: RunResult, trouble: str, clock: Clock) -> RunResult:
    message = f"{result.sentence} {trouble}"
    if result.run is None:
        return replace(result, message=message)
    path, run = config.journal(), RunId(result.run.run.id)
    try:
        with SqliteJournal.open(path) as journal:
            journal.record(run, Noted(clock.now(), "error", trouble))
        return replace(result, message=message, run=read.run(path, run))
    except RebalancerError as error:
        return replace(result, message=f"{message} {error}")
