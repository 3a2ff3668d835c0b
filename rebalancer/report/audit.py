"""The journal's verification, backup and restore, on the screen."""

from rebalancer.app.views import Restored
from rebalancer.journal.chain import AuditResult, Head
from rebalancer.journal.connection import Backup
from rebalancer.report.console import line, show

BYTES_A_MB = 1_000_000


def show_verdict(verdict: AuditResult) -> None:
    show(line(f"The journal {verdict.journal}"), line(last_line(verdict.head)))
    for fault in verdict.faults:
        show(line(f"wrong: {fault}", "bold red"))
    if verdict.faults:
        show(line("Keep a copy of this file, and restore the last backup that verifies.", "bold red"))
    else:
        show(line("Every line, file and table is what was written, up to this last line.", "bold green"))


def show_backup(backup: Backup) -> None:
    show(line(f"Copied to {backup.file}, {backup.size / BYTES_A_MB:,.1f} MB.", "bold green"))
    if backup.head:
        show(line(last_line(backup.head)))


def show_restored(found: Restored) -> None:
    show(line(last_line(found.head)))
    if found.remembered and found.remembered.seq > found.head.seq:
        lost = found.remembered.seq - found.head.seq
        show(line(f"{lost:,} later lines were written on this machine: this file lacks what they traded.", "yellow"))


def show_accepted(found: Restored) -> None:
    show(line(f"Runs go on from line {found.head.seq:,}.", "bold green"))


def last_line(head: Head) -> str:
    """The sentence to keep elsewhere: it proves later that no line was cut off or rewritten."""
    return f"Line {head.seq:,} of the journal is its last; its hash is {head.hash}"
