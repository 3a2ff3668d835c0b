"""What becomes of an order: the ordinary life, and the lives a test gives to some."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Act = Literal["new", "fill", "canceled", "rejected", "done_for_day", "replaced"]


@dataclass(frozen=True, slots=True)
class Then:
    """`seconds` after the order came in, or after its cancel was asked for.

    A fill brings the order up to `share` of its quantity, as soon as the market allows.
    """

    seconds: float
    act: Act
    share: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Life:
    """`steps` from the start; `cancel` replaces what is left of them once a cancel is asked for.

    `shows` is the status an open order shows instead of its own. `keeps`: so many seconds after its end a sell still
    holds its shares; users had to wait after their cancels (alpacahq/alpaca-trade-api-csharp#247 and #386).
    """

    steps: tuple[Then, ...] = (Then(0.2, "new"), Then(0.6, "fill"))
    cancel: tuple[Then, ...] = (Then(0.8, "canceled"),)
    shows: str | None = None
    keeps: float = 0


ORDINARY = Life()
NEW = Then(0.2, "new")


def part(share: str | Decimal, rest_after: float | None = None) -> Life:
    """Fills `share` first, and the rest so many seconds later or never."""
    first = Then(0.6, "fill", Decimal(share))
    return Life((NEW, first) if rest_after is None else (NEW, first, Then(0.6 + rest_after, "fill")))


def slow(seconds: float) -> Life:
    return Life((NEW, Then(seconds, "fill")))


def halted() -> Life:
    return Life((NEW,))


def rejected() -> Life:
    """Accepted with a 200 first."""
    return Life((Then(0.6, "rejected"),))


def fills_while_canceling(share: str | Decimal = Decimal(1)) -> Life:
    return Life((NEW,), (Then(0.4, "fill", Decimal(share)), Then(0.8, "canceled")))


def stuck_in_cancel() -> Life:
    return Life((NEW,), ())


def slow_cancel(seconds: float) -> Life:
    return Life((NEW,), (Then(seconds, "canceled"),))


def keeps_its_shares(seconds: float) -> Life:
    """Waits in the market, and holds its shares for so long after its cancel."""
    return Life((NEW,), keeps=seconds)


def shows(status: str) -> Life:
    return Life(shows=status)


def done_for_day(share: str | Decimal = Decimal(0)) -> Life:
    return Life((NEW, Then(0.6, "fill", Decimal(share)), Then(0.8, "done_for_day")))


def replaced() -> Life:
    """The venue puts another order in its place, as it does with a rename."""
    return Life((NEW, Then(0.6, "replaced")))


class Lives:
    """Which order gets which life: the first that was set for its symbol and side and still counts."""

    def __init__(self) -> None:
        self._set: list[tuple[str, str | None, Life, list[None] | None]] = []

    def on(self, symbol: str, life: Life, *, side: str | None = None, times: int | None = None) -> None:
        """For the next `times` orders of `symbol` (all of them without it), on `side` or on both."""
        self._set.append((symbol, side, life, None if times is None else [None] * times))

    def of(self, symbol: str, side: str) -> Life:
        for at_symbol, at_side, life, left in self._set:
            if at_symbol == symbol and at_side in {None, side} and left != []:
                if left:
                    left.pop()
                return life
        return ORDINARY
