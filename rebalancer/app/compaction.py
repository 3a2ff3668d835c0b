"""Removes what is kept beside the journal and nothing refers to: prices, and what plans were made from."""

from dataclasses import dataclass

from rebalancer.app import plan_recording
from rebalancer.app.performance import BENCHMARK
from rebalancer.app.source import tickers
from rebalancer.config import Config
from rebalancer.journal.input_store import Compacted, inputs_file
from rebalancer.journal.lease import run_lock
from rebalancer.journal.plans import priced
from rebalancer.market.cache import FILE, ClosesCache, ClosesCompacted
from rebalancer.model import Symbol
from rebalancer.ports import Progress, unwatched


@dataclass(frozen=True, slots=True)
class DataCompacted:
    """None where nothing is kept of that kind."""

    plan_inputs: Compacted | None
    kept_closes: ClosesCompacted | None


def compact_data(config: Config, progress: Progress = unwatched) -> DataCompacted:
    """Remove the closes of tickers that no bot reads now and no run has looked up, and what plans were made from whose
    runs the journal does not have. The journal stays as it is.

    Raises BadInputError for a bot that can't be read, since what it needs is unknown; BusyError during a run.
    """
    journal = config.journal()
    with run_lock(journal):
        needed = _needed(config)
        has_inputs = journal.exists() and inputs_file(journal).exists()
        inputs = plan_recording.compact(config, progress) if has_inputs else None
        return DataCompacted(inputs, ClosesCache(config.state_dir / FILE).compact(needed, progress))


def _needed(config: Config) -> frozenset[Symbol]:
    pairs = {symbol for each in config.accounts for pair in each.trading.paired_tickers for symbol in pair}
    return frozenset({*tickers(config), *pairs, *priced(config.journal()), Symbol(BENCHMARK)})
