"""Halts, the kill switch, the arming of real money, adoptions and write-offs, on the screen."""

from collections.abc import Sequence
from datetime import UTC
from decimal import Decimal
from zoneinfo import ZoneInfo

from rich.console import RenderableType

from rebalancer.app.views import Adoption, ArmingProposal, KilledAccount, LiveAccount, Resumed
from rebalancer.events import Armed, Halted
from rebalancer.model import OrderState, Position
from rebalancer.model.text import cents, date_and_time, grouped, minute, money, shares
from rebalancer.portfolio.adoption import Offer
from rebalancer.report.console import grid, line, show
from rebalancer.report.run import exchange_city


def show_halted(halt: Halted) -> None:
    show(line(f"{_whose(halt)} is halted now: {halt.reason}. `rebalance resume --reason TEXT` lifts it.", "bold red"))


def show_resumed(resumed: Resumed) -> None:
    if not resumed.lifted:
        show(line("Nothing was halted: nothing to lift."))
        return
    for halt in resumed.lifted:
        show(line(f"{_whose(halt)} was halted {date_and_time(halt.at, UTC)} by {halt.by}: {halt.reason}"))
    for armed in resumed.whole_runs:
        show(line(f"Account {armed.account}: its first live order was reviewed: runs send all orders from now on."))
    show(line("Lifted.", "bold green"))


def show_killed(accounts: Sequence[KilledAccount]) -> None:
    for each in accounts:
        for state in each.found:
            result = "STILL OPEN" if state in each.left else "gone"
            show(line(f"{each.account}: {_order(state)}: {result}", "bold red" if state in each.left else ""))
        show(line(f"{each.account}: {_verdict(each)}", "bold red" if each.left or each.trouble else "bold green"))


def _verdict(killed: KilledAccount) -> str:
    if killed.trouble:
        return f"it is not known what is open: {killed.trouble} Look at the account at the broker."
    if killed.left:
        return f"{len(killed.left)} of {len(killed.found)} are still open. Run `rebalance kill` again, or look there."
    return "nothing is open. It stays halted; the next run counts what was filled before."


def _order(state: OrderState) -> str:
    done = f", {grouped(state.filled)} of it filled" if state.filled else ""
    return f"{state.side} {grouped(state.quantity)} {state.symbol} ({state.id}){done}"


def show_proposal(proposal: ArmingProposal) -> None:
    armed, currency = proposal.armed, proposal.currency
    first = "sends one order and halts for a look" if armed.first_order_only else "is whole"
    table = grid(f"To be armed for real money: account {armed.account}", "what", "~is")
    table.add_row("account number", armed.number)
    table.add_row("at", line(proposal.host))
    table.add_row("equity", money(proposal.equity, currency))
    table.add_row("cash", money(proposal.cash, currency))
    table.add_row("most a run may send", money(armed.max_dollars, currency))
    table.add_row("until", minute(armed.until, ZoneInfo(proposal.zone)))
    table.add_row("while these stay as they are", line(", ".join(armed.files)))
    table.add_row("the first run", first)
    show(table)


def show_armed(proposal: ArmingProposal) -> None:
    until = minute(proposal.armed.until, ZoneInfo(proposal.zone))
    show(line(f"Account {proposal.armed.account} is armed until {until}.", "bold green"))


def show_disarmed(account: str, armed: Armed | None) -> None:
    if armed is None:
        show(line(f"Account {account} was not armed: nothing to do."))
    else:
        show(line(f"Account {account} is disarmed: no order of it leaves any more.", "bold green"))


def show_disarmed_by_edit(sentences: Sequence[str]) -> None:
    for sentence in sentences:
        show(line(sentence, "bold yellow"))


def show_live(accounts: Sequence[LiveAccount]) -> None:
    if not accounts:
        show(line('No account has mode = "live": no real money is traded.'))
        return
    currencies = {each.currency for each in accounts}
    most = f"#most a run, {currencies.pop()}" if len(currencies) == 1 else "#most a run"
    until = f"until, {exchange_city(each.zone for each in accounts)}"
    table = grid("Real money", "account", "number", most, until, "first run", "by", "~state")
    for each in accounts:
        state = line(each.trouble, "bold red") if each.trouble else line("armed", "green")
        terms = _terms(each.armed, each.zone, each.currency if currencies else "") if each.armed else ("",) * 4
        table.add_row(each.account, each.number, *terms, state)
    show(table)


def _terms(armed: Armed, zone: str, currency: str) -> tuple[RenderableType, ...]:
    """`currency` is "" where the column names it."""
    most = money(armed.max_dollars, currency) if currency else cents(armed.max_dollars)
    first = "one order" if armed.first_order_only else "whole"
    return most, minute(armed.until, ZoneInfo(zone)), first, line(armed.by)


def _whose(halt: Halted) -> str:
    return f"Account {halt.account}" if halt.account else "Every account"


# -------------------------------------------------------------------------------------------- adoptions and write-offs


def show_proposed(found: Adoption) -> None:
    if found.adopted:
        title = f"To be handed over to the bots of account {found.account}"
        table = grid(title, "symbol", "#shares", f"#value {found.currency}")
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
