"""The sizes of the largest bot files that are read: known without loading a bot."""

CHART_BYTES = 10_000_000
PYTHON_BYTES = 150_000
"""The syntax tree takes up to a thousand times as much memory as the text."""


def most_bytes(source: str) -> int:
    """The size of the largest bot file of this name that is read."""
    return PYTHON_BYTES if source.endswith(".py") else CHART_BYTES
