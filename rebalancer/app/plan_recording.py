"""What plans were made from: kept while a run goes on, copied with the journal, removed with its run."""

import platform
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from threading import Thread

from rebalancer import __version__
from rebalancer.app.outputs import Output, check_outputs
from rebalancer.config import Config
from rebalancer.errors import BadInputError, in_tree
from rebalancer.journal import connection, input_store, plans
from rebalancer.journal.connection import Backup
from rebalancer.journal.input_store import Circumstances, Compacted, inputs_file
from rebalancer.model import Closes, RunId
from rebalancer.portfolio.plan_inputs import PlanInputs
from rebalancer.ports import Progress, unwatched

SECONDS = 20.0
"""How long a run that is over waits for the disk."""
LIBRARIES = ("numpy", "pandas")
"""What computes decisions, or may in a Python bot."""


class PlanRecorder:
    """Writes down what the plan of `run` is made from, beside the `journal`, in a thread: orders never wait for it.

    It begins when the plan is journalled, so that a run that is killed later can be replayed too.
    """

    def __init__(self, journal: Path, run: RunId, bots: Mapping[str, Path]) -> None:
        self._journal = journal
        self._run = run
        self._bots = bots
        self._thread: Thread | None = None
        self._trouble: str | None = None

    def take(self, inputs: PlanInputs, closes: Closes) -> None:
        """Returns at once, and raises nothing."""
        self._trouble = "it is still being written"
        thread = Thread(target=self._write, args=(inputs, closes), name="plan inputs", daemon=True)
        try:
            thread.start()
            self._thread = thread
        except RuntimeError as error:  # no room for a thread
            self._trouble = str(error)

    def trouble(self, seconds: float = SECONDS) -> str | None:
        """None once all is written, or if there was no plan; after `seconds` at most a sentence why it is not."""
        if self._thread is not None:
            self._thread.join(seconds)
        if self._trouble is None:
            return None
        return f"What this run's plan was made from is not kept, so that it can't be replayed: {self._trouble}"

    def _write(self, inputs: PlanInputs, closes: Closes) -> None:
        try:
            line = plans.plan_line(self._journal, self._run)
            if line is not None:
                file = inputs_file(self._journal)
                input_store.keep(file, self._run, line, circumstances(self._bots), inputs, closes)
            self._trouble = None
        except Exception as error:  # noqa: BLE001 - whatever it is: it must not cost the run anything
            self._trouble = str(in_tree(error))


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


def compact(config: Config, progress: Progress = unwatched) -> Compacted:
    """Remove what is kept of runs that the journal does not have. Raises BadInputError where there is no journal."""
    journal = config.journal()
    if not journal.exists():
        raise BadInputError.of(journal, "there is no journal, so what is still needed is unknown")
    return input_store.compact(inputs_file(journal), plans.plan_lines(journal), progress)
