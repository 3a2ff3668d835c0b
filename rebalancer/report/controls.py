"""Terminal output of halts, the kill switch, arming, adoption and write-offs."""

from collections.abc import Sequence
from datetime import UTC
from decimal import Decimal
from zoneinfo import ZoneInfo

from rich.console import RenderableType

from rebalancer.app.views import Adoption, ArmingProposal, KilledAccount, LiveAccount, Resumed
from rebalancer.events import Armed, Halted
from rebalancer.model import OrderState, Position
from rebalancer.model.text import cents, date_and_time, grouped, minute, money, shares
from rebalancer.portfolio.holdings import Offer
from rebalancer.report.console import grid, line, show
from rebalancer.report.run import exchange_city


def show_halted(halt: Halted) -> None:
    show(line(f"{_whose(halt)} is halted: {halt.reason}. `rebalance resume --reason TEXT` lifts it.", "bold red"))


def show_resumed(resumed: Resumed) -> None:
    if not resumed.lifted:
        show(line("There is no halt to lift."))
        return
    for halt in resumed.lifted:
        show(line(f"{_whose(halt)} was halted {date_and_time(halt.at, UTC)} by {halt.by}: {halt.reason}"))
    for armed in resumed.whole_runs:
        show(line(f"Account {armed.account}: first live order reviewed; runs now send all orders."))
    show(line("Halt lifted.", "bold green"))


def show_killed(accounts: Sequence[KilledAccount]) -> None:
    for each in accounts:
        for state in each.found:
            result = "STILL OPEN" if state in each.left else "no longer open"
            show(line(f"{each.account}: {_order(state)}: {result}", "bold red" if state in each.left else ""))
        show(line(f"{each.account}: {_verdict(each)}", "bold red" if each.left or each.trouble else "bold green"))


def _verdict(killed: KilledAccount) -> str:
    if killed.trouble:
        return f"open orders unknown: {killed.trouble} Check the account at the broker."
    if killed.left:
        return f"{len(killed.left)} of {len(killed.found)} still open. Repeat `rebalance kill`, or cancel them there."
    return "no open orders. The account stays halted; the next run records earlier fills."


def _order(state: OrderState) -> str:
    done = f", {grouped(state.filled)} of it filled" if state.filled else ""
    return f"{state.side} {grouped(state.quantity)} {state.symbol} ({state.id}){done}"


def show_proposal(proposal: ArmingProposal) -> None:
    armed, currency = proposal.armed, proposal.currency
    first = "sends one order, then halts for a review" if armed.first_order_only else "sends all orders"
    table = grid(f"Arming of account {armed.account} for real money", "term", "~value")
    table.add_row("account number", armed.number)
    table.add_row("venue", line(proposal.host))
    table.add_row("equity", money(proposal.equity, currency))
    table.add_row("cash", money(proposal.cash, currency))
    table.add_row("order limit per run", money(armed.max_dollars, currency))
    table.add_row("until", minute(armed.until, ZoneInfo(proposal.zone)))
    table.add_row("while unchanged", line(", ".join(armed.files)))
    table.add_row("first run", first)
    show(table)


def show_armed(proposal: ArmingProposal) -> None:
    until = minute(proposal.armed.until, ZoneInfo(proposal.zone))
    show(line(f"Account {proposal.armed.account} is armed until {until}.", "bold green"))


def show_disarmed(account: str, armed: Armed | None) -> None:
    if armed is None:
        show(line(f"Account {account} was not armed: nothing to do."))
    else:
        show(line(f"Account {account} is disarmed: it sends no more orders.", "bold green"))


def show_disarmed_by_edit(sentences: Sequence[str]) -> None:
    for sentence in sentences:
        show(line(sentence, "bold yellow"))


def show_live(accounts: Sequence[LiveAccount]) -> None:
    if not accounts:
        show(line('No account has mode = "live": no real money is traded.'))
        return
    currencies = {each.currency for each in accounts}
    most = f"#limit per run, {currencies.pop()}" if len(currencies) == 1 else "#limit per run"
    until = f"until, {exchange_city(each.zone for each in accounts)}"
    table = grid("Real money", "account", "number", most, until, "first run", "by", "~state")
    for each in accounts:
        state = line(each.trouble, "bold red") if each.trouble else line("armed", "green")
        terms = _terms(each.armed, each.zone, each.currency if currencies else "") if each.armed else ("",) * 4
        table.add_row(each.account, each.number, *terms, state)
    show(table)


def _terms(armed: Armed, zone: str, currency: str) -> tuple[RenderableType, ...]:
    """`currency` is "" if the column heading names it."""
    most = money(armed.max_dollars, currency) if currency else cents(armed.max_dollars)
    first = "one order" if armed.first_order_only else "all orders"
    return most, minute(armed.until, ZoneInfo(zone)), first, line(armed.by)


def _whose(halt: Halted) -> str:
    return f"Account {halt.account}" if halt.account else "Every account"


# -------------------------------------------------------------------------------------------- adoptions and write-offs


def show_proposed(found: Adoption) -> None:
    if found.adopted:
        title = f"Shares to hand over to the bots of account {found.account}"
        table = grid(title, "symbol", "#shares", f"#value {found.currency}")
        for offer in found.adopted:
            table.add_row(offer.symbol, grouped(offer.quantity), cents(offer.value))
        total = sum((offer.value for offer in found.adopted), Decimal(0))
        show(table, line(f"Total: {money(total, found.currency)}."))
    for symbol, reason in found.refused.items():
        show(line(f"{symbol}: not handed over: {reason}", "yellow"))


def show_adopted(adopted: Sequence[Offer]) -> None:
    if not adopted:
        show(line("Nothing to hand over."))
        return
    names = [offer.symbol for offer in adopted if offer.quantity]
    show(line(f"Handed over to the bots: {', '.join(names) or 'no shares'}.", "bold green"))
    for offer in adopted:
        if offer.expected is not None:
            show(line(f"{offer.symbol}: resolved; the journal now expects {shares(offer.expected)}.", "green"))


def show_worthless(account: str, held: Position, currency: str) -> None:
    holding = f"{shares(held.quantity)} of {held.symbol}, {money(held.market_value, currency)} at its last close"
    show(line(f"Account {account} holds {holding} on {held.last_close}; it has had no price since."))


def show_written_off(held: Position, currency: str) -> None:
    show(line(f"Written off: {shares(held.quantity)} of {held.symbol}, for 0 {currency}.", "bold green"))
