"""Time that passes only where somebody waits or asks."""

from datetime import datetime, timedelta


class LabClock:
    """`true` is the world's time and only rises; the machine's clock is `offset` away from it."""

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
