"""The life cycle of a run: start or resume it, execute it, and journal how it ended, also after an error."""

from rebalancer.errors import RebalancerError, RunFailedError, StoppedError
from rebalancer.events import Halted, Noted, RunEnded
from rebalancer.model import Plan, RunId, RunRequest, Session
from rebalancer.model.text import between, date_and_time
from rebalancer.ports import AlreadyRun, InterruptedRun
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.halts import changed_files
from rebalancer.trading.rebalance import rebalance, resume_run


def start_run(
    context: RunContext, request: RunRequest, session: Session, interrupted: InterruptedRun | None = None
) -> RunId | AlreadyRun:
    """Resume the `interrupted` run, or start a new one; AlreadyRun where this session had its run.

    Raises RunFailedError, and journals nothing, while the session is not open.
    """
    if not session.opens <= request.at <= session.closes:
        raise RunFailedError(
            f"the session of {session.day} is open {between(session.opens, session.closes, session.zone)}, "
            f"now it is {date_and_time(request.at, session.zone)}. Nothing was sent."
        )
    if interrupted is None:
        return context.journal.start_run(request)
    context.journal.resume(interrupted.run, request, running=True)
    for name in changed_files(interrupted.files, request.files):
        if name != "settings":
            text = f"{name} has changed since this run began: it goes on as it began"
            context.journal.record(interrupted.run, Noted(request.at, "warning", text))
    return interrupted.run


def run_evening(context: RunContext, run: RunId, session: Session, plan: Plan | None = None) -> None:
    """Rebalance, or with the `plan` of an interrupted run resume it, and journal how the run ended.

    Raises what rebalancing raises, after journalling the end: "failed" if no order was sent, else "partial", and the
    account is halted after a StoppedError. A resumed run that fails before it sends anything stays open, for the next
    start to resume.
    """
    log = RunLog(context, run, session)
    try:
        status, reason = rebalance(context, log) if plan is None else resume_run(context, log, plan)
    except RebalancerError as error:
        if plan is None or log.sent_now or isinstance(error, StoppedError):
            end_after_error(context, log, error)
        raise
    log.write(RunEnded(at=log.now(), status=status, reason=reason))


def end_after_error(context: RunContext, log: RunLog, error: RebalancerError) -> None:
    """Journal why the run ended. Raises StoppedError with both errors where the journal fails too."""
    try:
        if isinstance(error, StoppedError):
            log.write(Halted(at=log.now(), account=context.account, by="rebalance", reason=str(error)))
        log.write(RunEnded(at=log.now(), status="partial" if log.orders_sent else "failed", reason=str(error)))
    except RebalancerError as second:
        raise StoppedError(f"{error} {second}") from error
