"""The journal on the terminal: runs, orders, positions, verification, backup and restore."""

from collections.abc import Mapping, Sequence

from rebalancer.app.views import Restored
from rebalancer.journal.chain import AuditResult, Head
from rebalancer.journal.connection import Backup
from rebalancer.journal.read import OrderSummary, PositionSummary, RunSummary
from rebalancer.model.text import cents, grouped
from rebalancer.report.console import grid, line, show
from rebalancer.report.run import STYLES, sentence

BYTES_A_MB = 1_000_000


def show_verdict(verdict: AuditResult) -> None:
    show(line(f"The journal {verdict.journal}"), line(last_line(verdict.head)))
    for fault in verdict.faults:
        show(line(f"fault: {fault}", "bold red"))
    if verdict.faults:
        show(line("Keep a copy of this file, and restore the last backup that verifies.", "bold red"))
    else:
        show(line("Verified: no line, file or table was altered.", "bold green"))


def show_backup(backup: Backup) -> None:
    show(line(f"Copied to {backup.file}, {backup.size / BYTES_A_MB:,.1f} MB.", "bold green"))
    if backup.head:
        show(line(last_line(backup.head)))


def show_restored(found: Restored) -> None:
    show(line(last_line(found.head)))
    if found.remembered and found.remembered.seq > found.head.seq:
        lost = found.remembered.seq - found.head.seq
        show(line(f"{lost:,} later lines were written on this machine: this file lacks their trades.", "yellow"))


def show_accepted(found: Restored) -> None:
    show(line(f"Accepted: runs continue from line {found.head.seq:,}.", "bold green"))


def last_line(head: Head) -> str:
    """The last line and its hash: noted elsewhere, they prove later that nothing before was changed or truncated."""
    return f"Last line of the journal: {head.seq:,}, hash {head.hash}"


# --------------------------------------------------------------------------------------------------------------- lists


def show_runs(runs: Sequence[RunSummary], head: Head | None) -> None:
    if not runs:
        show(line("The journal has no run yet. `rebalance run` starts the first."))
        return
    table = grid("Runs", "#run", "account", "session", "status", "#orders", "~what happened")
    for run in runs:
        status = line(run.status, STYLES.get(run.status, ""))
        table.add_row(str(run.id), run.account, f"{run.session}", status, str(run.orders), run.reason)
    show(table)
    if head:
        show(line(last_line(head)))


def show_orders(orders: Sequence[OrderSummary], currencies: Mapping[str, str]) -> None:
    """`currencies` are by account; prices of accounts no longer in the config are shown without a currency."""
    if not orders:
        show(line("The journal has no order yet."))
        return
    table = grid("Orders", "#run", "session", "~order", "id")
    for order in orders:
        table.add_row(str(order.run), f"{order.session}", sentence(order, currencies.get(order.account, "")), order.id)
    show(table)


def show_positions(accounts: Mapping[str, Sequence[PositionSummary]], currencies: Mapping[str, str]) -> None:
    for account, positions in accounts.items():
        if not positions:
            show(line(f"Account {account}: the bots hold nothing according to the journal."))
            continue
        cost, value = (f"#{figure} {currencies[account]}" for figure in ("cost", "value"))
        table = grid(f"What the bots of account {account} hold", "symbol", "#shares", "#at the broker", cost, value)
        for row in positions:
            there = "" if row.at_broker is None else grouped(row.at_broker)
            table.add_row(row.symbol, grouped(row.ours), there, cents(row.cost), cents(row.value))
        show(table, line("Broker position and value are as of the last run."))
