"""The doctor's checks on the terminal: a table for this machine and one per account."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from rebalancer.model.checkup import Checkup, Figures, Verdict
from rebalancer.model.text import cents
from rebalancer.report.console import grid, line, show

STYLES: Mapping[Verdict, str] = {"pass": "green", "warn": "yellow", "fail": "bold red"}
FIGURES = ("cash", "equity", "long_value", "non_marginable_buying_power", "buying_power")

Column = tuple[str, Sequence[Decimal | None]]
"""A heading, and a value for each of FIGURES."""


def show_checkup(found: Checkup) -> None:
    table = grid(f"Account {found.subject}" if found.subject else "This machine", "check", "", "~found", "~remedy")
    for check in found.checks:
        verdict = line(check.verdict, STYLES[check.verdict])
        table.add_row(line(check.name), verdict, line(check.found), line(check.remedy))
    show(table)
    if found.figures:
        _show_figures(found.figures)


def _show_figures(figures: Sequence[Figures]) -> None:
    columns = tuple(_columns(figures))
    table = grid(
        f"The account before and after each order, in {figures[0].currency}",
        "figure",
        *(f"#{heading}" for heading, _ in columns),
    )
    for row, name in enumerate(FIGURES):
        table.add_row(line(name.replace("_", " ")), *(line(cents(numbers[row])) for _, numbers in columns))
    show(table)


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


def show_verdict(*found: Checkup) -> None:
    verdicts = [check.verdict for checkup in found for check in checkup.checks]
    failed, warned = verdicts.count("fail"), verdicts.count("warn")
    worst: Verdict = "fail" if failed else "warn" if warned else "pass"
    show(line(f"\n{len(verdicts)} checks: {failed} failed, {warned} with warnings.", STYLES[worst]))
