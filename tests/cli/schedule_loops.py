"""The schedule of the config in the current folder."""

from functools import partial
from threading import Event

from rebalancer.app.schedule_loop import ScheduleLoop
from rebalancer.cli.config_file import load_config
from rebalancer.market.clock import SimulatedClock


def schedule_loop(clock: SimulatedClock, shutdown: Event | None = None) -> ScheduleLoop:
    return ScheduleLoop(partial(load_config, None, quietly=True), clock, (shutdown or Event()).is_set)
