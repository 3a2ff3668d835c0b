"""Halt, resume, the kill switch, and arming for real money. None of them waits for a running run.

`by` is the journalled user, such as ann@desk.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from itertools import chain, repeat
from pathlib import Path

from rebalancer.app.account import broker_alone
from rebalancer.app.arming import after_first_run, end_of_day, file_hashes, refused_day
from rebalancer.app.bot_files import load_bots
from rebalancer.app.chosen import chosen_accounts, one_account
from rebalancer.app.messages import ManualEvent
from rebalancer.app.observers import Observers
from rebalancer.app.reasons import require_reason, stopping_reason
from rebalancer.app.views import ArmingProposal, Killed, KilledAccount, Resumed
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import BadInputError, BusyError, RebalancerError, StoppedError
from rebalancer.events import Armed, Disarmed, Event, Halted, HaltLifted
from rebalancer.journal import read
from rebalancer.journal.lease import run_lock
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.clock import SystemClock
from rebalancer.model import NO_RUN, OrderId, OrderState
from rebalancer.model.text import listed
from rebalancer.portfolio.order_ids import is_ours, is_trial_order
from rebalancer.ports import Broker, Clock, Progress, unwatched
from rebalancer.trading.halts import (
    end_of_day_text,
    require_account_number,
)
from rebalancer.trading.tracking import CANCEL_SECONDS

FIRST_PAUSES, LATER_PAUSES = (0.0, 1.0, 2.0, 4.0), 8.0
"""Seconds between polls, short at first because most cancels take effect at once."""


def halt(config: Config, account: str | None, reason: str, by: str) -> Halted:
    """Halt one account; all accounts if None. Raises BadInputError for an unknown account."""
    with Observers(config, SystemClock()) as observers:
        return _halt(config, account, stopping_reason(reason), by, observers)


def _halt(config: Config, account: str | None, reason: str, by: str, observers: Observers) -> Halted:
    chosen_accounts(config, account)
    halted = Halted(SystemClock().now(), account or "", by, reason)
    _record(config, halted)
    observers.happened(halted)
    return halted


def resume(config: Config, account: str | None, reason: str, by: str) -> Resumed:
    """Lift the halts of one account; of all accounts if None.

    Raises BadInputError for an unknown account or an unusable reason.
    """
    require_reason(reason)
    path, now = config.journal(), SystemClock().now()
    halts = {each.name: read.halts(path, each.name) for each in chosen_accounts(config, account)}
    lifted = tuple(dict.fromkeys(halt for each in halts.values() for halt in each))
    reviewed = (after_first_run(read.trading_status(path, name).armed, each, now, by) for name, each in halts.items())
    whole_runs = tuple(armed for armed in reviewed if armed is not None)
    if lifted:
        _record_and_tell(config, HaltLifted(now, account or "", by, reason), *whole_runs)
    return Resumed(lifted, whole_runs)


def kill(
    config: Config,
    account: str | None,
    reason: str,
    by: str,
    *,
    everyones: bool = False,
    on_halted: Callable[[Halted], object] = lambda _: None,
    progress: Progress = unwatched,
) -> Killed:
    """Halt, call `on_halted`, then cancel our open orders in one account; in all accounts if None.

    With `everyones`, orders that are not ours are cancelled too. The exit code is 5 if an order may still be open.
    """
    with Observers(config, SystemClock()) as observers:  # which are waited for when the orders are cancelled
        halted = _halt(config, account, f"rebalance kill: {stopping_reason(reason)}", by, observers)
        on_halted(halted)
        chosen = chosen_accounts(config, account)
        accounts = tuple(_kill(config, each, progress, everyones=everyones) for each in chosen)
    may_be_open = any(each.left or each.trouble for each in accounts)
    return Killed(StoppedError.exit_code if may_be_open else 0, halted, accounts)


def _kill(config: Config, account: AccountConfig, progress: Progress, *, everyones: bool) -> KilledAccount:
    """Errors become a result, so that the other accounts' orders are still cancelled."""
    try:
        with broker_alone(config, account, progress) as (broker, clock):
            watch = broker.venue.quiet_seconds if _is_running(config) else 0
            pinned = account.account_number
            found, left = cancel_all(broker, clock, pinned=pinned, everyones=everyones, watch=watch, progress=progress)
        return KilledAccount(account.name, found, left)
    except RebalancerError as error:
        return KilledAccount(account.name, (), (), str(error))


def _is_running(config: Config) -> bool:
    """Whether a run is in progress: an order may have been in flight when the halt was journalled."""
    try:
        with run_lock(config.journal()):
            return False
    except BusyError:
        return True


