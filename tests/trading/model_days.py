"""A bot's evenings, as its journal has them."""

from stage import Stage

from rebalancer.journal.books import decisions_of, recorded_events
from rebalancer.journal.connection import reading
from rebalancer.portfolio.bookkeeping import Bookkeeper
from rebalancer.portfolio.evenings import Evening, Evenings


def evenings(stage: Stage, bot: str) -> list[Evening]:
    with reading(stage.journal_file) as journal:
        seen, keeper = Evenings(bot, decisions_of(journal, "demo", bot)), Bookkeeper()
        for recorded in recorded_events(journal, "demo"):
            seen.see(recorded, keeper, keeper.enter(recorded))
    return seen.found
