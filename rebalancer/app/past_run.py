"""A past run with everything that its plan was made from: from the journal and what is kept beside it, or a bundle."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rebalancer.errors import BadInputError
from rebalancer.events import Event
from rebalancer.journal import input_store, plans, read
from rebalancer.journal.input_store import Circumstances
from rebalancer.model import Closes
from rebalancer.portfolio.plan_inputs import PlanInputs


@dataclass(frozen=True, slots=True)
class PastRun:
    """`bots` are the bytes of the bots' files by name; `made` are the events from their decisions to the plan."""

    run: int
    session: date
    circumstances: Circumstances
    inputs: PlanInputs
    closes: Closes
    bots: Mapping[str, bytes]
    made: tuple[Event, ...]


def from_journal(journal: Path, number: int | None = None) -> PastRun:
    """The run of that `number`, or the last one.

    Raises BadInputError where there is no such run, where it made no plan, or where nothing was kept of it;
    RunFailedError for a file that can't be read.
    """
    found = read.run(journal, number).run
    run, line = found.id, plans.plan_line(journal, found.id)
    if line is None:
        raise BadInputError.of(f"run {run}", f"can't be replayed: it made no plan ({found.reason})")
    file = input_store.inputs_file(journal)
    kept = input_store.kept_run(file, run, line)
    if kept is None:
        raise BadInputError.of(
            f"run {run}",
            f"can't be replayed: {file} has nothing of it. It ran with an earlier version, was ended before it could "
            "write it, or the journal was restored without that file",
        )
    inputs, closes = kept[0].inputs, kept[1]
    bots = plans.bot_files(journal, run)
    return PastRun(run, found.session, kept[0].circumstances, inputs, closes, bots, plans.decided(journal, run))
