"""What a folder of strategies takes to back-test, and whether its cost is linear in the size of a chart.

    python benchmarks/strategies.py FOLDER PRICES                 a table, the fit, and the slowest five
    python benchmarks/strategies.py FOLDER PRICES --csv OUT.csv   the same as CSV
    python benchmarks/strategies.py FOLDER random                 on random walks: every chart on as many sessions

FOLDER holds bot files of any format that is read, in folders below it. PRICES is a folder of price files, as in
`[data]`, or `random`, on which all tickers have all sessions, so that charts compare. Each file is run in a process of
its own, so that its peak memory is its own: what it takes beyond the closes. Nodes are those of the file, distinct
nodes those of the program, in which equal parts are one. Seconds are processor time, the smallest of three rounds:
reading and compiling, then the decisions of all days and the trades they lead to. Of the slowest five a profile says
which functions take most of that, themselves alone. Not measured: time on the clock, and many of them in one process.
"""

import argparse
import cProfile
import csv
import multiprocessing
import pstats
import resource
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from rebalancer.backtest.follow import Market, backtest_decisions
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.formats import read
from rebalancer.bots.flowchart.rule import Rebalance, Threshold
from rebalancer.bots.own_prices import last_known
from rebalancer.bots.together import decide_alone
from rebalancer.market.folder import read_folder
from rebalancer.model import Allocation, Bars, BotFailure, Closes, Symbol

ENDINGS = (".json", ".clj", ".edn", ".json.gz", ".clj.gz", ".edn.gz")
ROUNDS, SESSIONS = 3, 5_040
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Row:
    """It decides on `days` of its `sessions`. `why` says why a file does not run, or not on the last of them."""

    folder: str
    file: str
    nodes: int = 0
    distinct: int = 0
    depth: int = 0
    tickers: int = 0
    without_prices: int = 0
    rule: str = ""
    look_back: int = 0
    read_seconds: float = 0.0
    run_seconds: float = 0.0
    peak_mb: float = 0.0
    sessions: int = 0
    days: int = 0
    first_day: str = ""
    last_allocation: str = ""
    why: str = ""


def measured(file: Path, known: Closes | None) -> Row:
    """To be called in a process of its own."""
    start = time.process_time()
    chart, problems = read(file.read_bytes(), file.name)
    if chart is None:
        return Row(file.parent.name, file.name, why=str(problems[0]))
    bot = FlowchartBot.of(chart)
    taken = time.process_time() - start
    closes, missing = closes_for(bot, known) if known else (random_walks(bot), [])
    before = peak()
    seconds = [run_seconds(bot, closes) for _ in range(ROUNDS)]
    most = peak() - before
    decided = np.flatnonzero(decide_alone(bot, closes).decided)
    found, decision = bot.findings(), bot.decide(closes)
    return Row(
        folder=file.parent.name,
        file=file.name,
        nodes=sum(count for _, count in found.nodes),
        distinct=len(bot.program.table),
        depth=found.depth,
        tickers=len(bot.symbols),
        without_prices=len(missing),
        rule=in_words(chart.rebalance),
        look_back=bot.lookback,
        read_seconds=taken,
        run_seconds=min(seconds),
        peak_mb=most,
        sessions=len(closes.sessions),
        days=len(decided),
        first_day=str(closes.day(int(decided[0]))) if decided.size else "",
        last_allocation=allocation(decision) if isinstance(decision, Allocation) else "",
        why=why(missing, decision) if isinstance(decision, BotFailure) else "",
    )


def run_seconds(bot: FlowchartBot, closes: Closes) -> float:
    start = time.process_time()
    market = Market(last_known(closes.values), closes.symbols)
    backtest_decisions(market, decide_alone(bot, closes), 100_000.0, 0.0005)
    return time.process_time() - start


def profile(file: Path, known: Closes | None) -> str:
    """Where most of its run goes. To be called in a process of its own."""
    chart, _ = read(file.read_bytes(), file.name)
    assert chart is not None  # noqa: S101 - it ran before
    bot = FlowchartBot.of(chart)
    profiler = cProfile.Profile()
    profiler.runcall(run_seconds, bot, closes_for(bot, known)[0] if known else random_walks(bot))
    found: dict[Any, Any] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    own = {f"{Path(place).name}:{name}": times[2] for (place, _, name), times in found.items()}
    return ", ".join(f"{name} {100 * own[name] / sum(own.values()):.0f} %" for name in sorted(own, key=own.get)[:-6:-1])  # type: ignore[arg-type]


def closes_for(bot: FlowchartBot, known: Closes) -> tuple[Closes, list[Symbol]]:
    """All days of the bot's tickers, a column of NaN for one without prices; and those tickers."""
    columns = {name: column for column, name in enumerate(known.symbols)}
    values = np.full((len(known.sessions), len(bot.symbols)), np.nan)
    for place, name in enumerate(bot.symbols):
        if name in columns:
            values[:, place] = known.values[:, columns[name]]
    used = np.flatnonzero(~np.isnan(values).all(axis=1))
    rows = slice(int(used[0]) if used.size else 0, None)
    nothing = np.full((len(known.sessions), len(bot.bars)), np.nan)
    fields_read = {field: nothing[rows] for each in bot.bars.values() for field in each}
    bars = Bars(tuple(bot.bars), fields_read) if bot.bars else None
    missing = [name for name in bot.symbols if name not in columns]
    return Closes(known.sessions[rows], bot.symbols, values[rows], bars=bars), missing


