"""Other hands in the account while our evening goes on: another program's orders, and the owner's own trades."""

from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from lab.faults import FAULTS, HANDS
from lab.market import SYMBOLS
from lab.tickets import NONE
from lab.venue import trade_by_hand

if TYPE_CHECKING:
    from lab.world import World

BUSY_WORLDS, BUSY_NIGHTS, SHAMELESS_NIGHTS = 0.35, 0.6, 0.05
"""How many worlds have other hands, on how many of their nights, and on how many one sends orders in our name."""
TEMPTING = {"the evening begins": 60, "before submit": 5}
"""So much likelier they act then than at any other moment: before our readings, and between those and our order."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
CENT = Decimal("0.01")


class Hands:
    """All of them draw what they do from the night's dice."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._are_there = Random(f"{world.seed}/hands").random() < BUSY_WORLDS  # noqa: S311 - one seed, one world
        self._sent = 0

    def forecast(self, day: int) -> Mapping[str, float]:
        dice = Random(f"{self._world.seed}/{day}/hands")  # noqa: S311 - one seed, one world
        if not self._are_there or dice.random() >= BUSY_NIGHTS:
            return {}
        program, owner, in_our_name = HANDS
        names = {dice.choice((program, owner)), dice.choice((program, owner))}
        names |= {in_our_name} if dice.random() < SHAMELESS_NIGHTS else set()
        return {name: FAULTS[name].chance for name in HANDS if name in names}

    def at(self, boundary: str) -> None:
        """The program under test is about to do something, or has just done it."""
        weather = self._world.weather
        for _ in range(TEMPTING.get(boundary, 1)):
            for name, act in zip(HANDS, (self._program, self._owner, self._in_our_name), strict=True):
                if name in weather.active and self._world.venue.is_open() and weather.strikes(name):
                    self._world.venue.live_until(self._world.clock.true)
                    act()

    def _program(self) -> None:
        """One in five times it takes one of its own orders back."""
        venue, dice = self._world.venue, self._world.weather.dice
        mine = [ticket for ticket in venue.open_tickets() if ticket.id.startswith("other")]
        if mine and dice.random() < 0.2:
            venue.cancel(dice.choice(mine).id)
            return
        self._sent += 1
        self._sends(f"other{self._sent}")

    def _in_our_name(self) -> None:
        self._sends("rb" + "".join(self._world.weather.dice.choices(LETTERS, k=18)))

    def _sends(self, order_id: str) -> None:
        venue, dice = self._world.venue, self._world.weather.dice
        symbol, quantity = self._wish()
        if not quantity:
            return
        away = 1 + Decimal(dice.randint(-200, 200)) / 10_000
        limit = (venue.price(symbol) * away).quantize(CENT) if dice.random() < 0.5 else None
        side, kind = "buy" if quantity > 0 else "sell", "market" if limit is None else "limit"
        venue.send(order_id, symbol, side, abs(quantity), kind, limit, ours=False)

    def _owner(self) -> None:
        """At the venue's own screen: done at once."""
        symbol, quantity = self._wish()
        if quantity:
            trade_by_hand(self._world.venue, symbol, quantity)
            self._world.traded_beside()
            self._world.log(f"the owner trades {quantity} {symbol}")

    def _wish(self) -> tuple[str, Decimal]:
        """A symbol, and shares to buy, below 0 to sell; 0 for nothing. Where the venue lends, now and then too many."""
        venue, dice = self._world.venue, self._world.weather.dice
        symbol, beyond = dice.choice(SYMBOLS), 1 if venue.rules.strict or dice.random() < 0.9 else 2
        if dice.random() < 0.5:
            free = max(NONE, venue.shares[symbol] - venue.on_sale(symbol))
            return symbol, -min(Decimal(dice.choice((1, 5, 100_000))), free * beyond // dice.choice((1, 2)))
        most = venue.spendable() * beyond * dice.choice((Decimal("0.1"), Decimal("0.9"))) // venue.price(symbol)
        return symbol, min(Decimal(dice.choice((1, 5, 100_000))), most)
