"""Notifications: their kinds, and the quiet hours in which only urgent ones are sent."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

NoticeKind = Literal[
    "success", "warnings", "partial", "failed", "missed", "halt", "resume", "arming", "order", "keys", "digest"
]
"""Of a run: an uneventful success, a success with warnings, and the other ends; then what a person did or has to see.

`halt`: trading was stopped, by a person or by a run. `arming`: real money may be traded, or no more. `order`: one that
was lost turned up. `keys`: the broker refuses the API keys, or they can't be read. `digest`: the week.
"""
URGENT: frozenset[NoticeKind] = frozenset({"partial", "failed", "missed", "halt", "order", "keys"})
"""A person has to look at these today; they are sent in quiet hours too."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begins` until `ends` every day, by the clocks in `zone`; over midnight where `ends` is the earlier one."""

    begins: time
    ends: time
    zone: ZoneInfo

    def end(self, now: datetime) -> datetime | None:
        """When the quiet hours that `now` lies in are over; None outside them."""
        here = now.astimezone(self.zone)
        began = here.date() if here.time() >= self.begins else here.date() - timedelta(days=1)
        begins = datetime.combine(began, self.begins, self.zone)
        last = began if self.begins < self.ends else began + timedelta(days=1)
        ends = datetime.combine(last, self.ends, self.zone)
        return ends if begins <= here < ends else None

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}-{self.ends:%H:%M} {self.zone.key}"
