"""The brake and the arming of real money, on the screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from rebalancer.events import Armed, Halted
from rebalancer.model import OrderState
from rebalancer.model.text import minute
from rebalancer.report.console import count, grid, line, money, show


@dataclass(frozen=True, slots=True)
class KilledAccount:
    """`found` were open, `left` still are. `trouble` says why nobody can tell, "" where the broker answered."""

    account: str
    found: tuple[OrderState, ...]
    left: tuple[OrderState, ...]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """What is about to be armed: the account as the broker shows it, in dollars, and what it would go by."""

    account: str
    number: str
    host: str
    equity: Decimal
    cash: Decimal
    max_dollars: Decimal
    until: datetime
    files: tuple[str, ...]
    first_order_only: bool


@dataclass(frozen=True, slots=True)
class LiveAccount:
    """`armed` is the last arming that nobody undid; `trouble` why no order may leave all the same, "" where it may."""

    account: str
    number: str | None
    armed: Armed | None
    trouble: str


def show_halted(halt: Halted) -> None:
    show(line(f"{_whose(halt)} is halted now: {halt.reason}. `rebalance resume --reason TEXT` lifts it.", "bold red"))


def show_resumed(lifted: Sequence[Halted], whole: Sequence[Armed]) -> None:
    if not lifted:
        show(line("Nothing was halted: nothing to lift."))
        return
    for halt in lifted:
        show(line(f"{_whose(halt)} was halted {halt.at:%Y-%m-%d %H:%M:%S} UTC by {halt.by}: {halt.reason}"))
    for armed in whole:
        show(line(f"Account {armed.account}: its first live order was looked at, and runs are whole from now on."))
    show(line("Lifted.", "bold green"))


def show_killed(accounts: Sequence[KilledAccount]) -> None:
    for each in accounts:
        for state in each.found:
            fate = "STILL OPEN" if state in each.left else "gone"
            show(line(f"{each.account}: {_told(state)}: {fate}", "bold red" if state in each.left else ""))
        show(line(f"{each.account}: {_verdict(each)}", "bold red" if each.left or each.trouble else "bold green"))


def _verdict(killed: KilledAccount) -> str:
    if killed.trouble:
        return f"nobody can tell what is open: {killed.trouble} Look at the account at the broker."
    if killed.left:
        return f"{len(killed.left)} of {len(killed.found)} are still open. Run `rebalance kill` again, or look there."
    return "nothing is open. It stays halted; what was filled before, the next run counts."


def _told(state: OrderState) -> str:
    done = f", {count(state.filled)} of it filled" if state.filled else ""
    return f"{state.side} {count(state.quantity)} {state.symbol} ({state.id}){done}"


def show_offer(offer: Offer) -> None:
    first = "sends one order and halts for a look" if offer.first_order_only else "is whole"
    table = grid(f"To be armed for real money: account {offer.account}", "what", "~is")
    table.add_row("account number", offer.number)
    table.add_row("at", line(offer.host))
    table.add_row("equity", f"{money(offer.equity)} USD")
    table.add_row("cash", f"{money(offer.cash)} USD")
    table.add_row("most a run may send", f"{money(offer.max_dollars)} USD")
    table.add_row("until", minute(offer.until))
    table.add_row("while these stay as they are", line(", ".join(offer.files)))
    table.add_row("the first run", first)
    show(table)


def show_armed(armed: Armed) -> None:
    show(line(f"Account {armed.account} is armed until {minute(armed.until)}.", "bold green"))


def show_disarmed(account: str, armed: Armed | None) -> None:
    if armed is None:
        show(line(f"Account {account} was not armed: nothing to do."))
    else:
        show(line(f"Account {account} is disarmed: no order of it leaves any more.", "bold green"))


def show_undone(sentences: Sequence[str]) -> None:
    """What an edit of the config disarmed."""
    for sentence in sentences:
        show(line(sentence, "bold yellow"))


def show_live(accounts: Sequence[LiveAccount]) -> None:
    if not accounts:
        show(line('No account has mode = "live": no real money is traded.'))
        return
    table = grid("Real money", "account", "number", "#most a run, USD", "until, New York", "first run", "by", "~state")
    for each in accounts:
        armed = each.armed
        state = line(each.trouble, "bold red") if each.trouble else line("armed", "green")
        terms = (money(armed.max_dollars), minute(armed.until), _first(armed), line(armed.by)) if armed else ("",) * 4
        table.add_row(each.account, each.number, *terms, state)
    show(table)


def _first(armed: Armed) -> str:
    return "one order" if armed.first_order_only else "whole"


def _whose(halt: Halted) -> str:
    return f"Account {halt.account}" if halt.account else "Every account"
