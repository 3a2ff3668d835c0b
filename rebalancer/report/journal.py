"""The journal on the terminal: runs, positions, verification, backup and restore."""

from collections.abc import Mapping, Sequence

from rich.text import Text

from rebalancer.app.account_ledger import Exported
from rebalancer.app.positions import AccountPositions, HeldPosition
from rebalancer.app.views import Restored
from rebalancer.journal.chain import AuditResult, Head
from rebalancer.journal.connection import Backup
from rebalancer.journal.read import RunSummary
from rebalancer.model.text import cents, counted, grouped, money, percentage, signed_cents
from rebalancer.report.console import Screen, line, lines
from rebalancer.report.run_cells import day_gain, status_text
from rebalancer.report.tables import grid

BYTES_A_MB = 1_000_000
MARK = "*"


def verdict_screen(verdict: AuditResult) -> Screen:
    yield from lines((f"The journal {verdict.journal}", last_line(verdict.head)))
    yield from lines((f"fault: {fault}" for fault in verdict.faults), "bold red")
    if verdict.faults:
        yield line("Keep a copy of this file, and restore the last backup that verifies.", "bold red")
    else:
        yield line("Verified: no line, file or table was altered.", "bold green")


def backup_screen(backup: Backup) -> Screen:
    yield line(f"Copied to {backup.file}, {backup.size / BYTES_A_MB:,.1f} MB.", "bold green")
    if backup.inputs:
        yield line(f"What plans were made from: copied to {backup.inputs}, {backup.inputs_size / BYTES_A_MB:,.1f} MB.")
    if backup.head:
        yield line(last_line(backup.head))


def exported_screen(made: Exported) -> Screen:
    changes, balances = counted(made.transaction_count, "transaction"), counted(made.balance_count, "day")
    span = f"from {made.first} to {made.last}"
    yield line(f"{made.file}: {changes} {span}, with the balances of {balances}.", "bold green")


def restored_screen(found: Restored) -> Screen:
    yield line(last_line(found.head))
    if found.remembered and found.remembered.seq > found.head.seq:
        lost = found.remembered.seq - found.head.seq
        written = f"{counted(lost, 'later line')} written on this machine"
        yield line(f"This file lacks {written}, and the trades in them.", "yellow")


def accepted_screen(found: Restored) -> Screen:
    yield line(f"Accepted: runs continue from line {found.head.seq:,}.", "bold green")


def last_line(head: Head) -> str:
    """The last line and its hash: noted elsewhere, they prove later that nothing before was changed or truncated."""
    return f"Last line of the journal: {head.seq:,}, hash {head.hash}"


def runs_screen(runs: Sequence[RunSummary], head: Head | None, currencies: Mapping[str, str]) -> Screen:
    """`currencies` are by account; money of accounts no longer in the config is shown without one."""
    if not runs:
        yield line("The journal has no run yet. `rebalance run` starts the first.")
        return
    figures = ("#equity after orders", "#day's gain", "#orders")
    columns = ("#run", "account", "session", "status", *figures, "~what happened")
    yield grid("Runs", columns, (_run(run, currencies.get(run.account, "")) for run in runs))
    if head:
        yield line(last_line(head))


def _run(run: RunSummary, currency: str) -> tuple[str | Text, ...]:
    equity = "" if run.equity is None else money(run.equity, currency).rstrip()
    orders = str(run.orders)
    return str(run.id), run.account, str(run.session), status_text(run), equity, day_gain(run), orders, run.reason


def positions_screen(accounts: Sequence[AccountPositions]) -> Screen:
    for found in accounts:
        if not found.positions:
            yield line(f"Account {found.account}: the bots hold nothing according to the journal.")
            continue
        money_of = (f"#{figure} {found.currency}" for figure in ("cost", "value", "gain"))
        columns = ("symbol", "#shares", "?#at the broker", *money_of, "#weight", "~bots")
        yield grid(f"What the bots of account {found.account} hold", columns, map(_position, found.positions))
        yield line(
            "Broker position, value and gain are as of the last run; cost includes fees; weights are of the equity."
        )
        if any(row.has_adopted for row in found.positions):
            yield line(ADOPTED)


ADOPTED = f"{MARK} Some of these shares were adopted: they count at the broker's average cost, or their value that day."


def _position(row: HeldPosition) -> tuple[str, ...]:
    there = "" if row.at_broker is None else grouped(row.at_broker)
    cost = cents(row.cost) + (f" {MARK}" if row.has_adopted else "")
    gain = "" if row.gain is None else signed_cents(row.gain)
    bots = ", ".join(f"{bot} {grouped(shares)}" for bot, shares in row.shares_by_bot.items())
    return (
        row.symbol,
        *(grouped(row.ours), there, cost, cents(row.value), gain),
        *(percentage(row.weight), bots),
    )
