"""The doctor's checks on the terminal: a table for this machine and one per account."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from rebalancer.model.checkup import Checkup, Figures, Verdict
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
    rows = ((each.name, line(each.verdict, STYLES[each.verdict]), each.found, each.remedy) for each in found.checks)
    yield grid(title, ("check", "verdict", "~found", "~remedy"), rows)
    if found.figures:
        yield _figures(found.figures)


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
    verdicts = [check.verdict for checkup in found for check in checkup.checks]
    failed, warned = verdicts.count("fail"), verdicts.count("warn")
    worst: Verdict = "fail" if failed else "warn" if warned else "pass"
    yield line(
        f"{counted(len(verdicts), 'check')}: {failed} failed, {warned} with warnings.", STYLES[worst], apart=True
    )
