"""What ten years of evenings cost to keep and to look at: python benchmarks/performance.py [--quick] [JOURNAL]

Three bots over twelve symbols trade 2,500 sessions (--quick: 250) with the simulated broker, which takes some minutes.
Printed are the journal's size, and the seconds of `performance`: of the first look, of the next one, and of the one
after another evening. With JOURNAL a journal made before is looked at; without, it is made and removed.
"""

import sys
import tempfile
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))
sys.path.append(str(Path(__file__).parents[1] / "tests" / "trading"))
from stage import Stage, Weekdays, dollars, mix, percent

from rebalancer.journal.books import books
from rebalancer.model import Limits, Symbol

FIRST, TEN_YEARS, QUICK = date(2024, 3, 4), 2_500, 250
SYMBOLS = ["SPY", "QQQ", "IWM", "TLT", "IEF", "GLD", "XLE", "XLK", "XLV", "XLU", "EEM", "VNQ"]
STEPS, CENT = 11, Decimal("0.01")


def trade(folder: Path, sessions: int) -> Stage:
    """Prices move by up to 1 % a session; the same in every run."""
    stage = Stage(
        folder,
        {
            "steady": (mix(SPY=30, TLT=20, IEF=20, GLD=15, VNQ=15), dollars("steady", 120_000)),
            "sectors": (mix(XLE=25, XLK=25, XLV=25, XLU=25), dollars("sectors", 80_000)),
            "growth": (mix(QQQ=40, IWM=20, EEM=20, SPY=20), percent("growth", 20)),
        },
        cash=Decimal(300_000),
        limits=Limits(),
    )
    stage.market.prices |= {Symbol(name): Decimal(50 + 30 * place) for place, name in enumerate(SYMBOLS)}
    for number, day in enumerate(days(sessions)):
        stage.on(day)
        for place, name in enumerate(SYMBOLS):
            step = Decimal((number * 7 + place * 5) % STEPS - STEPS // 2) / 500
            stage.market.prices[Symbol(name)] = (stage.market.prices[Symbol(name)] * (1 + step)).quantize(CENT)
        stage.run()
    return stage


def days(sessions: int) -> tuple[date, ...]:
    return Weekdays().sessions(FIRST, FIRST + timedelta(days=2 * sessions))[:sessions]


def look(journal: Path, label: str) -> None:
    start = time.perf_counter()
    found = books(journal, "demo")
    print(f"{label}: {time.perf_counter() - start:.2f} s, {len(found.valuations):,} readings of the account")


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "--quick"]
    with tempfile.TemporaryDirectory() as folder:
        if words:
            journal = Path(words[0])
        else:
            start = time.perf_counter()
            journal = trade(Path(folder), QUICK if "--quick" in sys.argv else TEN_YEARS).journal_file
            print(f"made in {time.perf_counter() - start:.0f} s")
        print(f"the journal has {journal.stat().st_size / 1e6:,.1f} MB")
        look(journal, "first look")
        look(journal, "next look ")


if __name__ == "__main__":
    main()
