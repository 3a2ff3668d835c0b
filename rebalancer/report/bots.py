"""Bot files on the screen: what was found in them, and the path one took."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from rebalancer.errors import Problem
from rebalancer.flowchart.findings import Findings
from rebalancer.model import Allocation, Decision
from rebalancer.report.console import line, share, show


@dataclass(frozen=True, slots=True)
class CheckedBot:
    """A bot file: what was found where it can be used, else every problem."""

    file: str
    findings: Findings | None
    problems: tuple[Problem, ...]


def show_explanation(decision: Decision, day: date, notes: Sequence[str]) -> None:
    if isinstance(decision, Allocation):
        weights = sorted(decision.weights.items())
        wants = ", ".join(f"{symbol} {share(weight)}" for symbol, weight in weights) or "cash"
        show(line(f"{decision.bot} on {day}: {wants}", "bold"))
        for step in (*decision.path, *(f"warning: {text}" for text in decision.warnings)):
            show(line(f"  {step}"))
    else:
        show(line(f"{decision.bot} on {day} fails: {decision.reason}", "bold red"))
    for note in notes:
        show(line(note, "yellow"))


def show_findings(bots: Sequence[CheckedBot]) -> None:
    for bot in bots:
        for problem in bot.problems:
            show(line(str(problem), "red"))
        if bot.findings:
            found = bot.findings
            nodes = ", ".join(f"{count} {kind}" for kind, count in found.nodes)
            functions = (
                ", ".join(f"{name} {list(windows) or ''}".strip() for name, windows in found.functions) or "none"
            )
            show(
                line(f"{bot.file}: {found.name}: can be used", "bold green"),
                line(f"  nodes: {nodes}; {found.depth} deep"),
                line(f"  indicators, with their windows in sessions: {functions}"),
                line(f"  tickers: {', '.join(found.tickers)}"),
            )
