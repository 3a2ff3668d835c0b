"""One account's turn, whatever triggered it: a person, cron, or the schedule."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rebalancer.errors import BusyError, RebalancerError, StoppedError

if TYPE_CHECKING:
    from datetime import date

    from rebalancer.app.schedule import Turn, Window
    from rebalancer.config import AccountConfig, Config
    from rebalancer.journal.read import RunRecord
    from rebalancer.model import RunStatus
    from rebalancer.ports import Clock

EXIT_CODES: Mapping["RunStatus", int] = {"success": 0, "skipped": 0, "partial": 3, "failed": 4, "missed": 4}
RUNS = 100
"""So many runs of an account are looked at, a month of them and some by hand."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one account's turn came to. `run` is None where none was claimed, and `message` says why."""

    account: str
    exit_code: int
    message: str
    run: "RunRecord | None"
    status: "RunStatus"

    @property
    def sentence(self) -> str:
        return self.message or (self.run.run.reason if self.run else "")


def never() -> bool:
    return False


def run_account(
    config: "Config",
    account: "AccountConfig",
    *,
    dry_run: bool = False,
    as_of: "date | None" = None,
    force: bool = False,
    clock: "Clock | None" = None,
    shutdown_requested: Callable[[], bool] = never,
    debug: bool = False,
) -> Result:
    """An account's trouble is its own: the next account's turn comes all the same. Raises BusyError."""
    from rebalancer.app.evening import evening
    from rebalancer.journal import read
    from rebalancer.ports import AlreadyRun
    from rebalancer.trading.run import claim_session, run_evening

    journal = config.journal(dry_run=dry_run)
    try:
        with evening(
            config,
            account,
            dry_run=dry_run,
            as_of=as_of,
            force=force,
            clock=clock,
            shutdown_requested=shutdown_requested,
        ) as tonight:
            interrupted = tonight.interrupted
            run = claim_session(tonight.context, tonight.claim, tonight.session, interrupted)
            if isinstance(run, AlreadyRun):
                return Result(account.name, 0, run.reason, None, "skipped")
            message, code = "", 0
            try:
                run_evening(tonight.context, run, tonight.session, interrupted.plan if interrupted else None)
            except RebalancerError as error:
                if debug:
                    raise
                message, code = str(error), error.exit_code if isinstance(error, StoppedError) else 0
            record = read.run(journal, run)
            status = "failed" if record.run.status == "running" else record.run.status  # it is to be gone on with
            return Result(account.name, code or EXIT_CODES[status], message, record, status)
    except BusyError:
        raise
    except RebalancerError as error:
        if debug:
            raise
        return Result(account.name, error.exit_code, str(error), None, "failed")


def agenda(config: "Config", clock: "Clock") -> "Iterator[Turn]":
    """What the clock and the journal ask of each enabled account now. Raises RunFailedError."""
    from rebalancer.app.calendar_cache import open_almanac
    from rebalancer.app.schedule import turn
    from rebalancer.journal import read

    enabled = [account for account in config.accounts if account.enabled]
    almanac = open_almanac(config.state_dir, clock, [account.name for account in enabled])
    for account in enabled:
        runs = read.runs(config.journal(), account.name, RUNS)
        yield turn(account, almanac, runs, almanac.enabled_since[account.name], clock.now())


def look(config: "Config", clock: "Clock", shutdown_requested: Callable[[], bool] = never) -> Iterator[Result]:
    """Do what the clock and the journal ask for now: write off what was missed, run what is due."""
    for turn in agenda(config, clock):
        try:
            for gone in turn.missed:
                yield _missed(config, turn.account, gone, clock)
            if turn.due and not shutdown_requested():
                yield _scheduled(config, turn.account, turn.due, clock, shutdown_requested)
            if turn.cut_off and not shutdown_requested():
                yield _settled(config, turn.account, clock)
        except BusyError:
            continue  # the next look comes when the other run may be over


def _missed(config: "Config", account: "AccountConfig", gone: "Window", clock: "Clock") -> Result:
    from rebalancer.model.text import clock_time

    zone = gone.session.zone
    reason = f"no run was started between {clock_time(gone.opens, zone)} and {clock_time(gone.ends, zone)}"
    lost = Result(account.name, EXIT_CODES["missed"], reason, None, "missed")
    return announced(config, account, _written_off(config, account, gone, lost, clock), clock, gone)


def _scheduled(
    config: "Config", account: "AccountConfig", due: "Window", clock: "Clock", shutdown_requested: Callable[[], bool]
) -> Result:
    result = run_account(config, account, clock=clock, shutdown_requested=shutdown_requested)
    if result.run is None and result.status == "failed":
        result = _written_off(config, account, due, result, clock)
    goes_on = result.run is not None and result.run.run.status == "running"
    return result if goes_on else announced(config, account, result, clock, due)


def _settled(config: "Config", account: "AccountConfig", clock: "Clock") -> Result:
    """Settle what a run that was cut off has left, and tell what came of it."""
    from rebalancer.cli.recover import recovered

    try:
        record = recovered(config, account)
    except BusyError:
        raise
    except RebalancerError as error:
        return Result(account.name, error.exit_code, str(error), None, "failed")
    status = record.run.status if record else "skipped"
    return announced(config, account, Result(account.name, EXIT_CODES[status], "", record, status), clock)


def _written_off(config: "Config", account: "AccountConfig", asked: "Window", result: Result, clock: "Clock") -> Result:
    """Journal a run that never started. Where the journal can't be written, the message says that too."""
    from rebalancer import __version__
    from rebalancer.events import Claim, RunEnded
    from rebalancer.journal import read
    from rebalancer.journal.lease import run_lock
    from rebalancer.journal.store import SqliteJournal
    from rebalancer.ports import AlreadyRun

    path, now = config.journal(), clock.now()
    claim = Claim(
        at=now,
        account=account.name,
        broker=account.broker,
        mode=account.mode,
        session=asked.session.day,
        closes=asked.session.closes,
        version=__version__,
        files={"config": config.content},
    )
    try:
        with run_lock(path) as place, SqliteJournal.open_for_a_run(path, place) as journal:
            run = journal.claim(claim)
            if isinstance(run, AlreadyRun):
                return Result(account.name, 0, run.reason, None, "skipped")
            journal.record(run, RunEnded(now, result.status, result.message))
        return replace(result, run=read.run(path, run))
    except BusyError:
        raise
    except RebalancerError as error:
        return replace(result, message=f"{result.message} {error}")


def announced(
    config: "Config", account: "AccountConfig", result: Result, clock: "Clock", asked: "Window | None" = None
) -> Result:
    """Tell the account's `on_result`. A command that fails is said and journalled, and changes nothing else."""
    from rebalancer.app.notify import Told, tell

    if not account.on_result:
        return result
    run = result.run.run if result.run else None
    session = run.session if run else asked.session.day if asked else None
    told = Told(
        account=account.name,
        session=session,
        run=run.id if run else None,
        status=result.status,
        message=result.sentence,
        exit_code=result.exit_code,
        head=result.run.head if result.run else None,
    )
    trouble = tell(account.on_result, told)
    return _noted(config, result, trouble, clock) if trouble else result


def _noted(config: "Config", result: Result, trouble: str, clock: "Clock") -> Result:
    from rebalancer.events import Noted
    from rebalancer.journal import read
    from rebalancer.journal.store import SqliteJournal
    from rebalancer.model import RunId

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
