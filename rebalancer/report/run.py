"""Runs on the terminal: one run in full, coming runs, and the status of each account."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from rich.console import RenderableType

from rebalancer.app.views import AccountStatus, Blocked, ComingRun, RunResult
from rebalancer.events import BotDecided, HoldingsRead, PricesTaken
from rebalancer.journal.read import OrderSummary, RunRecord
from rebalancer.model import NEW_YORK, US_DOLLARS, Plan, Targets
from rebalancer.model.text import cents, city, clock_time, grouped, minute, percentage
from rebalancer.report.console import grid, line, show
from rebalancer.venues import registry

MOST_STEPS = 12
STYLES = {
    "success": "bold green",
    "partial": "bold yellow",
    "failed": "bold red",
    "missed": "bold red",
    "warning": "yellow",
    "error": "red",
}


def show_recovered(records: Mapping[str, RunRecord | None]) -> None:
    """The run in which each account's orders were settled; None if there was nothing to settle."""
    for account, record in records.items():
        parts = [line(f"account {account}: nothing to settle")] if record is None else screen(record)
        show(*parts)


def screen(record: RunRecord) -> Iterator[RenderableType]:
    yield from _head(record)
    start = next((read for read in record.holdings if read.phase == "start"), None)
    if start:
        yield from _holdings(start)
    if record.decisions:
        yield _bots(record)
    if record.targets:
        yield from _waterfall(record.targets)
    if record.plan:
        yield from _plan(record.plan, _currency(record))
    for taken in record.prices:
        if taken.purpose == "orders":
            yield from _prices(taken)
    yield from _outcome(record)


def _head(record: RunRecord) -> Iterator[RenderableType]:
    run = record.run
    started = clock_time(run.started, _zone(run.broker))
    dry = "DRY RUN, nothing was sent: " if run.dry_run else ""
    yield line(
        f"{dry}run {run.id} of account {run.account} ({run.broker}, {run.mode}), session {run.session}, "
        f"{started}, {_time_to_close(record.closes - run.started)}",
        "bold",
    )
    for note in record.notes:
        yield line(note, "yellow")
    for change in record.changes:
        old, new = ("not set" if value is None else value for value in (change.old, change.new))
        yield line(f"changed since the previous run: {change.key}: {old} -> {new}", "yellow")
    for remark in record.remarks:
        yield line(f"{remark.level}: {remark.text}", STYLES.get(remark.level, ""))


def _time_to_close(remaining: timedelta) -> str:
    minutes = abs(remaining) // timedelta(minutes=1)
    return f"{minutes:,} minutes {'before' if remaining >= timedelta(0) else 'after'} the close"


def _holdings(read: HoldingsRead) -> Iterator[RenderableType]:
    account = read.account
    yield line(
        f"\nEquity {cents(account.equity)} {account.currency}, cash {cents(account.cash)}; minus the reserve "
        f"{cents(read.reserve)} and unmanaged holdings {cents(read.others_value)}: "
        f"Investable {cents(read.investable)} {account.currency}"
    )
    if not read.holdings:
        yield line("No positions are held.")
        return
    table = grid("Holdings", "symbol", "#shares", "#ours", f"#value {account.currency}", "~not traded because")
    for row in read.holdings:
        table.add_row(row.symbol, grouped(row.quantity), grouped(row.ours), cents(row.value), row.untouchable)
    yield table


def _bots(record: RunRecord) -> RenderableType:
    table = grid("Bots", "bot", "#share", "~wants", "~why")
    for made in record.decisions:
        if isinstance(made, BotDecided):
            wants = (
                ", ".join(f"{symbol} {percentage(weight)}" for symbol, weight in sorted(made.weights.items())) or "cash"
            )
            why = "\n".join((*shortened(made.path), *(f"warning: {text}" for text in made.warnings)))
            table.add_row(made.bot, percentage(made.share), wants, why)
        else:
            table.add_row(made.failure.bot, percentage(made.share), "failed", made.failure.reason)
    return table


def shortened(path: Sequence[str]) -> tuple[str, ...]:
    """The path of a decision, truncated to MOST_STEPS lines."""
    if len(path) <= MOST_STEPS:
        return tuple(path)
    return (*path[:MOST_STEPS], f"… and {len(path) - MOST_STEPS} more lines: see `rebalance explain`")


def _currency(record: RunRecord) -> str:
    """The account's currency; US dollars for a run that never read the account (it has no plan or orders)."""
    return next((read.account.currency for read in record.holdings), US_DOLLARS)


def _zone(broker: str) -> tzinfo:
    """The time zone of the venue's exchange; New York's if the venue's package is no longer installed."""
    try:
        return registry.plugin(broker).venue.zone
    except (KeyError, ValueError):
        return NEW_YORK


def _waterfall(targets: Targets) -> Iterator[RenderableType]:
    table = grid("Waterfall, fractions of Investable", "symbol", "#merged", "#netted", "#capped", "~from")
    symbols = sorted({*targets.merged, *targets.netted, *targets.weights})
    steps = (targets.merged, targets.netted, targets.weights)
    for symbol in symbols:
        table.add_row(
            symbol, *(percentage(weights.get(symbol, 0.0)) for weights in steps), targets.whys.get(symbol, "")
        )
    table.add_row("cash", *(percentage(1 - sum(weights.values())) for weights in steps), "")
    yield table
    if targets.claims:
        yield _claims(targets)
    for note in targets.notes:
        yield line(note)


