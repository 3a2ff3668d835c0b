"""Runs on the terminal: one run in full, and coming runs."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from rich.text import Text

from rebalancer.app.status_views import UpcomingRun
from rebalancer.app.views import Blocked, RunResult
from rebalancer.events import BotDecided, BotFailed, HoldingsRead, PricesTaken, SettingChanged
from rebalancer.journal.read import OrderSummary, RunRecord
from rebalancer.model import NEW_YORK, US_DOLLARS, Flip, Plan, Targets, Trade
from rebalancer.model.text import (
    cents,
    clock_time,
    counted,
    grouped,
    listed,
    minute,
    percentage,
    price_text,
)
from rebalancer.report.bots import wanted
from rebalancer.report.console import STYLES, Screen, line, lines
from rebalancer.report.flips import nearest, with_flips
from rebalancer.report.run_cells import exchange_city, start_times
from rebalancer.report.tables import Grid, grid
from rebalancer.venues import registry

MOST_STEPS = 12


def recovered_screen(records: Mapping[str, RunRecord | None], cut_off: Mapping[str, Sequence[str]]) -> Screen:
    """The run in which each account's orders were settled, None if there was nothing to settle; and what was `cut_off`
    besides, as sentences.
    """
    for account, record in records.items():
        yield from [line(f"account {account}: nothing to settle")] if record is None else _recovered(record)
        yield from (line(f"account {account}: {sentence}", "yellow") for sentence in cut_off[account])


def _recovered(record: RunRecord) -> Screen:
    run, currency = record.run, currency_of(record)
    states = Counter(order.state for order in record.orders)
    orders = ", ".join(f"{count} {state}" for state, count in states.items()) or "it sent none"
    yield line(
        f"account {run.account}: run {run.id} for the session of {run.session} is settled; orders: {orders}", "bold"
    )
    yield from (line(f"  {done(order, currency)}") for order in record.orders)
    yield line(f"The next run plans anew from what is held. `rebalance history {run.id}` shows all of this one.")


def screen(record: RunRecord) -> Screen:
    yield from _head(record)
    start = next((read for read in record.holdings if read.phase == "start"), None)
    if start:
        yield from _holdings(start)
    if record.decisions:
        yield from _decisions(record.decisions)
    if record.targets:
        yield from _waterfall(record.targets)
    if record.plan:
        yield _plan(record.plan, currency_of(record))
    for taken in record.prices:
        if taken.purpose == "orders":
            yield from _prices(taken, record.decisions)
    yield from _outcome(record)


def _head(record: RunRecord) -> Screen:
    run = record.run
    zone = zone_of(run.broker)
    day = run.started.astimezone(zone).date()
    started = clock_time(run.started, zone) if day == run.session else f"{day} {clock_time(run.started, zone)}"
    dry = "DRY RUN, nothing was sent: " if run.dry_run else ""
    yield line(
        f"{dry}run {run.id} of account {run.account} ({run.broker}, {run.mode}), session {run.session}, "
        f"{started}, {_time_to_close(record.closes - run.started)}",
        "bold",
    )
    yield from lines(record.notes, "yellow")
    for change in record.changes:
        old, new = old_and_new(change)
        yield line(f"changed since the previous run: {change.key}: {old} -> {new}", "yellow")
    for remark in record.remarks:
        yield line(f"{remark.level}: {remark.text}", STYLES.get(remark.level, ""))


def old_and_new(change: SettingChanged) -> tuple[str, ...]:
    return tuple("not set" if value is None else value for value in (change.old, change.new))


def _time_to_close(remaining: timedelta) -> str:
    days, minutes = abs(remaining).days, abs(remaining) // timedelta(minutes=1)
    span = counted(days, "day") if days else counted(minutes, "minute")
    return f"{span} {'before' if remaining >= timedelta(0) else 'after'} the close"


def _holdings(read: HoldingsRead) -> Screen:
    account = read.account
    yield line(
        f"Equity before orders {cents(account.equity)} {account.currency}, cash {cents(account.cash)}; minus the "
        f"reserve {cents(read.reserve)} and unmanaged holdings {cents(read.others_value)}: "
        f"Investable {cents(read.investable)} {account.currency}",
        apart=True,
    )
    if not read.holdings:
        yield line("No positions are held.")
        return
    rows = (
        (row.symbol, grouped(row.quantity), grouped(row.ours), cents(row.value), row.untouchable)
        for row in read.holdings
    )
    columns = ("symbol", "#shares", "#ours", f"#value {account.currency}", "~not traded because")
    yield grid("Holdings", columns, rows)


def _decisions(decisions: Sequence[BotDecided | BotFailed]) -> Screen:
    """What several bots warn of is said once, below them."""
    said = Counter(text for made in decisions if isinstance(made, BotDecided) for text in made.warnings)
    shared = {text: count for text, count in said.items() if count > 1}
    rows = (_decision(made, shared) for made in decisions)
    yield grid("Bots", ("bot", "#share", "~wants", "~why"), rows)
    yield from lines((f"warning of {count} bots: {text}" for text, count in shared.items()), "yellow")


def _decision(made: BotDecided | BotFailed, shared: Container[str]) -> tuple[str | Text, ...]:
    if not isinstance(made, BotDecided):
        return made.failure.bot, percentage(made.share), "failed", made.failure.reason
    why = (*shortened(made.path, made.flips), *(f"warning: {text}" for text in made.warnings if text not in shared))
    return made.bot, percentage(made.share), wanted(made.weights), Text("\n").join(map(line, why))


def shortened(path: Sequence[str], flips: Iterable[Flip] = ()) -> tuple[str, ...]:
    """The path of a decision, truncated to MOST_STEPS lines, and below a gate the price that flips it."""
    shown = with_flips(path[:MOST_STEPS], (flip for flip in flips if flip.symbol))
    if len(path) <= MOST_STEPS:
        return shown
    return (*shown, f"and {counted(len(path) - MOST_STEPS, 'more line')}: see `rebalance explain`")


def currency_of(record: RunRecord) -> str:
    """The account's currency; US dollars for a run that never read the account (it has no plan or orders)."""
    return next((read.account.currency for read in record.holdings), US_DOLLARS)


