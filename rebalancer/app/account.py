"""Open the ports of an account: prices, calendar and broker; for a run also the journal, under its locks."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from rebalancer.app.connections import Connections, clock_of
from rebalancer.app.source import Source, own_prices, source_of
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import RunFailedError
from rebalancer.files import read_regular, replace_atomically
from rebalancer.journal.lease import LockHolder, acquire, run_lock
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import LONGEST_CLOSURE, SimulatedClock
from rebalancer.model import Session
from rebalancer.ports import Broker, Calendar, Clock, Progress, Quotes, unwatched
from rebalancer.trading.context import RunContext
from rebalancer.venues.plugin import SimulatedMarket


@dataclass(frozen=True, slots=True)
class Moment:
    """The session to trade and its clock. `live_prices`: use current prices, not the closes of that session."""

    session: Session
    clock: Clock
    live_prices: bool


@dataclass(frozen=True, slots=True)
class Opening:
    """An account with its price source and calendar; the broker is opened on demand. `present` is the current time.

    `progress` watches whatever takes long.
    """

    config: Config
    account: AccountConfig
    connections: Connections
    source: Source
    calendar: Calendar
    present: Clock
    progress: Progress

    def at_window(self, session: Session) -> Clock:
        """A simulated clock that starts with the account's run window of `session`."""
        return SimulatedClock(session.closes - timedelta(minutes=self.account.trading.minutes_before_close))

    def latest(self) -> Moment:
        """The current or last session; for a simulated account that is not enabled, the last one with closes."""
        if self.account.enabled or not self.account.venue.simulated:
            today = self.present.now().astimezone(self.calendar.zone).date()
            return Moment(last_session(self.calendar, today), self.present, live_prices=True)
        session = last_session(self.calendar, self.source.last_session)
        return Moment(session, self.at_window(session), live_prices=False)

    def quotes(self, moment: Moment) -> Quotes:
        """Live prices come from the account's own venue if it provides any, else from the source in [data]."""
        if not moment.live_prices:
            return self.source.as_of(moment.clock, moment.session.zone)
        if (own := own_prices(self.config, self.account)) is not None:
            name, settings = own
            return self.connections.to(name).quotes(settings)
        return self.source.live() if self.source.live else self.source.as_of(moment.clock, moment.session.zone)

    def broker(self, moment: Moment, quotes: Quotes) -> Broker:
        """Raises BadInputError for unreadable keys, SourceError for an unusable file of a simulated account."""
        simulated = self.account.venue.simulated
        market = SimulatedMarket(moment.clock, self.calendar, quotes) if simulated else None
        return self.connections.to(self.account.name).broker(market)


@contextmanager
def opening(
    config: Config,
    account: AccountConfig,
    clock: Clock | None = None,
    progress: Progress = unwatched,
    *,
    unhurried: bool = False,
) -> Iterator[Opening]:
    """Open the price source and calendar, and close them again. `clock` is the current time; default: the venue's.

    `unhurried`: where the venue's limit of requests is reached, its minute is waited for.

    Raises BadInputError for unreadable keys or price files, SourceError if a venue does not answer.
    """
    present = clock or clock_of(config, account)
    calendar = ExchangeCalendar(present, account.venue.exchange, config.state_dir)
    waiting = progress if unhurried else None
    with (
        Connections(config, present, waiting) as connections,
        source_of(config, present, connections, progress) as source,
    ):
        yield Opening(config, account, connections, source, calendar, present, progress)


