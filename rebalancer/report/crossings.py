"""What passed between the bots in a run, on the terminal."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from rebalancer.journal.read import RunRecord
from rebalancer.model.text import cents, digits, grouped
from rebalancer.portfolio.crossings import Crossing
from rebalancer.report.console import Screen
from rebalancer.report.run import currency_of
from rebalancer.report.tables import grid


def crossings_screen(record: RunRecord, crossed: Sequence[Crossing]) -> Screen:
    if crossed:
        verb = "Would cross" if record.run.dry_run else "Crossed"
        title = f"{verb} between the bots, without an order"
        money = f"#value {currency_of(record)}"
        yield grid(title, ("symbol", "#shares", "#price", money, "gave", "took", "#traded beside"), map(_row, crossed))


def _row(each: Crossing) -> tuple[str, ...]:
    sides = (_parts(side) for side in (each.gave, each.took))
    value = cents(each.quantity * each.price)
    return each.symbol, grouped(each.quantity), digits(each.price), value, *sides, f"{each.traded:+,f}"


def _parts(parts: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{owner} {digits(part)}" for owner, part in parts.items())
