"""A run from its claim to its end: which one it is, the page it walks, and how it ended, whatever happens."""

from collections.abc import Mapping

from rebalancer.errors import RebalancerError, RunFailedError, StoppedError
from rebalancer.events import Claim, Halted, Noted, RunEnded
from rebalancer.model import Plan, RunId, Session
from rebalancer.ports import AlreadyRun, InterruptedRun
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.rebalance import rebalance, resume_run


def claim_session(
    context: RunContext, claim: Claim, session: Session, interrupted: InterruptedRun | None = None
) -> RunId | AlreadyRun:
    """The run to walk the page in: `interrupted`, taken up again, or a new one.

    Raises RunFailedError, and journals nothing, while the session is not open.
    """
    if not session.opens <= claim.at <= session.closes:
        raise RunFailedError(
            f"the session of {session.day} is open from {session.opens:%H:%M} to {session.closes:%H:%M} UTC, "
            f"now it is {claim.at:%Y-%m-%d %H:%M} UTC. Nothing was sent."
        )
    if interrupted is None:
        return context.journal.claim(claim)
    context.journal.resume(interrupted.run, claim, running=True)
    for name in changed_since(interrupted, claim.files):
        text = f"{name} has changed since this run began: it goes on as it began"
        context.journal.record(interrupted.run, Noted(claim.at, "warning", text))
    return interrupted.run


def changed_since(interrupted: InterruptedRun, files: Mapping[str, bytes]) -> list[str]:
    """The names of what the run recorded, or what it would record now, where the bytes are not the same."""
    recorded = interrupted.files
    return sorted(name for name in {*recorded, *files} - {"settings"} if recorded.get(name) != files.get(name))


def run_evening(context: RunContext, run: RunId, session: Session, plan: Plan | None = None) -> None:
    """Walk the page and journal how the run ended; with `plan`, that of a run which was cut off, the rest of it.

    What the page raises is raised again after that: the run is "failed" while nothing had left, else "partial". After
    a StoppedError the account is halted. A run that could not be gone on with just now has no end: the next start will.
    """
    log = RunLog(context, run, session)
    try:
        status, reason = rebalance(context, log) if plan is None else resume_run(context, log, plan)
    except RebalancerError as error:
        if plan is None or log.sent_here or isinstance(error, StoppedError):
            end_early(context, log, error)
        raise
    log.write(RunEnded(at=log.now(), status=status, reason=reason))


def end_early(context: RunContext, log: RunLog, error: RebalancerError) -> None:
    """Journal why the run ended. Raises StoppedError with both reasons where the journal fails too."""
    try:
        if isinstance(error, StoppedError):
            log.write(Halted(at=log.now(), account=context.account, by="rebalance", reason=str(error)))
        log.write(RunEnded(at=log.now(), status="partial" if log.sent else "failed", reason=str(error)))
    except RebalancerError as second:
        raise StoppedError(f"{error} {second}") from error
