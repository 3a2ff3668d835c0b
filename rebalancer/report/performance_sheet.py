"""The tearsheet of an account, or of a bot in it, by its books."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import numpy as np

from rebalancer.app.performance_views import AccountPerformance, DayEarned, Earned
from rebalancer.backtest.metrics import Year, months_of
from rebalancer.backtest.risk import Days
from rebalancer.bots.own_prices import last_known
from rebalancer.errors import BadInputError
from rebalancer.model import Floats
from rebalancer.model.text import money, percentage, signed_cents
from rebalancer.portfolio.shortfall import CAUSES, Shortfall
from rebalancer.report.performance import HOW, UNDEFINED, headline, model_growth, period_text, table_rows, tax_lines
from rebalancer.report.shortfall import NAMES, sentence
from rebalancer.report.shortfall import rows as shortfall_rows
from rebalancer.report.tearsheet import HEAD, Sheet, Table
from rebalancer.report.tearsheet import to_html as sheet_to_html

HTML_BEGINS = f"{HEAD}Performance of ".encode()
BEGUN = 100.0
MOST_CURVES, MOST_DAYS = 8, 10
MODEL = "its back-test"


def to_html(accounts: Sequence[AccountPerformance], made: date) -> str:
    """The HTML document of one account. Raises BadInputError for several, and for one without a session."""
    if len(accounts) != 1:
        names = ", ".join(each.account for each in accounts)
        raise BadInputError.of("--html", f"shows one account: name it by --account; there are {names}")
    (found,) = accounts
    if not found.earned:
        raise BadInputError.of("--html", f"account {found.account} has earned nothing yet: run it first")
    return sheet_to_html(sheet_of(found, made))


def sheet_of(found: AccountPerformance, made: date) -> Sheet:
    """Of an account that has earned something."""
    main = found.earned[0]
    sessions, growth = _growth(main.days)
    benchmark = _benchmark(main.days) if found.benchmark else None
    return Sheet(
        title=f"Performance of {main.bot or f'account {found.account}'}",
        lead=f"{headline(found)}.",
        unit=f"What {BEGUN:.0f} {found.currency} became, time-weighted",
        name=main.bot or found.account,
        sessions=sessions,
        begun=BEGUN,
        values=growth,
        years=months_of(growth, BEGUN, sessions),
        made=made,
        benchmark_name=found.benchmark or "",
        benchmark=benchmark,
        benchmark_years=_years(benchmark, sessions),
        others=dict(_others(found, sessions)),
        figures=tuple(_figures(main, found.currency)),
        tables=tuple(_tables(found)),
        notes=tuple(_notes(found)),
    )


def _growth(days: Sequence[DayEarned]) -> tuple[Days, Floats]:
    sessions = np.array([day.session for day in days], dtype="datetime64[D]")
    return sessions, BEGUN * np.array([day.growth for day in days])


def _benchmark(days: Sequence[DayEarned]) -> Floats:
    grown = (np.nan if day.benchmark_growth is None else day.benchmark_growth for day in days)
    return BEGUN * np.array(list(grown))


def _years(benchmark: Floats | None, sessions: Days) -> tuple[Year, ...]:
    """The last close stands in for one that is not there, as tonight's before the close; none without the first one."""
    if benchmark is None or np.isnan(benchmark[0]):
        return ()
    return months_of(last_known(benchmark[:, None])[:, 0], BEGUN, sessions)


def _others(found: AccountPerformance, sessions: Days) -> Iterator[tuple[str, Floats]]:
    """The bots of the account, and the back-test."""
    for each in found.earned[1 : 1 + MOST_CURVES]:
        yield each.bot or "", _on(sessions, {day.session: BEGUN * day.growth for day in each.days})
    if grown := model_growth(found):
        yield MODEL, _on(sessions, {session: BEGUN * growth for session, growth in grown.items()})


def _on(sessions: Days, values: Mapping[date, float]) -> Floats:
    return np.array([values.get(session, np.nan) for session in sessions.tolist()])


def _figures(main: Earned, currency: str) -> Iterator[tuple[str, str]]:
    gained = main.value - main.capital
    yield "value", money(main.value, currency)
    yield "gain since the first day shown", money(gained, currency, signed=True)
    for period, label in (
        ("day", "gain, last session"),
        ("month", "gain, month to date"),
        ("year", "gain, year to date"),
    ):
        earned = next((each for each in main.periods if each.period == period), None)
        yield f"{label}, {currency}", period_text(earned)
    yield "money-weighted return", percentage(main.money_weighted) or UNDEFINED


def _tables(found: AccountPerformance) -> Iterator[Table]:
    names = tuple(each.bot or "account" for each in found.earned)
    yield Table(f"Earned, {found.currency}", ("", *names), tuple(table_rows(found)))
    if (against := found.against_model) is not None:
        yield Table(f"Live against model, {found.currency}", ("", ""), tuple(shortfall_rows(against)))
        used = [cause for cause in CAUSES if against.causes[cause]]
        header = ("session", "live", "model", *(NAMES[cause] for cause in used))
        widest = sorted(against.days, key=_difference)[:MOST_DAYS]
        rows = [
            (
                str(day.session),
                signed_cents(day.live),
                signed_cents(day.model),
                *(signed_cents(day.causes[cause]) for cause in used),
            )
            for day in widest
        ]
        yield Table(f"Days that differ most from the model, {found.currency}", header, rows)


def _difference(day: Shortfall) -> tuple[float, date]:
    return -abs(float(day.live - day.model)), day.session


def _notes(found: AccountPerformance) -> Iterator[str]:
    yield from found.notes
    yield from found.back_test.notes if found.back_test else ()
    if (against := found.against_model) is not None:
        yield from against.notes
        yield sentence(against, found.earned[0].bot or "", found.currency)
    if found.tax:
        yield from tax_lines(found.tax, found.currency)
    yield HOW
