"""Configs as a person writes them, for the tests."""

from pathlib import Path

from rebalancer import config
from rebalancer.config import Config

FOLDER = Path("/somewhere")
SMALLEST = """
[accounts.demo]
broker = "sim"
[[accounts.demo.investments]]
bot = "bots/trend.json"
amount = 6000
"""


def parsed(text: str) -> Config:
    return config.parse(text.encode(), FOLDER / "config.toml", environ={})


def with_trading(lines: str) -> str:
    return f"[trading]\n{lines}\n{SMALLEST}"
