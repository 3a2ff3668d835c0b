"""Concurrent trading in the account during the evening: another program's orders and the owner's own trades."""

from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from lab.faults import EXTERNAL_TRADING, FAULTS
from lab.market import SYMBOLS
from lab.venue import trade_by_hand
from lab.venue_orders import NONE

if TYPE_CHECKING:
    from lab.world import World

BUSY_WORLDS, BUSY_DAYS, FORGING_DAYS = 0.35, 0.6, 0.05
"""Share of worlds with external trading, of their days with it, and of those with orders under forged ids."""
LIKELIER_AT = {"the evening begins": 60, "before submit": 5}
"""How many times likelier they act at these steps: before the account is read, and between reading and order."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
CENT = Decimal("0.01")


class ExternalTraders:
    """All random draws come from the day's generator."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._active = Random(f"{world.seed}/hands").random() < BUSY_WORLDS  # noqa: S311 - one seed, one world
        self._sent = 0

    def faults_on(self, day: int) -> Mapping[str, float]:
        rng = Random(f"{self._world.seed}/{day}/hands")  # noqa: S311 - one seed, one world
        if not self._active or rng.random() >= BUSY_DAYS:
            return {}
        program, owner, in_our_name = EXTERNAL_TRADING
        names = {rng.choice((program, owner)), rng.choice((program, owner))}
        names |= {in_our_name} if rng.random() < FORGING_DAYS else set()
        return {name: FAULTS[name].chance for name in EXTERNAL_TRADING if name in names}

    def at(self, step: str) -> None:
        """Called at every step of the program under test; may trade."""
        injector = self._world.injector
        for _ in range(LIKELIER_AT.get(step, 1)):
            for name, act in zip(
                EXTERNAL_TRADING, (self._other_program_orders, self._owner_trades, self._send_forged_order), strict=True
            ):
                if name in injector.active and self._world.venue.is_open() and injector.occurs(name):
                    self._world.venue.live_until(self._world.clock.true)
                    act()

    def _other_program_orders(self) -> None:
        """Send an order, or with probability 0.2 cancel an open one of its own."""
        venue, rng = self._world.venue, self._world.injector.rng
        mine = [venue_order for venue_order in venue.open_orders() if venue_order.id.startswith("other")]
        if mine and rng.random() < 0.2:
            venue.cancel(rng.choice(mine).id)
            return
        self._sent += 1
        self._send(f"other{self._sent}")

    def _send_forged_order(self) -> None:
        self._send("rb" + "".join(self._world.injector.rng.choices(LETTERS, k=18)))

    def _send(self, order_id: str) -> None:
        venue, rng = self._world.venue, self._world.injector.rng
        symbol, quantity = self._draw_trade()
        if not quantity:
            return
        away = 1 + Decimal(rng.randint(-200, 200)) / 10_000
        limit = (venue.price(symbol) * away).quantize(CENT) if rng.random() < 0.5 else None
        side, kind = "buy" if quantity > 0 else "sell", "market" if limit is None else "limit"
        venue.send(order_id, symbol, side, abs(quantity), kind, limit, ours=False)

    def _owner_trades(self) -> None:
        """A trade on the venue's website, executed at once."""
        symbol, quantity = self._draw_trade()
        if quantity:
            trade_by_hand(self._world.venue, symbol, quantity)
            self._world.traded_externally()
            self._world.log(f"the owner trades {quantity} {symbol}")

    def _draw_trade(self) -> tuple[str, Decimal]:
        """A symbol and a number of shares, negative to sell, 0 for none; on margin sometimes more than are owned."""
        venue, rng = self._world.venue, self._world.injector.rng
        symbol, beyond = rng.choice(SYMBOLS), 1 if venue.rules.strict or rng.random() < 0.9 else 2
        if rng.random() < 0.5:
            free = max(NONE, venue.shares[symbol] - venue.on_sale(symbol))
            return symbol, -min(Decimal(rng.choice((1, 5, 100_000))), free * beyond // rng.choice((1, 2)))
        most = venue.spendable() * beyond * rng.choice((Decimal("0.1"), Decimal("0.9"))) // venue.price(symbol)
        return symbol, min(Decimal(rng.choice((1, 5, 100_000))), most)
