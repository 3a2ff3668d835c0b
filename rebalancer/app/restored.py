"""Going on with a journal that was restored from a backup."""

from collections.abc import Callable
from pathlib import Path

from rebalancer.app.views import Restored
from rebalancer.journal import high_water_mark
from rebalancer.journal.lease import run_lock


def accept_restored(path: Path, confirm: Callable[[Restored], None]) -> Restored:
    """Make the journal at `path`, as it is, the one that runs go on from, while no run can begin.

    `confirm` is shown what was lost, and raises where the answer is no. Raises BusyError while a run is in progress.
    """
    with run_lock(path):
        found = Restored(high_water_mark.load(path), high_water_mark.current(path))
        confirm(found)
        high_water_mark.save(path, found.head)
    return found
