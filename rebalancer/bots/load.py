"""The bytes of a bot file -> a bot. The kind of bot is told from the content."""

from rebalancer.bots.base import Bot
from rebalancer.bots.flowchart import formats
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.errors import Problem


def load(content: bytes, name: str, source: str) -> tuple[Bot | None, tuple[Problem, ...]]:
    """The bot in `content`, called `name`; or None and every problem, each with its place in the file.

    `source` is what the problems call the file.
    """
    chart, problems = formats.read(content, source)
    return (FlowchartBot.of(chart, name) if chart else None), problems


def format_of(content: bytes) -> str:
    """The name of the format that `content` is written in, "" for none that is read."""
    return formats.name_of(content) or ""