@contextmanager
def open_for_a_run(
    opened: Opening, moment: Moment, *, exclusive: bool = True
) -> Iterator[tuple[RunContext, LockHolder]]:
    """Open the journal and the broker under the run lock; with `exclusive` also under the machine's account lock.

    The context has the account's settings, and no bots. Raises BusyError while another run holds one of the locks.
    """
    config, account = opened.config, opened.account
    with ExitStack() as stack:
        quotes = opened.quotes(moment)
        holder = stack.enter_context(run_lock(config.journal()))
        journal = stack.enter_context(SqliteJournal.open_for_a_run(config.journal(), holder, opened.progress))
        broker = opened.broker(moment, quotes)
        if exclusive:
            stack.enter_context(account_lock(account, broker, config.state_dir))
        context = RunContext(
            account=account.name,
            broker=broker,
            history=opened.source.history,
            quotes=quotes,
            calendar=opened.calendar,
            clock=moment.clock,
            journal=journal,
            trading=account.trading,
            reserve=account.reserve,
            investments=account.investments,
            bots={},
            pinned=account.account_number,
            limits=account.limits,
            mode=account.mode,
            venue=account.address,
            progress=opened.progress,
        )
        yield context, holder


@contextmanager
def broker_alone(
    config: Config, account: AccountConfig, progress: Progress = unwatched
) -> Iterator[tuple[Broker, Clock]]:
    """The broker and its clock, to read the account and cancel orders at any time.

    Takes no lock, so that the kill switch never waits for a run. A venue's limit of requests, which a run may have used
    up, is waited for. Raises as `opening` does.
    """
    if account.venue.simulated:
        with opening(config, account, progress=progress) as opened:
            moment = opened.latest()
            yield opened.broker(moment, opened.quotes(moment)), moment.clock
        return
    clock = clock_of(config, account)
    with Connections(config, clock, progress) as connections:
        yield connections.to(account.name).broker(None), clock


def last_session(calendar: Calendar, day: date) -> Session:
    """The session of `day`, else the last one before it."""
    last = calendar.session(calendar.sessions(day - LONGEST_CLOSURE, day)[-1])
    if last is None:
        raise AssertionError(f"the calendar lists a session up to {day} that it does not have")
    return last


# --------------------------------------------------------------------------------------------------- one run at a time


@contextmanager
def account_lock(account: AccountConfig, broker: Broker, state_dir: Path) -> Iterator[None]:
    """At most one run at a time trades a brokerage account on this machine, whatever config or state folder it uses.

    A simulated account needs no lock: its file is in the state folder, whose journal is locked already. Raises
    BusyError with the other run's state folder while another process holds the lock, RunFailedError if the lock file
    can't be written.
    """
    if broker.venue.simulated:
        yield
        return
    whose = f"account {broker.account().number} at {urlsplit(account.address).netloc.lower()}"
    folder, name = accounts_folder(), sha256(whose.encode()).hexdigest()[:16]
    # The holder is named in a second file, because another process may truncate the lock file.
    lock, holder = folder / f"{name}.lock", folder / f"{name}.txt"
    process = f"process {os.getpid()} with the state folder {state_dir.absolute()}"
    with ExitStack() as stack:
        try:
            stack.callback(acquire(lock, lambda: _busy(whose, lock, holder)).release)
            replace_atomically(holder, f"{whose}\n{process}\n".encode())
        except OSError as error:
            raise RunFailedError(
                f"the folder {folder} can't be written: {error.strerror}. It keeps two runs of {whose} apart: make it "
                "writable for this user, then run again. Nothing was sent."
            ) from error
        yield


def accounts_folder() -> Path:
    """In the home folder, which cron, systemd and a login shell agree on, unlike the XDG variables."""
    try:
        return Path.home() / ".local" / "state" / "rebalancer" / "accounts"
    except RuntimeError as error:
        raise RunFailedError(
            "this user has no home folder, in which two runs of one account would find each other: set HOME. Nothing "
            "was sent."
        ) from error


def _busy(whose: str, lock: Path, holder: Path) -> str:
    try:
        _, who, *_ = read_regular(holder, 10_000).decode().splitlines()
    except (OSError, ValueError):
        who = "a process that has not written its name down yet"
    return (
        f"another run trades {whose} at this moment: {who} (it holds {lock}). Wait until it ends, then run again. "
        "Nothing was sent; one state folder should have this account, since only its journal knows the orders."
    )
