"""Counts orders that are doubled when their answers are lost, by the venue's own records.

PYTHONPATH=tests python tests/trading/lost_answers.py 1000
"""

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from alpaca_stage import EVENING, AlpacaStage, local_venue
from local_alpaca import faults
from scripted_sim import Script, ScriptedFault
from stage import Stage, mix, percent

from rebalancer.journal import read
from rebalancer.model import Symbol, Trading

MOST = 100_000


class Tally(NamedTuple):
    """Numbers of orders: journalled, taken by the venue, and taken twice."""

    written: int
    taken: int
    doubled: int


class Taken(NamedTuple):
    """An order as the venue has it."""

    symbol: str
    side: str


def tally(journal_file: Path, taken: Iterable[Taken]) -> Tally:
    """Baskets are bought and sold in turn, so that two buys of a symbol in a row are a doubled order."""
    orders = sorted(taken, key=lambda order: order.symbol)
    each = (list(group) for _, group in groupby(orders, key=lambda order: order.symbol))
    doubled = sum(before.side == after.side for group in each for before, after in pairwise(group))
    return Tally(len(read.orders(journal_file, limit=MOST)), len(orders), doubled)


def baskets(size: int) -> tuple[list[str], list[str]]:
    return [f"A{number}" for number in range(size)], [f"B{number}" for number in range(size)]


def sides(orders: int, names: Sequence[Sequence[str]]) -> Iterable[dict[str, int]]:
    """The weights in percent for as many runs as make up `orders`: the two baskets in turn."""
    size = len(names[0])
    evenings = 1 + -(-(orders - size) // (2 * size))
    for number in range(evenings):
        yield dict.fromkeys(names[number % 2], 100 // size)


def at_the_sim(folder: Path, orders: int) -> Tally:
    names = baskets(50)
    symbols = [Symbol(name) for basket in names for name in basket]
    stage = Stage(folder, {}, trading=Trading(fallback_ticker=None))
    stage.market.prices = dict.fromkeys(symbols, Decimal(10))
    stage.script = Script({(side, name): ScriptedFault(silent=True) for side in ("buy", "sell") for name in symbols})
    began = stage.clock.now() - timedelta(days=1)
    for weights in sides(orders, names):
        stage.bots = {"A": (mix(**weights), percent("A", 100))}
        stage.run(force=True)
        assert stage.record().run.status == "success"
    broker = stage.broker()
    taken = [Taken(state.symbol, state.side) for state in broker.named(bool, began)]
    broker.close()
    return tally(stage.journal_file, taken)


def at_alpaca(stage: AlpacaStage, orders: int) -> Tally:
    """Over HTTP, by the real client: every order is answered with a gateway timeout after it was taken."""
    venue, names = stage.venue, baskets(20)
    for name in (*names[0], *names[1]):
        venue.market.list(name, venue.market.closes["SPY"])
    venue.faults.on("POST", "/v2/orders", fault=faults.TIMEOUT_AFTER, times=None)
    days = venue.sessions.between(EVENING.date(), date.max.replace(year=EVENING.year + 1))
    for session, weights in zip(days, sides(orders, names), strict=False):
        venue.at(session.closes - timedelta(minutes=10))
        record = stage.wants(**{name: share / 100 for name, share in weights.items()}).run()
        assert record.run.status == "success", record.run.reason
    taken = [Taken(order.ticket.symbol, order.ticket.side) for order in venue.book.orders]
    return tally(stage.settings().journal(), taken)


def main(orders: int) -> None:
    with TemporaryDirectory() as folder:
        sys.stdout.write(f"sim: {at_the_sim(Path(folder), orders)}\n")
    with TemporaryDirectory() as folder, local_venue() as venue:
        os.environ |= {"PAPER_KEY": venue.key_id, "PAPER_SECRET": venue.secret}
        sys.stdout.write(f"local Alpaca, over HTTP: {at_alpaca(AlpacaStage(Path(folder), venue), orders)}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
