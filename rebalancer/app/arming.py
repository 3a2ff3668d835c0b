"""Arming an account for real money: what is pinned, for how long, and what undoes it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta, tzinfo
from hashlib import sha256
from pathlib import Path

from rebalancer.config import AccountConfig, Config
from rebalancer.config.files import content_of
from rebalancer.config.in_force import snapshot
from rebalancer.events import Armed, Disarmed, Halted
from rebalancer.journal.setting_changes import SETTINGS
from rebalancer.model.checkup import Check
from rebalancer.model.text import money
from rebalancer.trading.authorization import FIRST_LIVE_RUN, end_of_day_text, halt_text, unarmed_reason

LONGEST = timedelta(days=90)
WARN_BEFORE = timedelta(days=7)


def file_hashes(config: Config, account: AccountConfig) -> dict[str, str]:
    """The SHA-256 of the config, the settings in force and each bot, by the names a run has for them.

    "" for a bot that can't be read. The settings change with an environment variable, and with a new default.
    """
    bots = {f"bot {name}": _file_hash(file) for name, file in account.bots.items()}
    settings = sha256(snapshot(config, account)).hexdigest()
    return {"config": sha256(config.content).hexdigest(), SETTINGS: settings, **bots}


def _file_hash(file: Path) -> str:
    try:
        return sha256(content_of(file)).hexdigest()
    except OSError:  # no file has the empty text as its hash
        return ""


def end_of_day(day: date, zone: tzinfo) -> datetime:
    """The moment `day` ends in `zone`."""
    return datetime.combine(day + timedelta(days=1), time(), zone)


def refused_day(day: date, now: datetime, zone: tzinfo) -> str | None:
    """Why an account can't be armed until the end of `day` in `zone`; None where it can."""
    today = now.astimezone(zone).date()
    if today <= day <= today + LONGEST:
        return None
    return f"{day} is not allowed: use a day from {today} to {today + LONGEST}, {LONGEST.days} days ahead at most"


def after_first_run(armed: Armed | None, lifted: Iterable[Halted], at: datetime, by: str) -> Armed | None:
    """The arming without its limit to one order, once the halt of the first live run is among the `lifted` ones.

    None where nothing changes.
    """
    if armed is None or not armed.first_order_only:
        return None
    reviewed = any(halt.reason == FIRST_LIVE_RUN and halt.at >= armed.at for halt in lifted)
    return replace(armed, at=at, by=by, first_order_only=False) if reviewed else None


def disarm_for_edit(armed: Armed, at: datetime, by: str, zone: tzinfo) -> tuple[Disarmed, str]:
    """The event of a disarming by an edit of the config, and the sentence for the person who made the edit."""
    account, until = armed.account, end_of_day_text(armed.until, zone)
    sentence = (
        f"account {account} was armed until {until}: this edit disarms it; arm it again with `rebalance live arm "
        f"--account {account} --max-dollars {armed.max_dollars:f} --until YYYY-MM-DD`"
    )
    return Disarmed(at, account, by, "the config was edited"), sentence


def arming_check(account: AccountConfig, armed: Armed | None, files: Mapping[str, str], now: datetime) -> Check:
    venue = account.venue
    reason = unarmed_reason(account.name, armed, account.account_number, files, now, venue.zone)
    if armed is None or reason is not None:
        return Check("armed", "fail", reason or "", "No order leaves until it is.")
    most, until = money(armed.max_dollars, venue.currency), end_of_day_text(armed.until, venue.zone)
    found = f"up to {most} a run until {until}, by {armed.by}"
    if armed.until - now > WARN_BEFORE:
        return Check("armed", "pass", found)
    return Check("armed", "warn", f"{found}, in less than {WARN_BEFORE.days} days", "Arm it again before it runs out.")


def halt_check(halt: Halted | None) -> Check:
    if halt is None:
        return Check("halt", "pass", "nothing is halted")
    return Check("halt", "fail", halt_text(halt), "Nothing is sent until it is lifted.")
