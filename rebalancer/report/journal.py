"""The journal on the terminal: runs, orders, positions, verification, backup and restore."""

from collections.abc import Mapping, Sequence

from rebalancer.app.views import Restored
from rebalancer.journal.chain import AuditResult, Head
from rebalancer.journal.connection import Backup
from rebalancer.journal.read import OrderSummary, PositionSummary, RunSummary
from rebalancer.model.text import cents, counted, grouped
from rebalancer.report.console import Screen, line, lines
from rebalancer.report.run import sentence, status_text
from rebalancer.report.tables import grid

BYTES_A_MB = 1_000_000


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


def runs_screen(runs: Sequence[RunSummary], head: Head | None) -> Screen:
    if not runs:
        yield line("The journal has no run yet. `rebalance run` starts the first.")
        return
    rows = ((str(run.id), run.account, str(run.session), status_text(run), str(run.orders), run.reason) for run in runs)
    yield grid("Runs", ("#run", "account", "session", "status", "#orders", "~what happened"), rows)
    if head:
        yield line(last_line(head))


def orders_screen(orders: Sequence[OrderSummary], currencies: Mapping[str, str]) -> Screen:
    """`currencies` are by account; prices of accounts no longer in the config are shown without a currency."""
    if not orders:
        yield line("The journal has no order yet.")
        return
    rows = (
        (str(order.run), str(order.session), sentence(order, currencies.get(order.account, "")), order.id)
        for order in orders
    )
    yield grid("Orders", ("#run", "session", "~order", "id"), rows)


def positions_screen(accounts: Mapping[str, Sequence[PositionSummary]], currencies: Mapping[str, str]) -> Screen:
    for account, positions in accounts.items():
        if not positions:
            yield line(f"Account {account}: the bots hold nothing according to the journal.")
            continue
        cost, value = (f"#{figure} {currencies[account]}" for figure in ("cost", "value"))
        columns = ("symbol", "#shares", "#at the broker", cost, value)
        yield grid(f"What the bots of account {account} hold", columns, map(_position, positions))
        yield line("Broker position and value are as of the last run.")


def _position(row: PositionSummary) -> tuple[str, ...]:
    there = "" if row.at_broker is None else grouped(row.at_broker)
    return row.symbol, grouped(row.ours), there, cents(row.cost), cents(row.value)