def random_walks(bot: FlowchartBot) -> Closes:
    """Around one market; the bars of a session lie 1 % about its close."""
    draw = np.random.default_rng(7).normal
    market, own = draw(0.0004, 0.01, (SESSIONS, 1)), draw(0, 0.01, (SESSIONS, len(bot.symbols)))
    values = 100 * np.exp(np.cumsum(market * draw(0.5, 1, len(bot.symbols)) + own, axis=0))
    read = values[:, [bot.symbols.index(name) for name in bot.bars]]
    around = {"open": read, "high": 1.01 * read, "low": 0.99 * read, "volume": np.full_like(read, 1e6)}
    bars = Bars(tuple(bot.bars), {field: around[field] for each in bot.bars.values() for field in each})
    return Closes(np.busday_offset("2004-01-02", np.arange(SESSIONS)), bot.symbols, values, bars=bars)


def peak() -> float:
    """The most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE


def in_words(rule: Rebalance) -> str:
    return f"threshold {100 * rule.width:g} %" if isinstance(rule, Threshold) else rule


def allocation(decision: Allocation) -> str:
    return ", ".join(f"{name} {100 * weight:.4g} %" for name, weight in sorted(decision.weights.items())) or "cash"


def why(missing: Sequence[Symbol], decision: BotFailure) -> str:
    return f"no prices of {', '.join(missing)}; {decision.reason}" if missing else decision.reason


def apart(work: Callable[[Path, Closes | None], Any], file: Path, known: Closes | None) -> Any:  # noqa: ANN401
    """What `work` finds in a forked child, which shares the closes and ends with its memory; else its exit code."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send(work(file, known)))
    child.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        child.join()
        return child.exitcode
    finally:
        child.join()


def row_of(file: Path, known: Closes | None) -> Row:
    found = apart(measured, file, known)
    return found if isinstance(found, Row) else Row(file.parent.name, file.name, why=f"the process ended with {found}")


def fit(rows: Sequence[Row]) -> None:
    """Least squares of the logarithms: an exponent of 1 is linear."""
    ran = [row for row in rows if row.run_seconds > 0 and row.distinct > 20]
    if len(ran) < 3:
        return
    seconds = np.array([row.run_seconds for row in ran])
    print(f"\n{len(ran)} charts of more than 20 distinct nodes:")
    for name, sizes in (
        ("distinct nodes", np.array([row.distinct for row in ran], dtype=np.float64)),
        ("distinct nodes x sessions", np.array([row.distinct * row.sessions for row in ran], dtype=np.float64)),
    ):
        exponent, constant = np.polyfit(np.log(sizes), np.log(seconds), 1)
        spread = 1 - np.var(np.log(seconds) - exponent * np.log(sizes) - constant) / np.var(np.log(seconds))
        print(f"  seconds ~ ({name}) ^ {exponent:.2f}, R squared {spread:.2f}")
    low, middle, high = np.percentile(1e6 * seconds / [row.distinct for row in ran], (10, 50, 90))
    print(f"  microseconds a distinct node: {middle:.0f}; a tenth less than {low:.0f}, a tenth more than {high:.0f}")


def slowest(rows: Sequence[Row], files: Sequence[Path], known: Closes | None) -> None:
    print("\nThe slowest five, and the functions that take most of each:")
    for row, file in sorted(zip(rows, files, strict=True), key=lambda pair: -pair[0].run_seconds)[:5]:
        if row.run_seconds:
            each = 1e6 * row.run_seconds / row.distinct
            print(f"  {row.folder}/{row.file}: {row.run_seconds:.3f} s, {each:.0f} microseconds a distinct node")
            print(f"    {apart(profile, file, known)}", flush=True)


def table(rows: Iterable[Row]) -> None:
    print(
        f"{'folder':18} {'file':38} {'nodes':>6} {'dist.':>6} {'tick.':>5} {'rule':>14} {'read s':>7} {'run s':>7} "
        f"{'MB':>6} {'days':>5}  last allocation, or why it does not run"
    )
    for row in rows:
        last = row.why or row.last_allocation
        print(
            f"{row.folder:18} {row.file[:38]:38} {row.nodes:6} {row.distinct:6} {row.tickers:5} {row.rule:>14} "
            f"{row.read_seconds:7.3f} {row.run_seconds:7.3f} {row.peak_mb:6.0f} {row.days:5}  {last[:80]}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("prices", type=Path)
    parser.add_argument("--csv", type=Path)
    asked = parser.parse_args()
    files = sorted(file for file in asked.folder.rglob("*") if file.name.endswith(ENDINGS))
    if not files:
        sys.exit(f"there is no bot file in {asked.folder}")
    known = None if str(asked.prices) == "random" else read_folder(asked.prices)
    rows = [row_of(file, known) for file in files]
    table(rows)
    fit(rows)
    slowest(rows, files, known)
    if asked.csv:
        with asked.csv.open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(field.name for field in fields(Row))
            writer.writerows(map(astuple, rows))


if __name__ == "__main__":
    main()
