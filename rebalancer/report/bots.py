"""Bots on the screen: what their files contain, their rules, and the path of a decision."""

from collections.abc import Sequence

from rich.text import Text

from rebalancer.app.bots import ListedBot
from rebalancer.app.views import CheckedBot, Explanation, ShownBot
from rebalancer.bots.base import Findings
from rebalancer.model import Allocation
from rebalancer.model.text import money, percentage
from rebalancer.report.console import grid, line, show


def show_explanation(found: Explanation) -> None:
    """The path of the decision, or with `found.tree` all rules."""
    decision, day, tree = found.decision, found.session, found.tree
    if isinstance(decision, Allocation):
        weights = sorted(decision.weights.items())
        wants = ", ".join(f"{symbol} {percentage(weight)}" for symbol, weight in weights) or "cash"
        show(line(f"{decision.bot} on {day}: {wants}", "bold"))
        path = decision.path if tree is None else ()
        for step in (*path, *(f"warning: {text}" for text in decision.warnings)):
            show(line(f"  {step}"))
    else:
        show(line(f"{decision.bot} on {day} fails: {decision.reason}", "bold red"))
    if tree is not None:
        show(*map(line, tree))
        if any(text.startswith("* ") for text in tree):
            show(line("* marks the branches taken on this day"))
    for note in found.notes:
        show(line(note, "yellow"))


def mermaid_text(bot: str, found: Explanation) -> str:
    """The Mermaid source, with the notes as comments."""
    comments = (f"{bot} on {found.session}", *found.notes)
    return "\n".join((*(f"%% {comment}" for comment in comments), found.mermaid or ""))


def show_findings(bots: Sequence[CheckedBot]) -> None:
    for bot in bots:
        for problem in bot.problems:
            show(line(str(problem), "red"))
        if bot.findings:
            show(line(f"{bot.file}: {bot.findings.name}: valid", "bold green"), *_found(bot.findings))


def show_bot(bot: ShownBot) -> None:
    show(line(f"{bot.file}: {bot.findings.name}", "bold"), *_found(bot.findings), line(""))
    show(*map(line, bot.chart))


def show_bots(bots: Sequence[ListedBot]) -> None:
    """A table of the bots, then a remedy for each invalid one."""
    table = grid("Bots", "bot", "account", "#amount", "format", "#nodes", "~tickers", "~file")
    for bot in bots:
        tickers = ", ".join(bot.findings.tickers) if bot.findings else "invalid"
        nodes = f"{sum(count for _, count in bot.findings.nodes):,}" if bot.findings else ""
        table.add_row(bot.name, bot.account or "", _amount(bot), bot.format, nodes, tickers, bot.file)
    show(table)
    for bot in bots:
        if bot.problems:
            check = f'rebalance bots check "{bot.file}"'
            show(line(f"{bot.name}: {len(bot.problems)} problems; `{check}` shows them", "red"))
    if any(bot.account is None for bot in bots):
        show(line("Bots without an account are not invested: `rebalance invest add` adds one."))


def _amount(bot: ListedBot) -> str:
    if bot.investment is None:
        return ""
    amount = bot.investment.amount
    return f"{amount} %" if bot.investment.weight_mode == "percent" else money(amount, bot.currency or "")


def _found(findings: Findings) -> tuple[Text, ...]:
    nodes = ", ".join(f"{count} {kind}" for kind, count in findings.nodes)
    functions = [f"{name} {_each(used)}".strip() for name, used in findings.functions]
    chart = (
        line(f"  nodes: {nodes}; {findings.depth} deep"),
        line(f"  indicators (windows in sessions): {', '.join(functions) or 'none'}"),
    )
    return (*(chart if findings.nodes else ()), line(f"  tickers: {', '.join(findings.tickers)}"))


def _each(used: Sequence[int | tuple[int, ...]]) -> str:
    """As in `[10, 20]`, or `[12/26, 5/35]` where an indicator takes two numbers; "" where it takes none."""
    spelled = [str(each) if isinstance(each, int) else "/".join(map(str, each)) for each in used]
    return f"[{', '.join(spelled)}]" if spelled else ""
