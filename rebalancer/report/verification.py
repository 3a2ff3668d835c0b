"""A bot beside a back-test recorded at Composer, on the terminal."""

from rebalancer.app.verification import Verification
from rebalancer.backtest.verify import StatisticPair
from rebalancer.errors import visible
from rebalancer.model.text import counted, percentage
from rebalancer.report.bots import wanted
from rebalancer.report.console import Screen, line, lines
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
        yield from lines(f"    {step}" for step in found.path)
    rows = ((pair.name, _figure(pair, pair.here), _figure(pair, pair.recorded)) for pair in days.statistic_pairs)
    yield grid("Statistics, here without costs", ("", "#here", "#recorded"), rows)
    yield from lines(found.notes, "yellow")


def _figure(pair: StatisticPair, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if pair.name in _RATIOS else percentage(value)
