"""What an arming for real money pins, how long it may last, and which accounts have one in force."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta, tzinfo
from hashlib import sha256
from pathlib import Path

from rebalancer.app.bot_files import content_of
from rebalancer.app.chosen import chosen_accounts
from rebalancer.app.views import LiveAccount
from rebalancer.config import AccountConfig, Config
from rebalancer.config.effective import snapshot
from rebalancer.events import Armed, Halted
from rebalancer.journal import read
from rebalancer.journal.account_state import SETTINGS
from rebalancer.market.clock import SystemClock
from rebalancer.trading.halts import FIRST_LIVE_RUN, unarmed_reason

MAX_ARMING = timedelta(days=90)


def file_hashes(config: Config, account: AccountConfig) -> dict[str, str]:
    """SHA-256 hashes of the config, the settings in force and each bot, by the names that a run journals.

    "" for an unreadable bot. The settings also depend on environment variables and on default values.
    """
    bots = {f"bot {name}": _file_hash(file) for name, file in account.bots.items()}
    settings = sha256(snapshot(config, account)).hexdigest()
    return {"config": sha256(config.content).hexdigest(), SETTINGS: settings, **bots}


def _file_hash(file: Path) -> str:
    try:
        return sha256(content_of(file)).hexdigest()
    except OSError:  # matches no file's hash
        return ""


def end_of_day(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), zone)


def refused_day(day: date, now: datetime, zone: tzinfo) -> str | None:
    """Why an account can't be armed until the end of `day` in `zone`, else None."""
    today = now.astimezone(zone).date()
    if today <= day <= today + MAX_ARMING:
        return None
    return f"{day} is not allowed: use a day from {today} to {today + MAX_ARMING}, {MAX_ARMING.days} days ahead at most"


def after_first_run(armed: Armed | None, lifted: Iterable[Halted], at: datetime, by: str) -> Armed | None:
    """The arming without its one-order limit, if the halt after the first live order was lifted; else None."""
    if armed is None or not armed.first_order_only:
        return None
    reviewed = any(halt.reason == FIRST_LIVE_RUN and halt.at >= armed.at for halt in lifted)
    return replace(armed, at=at, by=by, first_order_only=False) if reviewed else None


def live_accounts(config: Config, account: str | None) -> list[LiveAccount]:
    """The accounts with real money, and whether each may trade."""
    found, now = [], SystemClock().now()
    for each in chosen_accounts(config, account):
        if each.mode == "live":
            armed, number = read.trading_status(config.journal(), each.name).armed, each.account_number
            venue, files = each.venue, file_hashes(config, each)
            trouble = unarmed_reason(each.name, armed, number, files, now, venue.zone)
            found.append(LiveAccount(each.name, number, armed, trouble or "", venue.currency, venue.zone.key))
    return found
