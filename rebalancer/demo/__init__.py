"""The demo: a config, four bots and prices, all in the package, so that a fresh clone has something to run."""

from collections.abc import Mapping
from pathlib import Path

NOTE = "DEMO: no settings were found, so this is the demo account at the simulated broker. No money moves."

TRADED: Mapping[str, str] = {"TBILL": "SGOV", "SPYINV": "SH"}
"""The tickers that are in the sample alone, each with a traded fund like it."""


def config_path() -> Path:
    """The demo's config; its bots stand beside it. A path, since an installed package is a folder on disk."""
    return Path(__file__).with_name("config.toml")