def zone_of(broker: str) -> tzinfo:
    """The time zone of the venue's exchange; New York's if the venue's package is no longer installed."""
    try:
        return registry.plugin(broker).venue.zone
    except (KeyError, ValueError):
        return NEW_YORK


def _waterfall(targets: Targets) -> Screen:
    steps = (targets.merged, targets.netted, targets.weights)
    rows = [
        (symbol, *(percentage(weights.get(symbol, 0.0)) for weights in steps), targets.whys.get(symbol, ""))
        for symbol in sorted({*targets.merged, *targets.netted, *targets.weights})
    ]
    cash = ("cash", *(percentage(1 - sum(weights.values())) for weights in steps), "")
    columns = ("symbol", "?#merged", "?#netted", "#capped", "~from")
    yield grid("Waterfall, fractions of Investable", columns, [*rows, cash])
    if targets.claims:
        yield grid("Claims of each bot, fractions of Investable", ("bot", "~claims", "#cash"), _claims(targets))
    yield from lines(targets.notes)


def _claims(targets: Targets) -> Iterator[tuple[str, ...]]:
    for bot, cash in targets.cash().items():
        claims = (f"{symbol} {percentage(parts[bot])}" for symbol, parts in targets.claims.items() if bot in parts)
        yield bot, ", ".join(claims), percentage(cash)


def _plan(plan: Plan, currency: str) -> Grid:
    columns = ("symbol", "?#now", "?#target", "?#held", "?#to hold", "do", f"#{currency}", "~why")
    return grid(f"Plan, Investable {cents(plan.investable)} {currency}", columns, map(_trade, plan.trades))


def _trade(trade: Trade) -> tuple[str, ...]:
    price = f" at {price_text(trade.price.value)}" if trade.price else ""
    done = (f"{trade.side} {grouped(trade.quantity)}{price}", cents(trade.dollars)) if trade.side else ("-", "")
    weights = (percentage(trade.now), percentage(trade.target))
    return trade.symbol, *weights, grouped(trade.held), grouped(Decimal(trade.target_shares)), *done, trade.why


