"""The doctor's checks on the terminal: a table for this machine and one per account."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from rich.text import Text

from rebalancer.model.checkup import Check, Checkup, Figures, Verdict
from rebalancer.model.text import cents, counted
from rebalancer.report.console import Screen, line
from rebalancer.report.tables import Grid, grid

STYLES: Mapping[Verdict, str] = {"pass": "green", "warn": "yellow", "fail": "bold red"}
FIGURES = ("cash", "equity", "long_value", "non_marginable_buying_power", "buying_power")

Column = tuple[str, Sequence[Decimal | None]]
"""A heading, and a value for each of FIGURES."""


def checkup_screen(found: Checkup, shared: str = "This machine") -> Screen:
    """`shared` is what is checked where that is no account."""
    title = f"Account {found.subject}" if found.subject else shared
    rows = ((each.name, line(each.verdict, STYLES[each.verdict]), _found(each)) for each in found.checks)
    yield grid(title, ("check", "verdict", "~found, and what to do"), rows)
    if found.figures:
        yield _figures(found.figures)


def _found(check: Check) -> Text:
    """The remedy below what was found: beside it, neither would have room in a window of 80 columns."""
    text = line(check.found)
    return text.append("\n").append_text(line(check.remedy, "bold")) if check.remedy else text


def _figures(figures: Sequence[Figures]) -> Grid:
    columns = tuple(_columns(figures))
    title = f"The account before and after each order, in {figures[0].currency}"
    rows = (
        (name.replace("_", " "), *(cents(values[row]) for _, values in columns)) for row, name in enumerate(FIGURES)
    )
    return grid(title, ("figure", *(f"#{heading}" for heading, _ in columns)), rows)


def _columns(figures: Sequence[Figures]) -> Iterator[Column]:
    """A column for each reading; after the two around an order, the change between them."""
    before: Column = ("", ())
    for shown in figures:
        column: Column = (shown.moment, [getattr(shown, name) for name in FIGURES])
        yield column
        if column[0] == before[0].replace("before", "after"):
            yield "change", [_change(*pair) for pair in zip(before[1], column[1], strict=True)]
        before = column


def _change(before: Decimal | None, after: Decimal | None) -> Decimal | None:
    return None if before is None or after is None else after - before


def verdict_screen(*found: Checkup) -> Screen:
    count = sum(len(checkup.checks) for checkup in found)
    failed, warned = _named(found, "fail"), _named(found, "warn")
    worst: Verdict = "fail" if failed else "warn" if warned else "pass"
    summary = f"{counted(count, 'check')}: {len(failed)} failed, {len(warned)} with warnings."
    yield line(summary, STYLES[worst], apart=True)
    named: Mapping[Verdict, tuple[str, Sequence[str]]] = {"fail": ("Failed", failed), "warn": ("With warnings", warned)}
    for verdict, (heading, names) in named.items():
        if names:
            yield line(f"{heading}: {', '.join(names)}.", STYLES[verdict])


def _named(found: Iterable[Checkup], verdict: Verdict) -> Sequence[str]:
    """As in "halt of account main"."""
    return [
        f"{check.name} of account {checkup.subject}" if checkup.subject else check.name
        for checkup in found
        for check in checkup.checks
        if check.verdict == verdict
    ]
