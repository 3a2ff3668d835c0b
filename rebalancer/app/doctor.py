"""What an evening will need, looked at beforehand. No order is sent or cancelled, and nothing is written down."""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from pathlib import Path

import numpy as np

from rebalancer.app import account_checks
from rebalancer.app.schedule import coming
from rebalancer.bots.base import Bot
from rebalancer.config import AccountConfig
from rebalancer.errors import BusyError, RebalancerError, RunFailedError
from rebalancer.journal.audit import require_sound
from rebalancer.journal.connection import readable_errors, writing
from rebalancer.journal.lease import run_lock
from rebalancer.journal.schema import open_database
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import Account, BotFailure, Closes, Hours, Symbol
from rebalancer.model.checkup import Check
from rebalancer.model.text import date_and_time, listed
from rebalancer.ports import Broker, Calendar, Clock, History, Quotes
from rebalancer.trading.halts import CLOSE_TOLERANCE
from rebalancer.venues.sim.hours import LONGEST_CLOSURE, hours

MEGABYTE = 1_000_000
SCARCE, TOO_LITTLE = 500 * MEGABYTE, 50 * MEGABYTE


# --------------------------------------------------------------------------------------------- this machine


def machine(folder: Path, journal_file: Path) -> tuple[Check, ...]:
    """The state folder and the journal in it. Neither is made here, and not a line of the journal changes."""
    standing = next(place for place in (folder, *folder.parents) if place.exists())
    return writable(standing), disk(shutil.disk_usage(standing).free, standing), journal(journal_file)


def writable(folder: Path) -> Check:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Check("state folder", "pass", f"{folder} can be written")
    except OSError as error:
        remedy = "Make it writable for this user, or name another folder with state_dir."
        return Check("state folder", "fail", f"{folder} can't be written: {error.strerror}", remedy)


def disk(free: int, folder: Path) -> Check:
    """`free` in bytes."""
    found = f"{free / MEGABYTE:,.0f} MB are free in {folder}"
    if free >= SCARCE:
        return Check("disk", "pass", found)
    return Check("disk", "warn" if free >= TOO_LITTLE else "fail", found, "Free some space: a run needs its journal.")


def journal(path: Path) -> Check:
    """Open it as a run does, under its lock, and take the right to write without using it."""
    try:
        with readable_errors(path):
            if not path.exists():
                return Check("journal", "pass", f"none yet: the first run makes {path}")
            with run_lock(path), closing(open_database(path)) as database, writing(database.conn):
                require_sound(path)
                return Check("journal", "pass", f"{path} can be written, and all of it is what was written")
    except BusyError as error:
        return Check("journal", "warn", str(error), "Look again when that run is over.")
    except RebalancerError as error:
        return Check("journal", "fail", str(error), "Nothing runs until the journal can be used.")


# --------------------------------------------------------------------------------------------- one account


@dataclass(frozen=True, slots=True)
class Patient:
    """One account with everything behind its ports. `prices` says in words where its prices come from."""

    account: AccountConfig
    broker: Broker
    history: History
    quotes: Quotes
    calendar: Calendar
    clock: Clock
    bots: Mapping[str, Bot]
    prices: str

    @property
    def fallback(self) -> tuple[Symbol, ...]:
        ticker = self.account.trading.fallback_ticker
        return (ticker,) if ticker else ()

    def symbols(self) -> tuple[Symbol, ...]:
        """All that tonight's decisions can look at or hold, sorted."""
        return tuple(sorted({*self.fallback, *(name for bot in self.bots.values() for name in bot.symbols)}))

    def holdable(self) -> tuple[Symbol, ...]:
        """All that may be bought, the fallback first."""
        held = {symbol for bot in self.bots.values() for symbol in bot.holdable}
        return (*self.fallback, *sorted(held.difference(self.fallback)))


def examine(patient: Patient) -> Iterator[Check]:
    """Everything about one account. What does not answer is a failed check; what hangs on it is not looked at."""
    bots = tuple(f"bot {name}" for name in patient.bots)
    looks: tuple[tuple[Callable[[Patient], Iterator[Check]], tuple[str, ...]], ...] = (
        (_account, ("account", "may trade", patient.account.mode)),
        (_inside, ("positions", "open orders", "short sales", "symbol limit")),
        (_hours, ("clock", "calendar")),
        (_tickers, ("tickers",)),
        (_quotes, ("quotes",)),
        (_history, ("history", *bots)),
        (_next_run, ("next run",)),
    )
    for look, names in looks:
        done = 0
        try:
            for check in look(patient):
                done += 1
                yield check
        except RunFailedError as error:
            yield Check(names[done], "fail", str(error), "Nothing is sent while this is so.")
            yield from not_looked_at(f"the check before it failed: {names[done]}", names[done + 1 :])


