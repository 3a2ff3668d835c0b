"""The made-up venue's broker: the simulated exchange with Frankfurt's facts, and a way to lose orders and answers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Self

from scripted_sim import Script, ScriptedFault, ScriptedSimBroker

from frankfurt_example import FRANKFURT, fund
from rebalancer.model import Order, OrderId, OrderState, Side, Submitted, Symbol
from rebalancer.venues.plugin import Login, SimulatedMarket

SIDES: tuple[Side, ...] = ("sell", "buy")
FAULTS: Mapping[str, ScriptedFault] = {
    "prompt": ScriptedFault(),
    "order lost": ScriptedFault(lost=1),
    "answer lost": ScriptedFault(silent=True),
}
FAULTY = Symbol("EUNL")
"""The symbol whose orders or answers get lost."""


class FrankfurtBroker(ScriptedSimBroker):
    @classmethod
    def of_login(cls, login: Login, market: SimulatedMarket) -> Self:
        settings = dict(login.settings)
        fault = FAULTS[settings.pop("answers")]
        return cls(
            login.state_dir / f"frankfurt-{login.account}.sqlite",
            market.clock,
            market.quotes,
            market.calendar,
            script=Script({(side, FAULTY): fault for side in SIDES}),
            venue=FRANKFURT,
            instrument=fund,
            **settings,
        )

    def submit(self, order: Order) -> Submitted:
        """Ids are not idempotent: an id that is sent a second time makes a second order."""
        if isinstance(self.find(order.id), OrderState):
            return super().submit(replace(order, id=OrderId(f"{order.id}-2")))
        return super().submit(order)
