"""Adoptions and write-offs on the screen: the proposal, and the result."""

from collections.abc import Sequence
from decimal import Decimal

from rebalancer.app.views import Adoption
from rebalancer.model import Position
from rebalancer.model.text import cents, grouped, money, shares
from rebalancer.portfolio.adoption import Offer
from rebalancer.report.console import grid, line, show


def show_proposed(found: Adoption) -> None:
    if found.adopted:
        table = grid(
            f"To be handed over to the bots of account {found.account}", "symbol", "#shares", f"#value {found.currency}"
        )
        for offer in found.adopted:
            table.add_row(offer.symbol, grouped(offer.quantity), cents(offer.value))
        total = sum((offer.value for offer in found.adopted), Decimal(0))
        show(table, line(f"Together {money(total, found.currency)}."))
    for symbol, reason in found.refused.items():
        show(line(f"{symbol}: left alone: {reason}", "yellow"))


def show_adopted(adopted: Sequence[Offer]) -> None:
    if not adopted:
        show(line("There was nothing to hand over."))
        return
    names = [offer.symbol for offer in adopted if offer.quantity]
    show(line(f"The bots' from now on: {', '.join(names) or 'nothing more'}.", "bold green"))
    for offer in adopted:
        if offer.expected is not None:
            show(line(f"{offer.symbol}: settled; the journal now expects {shares(offer.expected)}.", "green"))


def show_worthless(account: str, held: Position, currency: str) -> None:
    holding = f"{shares(held.quantity)} of {held.symbol}, {money(held.market_value, currency)} by its last close"
    show(line(f"Account {account} holds {holding}, of {held.last_close}; it has had no price since."))


def show_written_off(held: Position, currency: str) -> None:
    show(line(f"Written off: {shares(held.quantity)} of {held.symbol}, for 0 {currency}.", "bold green"))
