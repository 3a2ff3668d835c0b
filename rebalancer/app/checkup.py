"""What the doctor looks at, and its trial on paper: opened as an evening would open it, but for the journal."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from rebalancer.app.account_checks import CheckedAccount
from rebalancer.app.brokers import broker_of
from rebalancer.app.evening import evening, quotes_of, session_of
from rebalancer.app.lines import Connections, clock_of
from rebalancer.app.source import source_of
from rebalancer.bots.base import Bot
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import RunFailedError
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import RunId, Session
from rebalancer.ports import AlreadyRun, Clock
from rebalancer.trading.context import RunContext


@contextmanager
def patient_of(config: Config, account: AccountConfig, bots: Mapping[str, Bot]) -> Iterator[CheckedAccount]:
    """An enabled account and a real broker's as they are now; any other at the window of the prices' last session.

    Raises BadInputError where keys, bots or prices can't be read, SourceError where what they open does not answer.
    """
    present = clock_of(account)
    calendar = ExchangeCalendar(present)
    live = account.enabled or account.broker == "alpaca"
    with Connections(config, present) as lines, source_of(config, present, lines) as source:
        session = session_of(calendar, None, source.last_session)
        window = session.closes - timedelta(minutes=account.trading.minutes_before_close)
        clock = present if live else SimulatedClock(window)
        quotes = quotes_of(config, account, source, lines, clock, live=live)
        with broker_of(config, account, clock, quotes, calendar, lines) as broker:
            yield CheckedAccount(
                account=account,
                broker=broker,
                history=source.history,
                quotes=quotes,
                calendar=calendar,
                clock=clock,
                bots=bots,
                prices=_prices(config, account),
            )


@contextmanager
def trial_of(
    config: Config, account: AccountConfig, clock: Clock | None, form: str = "trial"
) -> Iterator[tuple[RunContext, RunId, Session]]:
    """A desk with a journal of its own, while no run can begin. `clock` and what is raised are those of `evening`.

    Each `form` of the trial has its own shares in that journal. Raises RunFailedError where a run of this session was
    cut off: the desk would be as that one began, and know nothing of the bots as they are now.
    """
    file = config.state_dir / "trial.sqlite"
    with evening(config, account, clock=clock) as tonight, SqliteJournal.open(file, tonight.place) as journal:
        if tonight.interrupted is not None:
            raise RunFailedError(
                f"run {tonight.interrupted.run} of this session was cut off: let `rebalance run` go on with it first. "
                "Nothing was sent."
            )
        # Under a name of its own no id of the trial can be that of an order of a run.
        name = f"{account.name}-{form}"
        run = journal.claim(replace(tonight.claim, account=name, force=True, purpose="trial"))
        if isinstance(run, AlreadyRun):
            raise RunFailedError(run.reason)
        yield replace(tonight.context, account=name, journal=journal), run, tonight.session


def _prices(config: Config, account: AccountConfig) -> str:
    folder = f"the folder {config.data_folder}" if config.data_source == "folder" else "the sample"
    if "alpaca" in {account.broker, config.data_source}:
        return f"Alpaca, feed {config.data_feed}"
    return folder
