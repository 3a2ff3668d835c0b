"""Terminal output of halts, the kill switch, arming, adoption and write-offs."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from rich.text import Text

from rebalancer.app.views import Adoption, ArmingProposal, KilledAccount, LiveAccount, Resumed
from rebalancer.events import Armed, Halted
from rebalancer.model import OrderState, Position
from rebalancer.model.text import cents, date_and_time, grouped, minute, money, shares
from rebalancer.portfolio.holdings import Offer
from rebalancer.report.console import Screen, line, lines
from rebalancer.report.run_cells import exchange_city
from rebalancer.report.tables import grid


def halted_screen(halt: Halted) -> Screen:
    yield line(f"{_whose(halt)} is halted: {halt.reason}. `rebalance resume --reason TEXT` lifts it.", "bold red")


def resumed_screen(resumed: Resumed, zones: Mapping[str, tzinfo]) -> Screen:
    """`zones` are the exchanges', by account, and under "" the one for all accounts."""
    if not resumed.lifted:
        yield line("There is no halt to lift.")
        return
    for halt in resumed.lifted:
        at = date_and_time(halt.at, zones[halt.account])
        yield line(f"{_whose(halt)} was halted {at} by {halt.by}: {halt.reason}")
    for armed in resumed.whole_runs:
        yield line(f"Account {armed.account}: first live order reviewed; runs now send all orders.")
    yield line("Halt lifted.", "bold green")


def killed_screen(accounts: Sequence[KilledAccount]) -> Screen:
    for each in accounts:
        for state in each.found:
            result = "STILL OPEN" if state in each.left else "no longer open"
            yield line(f"{each.account}: {_order(state)}: {result}", "bold red" if state in each.left else "")
        yield line(f"{each.account}: {_verdict(each)}", "bold red" if each.left or each.trouble else "bold green")


def _verdict(killed: KilledAccount) -> str:
    if killed.trouble:
        return f"open orders unknown: {killed.trouble} Check the account at the broker."
    if killed.left:
        return f"{len(killed.left)} of {len(killed.found)} still open. Repeat `rebalance kill`, or cancel them there."
    return "no open orders. The account stays halted; the next run records earlier fills."


def _order(state: OrderState) -> str:
    done = f", {grouped(state.filled)} of it filled" if state.filled else ""
    return f"{state.side} {grouped(state.quantity)} {state.symbol} ({state.id}){done}"


def proposal_screen(proposal: ArmingProposal) -> Screen:
    armed, currency = proposal.armed, proposal.currency
    first = "sends one order, then halts for a review" if armed.first_order_only else "sends all orders"
    terms = {
        "account number": armed.number,
        "venue": proposal.host,
        "equity": money(proposal.equity, currency),
        "cash": money(proposal.cash, currency),
        "order limit per run": money(armed.max_dollars, currency),
        "until": minute(armed.until, ZoneInfo(proposal.zone)),
        "while unchanged": ", ".join(armed.files),
        "first run": first,
    }
    yield grid(f"Arming of account {armed.account} for real money", ("term", "~value"), terms.items())


def armed_screen(proposal: ArmingProposal) -> Screen:
    until = minute(proposal.armed.until, ZoneInfo(proposal.zone))
    yield line(f"Account {proposal.armed.account} is armed until {until}.", "bold green")


def disarmed_screen(account: str, armed: Armed | None) -> Screen:
    if armed is None:
        yield line(f"Account {account} was not armed: nothing to do.")
    else:
        yield line(f"Account {account} is disarmed: it sends no more orders.", "bold green")


def live_screen(accounts: Sequence[LiveAccount]) -> Screen:
    if not accounts:
        yield line('No account has mode = "live": no real money is traded.')
        return
    currencies = {each.currency for each in accounts}
    most = f"#limit per run, {currencies.pop()}" if len(currencies) == 1 else "#limit per run"
    until = f"until, {exchange_city(each.zone for each in accounts)}"
    columns = ("account", "number", most, until, "first run", "by", "~state")
    yield grid("Real money", columns, (_live(each, each.currency if currencies else "") for each in accounts))


def _live(found: LiveAccount, currency: str) -> Iterator[str | Text]:
    """`currency` is "" if the column heading names it."""
    yield from (found.account, found.number or "")
    if armed := found.armed:
        yield money(armed.max_dollars, currency) if currency else cents(armed.max_dollars)
        yield minute(armed.until, ZoneInfo(found.zone))
        yield from ("one order" if armed.first_order_only else "all orders", armed.by)
    else:
        yield from ("",) * 4
    yield line(found.trouble, "bold red") if found.trouble else line("armed", "green")


def _whose(halt: Halted) -> str:
    return f"Account {halt.account}" if halt.account else "Every account"


def proposed_screen(found: Adoption) -> Screen:
    if found.adopted:
        title = f"Shares to hand over to the bots of account {found.account}"
        rows = (
            (offer.symbol, grouped(offer.quantity), cents(offer.value), cents(offer.cost)) for offer in found.adopted
        )
        yield grid(title, ("symbol", "#shares", f"#value {found.currency}", "#cost by the broker's average"), rows)
        total = sum((offer.value for offer in found.adopted), Decimal(0))
        yield line(f"Total: {money(total, found.currency)}.")
    yield from lines((f"{symbol}: not handed over: {reason}" for symbol, reason in found.refused.items()), "yellow")


def adopted_screen(adopted: Sequence[Offer]) -> Screen:
    if not adopted:
        yield line("Nothing to hand over.")
        return
    names = [offer.symbol for offer in adopted if offer.quantity]
    yield line(f"Handed over to the bots: {', '.join(names) or 'no shares'}.", "bold green")
    for offer in adopted:
        if offer.expected is not None:
            yield line(f"{offer.symbol}: resolved; the journal now expects {shares(offer.expected)}.", "green")


def worthless_screen(account: str, held: Position, currency: str) -> Screen:
    holding = f"{shares(held.quantity)} of {held.symbol}, {money(held.market_value, currency)} at its last close"
    yield line(f"Account {account} holds {holding} on {held.last_close}; it has had no price since.")


def written_off_screen(held: Position, currency: str) -> Screen:
    yield line(f"Written off: {shares(held.quantity)} of {held.symbol}, for 0 {currency}.", "bold green")
