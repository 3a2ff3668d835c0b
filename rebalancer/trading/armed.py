"""Real money: an order leaves only while a person has armed the account, for a sum, a time and these very files."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from rebalancer.config import AccountConfig, Config
from rebalancer.config.files import content_of
from rebalancer.config.in_force import snapshot
from rebalancer.errors import RunFailedError
from rebalancer.events import Armed, Disarmed, Halted
from rebalancer.journal.setting_changes import SETTINGS
from rebalancer.market.clock import NEW_YORK
from rebalancer.model import Account
from rebalancer.model.checkup import Check

if TYPE_CHECKING:  # loads numpy, which the status does without
    from rebalancer.trading.context import RunContext

LONGEST = timedelta(days=90)
SOON = timedelta(days=7)
FIRST_LIVE_RUN = "first live run: one order was sent, look at it"
"""Why the program itself halts an account then."""


# --------------------------------------------------------------------------------------------- what a run asks


def require_armed(context: "RunContext") -> None:
    """Raises RunFailedError where real money would move that is not armed, or is not in the armed account."""
    match armed_limits(context):
        case str() as why:
            raise RunFailedError(f"{why} Nothing was sent.")
        case Armed():
            require_pinned(context.broker.account(), context.pinned)


def armed_limits(context: "RunContext") -> Armed | str | None:
    """What the gate keeps to, read anew: the arming in force; why no order may leave; None where no real money moves.

    A dry run moves none.
    """
    if context.mode != "live" or context.broker.venue.simulated:
        return None
    armed = context.journal.trading_status(context.account).armed
    why = unarmed(context.account, armed, context.pinned, context.files, context.clock.now())
    return armed if why is None else why


def halt_for_a_look(context: "RunContext") -> tuple[Halted, ...]:
    """What is written down with the one order of a first live run: whatever happens then, no second one leaves unseen.

    Empty for the order of any other run.
    """
    match armed_limits(context):
        case Armed(first_order_only=True):
            return (Halted(context.clock.now(), context.account, "rebalance", FIRST_LIVE_RUN),)
    return ()


# --------------------------------------------------------------------------------------------- what a person does


def unarmed(
    account: str, armed: Armed | None, pinned: str | None, files: Mapping[str, str], now: datetime
) -> str | None:
    """Why real money of `account` may not move `now`, with the remedy; None where it may.

    `files` are those it would go by, as in `Armed`; `pinned` is the account number in the config.
    """
    arm = f"`rebalance live arm --account {account} --max-dollars DOLLARS --until YYYY-MM-DD` arms it."
    if armed is None:
        return f"account {account} trades real money and is not armed. {arm}"
    if armed.number != pinned:
        return f"account {account} is armed for the account number {armed.number}, and the config has {pinned}. {arm}"
    if not now < armed.until:
        return f"account {account} was armed until {new_york_day(armed.until)}, which is over. {arm}"
    if changed := sorted(name for name in {*armed.files, *files} if armed.files.get(name) != files.get(name)):
        verb = "has" if len(changed) == 1 else "have"
        return f"account {account} is not armed any more: {', '.join(changed)} {verb} changed since. {arm}"
    return None


def files_now(config: Config, account: AccountConfig) -> dict[str, str]:
    """The SHA-256 of the config, the settings in force and each bot, by the names a run has for them.

    "" for a bot that can't be read. The settings change with a variable of the environment, and with a new default.
    """
    bots = {f"bot {name}": _fingerprint(file) for name, file in account.bots.items()}
    settings = sha256(snapshot(config, account)).hexdigest()
    return {"config": sha256(config.content).hexdigest(), SETTINGS: settings, **bots}


def _fingerprint(file: Path) -> str:
    try:
        return sha256(content_of(file)).hexdigest()
    except OSError:  # the empty text is the fingerprint of no file at all
        return ""


def require_pinned(account: Account, pinned: str | None) -> Account:
    """Raises RunFailedError where the broker's answer is about another account than the `pinned` one."""
    if pinned is None or account.number == pinned:
        return account
    raise RunFailedError(f"these keys are of account {account.number}, but account_number is {pinned}: use the others")


def end_of(day: date) -> datetime:
    """The moment `day` ends in New York."""
    return datetime.combine(day + timedelta(days=1), time(), NEW_YORK)


def not_until(day: date, now: datetime) -> str | None:
    """Why an account can't be armed until the end of `day`; None where it can."""
    today = now.astimezone(NEW_YORK).date()
    if today <= day <= today + LONGEST:
        return None
    return f"{day} is not allowed: use a day from {today} to {today + LONGEST}, {LONGEST.days} days ahead at most"


def new_york_day(until: datetime) -> str:
    """The last day before `until`, as a person named it."""
    return f"the end of {(until - timedelta(seconds=1)).astimezone(NEW_YORK).date()} New York time"


def looked_at(armed: Armed | None, lifted: Iterable[Halted], at: datetime, by: str) -> Armed | None:
    """The arming once the halt of its first live run was lifted: whole runs from then on. None where there is none."""
    if armed is None or not armed.first_order_only:
        return None
    looked = any(halt.reason == FIRST_LIVE_RUN and halt.at >= armed.at for halt in lifted)
    return replace(armed, at=at, by=by, first_order_only=False) if looked else None


def undone(armed: Armed, at: datetime, by: str) -> tuple[Disarmed, str]:
    """What an edit does to an arming: its event, and the sentence for the person who made the edit."""
    account, until = armed.account, new_york_day(armed.until)
    sentence = (
        f"account {account} was armed until {until}: this edit disarms it; arm it again with `rebalance live arm "
        f"--account {account} --max-dollars {armed.max_dollars:f} --until YYYY-MM-DD`"
    )
    return Disarmed(at, account, by, "the config was edited"), sentence


def armed_check(account: AccountConfig, armed: Armed | None, files: Mapping[str, str], now: datetime) -> Check:
    """What the doctor says of a live account's arming."""
    why = unarmed(account.name, armed, account.account_number, files, now)
    if armed is None or why is not None:
        return Check("armed", "fail", why or "", "No order leaves until it is.")
    found = f"up to {armed.max_dollars:,.2f} USD a run until {new_york_day(armed.until)}, by {armed.by}"
    if armed.until - now > SOON:
        return Check("armed", "pass", found)
    return Check("armed", "warn", f"{found}, in less than {SOON.days} days", "Arm it again before it runs out.")
