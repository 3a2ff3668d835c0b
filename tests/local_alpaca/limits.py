"""The rate limit."""

from collections import deque
from datetime import UTC, datetime, timedelta

MINUTE = timedelta(minutes=1)


class RateLimit:
    """`per_minute` requests in any sixty seconds of the venue's time; refused ones do not count."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._taken: deque[datetime] = deque()

    def take(self, now: datetime) -> bool:
        while self._taken and self._taken[0] <= now - MINUTE:
            self._taken.popleft()
        if len(self._taken) >= self.per_minute:
            return False
        self._taken.append(now)
        return True

    def headers(self, now: datetime) -> dict[str, str]:
        reset = (self._taken[0] if self._taken else now) + MINUTE
        return {
            "X-RateLimit-Limit": str(self.per_minute),
            "X-RateLimit-Remaining": str(max(0, self.per_minute - len(self._taken))),
            "X-RateLimit-Reset": str(int(reset.astimezone(UTC).timestamp())),
        }
