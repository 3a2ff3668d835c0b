"""The week in a message: equity, what each bot earned, the runs, and the decisions that came closest to another one."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from rebalancer.config import AccountConfig, Config
from rebalancer.events import BotDecided
from rebalancer.journal import read
from rebalancer.journal.books import recorded_events
from rebalancer.journal.connection import reading
from rebalancer.journal.read import RunSummary
from rebalancer.model import Flip
from rebalancer.model.text import counted, money, percent, signed_cents
from rebalancer.notify.message import Message
from rebalancer.portfolio.attribution import UNASSIGNED
from rebalancer.portfolio.bookkeeping import Bookkeeper
from rebalancer.portfolio.returns import Point, account_points, bot_points, gain

MOST_RUNS = 100
CLOSEST = 3


def digest(config: Config, week: str) -> Message | None:
    """None for a week in which no account had a run. Raises RunFailedError for a journal that can't be read."""
    monday = date.fromisoformat(f"{week}-1")
    parts = ["\n".join(found) for each in config.accounts if (found := list(_account(config, each, monday)))]
    if not parts:
        return None
    return Message("digest", f"rebalance: the week of {monday}", "\n\n".join(parts))


def _account(config: Config, account: AccountConfig, monday: date) -> Iterator[str]:
    sunday = monday + timedelta(days=6)
    runs = [each for each in read.runs(config.journal(), account.name, MOST_RUNS) if monday <= each.session <= sunday]
    if not runs:
        return
    yield _runs(account.name, runs)
    yield from _earned(config, account, monday, sunday)
    yield from _flips(config, runs)


def _runs(account: str, runs: Sequence[RunSummary]) -> str:
    counts = Counter(run.status for run in runs)
    words = ", ".join(f"{number} {status}" for status, number in counts.most_common())
    return f"{account}: {counted(len(runs), 'run')} ({words}), {counted(sum(run.orders for run in runs), 'order')}."


def _earned(config: Config, account: AccountConfig, monday: date, sunday: date) -> Iterator[str]:
    keeper, currency = Bookkeeper(), account.venue.currency
    with reading(config.journal()) as journal:
        for recorded in recorded_events(journal, account.name):
            keeper.enter(recorded)
    whole = [point for point in account_points(keeper.valuations) if point.session <= sunday]
    if (earned := _gain(whole, monday)) is not None:
        yield f"Equity {money(whole[-1].value, currency)}, {earned}{' ' + currency} this week."
    for bot in keeper.books:
        points = [point for point in bot_points(keeper.valuations, bot) if point.session <= sunday]
        if bot != UNASSIGNED and (earned := _gain(points, monday)) is not None:
            yield f"- {bot}: {earned} {currency}"


def _gain(points: Sequence[Point], monday: date) -> str | None:
    start = next((place for place, point in enumerate(points) if point.session >= monday), None)
    return None if start is None else signed_cents(gain(points, start))


def _flips(config: Config, runs: Sequence[RunSummary]) -> Iterator[str]:
    """The gates whose price came closest to flipping them, in the runs of the week."""
    found: list[tuple[float, str, date, Flip]] = []
    for run in runs:
        for decision in read.run(config.journal(), run.id).decisions:
            if isinstance(decision, BotDecided):
                near = (each for each in decision.flips if each.move is not None)
                found += [(abs(float(each.move or 0)), decision.bot, run.session, each) for each in near]
    if found:
        yield "Closest to another decision:"
    for move, bot, session, flip in sorted(found, key=lambda each: each[:3])[:CLOSEST]:
        yield f"- {bot} on {session}: {flip.symbol} was {percent(move)} from it"