def _prices(taken: PricesTaken, decisions: Iterable[BotDecided | BotFailed]) -> Screen:
    """A line for each price source, and one for all symbols that have no price for the same reasons."""
    for source in ("quote", "trade", "bar"):
        ages = [price.age_seconds for price in taken.prices if price.rung == source]
        if ages:
            yield line(f"Prices for orders: {len(ages)} by the {source}, at most {max(ages):.0f} s old.")
    bots = Counter(symbol for made in decisions if isinstance(made, BotDecided) for symbol in made.weights)
    names: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for missing in taken.missing:
        wanting = f" ({counted(bots[missing.symbol], 'bot')})" if bots[missing.symbol] else ""
        names[tuple(missing.reasons)].append(f"{missing.symbol}{wanting}")
    for reasons, alike in names.items():
        have = "has" if len(alike) == 1 else "have"
        yield line(f"{listed(alike)} {have} no price for an order: {' '.join(reasons)}", "yellow")


def _outcome(record: RunRecord) -> Screen:
    run = record.run
    if record.orders:
        yield line("Orders", "bold", apart=True)
    for order in record.orders:
        yield line(sentence(order, currency_of(record), pretended=run.dry_run))
    end = next((read for read in record.holdings if read.phase == "end"), None)
    if end:
        account, verb = end.account, "would be" if run.dry_run else "is"
        yield line(
            f"Equity after orders {verb} {cents(account.equity)} {account.currency}, cash {cents(account.cash)}.",
            apart=True,
        )
    if closest := nearest(record.decisions):
        yield line(closest)
    lead = "DRY RUN, nothing was sent. It would have been a " if run.dry_run else ""
    yield line(f"{lead}{run.status}: {run.reason}", STYLES.get(run.status, ""))
    if record.head:
        yield line(f"Last line of this run in the journal: {record.head.seq:,}, hash {record.head.hash}")


def sentence(order: OrderSummary, currency: str = "", *, pretended: bool = False) -> str:
    """Such as "SH: sold 120 of 120 at 14.21 USD; why: netted against SPY"."""
    return f"{done(order, currency, pretended=pretended)}; why: {order.why}"


def done(order: OrderSummary, currency: str, *, pretended: bool = False) -> str:
    """Such as "SH: sold 120 of 120 at 14.21 USD"."""
    verb = "sold" if order.side == "sell" else "bought"
    would = "would have " if pretended else ""
    price = f" at {price_text(order.average_price)} {currency}".rstrip() if order.average_price is not None else ""
    reason = f" ({order.reason})" if order.reason else ""
    state = "" if order.filled == order.quantity else f", {order.state}{reason}"
    return f"{order.symbol}: {would}{verb} {grouped(order.filled)} of {grouped(order.quantity)}{price}{state}"


# ------------------------------------------------------------------------ the schedule, and the status of each account


def upcoming_screen(runs: Sequence[UpcomingRun]) -> Screen:
    place = exchange_city(run.zone for run in runs)
    columns = ("account", "session", f"starts, {place}", "starts, here", "the session closes")
    yield grid("Upcoming runs", columns, map(_upcoming, runs))
    blocked = dict.fromkeys(f"{run.account}: {why}" for run in runs for why in run.blocked)
    yield from lines(blocked, "bold red")


def _upcoming(run: UpcomingRun) -> tuple[str, ...]:
    return run.account, f"{run.session:%a %Y-%m-%d}", *start_times(run), minute(run.closes, ZoneInfo(run.zone))


def log_line(found: RunResult | UpcomingRun | Blocked, now: datetime) -> str:
    """A line of the schedule's output, at `now`."""
    match found:
        case UpcomingRun():
            there, here = start_times(found)
            return f"Next run: {found.account} at {there} ({here})"
        case Blocked():
            return found.blocked
    run = f" (run {found.run.run.id})" if found.run else ""
    return f"{minute(now, ZoneInfo(found.zone))}  {found.account}: {found.status}{run}: {found.sentence}"
