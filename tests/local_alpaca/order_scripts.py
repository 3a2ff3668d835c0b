"""Scripts for orders: when an order is filled, rejected or cancelled, as a test chooses."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Act = Literal["new", "fill", "canceled", "rejected", "done_for_day", "replaced"]


@dataclass(frozen=True, slots=True)
class ScriptStep:
    """An action `seconds` after the order arrived, or after the request to cancel it.

    A fill brings the filled quantity to `share` of the order's, as soon as the price allows.
    """

    seconds: float
    act: Act
    share: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class OrderScript:
    """`steps` from arrival on; a request to cancel replaces the rest of them by `cancel`.

    `shows`: status reported for an open order instead of its own. `keeps`: seconds for which an ended sell still holds
    its shares; users had to wait after their cancels (alpacahq/alpaca-trade-api-csharp#247 and #386).
    """

    steps: tuple[ScriptStep, ...] = (ScriptStep(0.2, "new"), ScriptStep(0.6, "fill"))
    cancel: tuple[ScriptStep, ...] = (ScriptStep(0.8, "canceled"),)
    shows: str | None = None
    keeps: float = 0


ORDINARY = OrderScript()
NEW = ScriptStep(0.2, "new")


def part(share: str | Decimal, rest_after: float | None = None) -> OrderScript:
    """Fills `share` first, and the rest `rest_after` seconds later or never."""
    first = ScriptStep(0.6, "fill", Decimal(share))
    return OrderScript((NEW, first) if rest_after is None else (NEW, first, ScriptStep(0.6 + rest_after, "fill")))


def slow(seconds: float) -> OrderScript:
    return OrderScript((NEW, ScriptStep(seconds, "fill")))


def halted() -> OrderScript:
    return OrderScript((NEW,))


def rejected() -> OrderScript:
    """Accepted with a 200, then rejected."""
    return OrderScript((ScriptStep(0.6, "rejected"),))


def fills_while_canceling(share: str | Decimal = Decimal(1)) -> OrderScript:
    return OrderScript((NEW,), (ScriptStep(0.4, "fill", Decimal(share)), ScriptStep(0.8, "canceled")))


def stuck_in_cancel() -> OrderScript:
    return OrderScript((NEW,), ())


def slow_cancel(seconds: float) -> OrderScript:
    return OrderScript((NEW,), (ScriptStep(seconds, "canceled"),))


def keeps_its_shares(seconds: float) -> OrderScript:
    """Never fills; its shares stay reserved for `seconds` after it is canceled."""
    return OrderScript((NEW,), keeps=seconds)


def shows(status: str) -> OrderScript:
    return OrderScript(shows=status)


def done_for_day(share: str | Decimal = Decimal(0)) -> OrderScript:
    return OrderScript((NEW, ScriptStep(0.6, "fill", Decimal(share)), ScriptStep(0.8, "done_for_day")))


def replaced() -> OrderScript:
    """The venue replaces it by another order, as after a rename."""
    return OrderScript((NEW, ScriptStep(0.6, "replaced")))


class OrderScripts:
    """Chooses the script of an order: the first one set for its symbol and side that is not used up."""

    def __init__(self) -> None:
        self._set: list[tuple[str, str | None, OrderScript, list[None] | None]] = []

    def on(self, symbol: str, script: OrderScript, *, side: str | None = None, times: int | None = None) -> None:
        """For the next `times` orders of `symbol` (by default all), on `side` or on both sides."""
        self._set.append((symbol, side, script, None if times is None else [None] * times))

    def of(self, symbol: str, side: str) -> OrderScript:
        for at_symbol, at_side, script, left in self._set:
            if at_symbol == symbol and at_side in {None, side} and left != []:
                if left:
                    left.pop()
                return script
        return ORDINARY
