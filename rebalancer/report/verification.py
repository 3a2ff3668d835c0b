"""A bot beside a back-test recorded at Composer, on the terminal."""

from collections.abc import Iterator

from rebalancer.app.verification import Verification
from rebalancer.backtest.verify import StatisticPair
from rebalancer.errors import visible
from rebalancer.model.text import counted, percentage
from rebalancer.report.bots import wanted
from rebalancer.report.console import Screen, line, lines
from rebalancer.report.flips import sentence
from rebalancer.report.tables import grid

_RATIOS = ("sharpe", "calmar")


def verification_screen(found: Verification) -> Screen:
    """How many days agree, the first that does not with our way, and the statistics side by side."""
    days, name = found.agreement, visible(found.recorded_name)
    share = percentage(days.agreed_sessions / days.compared_sessions)
    style = "bold green" if days.first_difference is None else "bold"
    compared = f"{counted(days.compared_sessions, 'session')} from {days.first} to {days.last}"
    yield line(f"{found.bot} and the recorded {name} agree on {days.agreed_sessions:,} of {compared} ({share})", style)
    if missing := days.recorded_sessions - days.compared_sessions:
        yield line(f"{counted(missing, 'recorded day')} not compared: the price source has no closes of them", "yellow")
    if days.undecided_sessions:
        yield line(f"{counted(days.undecided_sessions, 'session')} on which {found.bot} could not decide", "yellow")
    if different := days.first_difference:
        yield line(f"The first difference is on {different.day}:")
        yield line(f"  recorded: {wanted(different.recorded_weights)}")
        yield line(
            f"  here:     {'undecided' if different.decided_weights is None else wanted(different.decided_weights)}"
        )
        yield from lines(_parting(found))
    rows = ((pair.name, _figure(pair, pair.here), _figure(pair, pair.recorded)) for pair in days.statistic_pairs)
    yield grid("Statistics, here without costs", ("", "#here", "#recorded"), rows)
    yield from lines(found.notes, "yellow")


def _parting(found: Verification) -> Iterator[str]:
    """The gate at which the two part, how near it is to going the other way, and where that leads."""
    if found.parting is None:
        yield f"  {found.why.lstrip()}"
        return
    gate, different = found.parting, found.agreement.first_difference
    on = f", on {gate.day}, when it last traded" if different and gate.day != different.day else ""
    yield f"  They part at this gate{on}:"
    yield from (f"    {text}" for text in gate.lines)
    yield f"      {sentence(gate.flip)}"
    other = "undecided" if gate.otherwise is None else wanted(gate.otherwise)
    yield f"  {'The recorded weights, had it' if gate.gives_it else 'Had it'} gone the other way: {other}"


def _figure(pair: StatisticPair, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if pair.name in _RATIOS else percentage(value)
