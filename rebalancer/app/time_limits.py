"""How long the schedule may take for what it does, by its settings: what starts it must not end it before."""

from rebalancer.app.observers import LONGEST_WAIT
from rebalancer.app.on_result import NOTIFY_SECONDS
from rebalancer.app.python_bot import BACK_TEST
from rebalancer.app.schedule_loop import HEARTBEAT_SECONDS
from rebalancer.config import AccountConfig, Config
from rebalancer.config.conflicts import seconds_needed
from rebalancer.notify.ping import SECONDS
from rebalancer.trading.snapshot import POSITION_LAG_SECONDS
from rebalancer.trading.tracking import CANCEL_SECONDS, LOOK_UP_SECONDS, MAX_BUSY_PAUSE, MAX_BUSY_SECONDS

TELLING = LONGEST_WAIT * SECONDS + NOTIFY_SECONDS
"""The observers, then the owner's command."""
READING = 120
"""Calls of a broker that is slow, none of them a sign of life."""


def seconds_to_stop(config: Config) -> int:
    """The longest from the request to end until the process ends: orders that were sent are awaited or cancelled."""
    return round(max(map(_to_settle, config.accounts)) + POSITION_LAG_SECONDS + TELLING + READING)


def _to_settle(account: AccountConfig) -> float:
    trading, venue = account.trading, account.venue
    open_at_most = max(trading.sell_timeout_seconds, trading.buy_timeout_seconds) + CANCEL_SECONDS
    return open_at_most + venue.quiet_seconds + LOOK_UP_SECONDS + MAX_BUSY_SECONDS


def seconds_of_silence(config: Config) -> int:
    """The longest between two signs of life of a schedule that works: a watchdog must wait for longer."""
    quiet = max(account.venue.quiet_seconds for account in config.accounts)
    back_test = BACK_TEST.wall_seconds if any(_has_python(account) for account in config.accounts) else 0
    return round(HEARTBEAT_SECONDS + max(MAX_BUSY_PAUSE, quiet, back_test) + POSITION_LAG_SECONDS + TELLING + READING)


def _has_python(account: AccountConfig) -> bool:
    return any(file.suffix == ".py" for file in account.bots.values())


def minutes_between_looks(config: Config) -> int:
    """How often cron or a timer has to ask: every 5 minutes, or each minute where a run needs all of its window."""
    enabled = [account for account in config.accounts if account.enabled]
    return 5 if all(_has_minutes_to_spare(account, 5) for account in enabled) else 1


def _has_minutes_to_spare(account: AccountConfig, minutes: int) -> bool:
    needed, _ = seconds_needed(account.trading, account.venue)
    return 60 * (account.trading.minutes_before_close - minutes) >= needed
