"""Why an account may not send orders: halted by a person or the program, or not armed for real money. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo

from rebalancer.errors import RunFailedError
from rebalancer.events import Armed, Halted
from rebalancer.model import Account
from rebalancer.model.text import city, date_and_time

FIRST_LIVE_RUN = "first live run: one order was sent, look at it"
"""The reason of the halt that the program itself writes with the only order of a first live run."""


def halt_text(halt: Halted) -> str:
    """Who halted which account, when and why, and how to lift the halt."""
    whose = f"account {halt.account}" if halt.account else "every account"
    only = f" --account {halt.account}" if halt.account else ""
    return (
        f"{whose} is halted since {date_and_time(halt.at, UTC)} by {halt.by}: {halt.reason.rstrip('.')}. "
        f"Look at it, then lift it: `rebalance resume{only} --reason TEXT`."
    )


def unarmed_reason(
    account: str, armed: Armed | None, pinned: str | None, files: Mapping[str, str], now: datetime, zone: tzinfo
) -> str | None:
    """Why real money of `account` may not be traded at `now`, with the remedy; None where it may.

    `files` are the hashes of what the run would use, as in `Armed`; `pinned` is the account number in the config,
    `zone` the exchange's.
    """
    arm = f"`rebalance live arm --account {account} --max-dollars DOLLARS --until YYYY-MM-DD` arms it."
    if armed is None:
        return f"account {account} trades real money and is not armed. {arm}"
    if armed.number != pinned:
        return f"account {account} is armed for the account number {armed.number}, and the config has {pinned}. {arm}"
    if not now < armed.until:
        return f"account {account} was armed until {end_of_day_text(armed.until, zone)}, which is over. {arm}"
    if changed := sorted(name for name in {*armed.files, *files} if armed.files.get(name) != files.get(name)):
        verb = "has" if len(changed) == 1 else "have"
        return f"account {account} is not armed any more: {', '.join(changed)} {verb} changed since. {arm}"
    return None


def end_of_day_text(until: datetime, zone: tzinfo) -> str:
    """`until`, the end of a day in `zone`, by that day's date."""
    return f"the end of {(until - timedelta(seconds=1)).astimezone(zone).date()} {city(zone)} time"


def require_account_number(account: Account, pinned: str | None) -> Account:
    """Raises RunFailedError where the broker's answer is about another account than the `pinned` one."""
    if pinned is None or account.number == pinned:
        return account
    raise RunFailedError(f"these keys are of account {account.number}, but account_number is {pinned}: use the others")
