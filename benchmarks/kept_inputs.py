"""The size of what is kept for `rebalance replay`: evenings of ten years, whose prices pay dividends.

python benchmarks/kept_inputs.py [--symbols 50] [--sessions 2520] [--quick]

Each evening sees the adjusted closes of five years before the first one and of all days since. Each symbol pays a
dividend every quarter, which rewrites all closes before it; issuers of five symbols pay on the same day. `--quick`
keeps every evening of the first, the fifth and the last year and adds up the others from these three.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np

from rebalancer.journal.input_store import Circumstances, keep
from rebalancer.model import Closes, Holdings, Instrument, Limits, Price, Share, Symbol, Trading
from rebalancer.model.instrument import us_equity
from rebalancer.portfolio.plan_inputs import PlanInputs
from rebalancer.portfolio.rounding import Caps

YEAR, BEFORE, QUARTER, FAMILY = 252, 5 * 252, 63, 5
CIRCUMSTANCES = Circumstances("0.1.0", {"python": "3.11.7", "numpy": "2.4.6"}, {"a bot": "bot.json"})


class Market:
    """Unadjusted prices in cents from a random walk, and closes adjusted by the dividends up to a session."""

    def __init__(self, symbols: int, sessions: int) -> None:
        random = np.random.default_rng(19)
        days = np.arange("2015-01-01", "2045-01-01", dtype="datetime64[D]")
        self.sessions = days[np.is_busday(days)][: BEFORE + sessions]
        steps = random.normal(0.0003, 0.012, (len(self.sessions), symbols))
        self.prices = np.round(random.uniform(20, 400, symbols) * np.exp(np.cumsum(steps, axis=0)), 2)
        self.symbols = tuple(Symbol(f"T{number:03}") for number in range(symbols))

    def closes(self, last: int) -> Closes:
        """As an evening of session `last` sees them, rounded to hundredths of a cent as vendors do."""
        values = self.prices[: last + 1].copy()
        for column in range(len(self.symbols)):
            offset = (column // FAMILY * 13) % QUARTER
            for day in range(offset, last + 1, QUARTER):
                values[:day, column] *= 1 - 0.004
        return Closes(self.sessions[: last + 1], self.symbols, np.round(values, 4), provisional=True)

    def inputs(self, last: int) -> PlanInputs:
        day, at = self.sessions[last].item(), datetime(2026, 3, 2, 20, 50, tzinfo=UTC)
        prices = tuple(
            Price(symbol, Decimal(f"{value:.2f}"), "quote", at, 1.234567 + last, Decimal(f"{value:.2f}"))
            for symbol, value in zip(self.symbols, self.prices[last], strict=True)
        )
        held = {symbol: Decimal(10 + (last + place) % 50) for place, symbol in enumerate(self.symbols)}
        values = {price.symbol: held[price.symbol] * price.value for price in prices}
        equity = sum(values.values(), Decimal(1000))
        return PlanInputs(
            session=day,
            shares=(Share("a bot", 1.0, 1.0),),
            notes=(),
            since={"a bot": None},
            renames={},
            trading=Trading(),
            fallback=None,
            holdings=Holdings(held, {}, Decimal(0), values),
            investable=equity,
            prices=prices,
            missing=(),
            untradable={},
            suspects={},
            instruments=dict(self._instruments()),
            caps=Caps(Limits(), equity, held),
        )

    def _instruments(self) -> Iterator[tuple[Symbol, Instrument]]:
        return ((symbol, us_equity(symbol)) for symbol in self.symbols)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, default=50)
    parser.add_argument("--sessions", type=int, default=10 * YEAR)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    market = Market(options.symbols, options.sessions)
    years = range(0, options.sessions, YEAR)
    measured = [years[0], years[len(years) // 2], years[-1]] if options.quick else [*years]
    grown, slowest = {}, 0.0
    with tempfile.TemporaryDirectory() as folder:
        for first in measured:
            # A file for each year measured in `--quick`: it begins with the last evening before.
            file = Path(folder) / (f"{first}.inputs" if options.quick else "all.inputs")
            before = 0
            for number in range(first - bool(options.quick), min(first + YEAR, options.sessions)):
                inputs, closes = market.inputs(BEFORE + number), market.closes(BEFORE + number)
                began = time.perf_counter()
                keep(file, number + 2, "line", CIRCUMSTANCES, inputs, closes)
                slowest = max(slowest, time.perf_counter() - began) if number >= first else slowest
                if number < first:
                    before = file.stat().st_size
            grown[first] = file.stat().st_size - before
            print(f"year {first // YEAR + 1}: {grown[first] / 1e6:8.2f} MB, slowest evening {slowest * 1000:.0f} ms")
    total = np.interp([*years], [*grown], [*grown.values()]).sum() if options.quick else grown[years[-1]]
    print(f"{options.symbols} symbols, {options.sessions:,} evenings: {total / 1e6:.1f} MB", end="")
    print(" (extrapolated)" if options.quick else "")


if __name__ == "__main__":
    main()