def not_looked_at(why: str, names: Iterable[str]) -> Iterator[Check]:
    return (Check(name, "warn", f"not looked at: {why}") for name in names)


# --------------------------------------------------------------------------------------------- the account


def _account(patient: Patient) -> Iterator[Check]:
    account = patient.broker.account()
    equity, cash, currency = account.equity, account.cash, account.currency
    words = (
        f"the broker answers: account {account.number}, equity {equity:,.2f} {currency}, cash {cash:,.2f} {currency}"
    )
    yield Check("account", "pass", words)
    yield _may_trade(account, patient.account.account_number)
    yield _money(account, patient)


def _may_trade(account: Account, pinned: str | None) -> Check:
    if pinned is not None and account.number != pinned:
        found = f"these keys are of account {account.number}, but account_number is {pinned}"
        return Check("may trade", "fail", found, f"Use the keys of account {pinned}.")
    if account.blocked is not None:
        remedy = "Ask the broker: nothing is sent until it allows orders again."
        return Check("may trade", "fail", f"the broker says: {account.blocked}", remedy)
    return Check("may trade", "pass", "nothing is blocked")


def _money(account: Account, patient: Patient) -> Check:
    """Whether it is the kind of account that the config says, by the account's own word."""
    wanted, venue = patient.account.mode, patient.broker.venue
    if venue.simulated:
        return Check(wanted, "pass", "a simulated broker: no real money moves")
    mode = venue.mode_of(account.number)
    found = f"{mode}: account {account.number} at {patient.account.base_url}"
    if mode == wanted:
        return Check(wanted, "pass", found)
    prefix = venue.paper_prefix
    remedy = f"Use the keys of a {wanted} account: the numbers of paper accounts begin {prefix}, no others do."
    return Check(wanted, "fail", found, remedy)


def is_paper(broker: Broker, account: Account) -> bool:
    """Whether no real money can move: by the venue's own word, never by a setting."""
    return broker.venue.mode_of(account.number) == "paper"


def _inside(patient: Patient) -> Iterator[Check]:
    broker = patient.broker
    positions = broker.positions()
    yield account_checks.held(positions, broker.venue.currency)
    yield account_checks.waiting(broker.open_orders(), patient.account.trading.cancel_scope)
    yield account_checks.short_sales(broker)
    wanted, limits = patient.holdable(), patient.account.limits
    yield account_checks.limits_used_up(broker.account(), positions, wanted, limits)


# --------------------------------------------------------------------------------------------- the time


def _hours(patient: Patient) -> Iterator[Check]:
    asked, venue, answered = patient.clock.now(), patient.broker.hours(), patient.clock.now()
    yield _clock(max(asked - venue.now, venue.now - answered, timedelta(0)), patient.account.trading.max_skew_seconds)
    yield _calendar(venue, hours(SimulatedClock(venue.now), patient.calendar), patient.calendar.zone)


def _clock(skew: timedelta, most: int) -> Check:
    found = f"this machine's clock and the venue's are {skew.total_seconds():.1f} s apart; {most} s are allowed"
    if skew.total_seconds() <= most:
        return Check("clock", "pass", found)
    return Check("clock", "fail", found, "Set the machine's clock, best by NTP, or raise trading.max_skew_seconds.")


def _calendar(venue: Hours, ours: Hours, zone: tzinfo) -> Check:
    """`ours` is what the exchange calendar says at the venue's time."""
    if venue.open == ours.open and abs(venue.closes - ours.closes) <= CLOSE_TOLERANCE:
        return Check("calendar", "pass", f"the venue agrees: {_state(ours, zone)}")
    remedy = "A closure at short notice? Update pandas-market-calendars. Nothing is traded while they disagree."
    return Check(
        "calendar", "fail", f"the venue says {_state(venue, zone)}; the calendar says {_state(ours, zone)}", remedy
    )


