"""What accounts and bots earned, on the terminal and as CSV."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

import numpy as np

from rebalancer.app.performance_views import AccountPerformance, DayEarned, Earned, PeriodEarned
from rebalancer.app.tax_flags import TaxFlags, wash_sale_text
from rebalancer.model.text import cents, counted, money, percentage, signed_cents, signed_percentage
from rebalancer.portfolio.returns import Period
from rebalancer.report.console import Screen, is_terminal, line, lines
from rebalancer.report.drawing import Curve, drawing
from rebalancer.report.shortfall import against_model_screen
from rebalancer.report.spreadsheet import csv_text, money_cell, name_cell
from rebalancer.report.tables import grid

CSV_BEGINS = b"date,account,bot,value,flow,gain,"
CSV_HEADER = ("date", "account", "bot", "value", "flow", "gain", "growth", "benchmark_growth")
UNDEFINED = "-"
MOST_WASH_SALES = 5
REASONS = {"opening": "in the account before its first run"}
"""Of cash that no bot caused, where the reason does not explain itself."""
PERIODS: Mapping[Period, str] = {
    "day": "gain, last session",
    "week": "  week to date",
    "month": "  month to date",
    "year": "  year to date",
    "all": "  since the first day shown",
}
HOW = (
    "Values are the broker's when it was last read in a session, shortly before the close; the benchmark is at "
    "adjusted closes. A bot whose capital is fixed is brought back to it each evening: gains are taken out, losses put "
    "in. Dividends go to the bots that held the shares; interest, and fees other than those of trades, to the account."
)


def performance_screen(accounts: Sequence[AccountPerformance]) -> Screen:
    for found in accounts:
        if not found.earned:
            yield line(f"Account {found.account}: nothing was earned yet. `rebalance run` starts its first run.")
            continue
        yield line(headline(found), "bold")
        yield from lines((*found.notes, *(found.back_test.notes if found.back_test else ())), "yellow")
        if is_terminal() and len(found.earned[0].days) > 1:
            sessions = [day.session for day in found.earned[0].days]
            yield drawing("Time-weighted", "of 100", sessions, curves(found))
        headings = ("", *(f"#{each.bot or 'account'}" for each in found.earned))
        yield grid(f"Earned, {found.currency}", headings, table_rows(found))
        yield from lines(_notes(found))
        if found.earned[0].bot is None:
            yield from _unassigned(found)
        if found.tax:
            yield from lines(tax_lines(found.tax, found.currency))
        if found.against_model and found.earned[0].bot:
            yield from against_model_screen(found.against_model, found.earned[0].bot, found.currency)
    if any(found.earned for found in accounts):
        yield line(HOW, "dim")


def headline(found: AccountPerformance) -> str:
    first, last = min(each.first for each in found.earned), max(each.last for each in found.earned)
    sessions = counted(max(len(each.days) for each in found.earned), "session")
    return f"Account {found.account}: {first} to {last}, {sessions} with a run"


def curves(found: AccountPerformance) -> Sequence[Curve]:
    """What 100 became: as earned, in the benchmark and in the back-test, where these have values of two days."""
    main = found.earned[0]
    sessions = [day.session for day in main.days]
    grown = {day.session: day.benchmark_growth for day in main.days}
    model = model_growth(found)
    beside = [
        Curve(name, np.array([100 * (growth.get(session) or np.nan) for session in sessions]), beside=True)
        for name, growth in ((found.benchmark or "", grown), ("back-test", model))
    ]
    live = Curve(main.bot or found.account, np.array([100 * day.growth for day in main.days]))
    return [live, *(each for each in beside if sum(each.known) > 1)]


def model_growth(found: AccountPerformance) -> Mapping[date, float]:
    """What 1 became in the back-test of the bot, or of the account."""
    if found.against_model:
        return found.against_model.model_growth
    return found.back_test.model_growth if found.back_test else {}


def table_rows(found: AccountPerformance) -> Iterator[tuple[str, ...]]:
    for label, text in FIGURES.items():
        yield label, *(text(each) or UNDEFINED for each in found.earned)
    for period, label in PERIODS.items():
        yield label, *(period_text({each.period: each for each in book.periods}.get(period)) for book in found.earned)
    for label, text in RETURNS.items():
        yield label, *(text(each) or UNDEFINED for each in found.earned)
    if found.benchmark:
        yield (
            f"{found.benchmark}, same days",
            *(percentage(each.benchmark_return) or UNDEFINED for each in found.earned),
        )
    if found.back_test and (growth := found.back_test.model_growth):
        yield "back-test, same days", percentage(growth[max(growth)] - 1), *(UNDEFINED for _ in found.earned[1:])


def period_text(earned: PeriodEarned | None) -> str:
    """As in "+12.30 (+0.41 %)"."""
    return UNDEFINED if earned is None else f"{signed_cents(earned.gain)} ({signed_percentage(earned.time_weighted)})"


FIGURES: dict[str, Callable[[Earned], str]] = {
    "value": lambda earned: cents(earned.value),
    "put in, less taken out": lambda earned: cents(earned.capital),
}
RETURNS: dict[str, Callable[[Earned], str]] = {
    "time-weighted return": lambda earned: percentage(earned.time_weighted),
    "  a year": lambda earned: percentage(earned.time_weighted_a_year),
    "money-weighted return": lambda earned: percentage(earned.money_weighted),
    "  a year ": lambda earned: percentage(earned.money_weighted_a_year),
    "deepest fall": lambda earned: percentage(earned.max_drawdown.depth if earned.max_drawdown else 0.0),
}


def tax_lines(found: TaxFlags, currency: str) -> Iterator[str]:
    """The realised gains, the largest possible wash sales, and what the flags don't know."""
    sums = {
        "short-term": found.short_term,
        "long-term": found.long_term,
        "bought on an unknown day": found.unknown_term,
    }
    yield "Realised: " + ", ".join(
        f"{kind} {money(gain, currency, signed=True)}" for kind, gain in sums.items() if gain
    )
    largest = sorted(found.wash_sales, key=lambda each: (-each.loss, each.sold, each.symbol))[:MOST_WASH_SALES]
    if largest:
        count = counted(len(found.wash_sales), "possible wash sale")
        yield f"{count}, {money(found.wash_sale_loss, currency)} of loss in all; the largest:"
        yield from (f"  {each.sold}: {wash_sale_text(each)}" for each in largest)
    yield found.caution