def cancel_all(
    broker: Broker,
    clock: Clock,
    *,
    pinned: str | None = None,
    everyones: bool = False,
    watch: int = 0,
    progress: Progress = unwatched,
) -> tuple[tuple[OrderState, ...], tuple[OrderState, ...]]:
    """Cancel our open orders (all with `everyones`) until none is open, for at most CANCEL_SECONDS.

    Returns the orders that were open, each in its first observed state, and those that still are.

    Polls for at least `watch` seconds even if none is open, because an order in flight may still arrive. The next run
    records fills. Raises SourceError if the broker does not answer, RunFailedError unless the account number is
    `pinned`.
    """
    if pinned is not None:
        require_account_number(broker.account(), pinned)
    found: dict[OrderId, OrderState] = {}
    waited, pauses = 0.0, chain(FIRST_PAUSES, repeat(LATER_PAUSES))
    while True:
        shown = broker.open_orders()
        open_now = {each.id: each for each in shown if everyones or is_ours(each.id) or is_trial_order(each.id)}
        found = open_now | found
        if waited >= watch + (CANCEL_SECONDS if open_now else 0):
            return tuple(found.values()), tuple(open_now.values())
        for order_id in open_now:
            broker.cancel(order_id)
        awaited = (
            f"the cancel of {listed(sorted(each.symbol for each in open_now.values()))}" if open_now else "late orders"
        )
        progress(f"Waiting at most {watch + CANCEL_SECONDS - waited:.0f} s for {awaited}")
        pause = next(pauses)
        clock.sleep(pause)
        waited += pause


def propose_arming(
    config: Config, account: str | None, max_dollars: Decimal, until: date, by: str, *, first_order_only: bool
) -> ArmingProposal:
    """The terms of an arming, with the account as the broker reports it. Nothing is armed yet.

    `max_dollars` limits the value of one run's orders, sells and buys; `until` is the last day, in the exchange's time
    zone. Raises BadInputError for an invalid account, bot or day, SourceError if the broker does not answer.
    """
    chosen = _live_account(config, account)
    zone = chosen.venue.zone
    load_bots(chosen.bots)
    with broker_alone(config, chosen) as (broker, clock):
        if (refused := refused_day(until, clock.now(), zone)) is not None:
            raise BadInputError.of("--until", refused)
        seen, now = require_account_number(broker.account(), chosen.account_number), clock.now()
    files = file_hashes(config, chosen)
    armed = Armed(now, chosen.name, seen.number, max_dollars, end_of_day(until, zone), files, first_order_only, by)
    return ArmingProposal(armed, chosen.address, seen.equity, seen.cash, seen.currency, zone.key)


def arm(config: Config, proposal: ArmingProposal) -> Armed:
    _record_and_tell(config, proposal.armed)
    return proposal.armed


def disarm(config: Config, account: AccountConfig, reason: str, by: str) -> Armed | None:
    """Revoke the arming and return it; None if the account was not armed."""
    armed = read.trading_status(config.journal(), account.name).armed
    if armed is not None:
        _record_and_tell(config, Disarmed(SystemClock().now(), account.name, by, stopping_reason(reason)))
    return armed


def disarm_after_edit(before: Config, journal: Path, by: str) -> tuple[str, ...]:
    """Revoke, in `journal`, every arming of the config `before` its edit; a sentence for each."""
    revoked = revoked_armings(before, journal, by, "the config was edited")
    if revoked:
        with SqliteJournal.open(journal) as opened:
            opened.record(NO_RUN, *revoked.values())
    report_disarmed(before, revoked)
    return tuple(revoked)


def revoked_armings(before: Config, journal: Path, by: str, why: str) -> Mapping[str, Disarmed]:
    """What revokes each arming of the accounts of `before`, by the sentence that says so; not yet journalled."""
    now, found = SystemClock().now(), {}
    for each in before.accounts:
        armed = read.trading_status(journal, each.name).armed
        if armed is not None:
            text = (
                f"account {armed.account} was armed until {end_of_day_text(armed.until, each.venue.zone)}: this "
                f"disarms it; arm it again with `rebalance live arm --account {armed.account} --max-dollars "
                f"{armed.max_dollars:f} --until YYYY-MM-DD`"
            )
            found[text] = Disarmed(now, armed.account, by, why)
    return found


def report_disarmed(before: Config, revoked: Mapping[str, Disarmed]) -> None:
    """Tell the observers, once it is journalled."""
    if revoked:
        with Observers(before, SystemClock()) as observers:
            observers.happened(*revoked.values())


def _live_account(config: Config, name: str | None) -> AccountConfig:
    chosen = one_account(config, name)
    if chosen.mode == "live":
        return chosen
    text = f'is "{chosen.mode}", so that no real money is traded and nothing has to be armed'
    raise BadInputError.of(config.path, text, f"accounts.{chosen.name}.mode")


def _record_and_tell(config: Config, *events: ManualEvent) -> None:
    _record(config, *events)
    with Observers(config, SystemClock()) as observers:
        observers.happened(*events)


def _record(config: Config, *events: Event) -> None:
    with SqliteJournal.open(config.journal()) as journal:
        journal.record(NO_RUN, *events)
