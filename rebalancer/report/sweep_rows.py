"""All variants of a sweep as rows: for CSV and parquet files."""

import csv
import io
from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from rebalancer.app.sweep import Sweep
from rebalancer.backtest.ranking import Ranked
from rebalancer.bots.varied import Value
from rebalancer.errors import BadInputError

Cell = Value | None
CSV_BEGINS = b"rank,"
PARQUET_BEGINS = b"PAR1"
STATISTICS = (
    *("sharpe", "annualised", "volatility", "max_drawdown", "turnover", "exposure"),
    *("neighbours", "neighbours_mean_sharpe", "neighbours_worst_sharpe"),
)


def columns(found: Sweep) -> Mapping[str, Sequence[Cell]]:
    """By name, the best variant first, those that failed last with None and `error`.

    Returns are fractions, ratios those of a year. A parameter that is called like a statistic gets an underscore.
    """
    taken = {"rank", "error", *STATISTICS}
    names = [f"{each.name}_" if each.name in taken else each.name for each in found.parameters]
    ranked = found.ranking.trials if found.ranking else ()
    rows: list[tuple[Cell, ...]] = [(each.rank, *each.values.values(), *_statistics(each), None) for each in ranked]
    rows.extend((None, *each.values.values(), *(None,) * len(STATISTICS), each.why) for each in found.failed)
    header = ("rank", *names, *STATISTICS, "error")
    return {name: [row[place] for row in rows] for place, name in enumerate(header)}


def _statistics(trial: Ranked) -> tuple[Cell, ...]:
    around = trial.neighbours
    return (
        *(trial.sharpe, trial.annualised, trial.volatility, trial.drawdown, trial.turnover, trial.exposure),
        *((0, None, None) if around is None else (around.count, around.mean_sharpe, around.worst_sharpe)),
    )


def to_csv(found: Sweep) -> str:
    """A cell without a value is empty; numbers have all their digits."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    table = columns(found)
    writer.writerow(table)
    for row in zip(*table.values(), strict=True):
        writer.writerow(["" if cell is None else cell for cell in row])
    return out.getvalue()


def require_parquet() -> None:
    """Raises BadInputError where pyarrow, an extra, is not installed: before any work begins."""
    if find_spec("pyarrow") is None:
        text = "needs pyarrow: install it with `pip install 'rebalancer[parquet]'`, or use --csv"
        raise BadInputError.of("--parquet", text)


def to_parquet(found: Sweep) -> bytes:
    """Needs pyarrow."""
    import pyarrow as pa  # noqa: PLC0415 - an extra
    import pyarrow.parquet as pq  # noqa: PLC0415

    out = io.BytesIO()
    pq.write_table(pa.table({name: list(cells) for name, cells in columns(found).items()}), out)
    return out.getvalue()
