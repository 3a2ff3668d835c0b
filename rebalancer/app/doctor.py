"""The doctor: pre-run checks that send no orders, and the paper trial of one share."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo

from rebalancer.app.account import opening
from rebalancer.app.account_checks import CheckedAccount, examine
from rebalancer.app.addresses import observer_checks
from rebalancer.app.arming import file_hashes
from rebalancer.app.bot_files import load_bots, read_bots
from rebalancer.app.bots import first_day_of_evenings
from rebalancer.app.chosen import chosen_accounts
from rebalancer.app.evening import clock_of_run
from rebalancer.app.machine_checks import USUAL_NAME, machine, service_checks
from rebalancer.app.paper_trial import run_trial, trial_of
from rebalancer.app.removal import cut_off_removals
from rebalancer.app.service_installation import Run
from rebalancer.app.source import described
from rebalancer.app.two_evenings import run_two_evenings
from rebalancer.bots.base import Bot
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import BadInputError, RebalancerError
from rebalancer.events import Armed, Halted
from rebalancer.journal import read
from rebalancer.market.clock import SystemClock
from rebalancer.model import Symbol
from rebalancer.model.checkup import Check, Checkup
from rebalancer.model.settings import SGOV
from rebalancer.model.text import counted, money
from rebalancer.ports import Progress, unwatched
from rebalancer.trading.halts import end_of_day_text, halt_text, unarmed_reason


def checkups(
    load: Callable[[], Config], account: str | None, progress: Progress = unwatched, run: Run | None = None
) -> Iterator[Checkup]:
    """The checks of this machine, then those of one account, or of each where None. `run` asks the operating system
    what it starts by itself; without it that is left out.

    A config that can't be loaded is a failed check. Raises BadInputError for an account that it does not have.
    """
    try:
        config = load()
    except BadInputError as error:
        yield Checkup("", (Check("config", "fail", _summary(error), "`rebalance config check` shows each."),))
        return
    chosen = chosen_accounts(config, account)
    loaded = Check("config", "pass", f"{config.path} can be used: accounts {', '.join(each.name for each in chosen)}")
    services = service_checks(config, USUAL_NAME, os.environ, run) if run else ()
    here = machine(config.state_dir, config.journal(), progress)
    yield Checkup("", (loaded, *here, *observer_checks(config), *services))
    for each in chosen:
        yield Checkup(each.name, tuple(_watched(each.name, _account(config, each, progress), progress)))


def _watched(account: str, checks: Iterator[Check], progress: Progress) -> Iterator[Check]:
    for check in checks:
        progress(f"Checking account {account}: {check.name} is done")
        yield check


def _account(config: Config, account: AccountConfig, progress: Progress) -> Iterator[Check]:
    found, bots = _bots(account)
    yield found
    try:
        yield from _permissions(config, account)
        with opening(config, account, progress=progress) as opened:
            moment = opened.latest()
            quotes = opened.quotes(moment)
            yield from examine(
                CheckedAccount(
                    account=account,
                    broker=opened.broker(moment, quotes),
                    history=opened.source.history,
                    quotes=quotes,
                    calendar=opened.calendar,
                    clock=moment.clock,
                    bots=bots,
                    prices=described(config, account),
                    since=_first_days(config, account, bots),
                )
            )
    except RebalancerError as error:
        yield Check("account", "fail", _summary(error), "The remaining checks of this account were skipped.")


def _permissions(config: Config, account: AccountConfig) -> Iterator[Check]:
    status = read.trading_status(config.journal(), account.name)
    yield halt_check(status.halt, account.venue.zone)
    for sentence in cut_off_removals(config, account):
        yield Check("removal", "warn", sentence, "Nothing has to be done.")
    if account.mode == "live":
        yield arming_check(account, status.armed, file_hashes(config, account), SystemClock().now())


def _bots(account: AccountConfig) -> tuple[Check, Mapping[str, Bot]]:
    try:
        bots = load_bots(account.bots)
    except BadInputError as error:
        return Check("bots", "fail", _summary(error), "`rebalance bots check FILE` shows each."), {}
    return Check("bots", "pass", f"{counted(len(bots), 'bot')} can be used: {', '.join(bots)}"), bots


def _first_days(config: Config, account: AccountConfig, bots: Iterable[str]) -> Mapping[str, date]:
    contents = read_bots({name: account.bots[name] for name in bots})
    found = {name: first_day_of_evenings(config, account.name, name, contents[name]) for name in contents}
    return {name: day for name, day in found.items() if day}


def _summary(error: RebalancerError) -> str:
    """The error; of several problems, the first and the number of others."""
    if not isinstance(error, BadInputError):
        return str(error)
    more = len(error.problems) - 1
    return f"{error.problems[0]}{f' (and {more} more)' if more else ''}"


WARN_BEFORE = timedelta(days=7)
"""An arming that expires within this time is a warning."""


def arming_check(account: AccountConfig, armed: Armed | None, files: Mapping[str, str], now: datetime) -> Check:
    venue = account.venue
    reason = unarmed_reason(account.name, armed, account.account_number, files, now, venue.zone)
    if armed is None or reason is not None:
        return Check("armed", "fail", reason or "", "No orders are sent until it is armed.")
    most, until = money(armed.max_dollars, venue.currency), end_of_day_text(armed.until, venue.zone)
    found = f"up to {most} a run until {until}, by {armed.by}"
    if armed.until - now > WARN_BEFORE:
        return Check("armed", "pass", found)
    return Check("armed", "warn", f"{found}, in less than {WARN_BEFORE.days} days", "Arm it again before it expires.")


def halt_check(halt: Halted | None, zone: tzinfo) -> Check:
    if halt is None:
        return Check("halt", "pass", "nothing is halted")
    return Check("halt", "fail", halt_text(halt, zone), "No orders are sent until it is lifted.")


def paper_trial(
    config: Config,
    account: AccountConfig,
    symbol: Symbol | None,
    confirm: Callable[[str], None],
    *,
    two_evenings: bool = False,
    progress: Progress = unwatched,
) -> Checkup:
    """Buy and sell one share of `symbol` (SGOV if None) in a paper account. `confirm` raises to cancel.

    With `two_evenings`, only today's step: buy a share that no bot uses, or sell the one bought in an earlier
    session. Raises RunFailedError if the trial can't run now, StoppedError for an error after an order was sent.
    """
    share = symbol or ("a fund that no bot uses" if two_evenings else SGOV)
    after = "or sell the one bought on an earlier evening" if two_evenings else "and sell it"
    confirm(f"Buy one share of {share} in account {account.name}, which must be a paper account, {after}?")
    clock = clock_of_run(config, account, dry_run=False, as_of=None)
    form = "two-evenings" if two_evenings else "trial"
    with trial_of(config, account, clock, form, progress) as (context, run, session):
        if two_evenings:
            return Checkup(account.name, *run_two_evenings(context, run, session, symbol))
        return Checkup(account.name, run_trial(context, run, session, symbol or SGOV))
