"""Loads a bot file. A name that ends in .py is a Python bot; any other format is detected from the content."""

from rebalancer.bots.base import Bot, RunPython
from rebalancer.bots.flowchart import formats
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.errors import Problem


def load(
    content: bytes, name: str, source: str, run: RunPython, *, ignore_rebalance: bool = False
) -> tuple[Bot | None, tuple[Problem, ...]]:
    """The bot in `content`, called `name`; or None and every problem, each with its place in the file.

    `source` is the path of the file. `run` will execute a Python bot; nothing is executed here. With `ignore_rebalance`
    a chart rebalances daily, whatever it says.
    """
    if source.endswith(".py"):
        from rebalancer.bots import python  # noqa: PLC0415 - most bots are charts

        return python.read(content, name, source, run)
    chart, problems = formats.read(content, source)
    if chart and ignore_rebalance:
        chart = chart._replace(rebalance="daily")
    return (FlowchartBot.of(chart, name) if chart else None), problems


def format_of(content: bytes, source: str) -> str:
    """The name of `content`'s format, "" where it is not supported."""
    return "Python" if source.endswith(".py") else formats.name_of(content) or ""


def to_native(content: bytes, source: str) -> tuple[bytes | None, tuple[Problem, ...]]:
    """The flowchart in `content` as a file in our own format, or None and every problem."""
    if source.endswith(".py"):
        return None, (Problem(source, "", "is a Python bot, which has no chart to import: use it as it is"),)
    from rebalancer.bots.flowchart.formats import native_writer  # noqa: PLC0415 - for `rebalance import` alone

    chart, problems = formats.read(content, source)
    if chart is None:
        return None, problems
    try:
        written = native_writer.write(chart)
    except ValueError as error:
        return None, (Problem(source, "", f"can't be written in the native format: {error}"),)
    _, problems = formats.read(written, f"{source} in the native format")
    return (None if problems else written), problems
