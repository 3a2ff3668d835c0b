"""What ten years of daily closes cost, fetched whole and on an evening after: python benchmarks/history.py [SYMBOLS]

The local Alpaca of the tests answers in the same process, so most of the seconds are its own, and they belong to one
machine. The requests and the ratio travel.
"""

import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from local_alpaca import LocalAlpaca

from rebalancer.market.cache import ClosesCache
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.model import Symbol
from rebalancer.model.keys import Keys
from rebalancer.venues.alpaca.client import AlpacaClient
from rebalancer.venues.alpaca.history import AlpacaHistory

FIRST, MONDAY, TUESDAY = date(2016, 11, 21), datetime(2026, 11, 23, 20, 50, tzinfo=UTC), date(2026, 11, 24)
A_DAY = 86_400


def measure(venue: LocalAlpaca, history: AlpacaHistory, symbols: list[Symbol], label: str) -> float:
    """Seconds."""
    requests, start = len(venue.requests), time.perf_counter()
    closes = history.closes(symbols, before=venue.clock.now().date())
    seconds = time.perf_counter() - start
    sessions, count = closes.values.shape
    print(f"{label}: {len(venue.requests) - requests} requests, {seconds:.2f} s, {sessions} sessions x {count} symbols")
    return seconds


def main() -> None:
    symbols = [Symbol(f"S{number:03}") for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 500)]
    with LocalAlpaca(MONDAY) as venue, tempfile.TemporaryDirectory() as folder:
        calendar = ExchangeCalendar(venue.clock)
        sessions = calendar.sessions(FIRST, TUESDAY)
        for number, symbol in enumerate(symbols):
            venue.market.list(symbol, {day: Decimal(100 + (at + number) % 50) for at, day in enumerate(sessions)})
        keys = Keys(venue.key_id, venue.secret)
        with closing(AlpacaClient(keys, venue.clock, trading_url=venue.url, data_url=venue.url)) as client:
            cache = ClosesCache(Path(folder) / "prices.sqlite")
            history = AlpacaHistory(client, cache, calendar, venue.clock, since=FIRST)
            cold = measure(venue, history, symbols, "nothing kept  ")
            venue.clock.sleep(A_DAY)
            cached = measure(venue, history, symbols, "evening after ")
            start = time.perf_counter()
            history.cached(symbols, before=TUESDAY)
            print(f"what is kept, without asking: {time.perf_counter() - start:.2f} s")
            print(f"the evening after takes {cached / cold:.3f} of the first")


if __name__ == "__main__":
    main()
