"""What the doctor looks at, and its trial on paper: opened as an evening would open it, but for the journal."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from rebalancer.app.account import opening
from rebalancer.app.account_checks import CheckedAccount
from rebalancer.app.evening import evening
from rebalancer.app.source import described
from rebalancer.bots.base import Bot
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import RunFailedError
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import RunId, Session
from rebalancer.ports import AlreadyRun, Clock
from rebalancer.trading.context import RunContext


@contextmanager
def patient_of(config: Config, account: AccountConfig, bots: Mapping[str, Bot]) -> Iterator[CheckedAccount]:
    """An enabled account and a real broker's as they are now; any other at the window of the prices' last session.

    Raises BadInputError where keys, bots or prices can't be read, SourceError where what they open does not answer.
    """
    with opening(config, account) as opened:
        moment = opened.latest()
        quotes = opened.quotes(moment)
        yield CheckedAccount(
            account=account,
            broker=opened.broker(moment, quotes),
            history=opened.source.history,
            quotes=quotes,
            calendar=opened.calendar,
            clock=moment.clock,
            bots=bots,
            prices=described(config, account),
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
    with evening(config, account, clock=clock) as tonight, SqliteJournal.open(file, tonight.holder) as journal:
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
