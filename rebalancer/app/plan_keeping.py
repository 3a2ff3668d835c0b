"""What plans were made from: kept once a run is over, copied with the journal, removed with its run."""

import platform
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from rebalancer import __version__
from rebalancer.app.outputs import Output, check_outputs
from rebalancer.config import Config
from rebalancer.errors import BadInputError, in_tree
from rebalancer.journal import connection, input_store, plans
from rebalancer.journal.connection import Backup
from rebalancer.journal.input_store import Circumstances, Compacted, inputs_file
from rebalancer.model import Closes, RunId
from rebalancer.portfolio.plan_inputs import PlanInputs

LIBRARIES = ("numpy", "pandas")
"""What computes decisions, or may in a Python bot."""


class PlanKeeper:
    """Takes what a run's plan was made from, and writes it down when the run is over."""

    def __init__(self) -> None:
        self._taken: tuple[PlanInputs, Closes] | None = None

    def take(self, inputs: PlanInputs, closes: Closes) -> None:
        self._taken = inputs, closes

    def write(self, journal: Path, run: RunId, bots: Mapping[str, Path]) -> str | None:
        """Write it beside the `journal`. A sentence where that failed; the run is over, and nothing is raised."""
        try:
            line = plans.plan_line(journal, run)
            if self._taken is not None and line is not None:
                file = inputs_file(journal)
                input_store.keep(file, run, line, circumstances(bots), *self._taken)
        except Exception as error:  # noqa: BLE001 - whatever it is: the orders are sent, and the run stands
            return f"What this run's plan was made from is not kept, so that it can't be replayed: {in_tree(error)}"
        return None


def circumstances(bots: Mapping[str, Path]) -> Circumstances:
    """Those of this process."""
    libraries = {
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "machine": f"{platform.system()} {platform.machine()}",
    }
    return Circumstances(__version__, libraries, {name: path.name for name, path in bots.items()})


def back_up(config: Config, copy: Path) -> Backup:
    """Copy the journal to the new file `copy`, and what is kept beside it to one beside that.

    Raises BadInputError where there is no journal, or something at one of the two already; RunFailedError where a copy
    can't be made.
    """
    check_outputs(config, Output("backup", copy), Output("backup", inputs_file(copy)))
    made, kept = connection.back_up(config.journal(), copy), inputs_file(config.journal())
    if not kept.exists():
        return made
    beside = inputs_file(copy)
    return replace(made, inputs=str(beside), inputs_size=input_store.back_up(kept, beside))


def compact(config: Config) -> Compacted:
    """Remove what is kept of runs that the journal does not have. Raises BadInputError where there is no journal."""
    journal = config.journal()
    if not journal.exists():
        raise BadInputError.of(journal, "there is no journal, so nobody can tell what is still needed")
    return input_store.compact(inputs_file(journal), plans.plan_lines(journal))
