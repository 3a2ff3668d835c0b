"""Whether tonight's prices come with the bars that bots read."""

from collections.abc import Iterable, Iterator

from rebalancer.bots.base import Bot
from rebalancer.market.bars import bars_read
from rebalancer.market.closes import ClosesQuotes
from rebalancer.model.checkup import Check
from rebalancer.model.text import counted, listed
from rebalancer.ports import Quotes


def bars_so_far(bots: Iterable[Bot], quotes: Quotes) -> Iterator[Check]:
    """One check; none, and nothing asked, for bots of closes alone. In files the last day stands in for tonight."""
    read = bars_read(bots)
    if not read or isinstance(quotes, ClosesQuotes):
        return
    shown = quotes.snapshots(sorted(read))
    lacking = {
        symbol: [field for field in fields if field not in bar.rest]
        for symbol, fields in read.items()
        if symbol in shown and (bar := shown[symbol].bar)
    }
    words = [f"{symbol} has no {' and no '.join(fields)}" for symbol, fields in lacking.items() if fields]
    if words:
        remedy = "A bot that reads them can't decide in the evening: see docs/prices.md on tonight's bar."
        yield Check("bars", "warn", f"tonight's bars are not all known: {listed(words)}", remedy)
    else:
        yield Check("bars", "pass", f"tonight's bars of {counted(len(read), 'ticker')} come with the prices")
