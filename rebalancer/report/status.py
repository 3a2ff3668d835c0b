"""The one screen: how every account is, and what needs a person; shown once, or anew until Ctrl-C."""

from collections.abc import Callable, Iterable, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from rebalancer.app.views import AccountStatus, StatusReport
from rebalancer.model.text import minute, money
from rebalancer.report.console import Screen, line, lines
from rebalancer.report.run import day_gain, exchange_city, start_times, status_text
from rebalancer.report.tables import Grid, grid


def status_screen(found: StatusReport) -> Screen:
    yield _accounts(found.accounts)
    if needs := [f"{each.account}: {trouble}" for each in found.accounts for trouble in each.troubles]:
        yield line("Needs you", "bold red", apart=True)
        yield from lines(needs, "bold red")
    else:
        yield line("No account needs you.", "green", apart=True)
    yield from lines(found.notes, "yellow")
    yield line(f"As of {minute(found.at, None)}.", "dim")


def _accounts(accounts: Sequence[AccountStatus]) -> Grid:
    place = exchange_city(account.zone for account in accounts)
    figures = ("#equity", "#day's gain")
    columns = ("account", "last run", "status", *figures, f"next run, {place}", "?next run, here", "~result")
    return grid("Accounts", columns, map(_account, accounts))


def _account(found: AccountStatus) -> tuple[str | Text, ...]:
    last, upcoming = found.last, found.upcoming
    starts = start_times(upcoming) if upcoming else ("not enabled", "")
    name = f"{found.account} (halted)" if found.halts else found.account
    if last is None:
        return name, "none yet", "", "", "", *starts, ""
    equity = "" if last.equity is None else money(last.equity, found.currency)
    run = (f"{last.id}, session {last.session}", status_text(last), equity, day_gain(last))
    return name, *run, *starts, last.reason


def watch(
    look: Callable[[], Iterable[RenderableType]], console: Console, ended: Callable[[float], object], seconds: float
) -> None:
    """Show what `look` gives, anew every `seconds`, until `ended`, which waits that long, is true."""
    # Lines beyond the window's height scroll by: nothing is cut.
    with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:
        while True:
            live.update(Group(*look()), refresh=True)
            if ended(seconds):
                return
