"""Whole shares: how far a plan is from its targets, rounded down and rounded to the closest, on a fixed set of books.

    python benchmarks/rounding.py [--books 200] [--seed 1]

The distance of a book is the sum of |shares x price - target| over its symbols, in basis points of its money. Prices
are log-normal around 74 (0.9 in the logarithm), weights uniform. Books of up to four symbols are compared with the best
choice there is, found by trying all.
"""

import argparse
from collections.abc import Sequence
from decimal import Decimal
from itertools import product
from statistics import median
from time import perf_counter

import numpy as np

from rebalancer.model import Limits, symbol
from rebalancer.model.instrument import us_equity
from rebalancer.portfolio.rounding import Caps, Wanted, closest_quantities

MOST = Decimal(10**12)
NO_CAPS = Caps(Limits(max_order_dollars=MOST, max_run_dollars=MOST), MOST, {})
KINDS = ((3, 1_000), (4, 2_000), (5, 5_000), (10, 5_000), (20, 20_000), (50, 100_000), (200, 1_000_000))


def book(random: np.random.Generator, symbols: int, money: int) -> list[Wanted]:
    weights = random.random(symbols)
    targets = money * weights / weights.sum()
    prices = np.exp(random.normal(4.3, 0.9, symbols))
    return [
        Wanted(us_equity(symbol(f"S{place}")), _cents(target), _cents(price), Decimal(0))
        for place, (target, price) in enumerate(zip(targets, prices, strict=True))
    ]


def _cents(value: float) -> Decimal:
    return Decimal(float(value)).quantize(Decimal("0.01"))


def distance(asked: Sequence[Wanted], lots: Sequence[int]) -> float:
    money = sum(each.target for each in asked)
    return float(10_000 * sum(each.error(count) for each, count in zip(asked, lots, strict=True)) / money)


def best(asked: Sequence[Wanted]) -> float:
    money = sum(each.target for each in asked)
    choices = product(*[range(each.floor + 2) for each in asked])
    affordable = (lots for lots in choices if sum(e.lot_value * n for e, n in zip(asked, lots, strict=True)) <= money)
    return min(distance(asked, lots) for lots in affordable)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--books", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(
        f"{'symbols':>7} {'money':>9} {'floor, bp':>10} {'closest, bp':>12} {'best, bp':>9} {'not best':>9} {'ms':>7}"
    )
    for symbols, money in KINDS:
        random = np.random.default_rng([options.seed, symbols, money])
        floors, chosen, optimal, seconds = [], [], [], []
        for _ in range(options.books):
            asked = book(random, symbols, money)
            began = perf_counter()
            found = closest_quantities(asked, NO_CAPS)
            seconds.append(perf_counter() - began)
            floors.append(distance(asked, [each.floor for each in asked]))
            chosen.append(distance(asked, [int(lots) for lots in found.values()]))
            if symbols <= 4:
                optimal.append(best(asked))
        worse = sum(mine > least + 1e-9 for mine, least in zip(chosen, optimal, strict=False))
        known = f"{median(optimal):9.1f} {worse:9}" if optimal else f"{'':>9} {'':>9}"
        row = f"{symbols:7} {money:9,} {median(floors):10.1f} {median(chosen):12.1f} {known}"
        print(f"{row} {1000 * median(seconds):7.2f}")


if __name__ == "__main__":
    main()
