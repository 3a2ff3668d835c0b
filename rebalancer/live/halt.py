"""The brake: while an account is halted nothing is sent for it, whoever asks."""

from rebalancer.errors import RunFailedError
from rebalancer.live.desk import Desk


def require_not_halted(desk: Desk) -> None:
    """Raises RunFailedError while the account is halted."""
    if (halt := halted(desk)) is not None:
        raise RunFailedError(f"{halt} Nothing was sent.")


def halted(desk: Desk) -> str | None:
    """Why nothing may be sent for this account now, read anew; None where it may."""
    halt = desk.journal.standing(desk.account).halt
    if halt is None:
        return None
    whose = f"account {halt.account}" if halt.account else "every account"
    since = f"{halt.at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{whose} is halted since {since} by {halt.by}: {halt.reason} Look at it, then lift it: `rebalance resume`."
