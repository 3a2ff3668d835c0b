"""Past decisions beside those by the official closes, on the terminal."""

from collections.abc import Iterator

from rebalancer.app.close_audit import AuditedDecision, CloseAudit
from rebalancer.model import Weights
from rebalancer.model.text import counted
from rebalancer.report.bots import wanted
from rebalancer.report.console import Screen, line, lines
from rebalancer.report.tables import grid

_COLUMNS = ("#run", "session", "?account", "~bot", "~decided", "~by official closes", "decision", "#bps lost")
_DECISION = {True: "same", False: "other", None: "not audited"}


def close_audit_screen(found: CloseAudit) -> Screen:
    """A row for each run and bot, then why decisions are missing, the way of those that differ, and the sums."""
    if found.audited:
        yield grid("Decisions beside those by the official closes", _COLUMNS, map(_row, found.audited))
    for each in found.audited:
        yield from lines(_remarks(each, with_path=found.run_count == 1))
    style = "bold" if found.other_count or found.unaudited_count else "bold green"
    yield line(_sums(found), style)
    yield from lines(found.notes, "yellow")


def _row(each: AuditedDecision) -> tuple[str, ...]:
    return (
        str(each.run),
        str(each.session),
        each.account,
        each.bot,
        _weights(each.decided_weights),
        _weights(each.weights_by_closes),
        _DECISION[each.same],
        "" if each.lost_bps is None else f"{each.lost_bps:+,.1f}",
    )


def _weights(weights: Weights | None) -> str:
    return "-" if weights is None else wanted(weights)


def _remarks(each: AuditedDecision, *, with_path: bool) -> Iterator[str]:
    if each.note:
        yield f"Run {each.run}, {each.bot}: {each.note}"
    if with_path and each.same is False and each.path_by_closes:
        yield f"{each.bot} on the official closes of {each.session}:"
        yield from (f"  {step}" for step in each.path_by_closes)


def _sums(found: CloseAudit) -> str:
    """As in "2 runs, 3 decisions: 1 would have been another; lost by deciding before the close: +9.0 bps in all"."""
    if not found.audited:
        return f"{counted(found.run_count, 'run')} without a decision: `rebalance history` says why"
    parts = [f"{found.other_count:,} would have been another"]
    if found.unaudited_count:
        parts.append(f"{found.unaudited_count:,} could not be audited")
    counts = f"{counted(found.run_count, 'run')}, {counted(len(found.audited), 'decision')}: {', '.join(parts)}"
    if found.lost_bps_sum is None or found.lost_bps_mean is None:
        return f"{counts}; what they lost is not known until the next close"
    return (
        f"{counts}; lost by the evening {found.lost_bps_sum:+,.1f} bps in all, {found.lost_bps_mean:+,.1f} on average"
    )
