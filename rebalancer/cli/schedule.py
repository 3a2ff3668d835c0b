"""`rebalance schedule`, which stays and runs what is due, and `rebalance status`."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.options import AccountOption, ConfigOption, DebugOption, JsonOption, chosen_accounts, load_config
from rebalancer.cli.shutdown import shutdown_signal
from rebalancer.cli.trigger import RUNS, Result, look
from rebalancer.errors import BadInputError, Problem, RebalancerError

if TYPE_CHECKING:
    from rebalancer.app.calendar_cache import Almanac
    from rebalancer.app.schedule import Window
    from rebalancer.config import AccountConfig, Config
    from rebalancer.ports import Clock
    from rebalancer.report.schedule import AccountStatus, ComingRun

NEEDS_A_LOOK = 6


def schedule(
    coming: Annotated[int | None, typer.Option("--next", min=1, help="List so many coming runs, and end.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Stay, and run each enabled account shortly before the close of every session."""
    from rebalancer.market.clock import SystemClock
    from rebalancer.report.console import show_json
    from rebalancer.report.schedule import show_coming

    settings = load_config(config)
    if not any(account.enabled for account in settings.accounts):
        text = "no account is enabled, so there is nothing to schedule: set enabled = true in [accounts.NAME]"
        raise BadInputError([Problem(str(settings.path), "accounts", text)])
    if coming is not None:
        runs = [_coming_run(ahead) for ahead in itertools.islice(_windows(settings, SystemClock()), coming)]
        show_json(runs) if json else show_coming(runs)
        return
    from rebalancer.app.schedule_loop import keep_watch

    with shutdown_signal() as told:
        watch = Watch(config, SystemClock(), told, json=json)
        keep_watch(watch.look, lambda: watch.ahead, told)
    if not json:
        typer.echo("The schedule has ended.")


@dataclass(slots=True)
class Watch:
    """What the schedule does at each look. It reads the config anew: what a person changed counts from then on.

    `ahead` is when the next window opens, as of the last look. A problem is said once, not at every look.
    """

    config: Path | None
    clock: "Clock"
    told: Event
    json: bool = False
    ahead: datetime | None = None
    _problem: str = field(default="")
    _brakes: tuple[str, ...] = ()

    def look(self) -> None:
        try:
            settings = load_config(self.config, quietly=True)
            for result in look(settings, self.clock, self.told.is_set):
                self._say(result)
            self._look_ahead(settings)
            self._say_brakes(settings)
        except RebalancerError as error:
            if str(error) != self._problem:
                typer.echo(f"rebalance: {error}", err=True)
            self._problem = str(error)
        else:
            self._problem = ""

    def _say(self, result: Result) -> None:
        from rebalancer.journal.codec import to_json
        from rebalancer.report.schedule import new_york

        if self.json:
            typer.echo(to_json(result))
            return
        run = f" (run {result.run.run.id})" if result.run else ""
        typer.echo(f"{new_york(self.clock.now())}  {result.account}: {result.status}{run}: {result.sentence}")

    def _say_brakes(self, settings: "Config") -> None:
        """What keeps an enabled account from trading, whenever that changes."""
        from rebalancer.journal.codec import to_json

        enabled = [account for account in settings.accounts if account.enabled]
        found = {account.name: _brakes(settings, account, self.clock.now()) for account in enabled}
        brakes = tuple(f"{name}: {why}" for name, whys in found.items() for why in whys)
        for sentence in brakes if brakes != self._brakes else ():
            typer.echo(to_json({"brake": sentence}) if self.json else sentence)
        self._brakes = brakes

    def _look_ahead(self, settings: "Config") -> None:
        from rebalancer.report.schedule import here, new_york

        ahead = next(_windows(settings, self.clock), None)
        opens = ahead.opens if ahead else None
        if ahead and opens != self.ahead and not self.json:
            typer.echo(f"Next run: {ahead.account} at {new_york(ahead.opens)} ({here(ahead.opens)})")
        self.ahead = opens


def status(
    account: AccountOption = None,
    max_age: Annotated[
        float | None, typer.Option("--max-age", metavar="HOURS", min=0, help="How old the last done run may be.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show each account's last and next run; exit code 6 where an account needs a look."""
    from rebalancer.app.calendar_cache import open_almanac
    from rebalancer.market.clock import SystemClock
    from rebalancer.report.console import show_json
    from rebalancer.report.schedule import show_status

    settings, clock = load_config(config), SystemClock()
    chosen = chosen_accounts(settings, account)
    almanac = open_almanac(settings.state_dir, clock, [known.name for known in settings.accounts if known.enabled])
    allowed = None if max_age is None else timedelta(hours=max_age)
    accounts = [_status(settings, one, almanac, clock.now(), allowed) for one in chosen]
    exit_code = NEEDS_A_LOOK if any(one.troubles for one in accounts) else 0
    show_json({"exit_code": exit_code, "accounts": accounts}) if json else show_status(accounts)
    raise typer.Exit(exit_code)


def _status(
    config: "Config", account: "AccountConfig", almanac: "Almanac", now: datetime, max_age: timedelta | None
) -> "AccountStatus":
    from rebalancer.app.schedule import coming
    from rebalancer.app.status import troubles
    from rebalancer.journal import read
    from rebalancer.report.schedule import AccountStatus

    runs = read.runs(config.journal(), account.name, RUNS)
    return AccountStatus(
        account.name,
        account.enabled,
        runs[0] if runs else None,
        _coming_run(next(coming([account], almanac, now))) if account.enabled else None,
        (*_brakes(config, account, now), *troubles(account, almanac, runs, now, max_age)),
    )


def _brakes(config: "Config", account: "AccountConfig", now: datetime) -> tuple[str, ...]:
    from rebalancer.app.arming import file_hashes
    from rebalancer.app.status import brakes
    from rebalancer.journal import read
    from rebalancer.journal.audit import quick_faults

    standing = read.trading_status(config.journal(), account.name)
    return (*quick_faults(config.journal()), *brakes(account, standing, file_hashes(config, account), now))


def _windows(config: "Config", clock: "Clock") -> "Iterator[Window]":
    """The windows of all enabled accounts that open after now."""
    from rebalancer.app.calendar_cache import open_almanac
    from rebalancer.app.schedule import coming

    enabled = [account for account in config.accounts if account.enabled]
    almanac = open_almanac(config.state_dir, clock, [account.name for account in enabled])
    return coming(enabled, almanac, clock.now())


def _coming_run(ahead: "Window") -> "ComingRun":
    from rebalancer.report.schedule import ComingRun

    return ComingRun(ahead.account, ahead.session.day, ahead.opens, ahead.session.closes)
