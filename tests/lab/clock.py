"""A virtual clock: time passes only when a process sleeps or a request is sent."""

from datetime import datetime, timedelta


class LabClock:
    """`true` is the simulated time and never falls; the program reads `true` + `offset`."""

    def __init__(self, start: datetime) -> None:
        self.start = self.true = start
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return self.true + self.offset

    def elapsed(self) -> float:
        return (self.true - self.start).total_seconds()

    def sleep(self, seconds: float) -> None:
        if not seconds >= 0:
            raise ValueError(f"a sleep of {seconds} seconds")
        self.true += timedelta(seconds=seconds)

    def wait_until(self, moment: datetime) -> None:
        self.true = max(self.true, moment)
