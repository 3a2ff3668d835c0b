"""Live against model, on the terminal."""

from collections.abc import Iterator, Mapping, Sequence

from rebalancer.app.live_against_model import LiveAgainstModel
from rebalancer.model.text import listed, money, percentage, signed_cents
from rebalancer.portfolio.shortfall import CAUSES, Cause, Shortfall
from rebalancer.report.console import Screen, line, lines
from rebalancer.report.tables import grid

NAMES: Mapping[Cause, str] = {
    "decision": "decided before the close",
    "timing": "prices before the close",
    "netting": "netting and caps",
    "whole_shares": "whole shares",
    "missed": "missed or partial runs",
    "slippage": "spread and slippage",
    "fees": "fees",
    "dividends": "dividends",
    "unexplained": "unexplained",
}
MOST_DAYS = 10
HOW = (
    "The model holds the bot's money in its weights from close to close, in fractions of shares and without costs. "
    "docs/journal.md explains each cause."
)


def against_model_screen(found: LiveAgainstModel, bot: str, currency: str) -> Screen:
    yield from lines(found.notes, "yellow")
    yield line(sentence(found, bot, currency), apart=True)
    yield grid(f"Live against model, {bot}, {currency}", ("", "#"), rows(found))
    used = [cause for cause in CAUSES if any(day.causes[cause] for day in found.days)]
    columns = ("session", "#live", "#model", *(f"#{NAMES[cause]}" for cause in used))
    shown = found.days[-MOST_DAYS:]
    title = (
        f"By day{f', the last {MOST_DAYS} of {len(found.days):,}' if len(found.days) > MOST_DAYS else ''}, {currency}"
    )
    yield grid(title, columns, (_day(day, used) for day in shown))
    yield line(HOW, "dim")


def sentence(found: LiveAgainstModel, bot: str, currency: str) -> str:
    """What the bot earned beside its model, and the three largest causes."""
    live, model = (money(amount, currency, signed=True) for amount in (found.live, found.model))
    gained = f"{bot} gained {live}, its model {model}"
    if not found.largest:
        return f"{gained}: there is no difference."
    parts = (f"{NAMES[cause]} {money(found.causes[cause], currency, signed=True)}" for cause in found.largest)
    worst = f"{found.unexplained_bps:.2f}".rstrip("0").rstrip(".")
    return f"{gained}. Most of the difference: {listed(list(parts))}. Unexplained: at most {worst} bp a day."


def rows(found: LiveAgainstModel) -> Iterator[tuple[str, str]]:
    yield "model", signed_cents(found.model)
    for cause in CAUSES:
        yield f"  {NAMES[cause]}", signed_cents(found.causes[cause])
    yield "live", signed_cents(found.live)
    yield "back-test, same days", percentage(found.model_return) or "-"


def _day(day: Shortfall, used: Sequence[Cause]) -> tuple[str, ...]:
    return (
        str(day.session),
        signed_cents(day.live),
        signed_cents(day.model),
        *(signed_cents(day.causes[cause]) for cause in used),
    )
