"""What the doctor found: a list for the machine, and one for each account."""

from collections.abc import Mapping

from rebalancer.model.checkup import Checkup, Verdict
from rebalancer.report.console import grid, line, show

STYLES: Mapping[Verdict, str] = {"pass": "green", "warn": "yellow", "fail": "bold red"}


def show_checkup(found: Checkup) -> None:
    table = grid(f"Account {found.subject}" if found.subject else "This machine", "check", "", "~found", "~what to do")
    for check in found.checks:
        verdict = line(check.verdict, STYLES[check.verdict])
        table.add_row(line(check.name), verdict, line(check.found), line(check.remedy))
    show(table)


def show_verdict(*found: Checkup) -> None:
    verdicts = [check.verdict for checkup in found for check in checkup.checks]
    failed, warned = verdicts.count("fail"), verdicts.count("warn")
    worst: Verdict = "fail" if failed else "warn" if warned else "pass"
    show(line(f"\n{len(verdicts)} checks: {failed} failed, {warned} to look at.", STYLES[worst]))
