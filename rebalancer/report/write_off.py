"""What a write-off shows: before, and after."""

from rebalancer.model import Position
from rebalancer.model.text import money, shares
from rebalancer.report.console import line, show


def show_held(account: str, held: Position) -> None:
    show(
        line(
            f"Account {account} holds {shares(held.quantity)} of {held.symbol}, {money(held.market_value)} by its last "
            f"close, of {held.last_close}; it has had no price since."
        )
    )


def show_written_off(held: Position) -> None:
    show(line(f"Written off: {shares(held.quantity)} of {held.symbol}, for 0 USD.", "bold green"))
