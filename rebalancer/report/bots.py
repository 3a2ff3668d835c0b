"""Bots on the screen: what their files contain, their rules, and the path of a decision."""

from collections.abc import Mapping, Sequence

from rebalancer.app.bot_views import CheckedBot, Explanation, ImportedBot, ListedBot, ShownBot
from rebalancer.bots.findings import Findings
from rebalancer.errors import visible
from rebalancer.model import Allocation, Symbol
from rebalancer.model.text import counted, money, percentage
from rebalancer.report.console import Screen, line, lines
from rebalancer.report.flips import with_flips
from rebalancer.report.tables import grid


def explanation_screen(found: Explanation) -> Screen:
    """The path of the decision, or with `found.tree` all rules."""
    decision, day, tree = found.decision, found.session, found.tree
    if isinstance(decision, Allocation):
        yield line(f"{decision.bot} on {day}: {wanted(decision.weights)}", "bold")
        path = with_flips(decision.path, decision.flips) if tree is None else ()
        yield from lines(f"  {step}" for step in path)
        yield from lines(f"  warning: {text}" for text in decision.warnings)
    else:
        yield line(f"{decision.bot} on {day} fails: {decision.reason}", "bold red")
    if tree is not None:
        yield from lines(tree)
        if any(text.startswith("* ") for text in tree):
            yield line("* marks the branches taken")
    yield from lines(found.notes, "yellow")


def wanted(weights: Mapping[Symbol, float]) -> str:
    return ", ".join(f"{symbol} {percentage(weight)}" for symbol, weight in sorted(weights.items())) or "cash"


def mermaid_text(bot: str, found: Explanation) -> str:
    """The Mermaid source, with the notes as comments."""
    comments = (f"{bot} on {found.session}", *([found.marked] if found.marked else ()), *found.notes)
    return "\n".join((*(f"%% {visible(comment)}" for comment in comments), found.mermaid or ""))


def findings_screen(bots: Sequence[CheckedBot]) -> Screen:
    for bot in bots:
        yield from lines(bot.problems, "red")
        if bot.findings:
            yield line(f"{bot.file}: {bot.findings.name}: valid", "bold green")
            yield from _found(bot.findings)


def bot_screen(bot: ShownBot) -> Screen:
    yield line(f"{bot.file}: {bot.findings.name}", "bold")
    yield from _found(bot.findings)
    yield from lines(("", *bot.chart))


def imported_screen(bot: ImportedBot) -> Screen:
    yield line(f"Read {bot.source} ({bot.format}) and wrote {bot.file}: {bot.findings.name}", "bold green")
    yield from _found(bot.findings)
    if not bot.findings.approximations:
        yield line("  approximated: nothing")
    yield line(f'Next: rebalance explain "{bot.file}"')


def bots_screen(bots: Sequence[ListedBot]) -> Screen:
    """A table of the bots, then a remedy for each invalid one."""
    yield grid("Bots", ("bot", "account", "#amount", "?format", "?#nodes", "~tickers", "?~file"), map(_row, bots))
    for bot in bots:
        if bot.problems:
            check = f'rebalance bots check "{bot.file}"'
            yield line(f"{bot.name}: {counted(len(bot.problems), 'problem')}; `{check}` shows them", "red")
    if any(bot.account is None for bot in bots):
        yield line("Bots without an account are not invested: `rebalance invest add` adds one.")


def _row(bot: ListedBot) -> tuple[str, ...]:
    tickers = ", ".join(bot.findings.tickers) if bot.findings else "invalid"
    nodes = f"{sum(count for _, count in bot.findings.nodes):,}" if bot.findings else ""
    return bot.name, bot.account or "", _amount(bot), bot.format, nodes, tickers, bot.file


def _amount(bot: ListedBot) -> str:
    if bot.investment is None:
        return ""
    amount = bot.investment.amount
    return f"{amount:,.2f} %" if bot.investment.weight_mode == "percent" else money(amount, bot.currency or "")


def _found(findings: Findings) -> Screen:
    if findings.nodes:
        nodes = ", ".join(f"{count} {kind}" for kind, count in findings.nodes)
        functions = [f"{name} {_each(used)}".strip() for name, used in findings.functions]
        yield line(f"  nodes: {nodes}; {findings.depth} deep")
        yield line(f"  indicators (windows in sessions): {', '.join(functions) or 'none'}")
    yield line(f"  tickers: {', '.join(findings.tickers)}")
    yield line(f"  look-back: {counted(findings.lookback, 'session')}")
    yield from lines((f"  note: {text}" for text in findings.approximations), "yellow")


def _each(used: Sequence[float | tuple[float, ...]]) -> str:
    """As in `[10, 20]`, or `[12/26, 5/35]` where an indicator takes two numbers; "" where it takes none."""
    spelled = ["/".join(f"{number:g}" for number in (each if isinstance(each, tuple) else (each,))) for each in used]
    return f"[{', '.join(spelled)}]" if spelled else ""