def _state(found: Hours, zone: tzinfo) -> str:
    if found.open:
        return f"open, until {date_and_time(found.closes, zone)}"
    return f"closed, and the next session ends at {date_and_time(found.closes, zone)}"


def _next_run(patient: Patient) -> Iterator[Check]:
    account = patient.account
    if not account.enabled:
        remedy = f"Set enabled = true in [accounts.{account.name}] for a run each evening, or run by hand."
        yield Check("next run", "warn", "the account is not enabled: no schedule runs it", remedy)
        return
    ahead = next(coming([account], patient.calendar, patient.clock.now()))
    yield Check(
        "next run", "pass", f"{date_and_time(ahead.opens, ahead.session.zone)}, for the session of {ahead.session.day}"
    )


# --------------------------------------------------------------------------------------------- the prices


def _tickers(patient: Patient) -> Iterator[Check]:
    wanted = patient.holdable()
    if patient.broker.venue.simulated and not patient.broker.hours().open:
        yield from not_looked_at("the simulated broker has prices only while the exchange is open", ("tickers",))
        return
    refused = patient.broker.untradable(wanted)
    if not refused:
        yield Check("tickers", "pass", f"all {len(wanted)} that the bots can hold, and the fallback, can be traded")
        return
    words = [
        f"{name}{' (the fallback)' * (name in patient.fallback)}: {refused[name]}" for name in wanted if name in refused
    ]
    remedy = "Take them out of the bots, and choose another fallback_ticker if it is among them."
    yield Check("tickers", "fail", f"{len(words)} of {len(wanted)} can't be traded: {listed(words, '; ')}", remedy)


def _quotes(patient: Patient) -> Iterator[Check]:
    wanted = patient.symbols()
    shown = patient.quotes.snapshots(wanted)
    missing = [name for name in wanted if name not in shown or shown[name].silent]
    found = f"{len(wanted) - len(missing)} of {len(wanted)} tickers show a price; they come from {patient.prices}"
    if not missing:
        yield Check("quotes", "pass", found)
        return
    nothing = len(missing) == len(wanted) and patient.broker.hours().open
    remedy = "What shows no price is left alone, and a bot that needs it fails. Check the tickers, and [data]."
    yield Check("quotes", "fail" if nothing else "warn", f"{found}. Not shown: {listed(missing)}", remedy)


def _history(patient: Patient) -> Iterator[Check]:
    today = patient.clock.now().astimezone(patient.calendar.zone).date()
    closes = patient.history.closes(patient.symbols(), before=today)
    due = patient.calendar.sessions(today - LONGEST_CLOSURE, today - timedelta(days=1))[-1]
    yield _reach(closes, due)
    yield from (_bot(bot, closes) for bot in patient.bots.values())


def _reach(closes: Closes, due: date) -> Check:
    remedy = "Bring the prices up to date: see `rebalance data status`."
    if not len(closes.sessions):
        return Check("history", "fail", f"there are no closes before {due}", remedy)
    last, found = closes.day(-1), f"{len(closes.sessions):,} sessions of closes, {closes.day(0)} to {closes.day(-1)}"
    if last >= due:
        return Check("history", "pass", found)
    return Check("history", "fail", f"{found}; the session of {due} is missing", remedy)


def _bot(bot: Bot, closes: Closes) -> Check:
    """Whether it could decide on the last close, and with how much history."""
    name, decided = f"bot {bot.name}", bot.decide(closes)
    if isinstance(decided, BotFailure):
        remedy = "Its share would go to the fallback. Use a ticker with more history, or a shorter window."
        return Check(name, "fail", decided.reason, remedy)
    counts = dict(zip(closes.symbols, np.isfinite(closes.values).sum(axis=0).tolist(), strict=True))
    youngest = min(bot.symbols, key=lambda symbol: counts[symbol], default=None)
    if youngest is None:
        return Check(name, "pass", "it can decide, and needs no history")
    found = f"{youngest} has the fewest closes, {counts[youngest]:,}; {bot.lookback:,} are needed"
    if counts[youngest] >= bot.warm_up:
        return Check(name, "pass", f"it can decide: {found}")
    remedy = "Until then its RSI and EMA still depend on where the history begins."
    return Check(name, "warn", f"it can decide, but {found} and {bot.warm_up:,} advised", remedy)
