"""The doctor: whether a run would go well, without sending anything; and the trial of one share on paper."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from rebalancer.app.account import opening
from rebalancer.app.account_checks import CheckedAccount, examine
from rebalancer.app.arming import arming_check, file_hashes, halt_check
from rebalancer.app.bots import load_bots, read_bots
from rebalancer.app.evening import evening, present_of
from rebalancer.app.machine_checks import machine
from rebalancer.app.paper_trial.one_evening import run_trial
from rebalancer.app.paper_trial.two_evenings import run_two_evenings
from rebalancer.app.selection import chosen_accounts
from rebalancer.app.source import described
from rebalancer.bots.base import Bot
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import BadInputError, RebalancerError, RunFailedError
from rebalancer.journal import read
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.clock import SystemClock
from rebalancer.model import RunId, Session, Symbol
from rebalancer.model.checkup import Check, Checkup
from rebalancer.model.settings import SGOV
from rebalancer.ports import AlreadyRun, Clock
from rebalancer.trading.context import RunContext


def checkups(load: Callable[[], Config], account: str | None) -> Iterator[Checkup]:
    """The checks of this machine, then those of one account, or of each where None.

    A config that can't be loaded is a failed check. Raises BadInputError for an account that it does not have.
    """
    try:
        config = load()
    except BadInputError as error:
        yield Checkup("", (Check("config", "fail", _summary(error), "`rebalance config check` shows each."),))
        return
    chosen = chosen_accounts(config, account)
    loaded = Check("config", "pass", f"{config.path} can be used: accounts {', '.join(each.name for each in chosen)}")
    yield Checkup("", (loaded, *machine(config.state_dir, config.journal())))
    for each in chosen:
        yield Checkup(each.name, tuple(_account(config, each)))


def _account(config: Config, account: AccountConfig) -> Iterator[Check]:
    found, bots = _bots(account)
    yield found
    try:
        yield from _permissions(config, account)
        with open_for_checks(config, account, bots) as opened:
            yield from examine(opened)
    except RebalancerError as error:
        yield Check("account", "fail", _summary(error), "Nothing more of this account was looked at.")


@contextmanager
def open_for_checks(config: Config, account: AccountConfig, bots: Mapping[str, Bot]) -> Iterator[CheckedAccount]:
    """An enabled or real account as it is now; any other at the window of the last session with prices.

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


def _permissions(config: Config, account: AccountConfig) -> Iterator[Check]:
    status = read.trading_status(config.journal(), account.name)
    yield halt_check(status.halt)
    if account.mode == "live":
        yield arming_check(account, status.armed, file_hashes(config, account), SystemClock().now())


def _bots(account: AccountConfig) -> tuple[Check, Mapping[str, Bot]]:
    try:
        bots = load_bots(account.bots, read_bots(account.bots))
    except BadInputError as error:
        return Check("bots", "fail", _summary(error), "`rebalance bots check FILE` shows each."), {}
    return Check("bots", "pass", f"all {len(bots)} can be used: {', '.join(bots)}"), bots


def _summary(error: RebalancerError) -> str:
    """The error; of many problems the first, and how many more there are."""
    if not isinstance(error, BadInputError):
        return str(error)
    more = len(error.problems) - 1
    return f"{error.problems[0]}{f' (and {more} more)' if more else ''}"


# --------------------------------------------------------------------------------------- the paper trial


def paper_trial(
    config: Config, account: AccountConfig, symbol: Symbol | None, confirm: Callable[[str], None]
) -> Checkup:
    """Buy one share of `symbol` (SGOV where None) on paper and sell it. `confirm` raises where the answer is no.

    Raises RunFailedError where the trial can't be made now, StoppedError for what fails once an order was sent.
    """
    share = symbol or SGOV
    confirm(f"Buy one share of {share} in account {account.name}, which must be a paper account, and sell it?")
    clock = present_of(config, account, dry_run=False, as_of=None)
    with trial_of(config, account, clock) as (context, run, session):
        return Checkup(account.name, run_trial(context, run, session, share))


def two_evening_trial(
    config: Config, account: AccountConfig, symbol: Symbol | None, confirm: Callable[[str], None]
) -> Checkup:
    """Tonight's step of the trial over two evenings: buy one share, or sell the one of an earlier evening.

    As `paper_trial`, but for a share that no bot wants.
    """
    confirm(
        f"Buy one share of {symbol or 'a fund that no bot wants'} in account {account.name}, which must be a paper "
        "account, or sell the one that an earlier evening bought?"
    )
    clock = present_of(config, account, dry_run=False, as_of=None)
    with trial_of(config, account, clock, "two-evenings") as (context, run, session):
        return Checkup(account.name, *run_two_evenings(context, run, session, symbol))


@contextmanager
def trial_of(
    config: Config, account: AccountConfig, clock: Clock | None, form: str = "trial"
) -> Iterator[tuple[RunContext, RunId, Session]]:
    """A run context whose journal is the trial's own, while no run can begin. Raises as `evening` does.

    Each `form` of the trial has its own shares in that journal. Raises RunFailedError where a run of this session was
    interrupted: the context would have the settings of that run, and none of the present bots.
    """
    file = config.state_dir / "trial.sqlite"
    with evening(config, account, clock=clock) as tonight, SqliteJournal.open(file, tonight.holder) as journal:
        if tonight.interrupted is not None:
            raise RunFailedError(
                f"run {tonight.interrupted.run} of this session was interrupted: let `rebalance run` resume it first. "
                "Nothing was sent."
            )
        # With another account name, no order id of the trial can be that of a run.
        name = f"{account.name}-{form}"
        run = journal.start_run(replace(tonight.request, account=name, force=True, purpose="trial"))
        if isinstance(run, AlreadyRun):
            raise RunFailedError(run.reason)
        yield replace(tonight.context, account=name, journal=journal), run, tonight.session