def _claims(targets: Targets) -> RenderableType:
    table = grid("Claims of each bot, fractions of Investable", "bot", "~claims", "#cash")
    for bot, cash in targets.cash().items():
        claims = (f"{symbol} {percentage(parts[bot])}" for symbol, parts in targets.claims.items() if bot in parts)
        table.add_row(bot, ", ".join(claims), percentage(cash))
    return table


def _plan(plan: Plan, currency: str) -> Iterator[RenderableType]:
    columns = ("symbol", "#now", "#target", "#held", "#to hold", "do", f"#{currency}", "~why")
    table = grid(f"Plan, Investable {cents(plan.investable)} {currency}", *columns)
    for trade in plan.trades:
        price = f" at {trade.price.value:,f}" if trade.price else ""
        table.add_row(
            trade.symbol,
            percentage(trade.now),
            percentage(trade.target),
            grouped(trade.held),
            str(trade.target_shares),
            f"{trade.side} {grouped(trade.quantity)}{price}" if trade.side else "-",
            cents(trade.dollars) if trade.side else "",
            trade.why,
        )
    yield table


def _prices(taken: PricesTaken) -> Iterator[RenderableType]:
    """A line for each price source, and one for each symbol without a price."""
    for source in ("quote", "trade", "bar"):
        ages = [price.age_seconds for price in taken.prices if price.rung == source]
        if ages:
            yield line(f"Prices for orders: {len(ages)} by the {source}, at most {max(ages):.0f} s old.")
    for missing in taken.missing:
        yield line(f"{missing.symbol} has no price for an order: {' '.join(missing.reasons)}", "yellow")


def _outcome(record: RunRecord) -> Iterator[RenderableType]:
    run = record.run
    if record.orders:
        yield line("\nOrders", "bold")
    for order in record.orders:
        yield line(sentence(order, _currency(record), pretended=run.dry_run))
    end = next((read for read in record.holdings if read.phase == "end"), None)
    if end:
        would = "would then be" if run.dry_run else "is now"
        yield line(f"\nCash {would} {cents(end.account.cash)} {end.account.currency}.")
    lead = "DRY RUN, nothing was sent. It would have been a " if run.dry_run else ""
    yield line(f"{lead}{run.status}: {run.reason}", STYLES.get(run.status, ""))
    if record.head:
        yield line(f"Last line of this run in the journal: {record.head.seq:,}, hash {record.head.hash}")


def sentence(order: OrderSummary, currency: str = "", *, pretended: bool = False) -> str:
    """Such as "SH: sold 120 of 120 at 14.21 USD; why: netted against SPY"."""
    verb = "sold" if order.side == "sell" else "bought"
    would = "would have " if pretended else ""
    price = f" at {order.average_price.normalize():,f} {currency}".rstrip() if order.average_price is not None else ""
    reason = f" ({order.reason})" if order.reason else ""
    state = "" if order.filled == order.quantity else f", {order.state}{reason}"
    done = f"{would}{verb} {grouped(order.filled)} of {grouped(order.quantity)}{price}{state}"
    return f"{order.symbol}: {done}; why: {order.why}"


# ------------------------------------------------------------------------ the schedule, and the status of each account


def show_coming(runs: Sequence[ComingRun]) -> None:
    place = exchange_city(run.zone for run in runs)
    table = grid("Coming runs", "account", "session", f"starts, {place}", "starts, here", "the session closes")
    for run in runs:
        starts, here, closes = _start(run), minute(run.starts, None), minute(run.closes, ZoneInfo(run.zone))
        table.add_row(run.account, f"{run.session:%a %Y-%m-%d}", starts, here, closes)
    show(table)


def _start(run: ComingRun) -> str:
    return minute(run.starts, ZoneInfo(run.zone))


def exchange_city(zones: Iterable[str]) -> str:
    """The city of `zones` for a column heading; "at the exchange" if they differ."""
    cities = {city(ZoneInfo(zone)) for zone in zones}
    return cities.pop() if len(cities) == 1 else "at the exchange"


def log_line(found: RunResult | ComingRun | Blocked, now: datetime) -> str:
    """A line of the schedule's output, at `now`."""
    match found:
        case ComingRun():
            return f"Next run: {found.account} at {_start(found)} ({minute(found.starts, None)})"
        case Blocked():
            return found.blocked
    run = f" (run {found.run.run.id})" if found.run else ""
    return f"{minute(now, ZoneInfo(found.zone))}  {found.account}: {found.status}{run}: {found.sentence}"


def show_status(accounts: Sequence[AccountStatus]) -> None:
    place = exchange_city(account.zone for account in accounts)
    table = grid("Accounts", "account", "last run", "status", f"next run, {place}", "next run, here", "~result")
    for account in accounts:
        last, upcoming = account.last, account.upcoming
        table.add_row(
            account.account,
            f"{last.id}, session {last.session}" if last else "none yet",
            line(last.status, STYLES.get(last.status, "")) if last else "",
            _start(upcoming) if upcoming else "not enabled",
            minute(upcoming.starts, None) if upcoming else "",
            last.reason if last else "",
        )
    show(table)
    for account in accounts:
        for trouble in account.troubles:
            show(line(f"{account.account}: {trouble}", "bold red"))