def _notes(found: AccountPerformance) -> Iterator[str]:
    """Each note once, after the names of all that it is about."""
    names: dict[str, list[str]] = {}
    for each in found.earned:
        if each.note:
            names.setdefault(each.note, []).append(each.bot or found.account)
    return (f"{', '.join(about)}: {note}." for note, about in names.items())


def _unassigned(found: AccountPerformance) -> Screen:
    yield line(f"In no bot's book: {money(found.unassigned_value, found.currency)}.")
    if found.unassigned:
        parts = (
            f"{REASONS.get(each.reason, each.reason)} {money(each.cash, found.currency, signed=True)}"
            for each in found.unassigned
        )
        yield line(f"Cash in or out that no bot caused: {'; '.join(parts)}.")


def to_csv(accounts: Sequence[AccountPerformance]) -> str:
    """A row for each session of each account (an empty bot) and bot; empty where the benchmark has no close."""
    return csv_text(
        CSV_HEADER, (_cells(found, each, day) for found in accounts for each in found.earned for day in each.days)
    )


def _cells(found: AccountPerformance, earned: Earned, day: DayEarned) -> tuple[object, ...]:
    other = "" if day.benchmark_growth is None else repr(day.benchmark_growth)
    figures = map(money_cell, (day.value, day.flow, day.gain))
    return day.session, name_cell(found.account), name_cell(earned.bot or ""), *figures, repr(day.growth), other
