"""The person who owns the account: looks at a halt and lifts it, halts, trades by hand, pays in and takes out."""

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from lab.books import ACCOUNT
from lab.market import SYMBOLS
from lab.venue import trade_by_hand
from rebalancer.events import Adopted, Halted, HaltLifted, OrderAccounted
from rebalancer.journal.lease import LockHolder, Process
from rebalancer.model import NO_RUN, Symbol

if TYPE_CHECKING:
    from lab.world import World

OURS = re.compile(r"rb[A-Z2-7]{18}")
COUNTED = re.compile(r"\((rb[A-Z2-7]{18})\) was lost by the journal and stands at the broker after all")
CENT = Decimal("0.01")
WHO = "a person"


class Person:
    def __init__(self, world: "World") -> None:
        self._world = world

    def morning(self, *, patient: bool) -> None:
        """`patient`: looks at a halt for sure; else on most mornings."""
        weather = self._world.weather
        with self._world.shelf.process(self._holder()) as journal:
            halt = journal.trading_status(ACCOUNT).halt
        if halt is not None and (patient or weather.dice.random() < 0.8):
            self._lifts(halt)
        if weather.strikes("a trade by hand"):
            self._trades()
        if weather.strikes("deposit"):
            self._world.venue.move_cash(Decimal(weather.dice.randint(1, 20) * 1000))
        if weather.strikes("withdrawal"):
            self._world.venue.move_cash(-(self._world.venue.spendable() / 2).quantize(CENT))
        if weather.strikes("halted by a person"):
            self.halts()

    def halts(self) -> None:
        self._says(Halted(self._world.clock.now(), ACCOUNT, WHO, "wait"))

    def orders(self) -> None:
        """An order by hand that stays open all evening."""
        world, dice = self._world, self._world.weather.dice
        symbol = dice.choice(SYMBOLS)
        sells = world.venue.shares[symbol] >= 2 and dice.random() < 0.7
        limit = world.venue.price(symbol) * (Decimal(2) if sells else Decimal("0.5"))
        world.venue.send(f"hand{world.day}", symbol, "sell" if sells else "buy", Decimal(2), "limit", limit, ours=False)

    def _lifts(self, halt: Halted) -> None:
        """What the program could not account for the person vouches for, and hands what came of it over to the bots."""
        now = self._world.clock.now()
        counted = COUNTED.findall(halt.reason)
        vouched = [order_id for order_id in OURS.findall(halt.reason) if order_id not in counted]
        for order_id in vouched:
            self._says(OrderAccounted(now, ACCOUNT, order_id, WHO, "seen at the venue"))
        if vouched:
            self._world.books.vouched(vouched)
            self._hands_over()
        self._says(HaltLifted(now, ACCOUNT, WHO, "looked at it"))

    def _hands_over(self) -> None:
        """As `rebalance adopt --all`."""
        with self._world.shelf.process(self._holder()) as journal:
            ours = journal.ledger(ACCOUNT).ours
        for name, held in self._world.venue.shares.items():
            theirs = held - ours.get(Symbol(name), Decimal(0))
            if theirs > 0:
                value = (theirs * self._world.venue.price(name)).quantize(CENT)
                self._says(Adopted(self._world.clock.now(), ACCOUNT, Symbol(name), theirs, value))

    def _trades(self) -> None:
        world = self._world
        symbol = world.weather.dice.choice(SYMBOLS)
        quantity = max(Decimal(world.weather.dice.choice((-5, -1, 1, 5))), -world.venue.shares[symbol])
        if quantity * world.venue.price(symbol) <= world.venue.spendable():
            trade_by_hand(world.venue, symbol, quantity)
            world.books.meddled = True
            world.log(f"{WHO} trades {quantity} {symbol}")

    def _says(self, event: Halted | HaltLifted | OrderAccounted | Adopted) -> None:
        """What a command writes down; it waits for no run."""
        world = self._world
        world.log(str(event))
        with world.shelf.process(self._holder()) as journal:
            journal.record(NO_RUN, event)
        world.witness.wrote(event)

    def _holder(self) -> LockHolder:
        return LockHolder(Process("a command", "here", 0), "", self._world.clock.now)
