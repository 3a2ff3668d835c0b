"""The brake: while an account is halted nothing is sent for it, whoever asks."""

from typing import TYPE_CHECKING

from rebalancer.errors import RunFailedError
from rebalancer.events import Halted
from rebalancer.model.checkup import Check

if TYPE_CHECKING:  # loads numpy, which the status does without
    from rebalancer.trading.context import RunContext


def require_not_halted(context: "RunContext") -> None:
    """Raises RunFailedError while the account is halted."""
    if (halt := halted(context)) is not None:
        raise RunFailedError(f"{halt} Nothing was sent.")


def halted(context: "RunContext") -> str | None:
    """Why nothing may be sent for this account now, read anew; None where it may."""
    halt = context.journal.trading_status(context.account).halt
    return None if halt is None else told(halt)


def told(halt: Halted) -> str:
    """Who halted what, when and why, and the remedy."""
    only = f" --account {halt.account}" if halt.account else ""
    lift = f"`rebalance resume{only} --reason TEXT`"
    return f"{whose(halt)} is halted {since(halt)}: {halt.reason.rstrip('.')}. Look at it, then lift it: {lift}."


def whose(halt: Halted) -> str:
    return f"account {halt.account}" if halt.account else "every account"


def since(halt: Halted) -> str:
    return f"since {halt.at:%Y-%m-%d %H:%M:%S} UTC by {halt.by}"


def halt_check(halt: Halted | None) -> Check:
    """What the doctor says of the brake."""
    if halt is None:
        return Check("halt", "pass", "nothing is halted")
    return Check("halt", "fail", told(halt), "Nothing is sent until it is lifted.")
