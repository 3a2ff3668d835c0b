"""Quotes of the past: a day's close stands in for its evening's price."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np

from rebalancer.market.clock import SimulatedClock
from rebalancer.market.closes import HistoryQuotes
from rebalancer.model import Closes, CorporateAction, Snapshot, Symbol

SPY, TLT, GLD = Symbol("SPY"), Symbol("TLT"), Symbol("GLD")
EVENING = datetime(2022, 6, 9, 19, 50, tzinfo=UTC)
TOMORROW = date(2022, 6, 10)


@dataclass
class Ledger:
    """A history that counts what it was asked for. SPY closed at 400 and 410, TLT on the first day alone."""

    asked: list[tuple[Symbol, ...]] = field(default_factory=list)

    def closes(self, symbols: Sequence[Symbol], before: date) -> Closes:
        self.asked.append(tuple(symbols))
        known = {SPY: (400.0, 410.0), TLT: (100.0, np.nan)}
        days = np.array(["2022-06-08", "2022-06-09"], dtype="datetime64[D]")
        columns = [known.get(name, (np.nan, np.nan)) for name in symbols]
        return Closes(days, tuple(symbols), np.array(columns).T)

    def actions(self, symbols: Sequence[Symbol], first: date, last: date) -> tuple[CorporateAction, ...]:
        return ()


def quotes(history: Ledger) -> HistoryQuotes:
    return HistoryQuotes(SimulatedClock(EVENING), history, (SPY,), TOMORROW)


def test_what_no_bot_names_any_more_has_its_price_too() -> None:
    shown = quotes(Ledger()).snapshots([TLT, SPY, GLD])
    assert {name: one.bar and one.bar.close for name, one in shown.items()} == {SPY: Decimal(410), TLT: None}


def test_a_symbol_without_a_close_tonight_shows_its_last_one_and_is_silent() -> None:
    found: Snapshot = quotes(Ledger()).snapshots([TLT])[TLT]
    assert found.silent
    assert found.previous is not None
    assert (found.previous.session, found.previous.close) == (date(2022, 6, 8), Decimal(100))


def test_the_history_is_asked_again_only_for_a_symbol_that_is_new() -> None:
    history = Ledger()
    market = quotes(history)
    for wanted in ([SPY], [SPY], [TLT], [SPY, TLT]):
        market.snapshots(wanted)
    assert history.asked == [(SPY,), (SPY, TLT)]
