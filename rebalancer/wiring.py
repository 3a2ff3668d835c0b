"""Config -> live objects. The only place that knows which adapter stands behind which port."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from rebalancer import __version__, demo
from rebalancer.brokers.preview import PreviewBroker
from rebalancer.brokers.sim import SimBroker
from rebalancer.config import AccountConfig, Config
from rebalancer.config.in_force import snapshot
from rebalancer.errors import BadInputError, Problem, RunFailedError, SourceError
from rebalancer.events import Claim
from rebalancer.flowchart import formats
from rebalancer.flowchart.compile import Program, compile_chart
from rebalancer.journal.changes import SETTINGS
from rebalancer.journal.rehearsal import Rehearsal
from rebalancer.journal.store import SqliteJournal, run_lock
from rebalancer.live.desk import Desk
from rebalancer.market import sample
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import NEW_YORK, SimulatedClock, SystemClock
from rebalancer.market.closes import ClosesHistory, ClosesQuotes
from rebalancer.market.folder import read_folder
from rebalancer.model import Closes, Session, Symbol
from rebalancer.ports import Broker, Calendar, Clock, History, Journal, Quotes


@dataclass(frozen=True, slots=True)
class Evening:
    """A desk, ready to run, with the claim it will make and the session it is for."""

    desk: Desk
    claim: Claim
    session: Session


@dataclass(frozen=True, slots=True)
class Source:
    """Where prices come from. `quotes` are made for a clock; `last_session` is the last day there are prices for.

    `symbols` are all that there are prices of.
    """

    history: History
    quotes: Callable[[Clock], Quotes]
    last_session: date
    symbols: tuple[Symbol, ...]


def source_of(config: Config) -> Source:
    """The source that `[data]` names. Raises BadInputError for files of the owner's that can't be used."""
    known = read_folder(config.data_folder) if config.data_folder else sample.shipped()
    return Source(ClosesHistory(known), partial(ClosesQuotes, known=known), known.day(-1), known.symbols)


@contextmanager
def evening(
    config: Config,
    account: AccountConfig,
    *,
    dry_run: bool = False,
    force: bool = False,
    as_of: date | None = None,
    clock: Clock | None = None,
    ending: Callable[[], bool] = lambda: False,
) -> Iterator[Evening]:
    """Open what one account's run needs, and close it again.

    With `clock` it is the evening of that clock's day; without one it is that of `as_of`, or of the source's last
    session, some minutes before the close. Raises BadInputError for bot files that can't be used and for a day without
    a session, BusyError while another run is going on, SourceError where the source has no prices of the clock's day.
    """
    calendar = ExchangeCalendar(SystemClock())
    source = source_of(config)
    session = session_tonight(calendar, clock, source) if clock else session_of(calendar, as_of, source.last_session)
    clock = clock or SimulatedClock(session.closes - timedelta(minutes=account.trading.minutes_before_close))
    contents = read_bots(account.bots)
    programs = compile_bots(account.bots, contents)
    quotes = source.quotes(clock)
    with ExitStack() as stack:
        stack.enter_context(run_lock(config.journal()))
        books = stack.enter_context(SqliteJournal.open(config.journal()))
        real = stack.enter_context(closing(sim_broker(config, account, clock, quotes, calendar)))
        journal: Journal = books
        broker: Broker = real
        if dry_run:
            journal = Rehearsal(stack.enter_context(SqliteJournal.open(config.journal(dry_run=True))), books)
            broker = PreviewBroker(real, quotes, clock)
        desk = Desk(
            account=account.name,
            broker=broker,
            history=source.history,
            quotes=quotes,
            calendar=calendar,
            clock=clock,
            journal=journal,
            trading=account.trading,
            reserve=account.reserve,
            investments=account.investments,
            programs=programs,
            ending=ending,
        )
        claim = Claim(
            at=clock.now(),
            account=account.name,
            broker=account.broker,
            mode=account.mode,
            session=session.day,
            closes=session.closes,
            version=__version__,
            files={
                "config": config.content,
                SETTINGS: snapshot(config, account),
                **{f"bot {name}": content for name, content in contents.items()},
            },
            dry_run=dry_run,
            force=force,
            notes=(demo.NOTE,) if config.path == demo.config_path() else (),
        )
        yield Evening(desk, claim, session)


def sim_broker(config: Config, account: AccountConfig, clock: Clock, quotes: Quotes, calendar: Calendar) -> SimBroker:
    return SimBroker.open(
        config.sim_file(account),
        clock,
        quotes,
        calendar,
        starting_cash=account.sim.starting_cash,
        commission_dollars=account.sim.commission_dollars,
        slippage_percent=account.sim.slippage_percent,
    )


def session_of(calendar: Calendar, day: date | None, last: date) -> Session:
    """The session of `day`, of `last` where None. Raises BadInputError where there is none, or no prices for it."""
    session = calendar.session(day or last)
    if session is None or session.day > last:
        text = f"{day} is no session with prices; use a trading day up to {last}"
        raise BadInputError([Problem("--as-of", "", text)])
    return session


def session_tonight(calendar: Calendar, clock: Clock, source: Source) -> Session:
    """The session of the clock's day. Raises RunFailedError where there is none, SourceError without prices of it."""
    today = clock.now().astimezone(NEW_YORK).date()
    session = calendar.session(today)
    if session is None:
        raise RunFailedError(f"the exchange is closed on {today}. Nothing was sent.")
    if today > source.last_session:
        raise SourceError(
            f"there are no prices of {today}: those of the source in [data] end on {source.last_session}. Nothing was "
            "sent. Bring the prices up to date, or set enabled = false."
        )
    return session


def read_bots(paths: Mapping[str, Path]) -> dict[str, bytes]:
    """The bytes of each bot's file. Raises BadInputError with every file that can't be read."""
    contents, problems = {}, []
    for name, path in paths.items():
        try:
            contents[name] = path.read_bytes()
        except OSError as error:
            problems.append(Problem(str(path), "", f"bot {name!r} can't be read: {error.strerror}"))
    if problems:
        raise BadInputError(problems)
    return contents


def compile_bots(paths: Mapping[str, Path], contents: Mapping[str, bytes]) -> dict[str, Program]:
    """Each bot as a program. Raises BadInputError with every problem of every file."""
    programs: dict[str, Program] = {}
    problems: list[Problem] = []
    for name, content in contents.items():
        chart, found = formats.read(content, str(paths[name]))
        problems.extend(found)
        if chart is not None:
            programs[name] = compile_chart(chart)
    if problems:
        raise BadInputError(problems)
    return programs


def closes_up_to(config: Config, symbols: Sequence[Symbol], day: date | None) -> Closes:
    """The closes of `symbols` up to `day`, the source's last session where None.

    Raises BadInputError where the source has no closes of `day`.
    """
    source = source_of(config)
    last = day or source.last_session
    closes = source.history.closes(symbols, before=last + timedelta(days=1))
    if not len(closes.sessions) or closes.day(-1) != last:
        text = f"there are no closes of {last}; the last are of {source.last_session}"
        raise BadInputError([Problem("--on", "", text)])
    return closes
