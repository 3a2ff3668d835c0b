"""Account-wide stops, read anew before every order: halt, arming, venue hours, daily loss limit."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import TYPE_CHECKING

from rebalancer.errors import RunFailedError, SourceError
from rebalancer.events import Armed, DailyLossHit, Halted
from rebalancer.model import Account, Hours, Session
from rebalancer.model.text import city, date_and_time, minute, money, percent
from rebalancer.portfolio.limits import daily_loss

if TYPE_CHECKING:  # whoever asks about a halt or an arming has no run
    from rebalancer.trading.context import RunContext, RunLog

CLOSE_TOLERANCE = timedelta(minutes=1)
"""The most that the venue's close and the calendar's may differ."""
FIRST_LIVE_RUN = "first live run: one order was sent, look at it"
"""The reason of the halt that the program itself writes with the only order of a first live run."""


# --------------------------------------------------------------------------------------------- halt and arming


def require_authorized(context: "RunContext") -> None:
    """Raises RunFailedError while halted, and where real money would be traded unarmed or in another account."""
    if (reason := unauthorized_reason(context)) is not None:
        raise RunFailedError(f"{reason} Nothing was sent.")
    if arming(context) is not None:
        require_account_number(context.broker.account(), context.pinned)


def unauthorized_reason(context: "RunContext") -> str | None:
    """Why the account is halted or not armed now; None where it may send orders."""
    if (halt := context.journal.trading_status(context.account).halt) is not None:
        return halt_text(halt, context.broker.venue.zone)
    armed = arming(context)
    return armed if isinstance(armed, str) else None


def arming(context: "RunContext") -> Armed | str | None:
    """The arming in force, or why no order may be sent without one; None where no real money is traded."""
    if context.mode != "live" or context.broker.venue.simulated:
        return None
    armed = context.journal.trading_status(context.account).armed
    zone = context.broker.venue.zone
    reason = unarmed_reason(context.account, armed, context.pinned, context.files, context.clock.now(), zone)
    return armed if reason is None else reason


def first_order_halt(context: "RunContext") -> tuple[Halted, ...]:
    """The halt that is committed together with the only order of a first live run; empty in any other run."""
    match arming(context):
        case Armed(first_order_only=True):
            return (Halted(context.clock.now(), context.account, "rebalance", FIRST_LIVE_RUN),)
    return ()


def halt_text(halt: Halted, zone: tzinfo) -> str:
    """Who halted which account, when and why, and how to lift the halt; `zone` is the exchange's."""
    whose = f"account {halt.account}" if halt.account else "every account"
    only = f" --account {halt.account}" if halt.account else ""
    return (
        f"{whose} is halted since {minute(halt.at, zone)} by {halt.by}: {halt.reason.rstrip('.')}. "
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
    if changed := changed_files(armed.files, files):
        verb = "has" if len(changed) == 1 else "have"
        return f"account {account} is not armed any more: {', '.join(changed)} {verb} changed since. {arm}"
    return None


def changed_files(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """The names that only one has, or whose content differs."""
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def end_of_day_text(until: datetime, zone: tzinfo) -> str:
    """`until`, the end of a day in `zone`, by that day's date."""
    return f"the end of {(until - timedelta(seconds=1)).astimezone(zone).date()} {city(zone)} time"


def require_account_number(account: Account, pinned: str | None) -> Account:
    """Raises RunFailedError where the broker's answer is about another account than the `pinned` one."""
    if pinned is None or account.number == pinned:
        return account
    raise RunFailedError(f"these keys are of account {account.number}, but account_number is {pinned}: use the others")


# --------------------------------------------------------------------------------------------- venue hours


def require_open(context: "RunContext", log: "RunLog") -> None:
    """Raises RunFailedError unless the venue is open and agrees with our calendar and clock."""
    if (reason := closed_reason(context, log)) is not None:
        raise RunFailedError(f"{reason} Nothing was sent.")


def closed_reason(context: "RunContext", log: "RunLog") -> str | None:
    """Why the venue takes no orders now. The session's close becomes the earlier of the venue's and the calendar's."""
    sent, elapsed = context.clock.now(), context.clock.elapsed()
    try:
        hours = context.broker.hours()
    except SourceError as error:
        return f"The venue's clock could not be read: {error}"
    received = context.clock.now()
    context.skews.append(clock_skew(hours, sent, received))
    reason = hours_mismatch(hours, log.session, sent, received, context.trading.max_skew_seconds)
    if reason is None:
        log.session = replace(log.session, closes=min(log.session.closes, hours.closes))
        log.venue_time = hours.now, elapsed
    return reason


def latest_time(context: "RunContext", log: "RunLog") -> datetime:
    """The later of this machine's clock and the venue's last reported time plus what has elapsed since.

    So a clock that is set back during the run can't cause an order after the close.
    """
    if log.venue_time is None:
        return context.clock.now()
    reported, elapsed = log.venue_time
    return max(context.clock.now(), reported + timedelta(seconds=context.clock.elapsed() - elapsed))


def clock_skew(hours: Hours, sent: datetime, received: datetime) -> timedelta:
    """How far the venue's clock is from ours at least, by an answer to a request `sent` and `received` then."""
    return max(sent - hours.now, hours.now - received, timedelta(0))


def hours_mismatch(hours: Hours, session: Session, sent: datetime, received: datetime, most_skew: int) -> str | None:
    """None where the venue, by its answer to a request (see `clock_skew`), is open for our calendar's `session`."""
    shown = partial(date_and_time, zone=session.zone)
    skew = clock_skew(hours, sent, received).total_seconds()
    if not skew <= most_skew:
        return (
            f"The venue's clock says {shown(hours.now)} and this machine's {shown(received)}: {skew:.0f} s "
            f"apart, at most {most_skew} s (trading.max_skew_seconds) is accepted. Set the machine's clock."
        )
    if not hours.open:
        return f"The venue says at {shown(hours.now)} that it is closed, though the session of {session.day} is open."
    if not abs(hours.closes - session.closes) <= CLOSE_TOLERANCE:
        return (
            f"The venue closes at {shown(hours.closes)}, the calendar has {shown(session.closes)}: a closure at "
            "short notice? Update the package pandas-market-calendars."
        )
    return None


# --------------------------------------------------------------------------------------------- daily loss


def check_daily_loss(context: "RunContext", log: "RunLog", account: Account) -> None:
    """Journal, once a session, a loss beyond limits.max_daily_loss_percent. An unknown last close is not checked."""
    most = context.limits.max_daily_loss_percent
    loss = daily_loss(account, most)
    if loss is None or buys_stopped(context, log) is not None:
        return
    log.write(DailyLossHit(at=log.now(), equity=loss.equity, basis=loss.basis, limit_percent=most))
    equity, basis = money(loss.equity, account.currency), money(loss.basis, account.currency)
    log.note(
        f"the account is worth {equity} without what was paid in today, and was worth {basis} "
        f"at the close of the session before: that is more than limits.max_daily_loss_percent, {percent(most / 100)}, "
        "below it. Only sells for the rest of the session",
        "warning",
    )


def note_unchecked_loss(context: "RunContext", log: "RunLog", account: Account) -> None:
    """Note which figures a real broker does not report: without them the daily loss can't be checked in full."""
    if context.broker.venue.simulated:
        return
    if account.previous_equity is None:
        log.note(
            "the broker does not say what the account was worth at the close of the session before: "
            "limits.max_daily_loss_percent is not watched tonight"
        )
    elif account.deposits is None:
        log.note(
            "the broker does not say what was paid in or taken out today: limits.max_daily_loss_percent takes it for "
            "gain and loss"
        )


def buys_stopped(context: "RunContext", log: "RunLog") -> str | None:
    """Why nothing may be bought for the rest of this session; None where it may."""
    if context.journal.trading_status(context.account).loss != log.session.day:
        return None
    return "limits.max_daily_loss_percent was passed in this session: only sells for the rest of it"
