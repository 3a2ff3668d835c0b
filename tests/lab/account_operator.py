"""The account's operator: resumes after a halt, halts, trades by hand, deposits and withdraws."""

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from lab.journal_checks import ACCOUNT
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


class Operator:
    def __init__(self, world: "World") -> None:
        self._world = world

    def morning(self, *, always: bool) -> None:
        """The day's manual actions. A halt is lifted with probability 0.8, or with certainty if `always`."""
        injector = self._world.injector
        with self._world.storage.process(self._holder()) as journal:
            halt = journal.trading_status(ACCOUNT).halt
        if halt is not None and (always or injector.rng.random() < 0.8):
            self._lift_halt(halt)
        if injector.occurs("a trade by hand"):
            self._trade_by_hand()
        if injector.occurs("deposit"):
            self._world.venue.move_cash(Decimal(injector.rng.randint(1, 20) * 1000))
        if injector.occurs("withdrawal"):
            self._world.venue.move_cash(-(self._world.venue.spendable() / 2).quantize(CENT))
        if injector.occurs("halted by a person"):
            self.halt()

    def halt(self) -> None:
        self._record(Halted(self._world.clock.now(), ACCOUNT, WHO, "wait"))

    def leave_order_open(self) -> None:
        """Place a manual order that stays open all evening."""
        world, rng = self._world, self._world.injector.rng
        symbol = rng.choice(SYMBOLS)
        sells = world.venue.shares[symbol] >= 2 and rng.random() < 0.7
        limit = world.venue.price(symbol) * (Decimal(2) if sells else Decimal("0.5"))
        world.venue.send(f"hand{world.day}", symbol, "sell" if sells else "buy", Decimal(2), "limit", limit, ours=False)

    def _lift_halt(self, halt: Halted) -> None:
        """Account for the unknown orders that the halt names, adopt their shares, then lift the halt."""
        now = self._world.clock.now()
        counted = COUNTED.findall(halt.reason)
        vouched_for = [order_id for order_id in OURS.findall(halt.reason) if order_id not in counted]
        for order_id in vouched_for:
            self._record(OrderAccounted(now, ACCOUNT, order_id, WHO, "seen at the venue"))
        if vouched_for:
            self._world.journal_checker.vouched_for(vouched_for)
            self._adopt_everything()
        self._record(HaltLifted(now, ACCOUNT, WHO, "looked at it"))

    def _adopt_everything(self) -> None:
        """As `rebalance adopt --all`."""
        with self._world.storage.process(self._holder()) as journal:
            ours = journal.ledger(ACCOUNT).ours
        for name, held in self._world.venue.shares.items():
            theirs = held - ours.get(Symbol(name), Decimal(0))
            if theirs > 0:
                value = (theirs * self._world.venue.price(name)).quantize(CENT)
                self._record(Adopted(self._world.clock.now(), ACCOUNT, Symbol(name), theirs, value))

    def _trade_by_hand(self) -> None:
        world = self._world
        symbol = world.injector.rng.choice(SYMBOLS)
        quantity = max(Decimal(world.injector.rng.choice((-5, -1, 1, 5))), -world.venue.shares[symbol])
        if quantity * world.venue.price(symbol) <= world.venue.spendable():
            trade_by_hand(world.venue, symbol, quantity)
            world.journal_checker.changed_outside = True
            world.log(f"{WHO} trades {quantity} {symbol}")

    def _record(self, event: Halted | HaltLifted | OrderAccounted | Adopted) -> None:
        """Journal `event` as a command does, without waiting for a run in progress."""
        world = self._world
        world.log(str(event))
        with world.storage.process(self._holder()) as journal:
            journal.record(NO_RUN, event)
        world.write_ahead_checker.journalled(event)

    def _holder(self) -> LockHolder:
        return LockHolder(Process("a command", "here", 0), "", self._world.clock.now)
