"""A run's plan made again, on the terminal."""

from rebalancer.app.replay import PriceChosen, Replay
from rebalancer.journal.input_store import Compacted
from rebalancer.model.text import counted, price_text
from rebalancer.report.console import Screen, line, lines
from rebalancer.report.tables import grid

WIDTH = 200
"""Characters of a value; --json has all of them."""


def replay_screen(found: Replay) -> Screen:
    events = counted(found.event_count, "event")
    if found.equal:
        yield line(
            f"Run {found.run} of {found.session}: the plan comes out the same, byte for byte "
            f"({events}, SHA-256 {found.sha256[:16]}).",
            "bold green",
        )
        yield from _prices(found)
        return
    rows = ((each.place, _short(each.then_value), _short(each.now_value)) for each in found.divergences)
    yield grid(f"Run {found.run} of {found.session}: what comes out otherwise", ("place", "~then", "~now"), rows)
    if found.divergence_count > len(found.divergences):
        yield line(f"These are the first {len(found.divergences)} of {found.divergence_count:,} differences.")
    yield from lines([f"Why: {cause}." for cause in found.causes], "yellow")
    if not found.causes:
        yield line(
            "Version, libraries and machine are those of the run: please report it with "
            f"`rebalance replay {found.run} --bundle FILE`.",
            "yellow",
        )
    yield from _prices(found)


def _prices(found: Replay) -> Screen:
    """Which source gave each price; in runs of earlier versions that was not kept."""
    if found.prices:
        columns = ("symbol", "#price", "by the", "~passed over before")
        yield grid(
            "Prices for orders, chosen again from what the market data showed", columns, map(_price, found.prices)
        )


def _price(each: PriceChosen) -> tuple[str, ...]:
    price = "" if each.price is None else price_text(each.price)
    return each.symbol, price, each.rung or "none", " ".join(each.passed_over)


def _short(value: str) -> str:
    return value if len(value) <= WIDTH else f"{value[:WIDTH]} and {len(value) - WIDTH:,} more characters"


def compacted_screen(found: Compacted) -> Screen:
    yield line(
        f"{found.file}: {counted(found.run_count, 'run')} and {counted(found.block_count, 'block')} removed that the "
        f"journal no longer refers to; {found.size_before:,} bytes before, {found.size:,} now."
    )
