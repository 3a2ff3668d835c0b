"""Configs as a person writes them, for the tests."""

from pathlib import Path

import pytest

from rebalancer import config
from rebalancer.config import Config
from rebalancer.errors import BadInputError

FOLDER = Path("/somewhere")
SMALLEST = """
[accounts.demo]
broker = "sim"
[[accounts.demo.investments]]
bot = "bots/trend.json"
amount = 6000
"""
AT_ALPACA = SMALLEST.replace('"sim"', '"alpaca"')


def parsed(text: str) -> Config:
    return config.parse(text.encode(), FOLDER / "config.toml", environ={})


def with_trading(lines: str) -> str:
    return f"[trading]\n{lines}\n{SMALLEST}"


def with_keys(lines: str) -> str:
    """An account at Alpaca with `lines` in its table."""
    return AT_ALPACA.replace("[[", f"{lines}\n[[", 1)


def problems_of(text: str) -> dict[str, str]:
    with pytest.raises(BadInputError) as refused:
        parsed(text)
    return {problem.place: problem.text for problem in refused.value.problems}
