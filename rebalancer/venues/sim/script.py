"""Failures of the simulated broker, scripted by tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from rebalancer.model import Side, Symbol


@dataclass(frozen=True, slots=True)
class Twist:
    """One failure; the default is none. A *look* is a call of `find`, `orders` or `open_orders`.

    refuse         the order is refused on submit, for this reason
    reject         the order is accepted, then rejected for this reason
    lost           this many submits of an order never arrive; each returns Unknown
    silent         the submit arrives, but its response is lost: Unknown
    fills_at_most  shares that fill; the rest of the order stays open
    waits          looks before the order changes, the response to the submit being the first
    cancel         "slow": the next look still finds it open; "refused": it stays open; "beaten": it fills first
    """

    refuse: str = ""
    reject: str = ""
    lost: int = 0
    silent: bool = False
    fills_at_most: Decimal = Decimal("Infinity")
    waits: int = 0
    cancel: Literal["prompt", "slow", "refused", "beaten"] = "prompt"


@dataclass(frozen=True, slots=True)
class Script:
    """A twist for every order of a side and symbol, and symbols that can't be traded, with the reason."""

    twists: Mapping[tuple[Side, Symbol], Twist] = field(default_factory=dict)
    untradable: Mapping[Symbol, str] = field(default_factory=dict)

    def twist(self, side: Side, symbol: Symbol) -> Twist:
        return self.twists.get((side, symbol), Twist())
