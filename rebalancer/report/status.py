"""The one screen: how every account is, and what needs a person; shown once, or anew until Ctrl-C."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from rebalancer.app.status_views import AccountStatus, StatusReport
from rebalancer.events import Armed
from rebalancer.journal.read import RunSummary
from rebalancer.model.text import ago, minute, money, until
from rebalancer.report.console import STYLES, Screen, line, lines
from rebalancer.report.run_cells import day_gain, exchange_city, start_times
from rebalancer.report.tables import Grid, grid

COLUMNS = ("account", "~money", "#equity", "#day's gain", "~last run")


def status_screen(found: StatusReport) -> Screen:
    yield _accounts(found.accounts, found.at)
    if needs := _needs(found.accounts):
        yield line("Needs you", "bold red", apart=True)
        yield from (line(f"{', '.join(accounts)}: {trouble}", "bold red") for trouble, accounts in needs.items())
    else:
        yield line("No account needs you.", "green", apart=True)
    yield from lines(found.notes, "yellow")
    yield line(f"As of {minute(found.at, None)}.", "dim")


def _needs(accounts: Iterable[AccountStatus]) -> Mapping[str, Sequence[str]]:
    """What is the matter, with the accounts that have it in common, such as a halt of all."""
    found: dict[str, list[str]] = defaultdict(list)
    for account in accounts:
        for trouble in account.troubles:
            found[trouble].append(account.account)
    return found


def _accounts(accounts: Sequence[AccountStatus], at: datetime) -> Grid:
    place = exchange_city(account.zone for account in accounts)
    columns = (*COLUMNS, f"next run, {place}", "?next run, here")
    return grid("Accounts", columns, ((*_account(account, at), *_coming(account, at)) for account in accounts))


def _account(found: AccountStatus, at: datetime) -> Iterator[str | Text]:
    yield f"{found.account} (halted)" if found.halts else found.account
    yield _money(found)
    valued = found.last_valued
    if valued is None or valued.equity is None:
        yield from ("", "")
    else:
        old = "" if valued == found.last else f" on {valued.session}"
        yield f"{money(valued.equity, found.currency)}{old}"
        yield "" if old else day_gain(valued)
    yield _last_run(found, at)


def _money(found: AccountStatus) -> Text:
    if found.simulated:
        return line("simulated")
    if not found.real_money:
        return line("paper")
    return line("real, not armed", "bold red") if found.armed is None else line(_armed(found, found.armed))


def _armed(found: AccountStatus, armed: Armed) -> str:
    end, first = (
        minute(armed.until, ZoneInfo(found.zone)),
        "; its first one sends one order" if armed.first_order_only else "",
    )
    return f"real, armed until {end} for {money(armed.max_dollars, found.currency)} a run{first}"


def _last_run(found: AccountStatus, at: datetime) -> Text:
    """Why it failed or was missed stands below, among what needs a person."""
    if (run := found.last) is None:
        return line("none yet")
    replayed = found.simulated and not found.enabled  # its runs have the time of the prices
    when = "" if replayed else f", {ago(run.started, at)}"
    text, how = line(f"{run.id}, session {run.session}{when}: "), _how(found, run)
    return text.append_text(line(how, STYLES.get(run.status, ""))).append_text(line(_why(run)))


def _how(found: AccountStatus, run: RunSummary) -> str:
    if run.status == "running":
        return "under way" if found.under_way else "interrupted"
    return run.status


def _why(run: RunSummary) -> str:
    if run.status == "success" and not run.orders:
        return ", no order was needed"
    return f", {run.reason}" if run.status in {"success", "partial"} else ""


def _coming(found: AccountStatus, at: datetime) -> tuple[str, str]:
    if found.upcoming is None:
        return "not enabled", ""
    there, here = start_times(found.upcoming)
    return f"{there}, {until(found.upcoming.starts, at)}", "" if here == there else here


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
